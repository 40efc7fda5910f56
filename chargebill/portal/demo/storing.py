"""Stores the demo's accounts, companies and places, as staff would have entered them."""

from datetime import date

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.utils.text import slugify

from chargebill.core import roles
from chargebill.core.instances import DEMO_PASSWORD
from chargebill.core.models import LegalEntity, SpanningPolicy, User
from chargebill.portal.demo.sites import NORD, Company, Site
from stations.models import Connector, ConnectorStandard, Evse, Location, PowerType


def make_users() -> list[str]:
    """One account per role, all with the demo's password. Returns the user names."""
    names = []
    # Hashed once: it takes a quarter of a second, and it is no secret.
    password = make_password(DEMO_PASSWORD)
    for role in (roles.ADMINISTRATOR, *roles.ROLES):
        name = slugify(role)
        user, _ = User.objects.get_or_create(username=name, defaults={"first_name": role, "is_staff": True})
        user.password = password
        user.save()
        user.groups.set([Group.objects.get(name=role)])
        names.append(name)
    return names


def store_company(company: Company, *, billing_from: date) -> LegalEntity:
    return LegalEntity.objects.create(
        name=company.name,
        legal_name=company.name,
        street=company.street,
        postal_code=company.postal_code,
        city=company.city,
        country=company.country,
        vat_ids={company.country: company.vat_id},
        base_currency=company.currency,
        time_zone=company.zone,
        language=company.language,
        billing_from=billing_from,
        # Whoever stays into the night pays the day's price of idle time by day only.
        spanning_policy=SpanningPolicy.SPLIT if company is NORD else SpanningPolicy.START,
    )


def store_places(company: Company, entity: LegalEntity, places: list[Site]) -> None:
    """The places that are known before their first session comes."""
    known = [site for site in places if site.known]
    locations = Location.objects.bulk_create(
        Location(
            entity=entity,
            code=site.name,
            name=site.name,
            address=site.street,
            postal_code=site.postal_code,
            city=site.city,
            country=company.country,
            latitude=site.latitude,
            longitude=site.longitude,
            time_zone=company.zone,
        )
        for site in known
    )
    poles = [(location, pole) for location, site in zip(locations, known, strict=True) for pole in site.poles]
    evses = Evse.objects.bulk_create(
        Evse(
            entity=entity,
            location=location,
            uid=pole.uid,
            evse_id=pole.evse_id,
            model=f"{'HPC' if pole.is_dc else 'AC'} {pole.kw:g}" if pole.stated else "",
        )
        for location, pole in poles
    )
    Connector.objects.bulk_create(
        Connector(
            evse=evse,
            number="1",
            standard=ConnectorStandard.IEC_62196_T2_COMBO if pole.is_dc else ConnectorStandard.IEC_62196_T2,
            power_type=PowerType.DC if pole.is_dc else PowerType.AC,
            rated_kw=pole.kw if pole.stated else None,
        )
        for evse, (_, pole) in zip(evses, poles, strict=True)
    )
