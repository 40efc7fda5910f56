"""Puts together what the checks look at: one session's facts, its price, and what other records say about both."""

from dataclasses import replace
from decimal import Decimal

from billing import rates
from billing.beside import beside
from billing.checks import Snapshot, Thresholds
from billing.checks.record import Billed, Record
from billing.decisions import CdrValues
from billing.gate import Candidate, said_by_sources, snapshot_of
from billing.investigation import prices, receipts, surroundings
from billing.models import Cdr, Chargeable
from billing.usage import readings_of, usages
from memberships.queries import resolve
from stations import facts as session_facts
from stations.models import Mode, Session

ZERO = Decimal(0)
_RELATED = ("cdr__tariff_version__tariff", "cdr__applied_taxes", "cdr__customer")
_NO_PRICE = CdrValues(
    0, 0, None, None, None, None, "AD_HOC", "", "GROSS", ZERO, ZERO, ZERO, None, "",
    ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, None, "", "", None, "", "",
)  # fmt: skip


def gather(session: Session, thresholds: Thresholds, *, evse_cases: int | None = None) -> Snapshot:
    """The snapshot of one session, its related places read with it or not. Reads only."""
    (fact,) = session_facts.load([session.pk])
    standing = Chargeable.objects.select_related(*_RELATED).filter(pk=session.pk).first()
    cdr = standing.cdr if standing else None
    if cdr is not None and cdr.energy_kwh is not None:
        # A person decided for another reading: that is the energy that was priced.
        fact = replace(fact, energy_kwh=cdr.energy_kwh)
    readings = readings_of([fact])
    usage = usages([fact], readings)[fact.id]
    said = said_by_sources(fact.entity_id)
    found = beside([fact], thresholds, unnamed={pk for pk, source in said.items() if not source.connector})
    parts_known = cdr is not None and fact.mode != Mode.COLLECTED
    candidate = Candidate(fact, _values(cdr), readings.get(fact.id, ()))
    snapshot = snapshot_of(candidate, found, said, parts_known=parts_known)

    who = resolve([(fact.entity_id, fact.token_uid, fact.token_issuer)])[fact.entity_id, fact.token_uid, fact.token_issuer]
    known = rates.load(fact.entity_id)
    asked = surroundings.authorizations(fact)
    pricing = prices.own(cdr, usage) if parts_known else None
    documents = receipts.documents(fact.id)
    payments = receipts.payments(fact.entity_id, documents, cdr.customer_id if cdr else None)
    record = Record(
        number=fact.external_id,
        mode=fact.mode,
        country=fact.country,
        payment_method=fact.payment_method,
        announced_tariff=fact.announced_tariff,
        revision=fact.revision,
        **surroundings.described(session),
        revisions=surroundings.revisions(fact.id),
        billed=_billed(cdr),
        pricing=pricing,
        shown=prices.shown(fact, cdr, pricing, known, who, asked),
        right_taxes=prices.right_taxes(fact, cdr, known) if pricing else None,
        member=prices.member(fact, cdr, pricing, known, who),
        token=surroundings.token(fact),
        statuses=surroundings.statuses(fact),
        authorizations=asked,
        asks_known=bool(asked) or surroundings.others_asked(fact),
        documents=tuple(document.facts for document in documents),
        payments=payments,
        same_payer=surroundings.same_payer(fact, session.card_last4),
        given_back=receipts.given_back([document.pk for document in documents]),
        twins=surroundings.twins(fact),
        evse_cases=evse_cases,
    )
    return replace(snapshot, record=record)


def _values(cdr: Cdr | None) -> CdrValues:
    return CdrValues(**{name: getattr(cdr, name) for name in CdrValues._fields}) if cdr else _NO_PRICE


def _billed(cdr: Cdr | None) -> Billed | None:
    if cdr is None:
        return None
    return Billed(cdr.version, cdr.net_amount, cdr.tax_amount, cdr.gross_amount, cdr.engine, cdr.waived)
