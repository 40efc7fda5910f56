"""Fills any list of the portal with as many rows as asked: one builder per model, in bulk."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from billing.document_models import Document, DocumentKind, DocumentRun
from billing.models import Anchor, Assignment, Cdr, Chargeable, Tariff, TariffVersion, TaxRule
from chargebill.core.models import ApiToken, AuditEvent, Job, LegalEntity, User
from disputes.incident_models import Incident, IncidentConfirmation
from disputes.models import Case, CaseEvent, Chargeback, ChargebackEvent, ContestedItem
from memberships.models import ContractPrefix, Customer, CustomerGroup, CustomerKind, Token
from stations.models import (
    Authorization,
    Connector,
    ConnectorStatus,
    Evse,
    ImportBatch,
    Location,
    Mode,
    QuarantinedRow,
    QuarantineSighting,
    Session,
    Source,
)
from tests.disputes.outside_rows import requests_about
from tests.rows_base import NOON, company, more

DONE = {"state": Job.State.DONE, "started_at": NOON, "finished_at": NOON}


def companies(count: int) -> list[Any]:
    company()
    return more(LegalEntity, count, lambda n: LegalEntity(name=f"Company {n}", is_provisional=n % 3 == 0))


def people(count: int) -> list[Any]:
    return more(User, count, lambda n: User(username=f"person-{n}", is_staff=True, first_name="P", last_name=str(n)))


def locations(count: int) -> list[Any]:
    entity = company()
    return more(
        Location,
        count,
        lambda n: Location(entity=entity, code=f"L{n}", name=f"Place {n}", time_zone="Europe/Berlin", needs_review=n % 2 == 0),
    )


def evses(count: int) -> list[Any]:
    entity, places = company(), locations(10)
    return more(Evse, count, lambda n: Evse(entity=entity, location=places[n % 10], uid=f"E{n}", needs_review=n % 2 == 0))


def connectors(count: int) -> list[Any]:
    units = evses(10)
    return more(
        Connector, count, lambda n: Connector(evse=units[n % 10], number=str(n), rated_kw=Decimal(22), needs_review=n % 2 == 0)
    )


def source() -> Source:
    return Source.objects.get_or_create(entity=company(), profile="chargebill")[0]


def sources(count: int) -> list[Any]:
    entity = company()
    return more(Source, count, lambda n: Source(entity=entity, profile=f"layout-{n}"))


def batches(count: int) -> list[Any]:
    jobs = more(Job, count, lambda n: Job(kind="import", title=f"Import {n}", idempotency_key=f"job-{n}", **DONE))
    origin, person = source(), people(1)[0]
    return more(
        ImportBatch,
        count,
        lambda n: ImportBatch(
            source=origin,
            job=jobs[n],
            file=f"imports/{n}",
            file_name=f"file-{n}.csv",
            file_sha256=f"{n:064d}",
            rows_read=n,
            created_by=person,
            created_at=NOON,
        ),
    )


def statuses(count: int) -> list[Any]:
    origin, plugs, batch = source(), connectors(10), batches(1)[0]
    return more(
        ConnectorStatus,
        count,
        lambda n: ConnectorStatus(
            source=origin,
            external_id=str(n),
            connector=plugs[n % 10],
            at=NOON + timedelta(minutes=n),
            status="Charging",
            batch=batch,
            line_no=n + 2,
        ),
    )


def authorizations(count: int) -> list[Any]:
    origin, entity, batch = source(), company(), batches(1)[0]
    return more(
        Authorization,
        count,
        lambda n: Authorization(
            source=origin,
            external_id=str(n),
            entity=entity,
            token_uid=f"T{n}",
            at=NOON,
            result="Accepted",
            batch=batch,
            line_no=n,
        ),
    )


def sessions(count: int) -> list[Any]:
    origin, entity, plugs, batch = source(), company(), connectors(10), batches(1)[0]
    return more(
        Session,
        count,
        lambda n: Session(
            source=origin,
            external_id=f"S{n}",
            entity=entity,
            location=plugs[n % 10].evse.location,
            connector=plugs[n % 10],
            mode=Mode.BILL,
            started_at=NOON + timedelta(minutes=n),
            ended_at=NOON + timedelta(minutes=n + 60),
            local_end_date=date(2026, 3, 2),
            local_start_minute=13 * 60,
            duration_s=3600,
            energy_kwh=Decimal("10.5"),
            token_uid=f"T{n}",
            batch=batch,
            line_no=n + 2,
            content_hash=str(n),
        ),
    )


def priced_sessions(count: int) -> list[Any]:
    rows, version = sessions(count), versions(1)[0]
    amounts = {"net_amount": Decimal("5.00"), "tax_amount": Decimal("1.00"), "gross_amount": Decimal("6.00")}
    parts = {"fixed_amount": 0, "energy_amount": Decimal("6.00"), "time_amount": 0, "parking_amount": 0}
    cdrs = more(
        Cdr,
        count,
        lambda n: Cdr(
            session=rows[n],
            version=1,
            session_revision=1,
            entity_id=rows[n].entity_id,
            tariff_version=version,
            customer_kind=CustomerKind.AD_HOC,
            currency="EUR",
            anchor=Anchor.GROSS,
            tax_rate=Decimal(20),
            tax_code="VAT20",
            exact_net=Decimal(5),
            exact_gross=Decimal(6),
            engine="test",
            created_at=NOON,
            **amounts,
            **parts,
        ),
    )
    more(
        Chargeable,
        count,
        lambda n: Chargeable(session=rows[n], cdr=cdrs[n], state=Chargeable.State.READY, changed_at=NOON),
    )
    return rows


def quarantined(count: int) -> list[Any]:
    origin, batch = source(), batches(1)[0]
    rows = more(
        QuarantinedRow,
        count,
        lambda n: QuarantinedRow(
            source=origin, row_hash=str(n), occurrence=1, raw="a,b", batch=batch, line_no=n + 2, code="no_end", message="No end."
        ),
    )
    more(QuarantineSighting, count, lambda n: QuarantineSighting(batch=batch, row=rows[n], line_no=n + 2))
    return rows


def customers(count: int) -> list[Any]:
    entity = company()
    return more(
        Customer, count, lambda n: Customer(entity=entity, number=str(n), name=f"Customer {n}", kind=CustomerKind.PARTNER)
    )


def groups(count: int) -> list[Any]:
    entity = company()
    return more(CustomerGroup, count, lambda n: CustomerGroup(entity=entity, name=f"Group {n}"))


def tokens(count: int) -> list[Any]:
    entity, who = company(), customers(10)
    return more(
        Token,
        count,
        lambda n: Token(
            entity=entity,
            uid=f"T{n}",
            customer=who[n % 10],
            needs_review=n % 2 == 0,
            blocked_from=NOON if n % 3 == 0 else None,
            blocked_reason="Lost" if n % 3 == 0 else "",
        ),
    )


def prefixes(count: int) -> list[Any]:
    entity, who = company(), customers(10)
    return more(ContractPrefix, count, lambda n: ContractPrefix(entity=entity, prefix=f"DE-{n:04d}", partner=who[n % 10]))


def tariffs(count: int) -> list[Any]:
    """One tariff a company, as it is in life."""
    owners = companies(count)
    found = more(Tariff, count, lambda n: Tariff(entity=owners[n], name="Standard", currency="EUR"))
    more(TariffVersion, count, lambda n: _version(found[n]))
    return found


def versions(count: int) -> list[Any]:
    tariffs(count)
    return list(TariffVersion.objects.order_by("pk"))


def _version(tariff: Tariff) -> TariffVersion:
    return TariffVersion(
        tariff=tariff,
        number=1,
        tax_included=TariffVersion.TaxIncluded.YES,
        elements=[{"price_components": [{"type": "ENERGY", "price": "0.59", "step_size": 0}]}],
        created_at=NOON,
    )


def assignments(count: int) -> list[Any]:
    """Of every kind of who and where, in turn; dates apart, so that none overlaps another."""
    entity, plugs, holders, sets = company(), connectors(10), tokens(10), groups(2)
    tariff, _ = Tariff.objects.get_or_create(entity=entity, name="Standard", defaults={"currency": "EUR"})
    who = [{}, {"customer_kind": "MEMBER"}, {"group": sets[0]}, {"customer": holders[0].customer}, {"token": holders[1]}]
    where = [{}, {"location": plugs[0].evse.location}, {"evse": plugs[0].evse}, {"connector": plugs[0]}]

    def make(n: int) -> Assignment:
        first = date(2020, 1, 1) + timedelta(days=n)
        return Assignment(
            entity=entity,
            tariff=tariff,
            valid_from=first,
            valid_until=first + timedelta(days=1),
            min_kw=Decimal(50) if n % 3 == 0 else None,
            created_at=NOON,
            **who[n % 5],
            **where[n % 4],
        )

    return more(Assignment, count, make)


def tax_rules(count: int) -> list[Any]:
    entity = company()
    return more(
        TaxRule,
        count,
        lambda n: TaxRule(entity=entity, valid_from=date(2020, 1, 1) + timedelta(days=n), rate=Decimal(19), code="VAT19"),
    )


def audit_events(count: int) -> list[Any]:
    person, entity = people(1)[0], company()
    return more(
        AuditEvent,
        count,
        lambda n: AuditEvent(
            at=NOON,
            actor=person,
            action="location.change",
            entity=entity,
            object_type="stations.location",
            object_id=str(n),
            summary=f"Something {n}",
        ),
    )


def api_tokens(count: int) -> list[Any]:
    person, entity = people(1)[0], company()
    return more(
        ApiToken,
        count,
        lambda n: ApiToken(
            name=f"Program {n}",
            prefix=f"cb_{n:07}",
            key_hash=f"{n:064}",
            scopes=["sessions:read"],
            entity=entity if n % 2 else None,
            created_by=person,
            created_at=NOON,
            revoked_at=NOON if n % 3 == 1 else None,
            last_used_at=NOON if n % 2 else None,
        ),
    )


def documents(count: int, *, entity: LegalEntity | None = None) -> list[Any]:
    """Of the company the other rows are of, unless told otherwise; then of nobody known."""
    buyer = None if entity else customers(1)[0]
    entity = entity or company()
    job, _ = Job.objects.get_or_create(idempotency_key="documents", defaults={"kind": "issue_documents", "title": "D", **DONE})
    run, _ = DocumentRun.objects.get_or_create(
        entity=entity, first_day=date(2026, 3, 1), defaults={"job": job, "started_at": NOON, "finished_at": NOON}
    )
    return more(
        Document,
        count,
        lambda n: Document(
            entity=entity,
            kind=DocumentKind.INVOICE,
            sequence=n + 1,
            number=f"INV-{n + 1:06}",
            run=run,
            customer=buyer,
            customer_kind=CustomerKind.MEMBER,
            seller={"name": entity.name, "vat_ids": {}},
            buyer={"name": buyer.name, "number": buyer.number} if buyer else {},
            language="en",
            currency="EUR",
            anchor="GROSS",
            issue_date=date(2026, 4, 1),
            issued_at=NOON,
            supplied_from=date(2026, 3, 2),
            supplied_until=date(2026, 3, 2),
            is_collected=False,
            net_amount=Decimal("5.00"),
            tax_amount=Decimal("1.00"),
            gross_amount=Decimal("6.00"),
        ),
    )


def cases(count: int) -> list[Any]:
    """Cases about sessions on no document, each opened by an event of its own."""
    rows = priced_sessions(count)
    found = more(
        Case,
        count,
        lambda n: Case(
            entity=rows[n].entity,
            sequence=n + 1,
            number=f"D-{n + 1:05}",
            customer_kind=CustomerKind.AD_HOC,
            contact_name=f"Driver {n}",
            channel="PHONE",
            cause="ENERGY",
            statement="My car took less.",
            currency="EUR",
            contested_amount=Decimal("6.00"),
            state="NEW",
            opened_at=NOON + timedelta(minutes=n),
            turn="us",
            next_clock="first_reply",
            next_due_at=NOON + timedelta(days=2, minutes=n),
            wake_at=NOON + timedelta(days=1, minutes=n),
        ),
    )
    more(ContestedItem, count, lambda n: ContestedItem(case=found[n], session=rows[n], gross_amount=Decimal("6.00")))
    more(
        CaseEvent,
        count,
        lambda n: CaseEvent(case=found[n], seq=1, at=found[n].opened_at, kind="moved", role="agent", rule="T1", to_state="NEW"),
    )
    return found


def chargebacks(count: int) -> list[Any]:
    """Letters about invoices, a case each, all to be answered."""
    of, about = cases(count), documents(count)
    found = more(
        Chargeback,
        count,
        lambda n: Chargeback(
            case=of[n],
            entity=about[n].entity,
            document=about[n],
            acquirer="Worldline",
            reference=f"CB-{n + 1}",
            reason_code="10.4",
            amount=Decimal("1.00"),
            currency="EUR",
            received_on=NOON.date(),
            due_by=NOON + timedelta(days=9, minutes=n),
            status="NEEDS_RESPONSE",
            made_at=NOON,
        ),
    )
    more(
        ChargebackEvent,
        count,
        lambda n: ChargebackEvent(chargeback=found[n], seq=1, at=NOON, kind="MOVED", to_status="NEEDS_RESPONSE"),
    )
    return found


def incidents(count: int) -> list[Any]:
    """Incidents that wait for a second person; every third was agreed to and ended."""
    entity, one, another = company(), *people(2)[:2]
    sums = dict.fromkeys(("before", "back", "after", "taken_off", "given_back", "to_partners"), "4.000")
    counts = ("chosen", "sessions", "documents", "customers", "strangers", "partners", "without_address", "cases", "left_out")
    figures = {**dict.fromkeys(counts, 3), "sums": {"EUR": {"lines": 3, **sums}}, "untouched": {}, "waiting": {}}
    found = more(
        Incident,
        count,
        lambda n: Incident(
            entity=entity,
            key=f"k{n}",
            title=f"Fault {n}",
            reason="Wrong meter",
            remedy="WHOLE",
            figures=figures,
            sha256="0" * 64,
            letter_en="{amount}",
            letter_de="{amount}",
            decided_by=one,
            decided_at=NOON,
            finished_at=None if n % 3 else NOON,
        ),
    )
    confirmed = set(IncidentConfirmation.objects.values_list("pk", flat=True))
    IncidentConfirmation.objects.bulk_create(
        [
            IncidentConfirmation(incident=row, accepted=True, by=another, at=NOON)
            for row in found
            if row.finished_at and row.pk not in confirmed
        ]
    )
    return found


def outside_requests(count: int) -> list[Any]:
    return requests_about(cases(count))


BUILDERS: dict[str, Callable[[int], list[Any]]] = {
    "billing.Assignment": assignments,
    "billing.Document": documents,
    "billing.Tariff": tariffs,
    "billing.TaxRule": tax_rules,
    "core.ApiToken": api_tokens,
    "core.AuditEvent": audit_events,
    "core.LegalEntity": companies,
    "core.User": people,
    "disputes.Case": cases,
    "disputes.Chargeback": chargebacks,
    "disputes.Incident": incidents,
    "disputes.OutsideRequest": outside_requests,
    "memberships.ContractPrefix": prefixes,
    "memberships.Customer": customers,
    "memberships.CustomerGroup": groups,
    "memberships.Token": tokens,
    "stations.Authorization": authorizations,
    "stations.Connector": connectors,
    "stations.ConnectorStatus": statuses,
    "stations.Evse": evses,
    "stations.ImportBatch": batches,
    "stations.Location": locations,
    "stations.QuarantinedRow": quarantined,
    "stations.Session": priced_sessions,
    "stations.Source": sources,
}
