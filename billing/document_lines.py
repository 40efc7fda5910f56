"""The lines of documents, from sessions and their Cdrs: everything a line copies, and its fixed amount for each tax."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing.decisions import PARTS
from billing.documents import Amounts, Supply, revenue
from billing.documents.revenue import ENERGY, FEE, IDLE, ROAMING, TIME
from billing.models import Cdr, TaxRule
from billing.pricing import Anchor, Dimension, Line
from billing.queries import recomputed_all
from chargebill.core.models import LegalEntity
from memberships.models import CustomerKind
from stations.models import Mode, Session

ZERO = Decimal(0)
ACCOUNT_OF = {
    "fixed_amount": FEE,
    "energy_amount": ENERGY,
    "time_amount": TIME,
    "parking_amount": IDLE,
    "reservation_amount": FEE,
}
_COLUMN_OF = {dimension: column for column, dimensions in PARTS.items() for dimension in dimensions}


@dataclass(frozen=True, slots=True)
class LineDraft:
    """A line to be: ``supply`` is its fixed amount and tax, ``accounts`` what each account's parts cost on that side."""

    session: Session
    cdr: Cdr
    supply: Supply
    accounts: Mapping[str, Decimal]
    parts: list[list[str]]
    legal_sentence: str

    def columns(self) -> dict[str, Any]:
        """What a DocumentLine copies of the session and its price; amounts come from the document."""
        session, cdr = self.session, self.cdr
        place, version = session.location, cdr.tariff_version
        town = " ".join(part for part in (place.postal_code, place.city) if part)
        evse = session.connector.evse
        return {
            "session_id": session.pk,
            "cdr_id": cdr.pk,
            "tax_rate": self.supply.rate,
            "tax_code": self.supply.code,
            "legal_sentence": self.legal_sentence,
            "session_number": session.external_id,
            "place": place.name,
            "address": ", ".join(part for part in (place.address, town) if part),
            "country": country_of(session),
            "evse": evse.evse_id or evse.uid,
            "time_zone": place.time_zone or session.entity.time_zone or "UTC",
            "started_at": session.started_at,
            "ended_at": session.ended_at,
            "energy_kwh": session.energy_kwh if cdr.energy_kwh is None else cdr.energy_kwh,
            "meter_start_kwh": session.meter_start_kwh,
            "meter_stop_kwh": session.meter_stop_kwh,
            "token": session.token_uid,
            "tariff": f"{version.tariff.name} v{version.number}" if version and session.mode != Mode.COLLECTED else "",
            "prices_include_tax": version.tax_included == "YES" if version and session.mode != Mode.COLLECTED else None,
            "parts": self.parts,
        }

    def revenue(self, amounts: Amounts) -> dict[str, str]:
        """The line's net by account of the journal."""
        if self.cdr.customer_kind == CustomerKind.PARTNER:
            return {ROAMING: str(amounts.net)}
        found = revenue(amounts.net, self.accounts, self.cdr.currency)
        return {account: str(amount) for account, amount in found.items()}


def country_of(session: Session) -> str:
    """Where it was supplied: the place's country, the company's where the place has none."""
    return session.location.country or session.entity.country


def line_drafts(entity: LegalEntity, cdr_ids: Iterable[int]) -> tuple[dict[int, list[LineDraft]], dict[int, str]]:
    """Lines by session id, one for each rate and code of its price; and why sessions have none.

    A dozen queries however many Cdrs. The explanation goes along where it agrees with the stored price; a price with
    several rates can't be told apart without it.
    """
    cdrs = list(
        Cdr.objects.filter(pk__in=list(cdr_ids)).select_related("tariff_version__tariff", "applied_taxes").order_by("session_id")
    )
    related = ("location", "connector__evse", "entity")
    sessions = Session.objects.select_related(*related).in_bulk([cdr.session_id for cdr in cdrs])
    told = recomputed_all(cdr for cdr in cdrs if sessions[cdr.session_id].mode != Mode.COLLECTED)
    sentences = _Sentences(entity)
    found: dict[int, list[LineDraft]] = {}
    refused = {}
    for cdr in cdrs:
        session, result = sessions[cdr.session_id], told.get(cdr.session_id)
        agrees = result is not None and (result.net, result.gross) == (cdr.net_amount, cdr.gross_amount)
        lines = list(result.lines) if result is not None and agrees else []
        if cdr.tax_rate is not None:
            columns = {column: getattr(cdr, column) for column in ACCOUNT_OF}
            found[session.pk] = [_draft(session, cdr, cdr.tax_rate, cdr.tax_code, _fixed(cdr), columns, lines, sentences)]
        elif lines:
            found[session.pk] = list(_by_tax(session, cdr, lines, sentences))
        elif not _fixed(cdr) and not cdr.tax_amount:
            # Free, so nothing was taxed.
            found[session.pk] = [_draft(session, cdr, ZERO, "", ZERO, {}, [], sentences)]
        else:
            refused[session.pk] = "Its price can't be worked out by tax rate any more. Price it anew."
    return found, refused


def _fixed(cdr: Cdr) -> Decimal:
    return cdr.net_amount if cdr.anchor == Anchor.NET else cdr.gross_amount


def _side(line: Line, cdr: Cdr) -> Decimal:
    return (line.net if cdr.anchor == Anchor.NET else line.gross) or ZERO


def _by_tax(session: Session, cdr: Cdr, lines: list[Line], sentences: "_Sentences") -> Iterable[LineDraft]:
    groups: dict[tuple[Decimal, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.tax_rate or ZERO, line.tax_code), []).append(line)
    for (rate, code), group in groups.items():
        columns: dict[str, Decimal] = {}
        for line in group:
            column = _COLUMN_OF[line.dimension]
            columns[column] = columns.get(column, ZERO) + _side(line, cdr)
        fixed = sum((_side(line, cdr) for line in group), ZERO)
        yield _draft(session, cdr, rate, code, fixed, columns, group, sentences)


def _draft(
    session: Session,
    cdr: Cdr,
    rate: Decimal,
    code: str,
    fixed: Decimal,
    columns: Mapping[str, Decimal],
    lines: list[Line],
    sentences: "_Sentences",
) -> LineDraft:
    accounts: dict[str, Decimal] = {}
    for column, account in ACCOUNT_OF.items():
        accounts[account] = accounts.get(account, ZERO) + columns.get(column, ZERO)
    parts = [
        [
            Dimension(line.dimension).value,
            _plain(line.billed),
            line.unit,
            "" if line.unit_price is None else _plain(line.unit_price),
            _plain(_side(line, cdr)),
        ]
        for line in lines
    ]
    return LineDraft(session, cdr, Supply(fixed, rate, code), accounts, parts, sentences.of(rate, code, cdr.customer_kind))


def _plain(number: Decimal) -> str:
    return f"{number:f}"


class _Sentences:
    """The legal sentences of a company's tax rules, by the rate and code they gave."""

    def __init__(self, entity: LegalEntity) -> None:
        rows = TaxRule.objects.filter(entity=entity).exclude(legal_sentence="").order_by("valid_from", "pk")
        # The newest rule of a code speaks; one for the kind of customer before one for all.
        self._found = {(rule.rate, rule.code, rule.customer_kind): rule.legal_sentence for rule in rows}

    def of(self, rate: Decimal, code: str, customer_kind: str) -> str:
        return self._found.get((rate, code, customer_kind)) or self._found.get((rate, code, ""), "")
