"""Puts together what the checks look at: a session's facts, its price, and what other records say about both."""

from collections.abc import Mapping, Sequence
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
from memberships.queries import TokenKey, resolve
from stations import facts as session_facts
from stations.facts import SessionFacts
from stations.models import Mode, Session

ZERO = Decimal(0)
_RELATED = ("cdr__tariff_version__tariff", "cdr__applied_taxes", "cdr__customer")
_NO_PRICE = CdrValues(
    0, 0, None, None, None, None, "AD_HOC", "", "GROSS", ZERO, ZERO, ZERO, None, "",
    ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, None, "", "", None, "", "",
)  # fmt: skip


def gather_all(
    sessions: Sequence[Session], thresholds: Thresholds, *, evse_cases: Mapping[int, int] | None = None
) -> list[Snapshot]:
    """The snapshots of sessions of one company, in their order, related places read with them or not. Reads only.

    ``evse_cases`` are cases about the EVSE of each. However many sessions: the number of queries stays.
    """
    if not sessions:
        return []
    entity_id = sessions[0].entity_id
    ids = [session.pk for session in sessions]
    standing = Chargeable.objects.select_related(*_RELATED).filter(pk__in=ids, cdr__isnull=False)
    cdrs = {chargeable.pk: chargeable.cdr for chargeable in standing if chargeable.cdr}
    facts = {fact.id: _as_priced(fact, cdrs.get(fact.id)) for fact in session_facts.load(ids)}
    every = [facts[pk] for pk in ids]
    readings = readings_of(every)
    used = usages(every, readings)
    said = said_by_sources(entity_id)
    found = beside(every, thresholds, unnamed={pk for pk, source in said.items() if not source.connector})

    who = resolve([_token_key(fact) for fact in every])
    known = rates.load(entity_id)
    numbers = prices.numbers_of(one.customer_id for one in who.values() if one.customer_id is not None)
    activated = prices.activated_of((facts[pk], cdr) for pk, cdr in cdrs.items())
    described = surroundings.described(ids)
    revisions = surroundings.revisions(ids)
    statuses = surroundings.statuses(every)
    asked = surroundings.authorizations(every)
    asks_known = surroundings.others_asked([fact for fact in every if not asked.get(fact.id)])
    tokens = surroundings.tokens(every)
    same_payer = surroundings.same_payer(every, [session.card_last4 for session in sessions])
    twins = surroundings.twins(every)
    documents = receipts.documents(ids)
    payments = receipts.payments(entity_id, documents, {pk: cdr.customer_id for pk, cdr in cdrs.items()})
    given_back = receipts.given_back(documents)

    snapshots = []
    for fact in every:
        pk, cdr, payer = fact.id, cdrs.get(fact.id), who[_token_key(fact)]
        parts_known = cdr is not None and fact.mode != Mode.COLLECTED
        pricing = prices.own(cdr, used[pk]) if parts_known else None
        candidate = Candidate(fact, _values(cdr), readings.get(pk, ()))
        record = Record(
            number=fact.external_id,
            mode=fact.mode,
            country=fact.country,
            payment_method=fact.payment_method,
            announced_tariff=fact.announced_tariff,
            revision=fact.revision,
            **described[pk],
            revisions=revisions.get(pk, ()),
            billed=_billed(cdr),
            pricing=pricing,
            shown=prices.shown(fact, cdr, pricing, known, payer, asked.get(pk, ()), activated),
            right_taxes=prices.right_taxes(fact, cdr, known) if pricing else None,
            member=prices.member(fact, cdr, pricing, known, payer, numbers),
            token=tokens.get(fact.token_uid),
            statuses=statuses[pk],
            authorizations=asked.get(pk, ()),
            asks_known=bool(asked.get(pk)) or pk in asks_known,
            documents=tuple(document.facts for document in documents.get(pk, ())),
            payments=payments.get(pk, ()),
            same_payer=same_payer.get(pk, ()),
            given_back=given_back.get(pk, ()),
            twins=twins[pk],
            evse_cases=evse_cases[pk] if evse_cases is not None else None,
        )
        snapshots.append(replace(snapshot_of(candidate, found, said, parts_known=parts_known), record=record))
    return snapshots


def _token_key(fact: SessionFacts) -> TokenKey:
    return fact.entity_id, fact.token_uid, fact.token_issuer


def _as_priced(fact: SessionFacts, cdr: Cdr | None) -> SessionFacts:
    """Where a person decided for another reading, that is the energy that was priced."""
    return fact if cdr is None or cdr.energy_kwh is None else replace(fact, energy_kwh=cdr.energy_kwh)


def _values(cdr: Cdr | None) -> CdrValues:
    return CdrValues(**{name: getattr(cdr, name) for name in CdrValues._fields}) if cdr else _NO_PRICE


def _billed(cdr: Cdr | None) -> Billed | None:
    if cdr is None:
        return None
    return Billed(cdr.version, cdr.net_amount, cdr.tax_amount, cdr.gross_amount, cdr.engine, cdr.waived)
