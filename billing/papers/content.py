"""What stands on a document's paper: every text in its language, ready to be set. Nothing is worked out twice.

The result is plain data (texts, lists, dicts): the template sets it and computes nothing.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from billing.papers.model import Paper, PaperLine, PaperPart, PaperTax
from billing.papers.words import PHRASES, all_digits, amount, between, day, duration, grouped, money, percent
from billing.pricing import Dimension
from billing.pricing.text import Language, dimension_label
from chargebill.core.money import minor_digits, round_money

ZERO, HUNDRED = Decimal(0), Decimal(100)
# From so many lines on they begin on a page of their own, behind the summary.
OWN_PAGES_FROM = 4
MINUTE_S = 60


def language_of(paper: Paper) -> Language:
    return "de" if paper.language.startswith("de") else "en"


def content_of(paper: Paper) -> dict[str, Any]:
    """Everything the template sets, in the document's own language."""
    language = language_of(paper)
    said = PHRASES[language]
    side = said["excl" if paper.anchor == "NET" else "incl"]
    return _clean(
        {
            "language": language,
            "title": said[paper.kind],
            "number": paper.number,
            "seller": _seller(paper, said),
            "buyer": _buyer(paper),
            "facts": [list(fact) for fact in _facts(paper, language, said)],
            "page": said["page"],
            # A credit note takes back parts: its sessions' energy says nothing about it.
            "places": _places(paper, language) if len(paper.lines) > 1 and paper.kind != "CREDIT_NOTE" else [],
            "own_pages": len(paper.lines) >= OWN_PAGES_FROM,
            "taxes": [_tax(tax, paper, language) for tax in paper.taxes],
            "net": amount(paper.net, paper.currency, language),
            "tax": amount(paper.tax, paper.currency, language),
            "gross": amount(paper.gross, paper.currency, language),
            "total": money(paper.gross, paper.currency, language),
            "total_label": said["credited" if paper.kind == "CREDIT_NOTE" else "total"],
            "sentences": sorted({tax.legal_sentence for tax in paper.taxes if tax.legal_sentence}),
            "lines": [_line(line, position, paper, language) for position, line in enumerate(paper.lines, 1)],
            "notes": [list(note) for note in _notes(paper, language, said)],
            "heading": said["lines" if len(paper.lines) > 1 else "line"],
            "words": {**said, "side": side, "currency": paper.currency},
        }
    )


def _clean(value: Any) -> Any:
    """Text without what can't be seen: control characters, and those that turn the direction of what follows."""
    if isinstance(value, str):
        return "".join(
            " " if char in "\t\n\r" else char
            for char in unicodedata.normalize("NFC", value)
            if char in "\t\n\r" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")
        )
    if isinstance(value, Mapping):
        return {name: _clean(one) for name, one in value.items()}
    return [_clean(one) for one in value] if isinstance(value, list) else value


def _address(of: Mapping[str, Any]) -> list[str]:
    town = ", ".join(one for one in (f"{of.get('postal_code', '')} {of.get('city', '')}".strip(), of.get("country", "")) if one)
    return [line for line in (of.get("street", ""), town) if line]


def _seller(paper: Paper, said: Mapping[str, str]) -> dict[str, Any]:
    seller = paper.seller
    vat_ids = [f"{said['vat_id']} {number}" for _, number in sorted(seller.get("vat_ids", {}).items())]
    contact = [one for one in (seller.get("email", ""), seller.get("phone", "")) if one]
    bank = [" ".join(one for one in ("IBAN", grouped_iban(seller["iban"])) if one)] if seller.get("iban") else []
    bank += [f"BIC {seller['bic']}"] if seller.get("bic") else []
    return {"name": seller.get("name", ""), "address": _address(seller), "below": [vat_ids, contact, bank]}


def grouped_iban(iban: str) -> str:
    return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))


def _buyer(paper: Paper) -> list[str]:
    buyer = dict(paper.buyer)
    company, name = buyer.get("company", ""), buyer.get("name", "")
    if buyer.get("country") == paper.seller.get("country"):
        # Within a country nobody writes it.
        buyer["country"] = ""
    return [line for line in (company, name if name != company else "", *_address(buyer)) if line]


def _facts(paper: Paper, language: Language, said: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    yield said["number"], paper.number
    if paper.corrects:
        yield said["corrects"], paper.corrects
    yield said["date"], day(paper.issue_date, language)
    first, last = day(paper.supplied_from, language), day(paper.supplied_until, language)
    yield said["supplied"], first if first == last else f"{first} {said['to']} {last}"
    # A receipt says it with a condition, below: most were paid at the charging point.
    if paper.due_date and paper.kind == "INVOICE" and paper.gross > 0:
        yield said["due"], day(paper.due_date, language)
    if paper.buyer.get("number"):
        yield said["customer"], paper.buyer["number"]
    if paper.buyer.get("vat_id"):
        yield said["buyer_vat"], paper.buyer["vat_id"]


def _fixed(line: PaperLine, paper: Paper) -> Decimal:
    return line.net if paper.anchor == "NET" else line.gross


def _places(paper: Paper, language: Language) -> list[list[str]]:
    """Sessions, energy and amount by place, in the order they are first met."""
    found: dict[tuple[str, str], tuple[set[str], Decimal, Decimal]] = {}
    for line in paper.lines:
        sessions, kwh, cost = found.setdefault((line.place, line.address), (set(), ZERO, ZERO))
        if line.session_number not in sessions:
            # A session with several tax rates has several lines, each with all of its energy.
            kwh += line.energy_kwh
        found[line.place, line.address] = (sessions | {line.session_number}, kwh, cost + _fixed(line, paper))
    return [
        [
            place,
            address,
            grouped(Decimal(len(s)), 0, language),
            f"{grouped(kwh, 3, language)} kWh",
            amount(c, paper.currency, language),
        ]
        for (place, address), (s, kwh, c) in found.items()
    ]


def _tax(tax: PaperTax, paper: Paper, language: Language) -> list[str]:
    sums = [amount(value, paper.currency, language) for value in (tax.net, tax.tax, tax.gross)]
    return [percent(tax.rate, language), *sums]


def _line(line: PaperLine, position: int, paper: Paper, language: Language) -> dict[str, Any]:
    said = PHRASES[language]
    where = ", ".join(one for one in (line.place, line.address, line.country) if one)
    facts = [said["session"].format(number=line.session_number), _energy(line, language)]
    beside = [said["card"].format(token=line.token)] if line.token else []
    beside += [said["tariff"].format(tariff=line.tariff)] if line.tariff else []
    return {
        "position": str(position),
        "where": where,
        "evse": f"EVSE {line.evse}",
        "when": between(line.started_at, line.ended_at, line.time_zone, language),
        "facts": " · ".join(facts),
        "beside": " · ".join(beside),
        "rate": percent(line.tax_rate, language),
        "amount": amount(_fixed(line, paper), paper.currency, language),
        "parts": [_part(part, line, paper, language) for part in line.parts if _is_shown(part, paper)],
    }


def _energy(line: PaperLine, language: Language) -> str:
    said = PHRASES[language]
    energy = said["energy_of"].format(kwh=grouped(line.energy_kwh, 3, language))
    if line.meter_start_kwh is None or line.meter_stop_kwh is None:
        return energy
    start, stop = (all_digits(kwh, language, at_least=3) for kwh in (line.meter_start_kwh, line.meter_stop_kwh))
    return f"{energy}, {said['meter'].format(start=start, stop=stop)}"


def _is_shown(part: PaperPart, paper: Paper) -> bool:
    """What cost nothing and measured nothing says nothing."""
    return bool(part.billed or round_money(part.amount, paper.currency))


def _part(part: PaperPart, line: PaperLine, paper: Paper, language: Language) -> list[str]:
    """What, how much, at which price, what it comes to."""
    quantity = price = ""
    if part.price is not None:
        quantity = _quantity(part, language)
        price = _price(part.price, part.unit, line, paper, language)
    return [dimension_label(Dimension(part.dimension), language), quantity, price, amount(part.amount, paper.currency, language)]


def _quantity(part: PaperPart, language: Language) -> str:
    if part.unit == "kWh":
        return f"{grouped(part.billed, 3, language)} kWh"
    return duration(part.billed, language) if part.unit == "s" else all_digits(part.billed, language)


def _price(price: Decimal, unit: str, line: PaperLine, paper: Paper, language: Language) -> str:
    """A unit price; consumers read it with tax in it, also where the tariff says it without."""
    said = PHRASES[language]
    if not price:
        return said["free"]
    tagged = ""
    if paper.anchor == "GROSS" and line.prices_include_tax is False:
        price = price * (HUNDRED + line.tax_rate) / HUNDRED
    elif paper.anchor == "NET" and line.prices_include_tax:
        tagged = f" {said['incl']}"
    per = {"kWh": "kWh", "s": "min"}.get(unit, said["person"])
    if unit == "s" and round(price, 6) != price:
        price, per = round(price * MINUTE_S, 6), "h"
    return f"{all_digits(price, language, at_least=minor_digits(paper.currency))} / {per}{tagged}"


def _notes(paper: Paper, language: Language, said: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """What to do: pay, look at meter data, complain; each with its heading."""
    yield said["payment"], _payment(paper, language, said)
    contact = paper.seller.get("email") or said["at_address"]
    where = paper.seller.get("meter_data") or said["meter_ask"].format(contact=contact)
    yield said["meter_data"], said["meter_said"].format(where=where)
    if paper.seller.get("email") and paper.seller.get("phone"):
        contact = said["or_call"].format(email=contact, phone=paper.seller["phone"])
    yield said["complain"], said["complain_to"].format(contact=contact, number=paper.number)


def _payment(paper: Paper, language: Language, said: Mapping[str, str]) -> str:
    gross = money(paper.gross, paper.currency, language)
    if paper.kind == "CREDIT_NOTE":
        return said["credit"].format(amount=gross, corrects=paper.corrects)
    if not paper.gross:
        return said["nothing"]
    if paper.is_collected:
        return said["collected"]
    if paper.due_date is None:
        return said["what_is_open"]
    due = day(paper.due_date, language)
    account = (
        " ".join(
            [f"IBAN {grouped_iban(paper.seller['iban'])}", *([f"(BIC {paper.seller['bic']})"] if paper.seller.get("bic") else [])]
        )
        if paper.seller.get("iban")
        else ""
    )
    asked = said["pay_to" if account else "pay"].format(amount=gross, due=due, account=account, number=paper.number)
    # Made from the document alone, which is issued after the charge: money a card gave there may come in later.
    return f"{said['at_the_charger']} {asked}" if paper.kind == "RECEIPT" else asked
