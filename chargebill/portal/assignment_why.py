"""Which price? This connector, this token, this moment: this price, because. And why every other assignment is not it."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from billing import assignments
from billing.assignment_reasons import Candidate, Verdict, candidates
from billing.assignments import RELATED, Where, Who, explain
from billing.models import Assignment, TariffVersion
from billing.pricing.text import tariff_text
from billing.rates import core_tariff, stored_version_at
from chargebill.core.models import LegalEntity
from chargebill.portal.assignment_form import check_day, date_field
from chargebill.portal.assignment_pickers import PickerField
from chargebill.portal.assignment_shown import chosen_company
from chargebill.portal.site import page, site
from memberships.models import Customer, CustomerGroup, CustomerKind, Token
from memberships.queries import resolve
from stations.models import Connector, Source


class WhichPriceForm(forms.Form):
    connector = PickerField("connector", label="Connector", required=True, error_messages={"required": "Say at which connector."})
    token = PickerField("token", label="Token", help_text="Empty: somebody nobody knows.")
    customer = PickerField("customer", label="or customer", help_text="Instead of a token.")
    day = date_field("Day", "Empty: today.")
    at = forms.TimeField(
        label="Time",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": "This is no time. Write it like 14:30."},
        help_text="On the place’s clock.",
    )

    def __init__(self, *args: Any, entity: LegalEntity | None, with_customers: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not with_customers:
            del self.fields["token"], self.fields["customer"]
        for field in self.fields.values():
            if isinstance(field, PickerField):
                field.entity = entity

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("token") and cleaned.get("customer"):
            self.add_error("customer", "Give a token or a customer, not both: the token says whose it is.")
        check_day(self, "day")
        return cleaned


@dataclass(frozen=True, slots=True)
class Driver:
    """Who charges, in words, and as the choice takes it."""

    who: Who
    name: str
    groups: tuple[str, ...]
    blocked: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """``sentences`` is the price in plain words, empty where there is none; then ``problem`` says why, and what to do."""

    connector: Connector
    driver: Driver
    moment: datetime
    zone: str
    because: str
    version: TariffVersion | None
    sentences: tuple[str, ...]
    problem: str
    lines: list[tuple[Candidate, Assignment, str]]
    others: int


def driver_of(entity: LegalEntity, token: Token | None, customer: Customer | None, moment: datetime) -> Driver:
    """A few queries. Whose token it is follows the rules that pricing follows: its customer, else its contract id."""
    if token is not None:
        key = (entity.pk, token.uid, "")
        found = resolve([key])[key]
        owner = Customer.objects.filter(pk=found.customer_id).first() if found.customer_id else None
        name = f"Token {token.uid} of {owner} ({found.kind.label.lower()})" if owner else f"Token {token.uid}, nobody’s: ad hoc"
        who = Who(token.pk, found.customer_id, found.group_ids, found.kind)
        blocked = token.blocked_from is not None and token.blocked_from <= moment
    elif customer is not None:
        groups = frozenset(customer.groups.values_list("pk", flat=True))
        who, blocked = Who(None, customer.pk, groups, CustomerKind(customer.kind)), False
        name = f"{customer} ({customer.get_kind_display().lower()}), with a token that has no price of its own"
    else:
        who, blocked = Who(None, None, frozenset(), CustomerKind.AD_HOC), False
        name = "Somebody nobody knows: ad hoc"
    names = CustomerGroup.objects.filter(pk__in=who.group_ids).order_by("name").values_list("name", flat=True)
    return Driver(who, name, tuple(names), blocked)


def answer(entity: LegalEntity, connector: Connector, token: Token | None, customer: Customer | None, moment: datetime) -> Answer:
    """A dozen queries, however many assignments there are. ``moment`` is on the place's clock."""
    driver = driver_of(entity, token, customer, moment)
    where = Where(connector.pk, connector.evse_id, connector.evse.location_id, connector.rated_kw)
    rules = assignments.load(entity.pk)
    meant = candidates(rules.rules, who=driver.who, where=where, day=moment.date())
    choice = rules.choose(who=driver.who, where=where, day=moment.date())
    named = Assignment.objects.select_related(*RELATED).in_bulk([candidate.rule.id for candidate in meant])
    chosen = named.get(choice.assignment_id) if choice.assignment_id else None
    version = stored_version_at(chosen.tariff_id, moment) if chosen else None
    problem = ""
    if choice.conflict:
        problem = (
            f"{len(choice.conflict)} assignments are equally close and name different tariffs. Nothing is guessed: end one "
            "of them, or give this customer one of their own."
        )
    elif chosen is None:
        problem = "No assignment fits this driver at this connector on this day."
    elif version is None:
        problem = f"“{chosen.tariff.name}” has no version in force at this moment."
    return Answer(
        connector=connector,
        driver=driver,
        moment=moment,
        zone=str(moment.tzinfo),
        because=explain(chosen, kind=driver.who.kind, version=version.number if version else None) if chosen else "",
        version=version,
        sentences=tariff_text(core_tariff(version)) if version else (),
        problem=problem,
        lines=[(candidate, named[candidate.rule.id], explain(named[candidate.rule.id])) for candidate in meant],
        others=len(rules.rules) - len(meant),
    )


@page("prices/which/", name="which_price")
@require_GET
def which_price(request: HttpRequest) -> HttpResponse:
    """The question and its answer; both are in the URL, so that they can be sent to someone."""
    if not request.user.has_perm("billing.view_assignment"):
        raise PermissionDenied
    with_customers = request.user.has_perms(["memberships.view_token", "memberships.view_customer"])
    companies = list(LegalEntity.objects.order_by("name"))
    entity = chosen_company(request) or (companies[0] if companies else None)
    asked = "connector" in request.GET
    form = WhichPriceForm(request.GET if asked else None, entity=entity, with_customers=with_customers)
    found = None
    if asked and entity and form.is_valid():
        connector, cleaned = form.cleaned_data["connector"], form.cleaned_data
        zone = ZoneInfo(connector.evse.location.time_zone or entity.time_zone or "UTC")
        now = timezone.now().astimezone(zone)
        # A day alone is asked about at noon, far from where clocks change.
        clock = cleaned["at"] or (time(12) if cleaned["day"] else now.time().replace(second=0, microsecond=0))
        moment = datetime.combine(cleaned["day"] or now.date(), clock, zone)
        found = answer(entity, connector, cleaned.get("token"), cleaned.get("customer"), moment)
    context = {
        **site().each_context(request),
        "title": "Which price?",
        "entity": entity,
        "companies": companies,
        "form": form,
        "answer": found,
        "weekday": f"{found.moment:%A}" if found else "",
        "applies": Verdict.APPLIES,
        "conflict": Verdict.CONFLICT,
        "trusted": bool(found) and Source.objects.filter(entity=entity, trusted_tariffs=True).exists(),
        "has_connectors": bool(entity) and Connector.objects.filter(evse__entity=entity).exists(),
        "may_assign": request.user.has_perm("billing.add_assignment"),
    }
    return TemplateResponse(request, "portal/assignments/which_price.html", context)
