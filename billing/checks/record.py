"""What is on record about a session once somebody questions it: frozen plain values, as the checks read them.

Amounts are in the session's currency unless a row names its own. None, or no rows: nobody said anything about it.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from billing.pricing import Anchor, Result, Spanning, Tariff, Taxes, Usage, price

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Pricing:
    """Everything a price follows from: what was used, the tariff (waived parts taken out), the taxes, how it is rounded."""

    usage: Usage
    tariff: Tariff
    taxes: Taxes
    anchor: Anchor
    spanning: Spanning

    def result(self) -> Result:
        """Computed now, by the reference pricer."""
        return price(self.usage, self.tariff, taxes=self.taxes, anchor=self.anchor, spanning=self.spanning)

    def cost(self) -> Decimal:
        """The total on the side that is fixed: with tax for consumers, before tax for businesses and partners."""
        result = self.result()
        amount = result.net if self.anchor is Anchor.NET else result.gross
        return amount if amount is not None else ZERO

    def under(self, tariff: Tariff) -> "Pricing":
        return replace(self, tariff=tariff)

    def taxed(self, taxes: Taxes) -> "Pricing":
        return replace(self, taxes=taxes)

    def used(self, usage: Usage) -> "Pricing":
        return replace(self, usage=usage)


@dataclass(frozen=True, slots=True)
class Billed:
    """The stored price (Cdr) that counts, and how it came about: its parts stand in the snapshot."""

    version: int
    net: Decimal
    tax: Decimal
    gross: Decimal
    engine: str
    waived: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """The price a driver was told before charging, and who said so. ``pricing`` None: nobody here knows that tariff.

    ``version`` None: the words name none. ``kwh_price`` is what a display asked for a kWh, ``with_tax`` or without.
    """

    name: str
    version: int | None
    said_by: str
    pricing: Pricing | None = None
    kwh_price: Decimal | None = None
    with_tax: bool = True


@dataclass(frozen=True, slots=True)
class Member:
    """Whose token it is today. ``same``: the price was made for this customer, too. ``pricing``: at this customer's tariff."""

    kind: str
    number: str
    same: bool
    pricing: Pricing | None = None


@dataclass(frozen=True, slots=True)
class KnownToken:
    """The token as it is stored. From ``blocked_from`` on (that moment included) it must not charge."""

    uid: str
    blocked_from: datetime | None = None
    blocked_reason: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """A connector said at a moment that it is in a state; it is in it until it says another."""

    at: datetime
    status: str
    error_code: str = ""
    firmware: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A token asked to charge, and what it was told."""

    at: datetime
    result: str
    method: str = ""
    price_shown: str = ""


@dataclass(frozen=True, slots=True)
class BilledDocument:
    """A document with this session on it, what its lines and its taxes add up to (net, tax, gross), and of this session alone.

    ``fixed`` is what the session's line fixes (net or gross), ``gross`` what it costs, ``credited`` what of that gross was
    taken back. Of a credit note ``is_credit``: its amounts are what is taken back.
    """

    number: str
    kind: str
    currency: str
    total: tuple[Decimal, Decimal, Decimal]
    lines: tuple[Decimal, Decimal, Decimal]
    taxes: tuple[Decimal, Decimal, Decimal]
    gross: Decimal
    fixed: Decimal
    country: str
    is_credit: bool = False
    credited: Decimal = ZERO
    issued_on: date | None = None

    @property
    def stands(self) -> Decimal:
        """What of this session still stands on it, tax included."""
        return ZERO if self.is_credit else self.gross - self.credited


@dataclass(frozen=True, slots=True)
class Received:
    """Money received. ``at`` is empty where only its day is known (a bank's); ``here`` is for documents of this session,
    ``elsewhere`` for others, ``back`` went back or is owed back."""

    reference: str
    method: str
    currency: str
    amount: Decimal
    received_on: date
    at: datetime | None
    here: Decimal
    elsewhere: Decimal = ZERO
    back: Decimal = ZERO

    @property
    def left(self) -> Decimal:
        """What of it is for nothing."""
        return self.amount - self.here - self.elsewhere - self.back


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Money that goes or went back for a document of this session, and how far it is."""

    reference: str
    document: str
    currency: str
    amount: Decimal
    state: str


@dataclass(frozen=True, slots=True)
class Twin:
    """The same session as another source tells it."""

    number: str
    source: str
    start: datetime
    end: datetime
    energy_kwh: Decimal
    amount: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Revision:
    """The facts before an import said something else, as they were stored."""

    number: int
    replaced_at: datetime
    content_hash: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """``authorizations`` are of the session's token near its start; ``asks_known``: whether authorizations of this place
    near that day are on record at all. ``same_payer`` are starts of other sessions of the same token or card.

    ``evse_cases`` counts cases about the same EVSE within the days of the thresholds, this one included; None: nobody counts.
    """

    number: str = ""
    source: str = ""
    mode: str = ""
    place: str = ""
    country: str = ""
    evse: str = ""
    connector: str = ""
    payment_method: str = ""
    card_last4: str = ""
    payment_reference: str = ""
    announced_tariff: str = ""
    revision: int = 1
    content_hash: str = ""
    batch_sha256: str = ""
    line_no: int | None = None
    revisions: tuple[Revision, ...] = ()
    billed: Billed | None = None
    pricing: Pricing | None = None
    shown: Shown | None = None
    right_taxes: Taxes | None = None
    member: Member | None = None
    token: KnownToken | None = None
    statuses: tuple[Status, ...] = ()
    authorizations: tuple[Asked, ...] = ()
    asks_known: bool = False
    documents: tuple[BilledDocument, ...] | None = None
    payments: tuple[Received, ...] | None = None
    same_payer: tuple[datetime, ...] = ()
    given_back: tuple[GivenBack, ...] = ()
    twins: tuple[Twin, ...] = ()
    evse_cases: int | None = None


NOTHING_KNOWN = Record()
