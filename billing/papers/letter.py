"""What stands in the mail a document or a closed month goes out with."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from billing.papers import words
from billing.papers.content import content_of, grouped_iban, language_of
from billing.papers.model import Paper
from billing.pricing.text import Language

_DOCUMENT: Mapping[Language, tuple[str, str]] = {
    "en": (
        "{title} {number} from {seller}",
        "Hello{name},\n\nattached is {title} {number} of {day}: {total}.\n\n{link}"
        "{wrong} this e-mail and name the number {number}. We look at it and answer.\n\n{signed}\n",
    ),
    "de": (
        "{title} {number} von {seller}",
        "Guten Tag{name},\n\nim Anhang ist {title} {number} vom {day}: {total}.\n\n{link}"
        "{wrong} Sie auf diese E-Mail und nennen Sie die Nummer {number}. Wir prüfen es und antworten."
        "\n\n{signed}\n",
    ),
}
_LINK: Mapping[Language, str] = {
    "en": "Line by line, and what is paid (this link works for 13 months):\n{link}\n\n",
    "de": "Zeile für Zeile und was bezahlt ist (dieser Link gilt 13 Monate):\n{link}\n\n",
}
# Where to complain: the page of each charge, and e-mail.
_WRONG: Mapping[Language, tuple[str, str]] = {
    "en": ("Something wrong with a charge? Here you can say so:\n{link}/wrong\n\nOr answer", "Something wrong? Answer"),
    "de": ("Stimmt etwas nicht? Hier können Sie es sagen:\n{link}/wrong\n\nOder antworten", "Stimmt etwas nicht? Antworten"),
}
_CLOSING: Mapping[Language, tuple[str, str]] = {
    "en": (
        "Books of {company}, {period}: closed and signed",
        "The month {period} of {company} was closed. Attached is what was signed, the signature and the public key.\n\n"
        "Please keep this e-mail. It proves what the books said: without a copy outside, they could be written anew.\n",
    ),
    "de": (
        "Bücher von {company}, {period}: abgeschlossen und signiert",
        "Der Monat {period} von {company} wurde abgeschlossen. Im Anhang sind, was signiert wurde, die Signatur und der "
        "öffentliche Schlüssel.\n\nBitte bewahren Sie diese E-Mail auf. Sie beweist, was in den Büchern stand: Ohne eine Kopie "
        "außerhalb ließen sie sich neu schreiben.\n",
    ),
}


_REMINDER: Mapping[Language, tuple[str, tuple[str, str, str], str]] = {
    "en": (
        "Reminder: {title} {number} from {seller}",
        (
            "perhaps it slipped through: {title} {number} of {day} was payable by {due}, and {open} is open.",
            "{title} {number} of {day} is still open: {open}, payable by {due}. Did our last reminder reach you?",
            "this is the third time we ask about {title} {number} of {day}: {open}, payable by {due}, is still open. If you can't"
            " pay now or don't agree, please write to us, so that we find a way.",
        ),
        "Hello{name},\n\n{text}\n\n{pay}{link}If you have paid meanwhile, forget this e-mail. It costs you nothing."
        "\n\n{wrong} and name the number {number}. We look at it and answer.\n\n{signed}\n",
    ),
    "de": (
        "Erinnerung: {title} {number} von {seller}",
        (
            "vielleicht ist es untergegangen: {title} {number} vom {day} war bis zum {due} zahlbar, und {open} sind offen.",
            "{title} {number} vom {day} ist noch offen: {open}, zahlbar bis zum {due}. Kam unsere letzte Erinnerung an?",
            "wir fragen zum dritten Mal nach {title} {number} vom {day}: {open}, zahlbar bis zum {due}, sind noch offen. Wenn Sie"
            " gerade nicht zahlen können oder nicht einverstanden sind, schreiben Sie uns bitte, damit wir einen Weg finden.",
        ),
        "Guten Tag{name},\n\n{text}\n\n{pay}{link}Haben Sie inzwischen gezahlt, ist diese E-Mail hinfällig. Sie kostet Sie"
        " nichts.\n\n{wrong} Sie und nennen Sie {number}. Wir prüfen es und antworten.\n\n{signed}\n",
    ),
}
_ACCOUNT: Mapping[Language, str] = {
    "en": "Please pay to IBAN {iban}, stating {number}.\n\n",
    "de": "Bitte zahlen Sie auf IBAN {iban} und nennen Sie dabei {number}.\n\n",
}


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    body: str


def one_line(text: str) -> str:
    """For a header: a line break in it would begin another one."""
    return " ".join(text.split())


def letter_of(paper: Paper, link: str) -> Letter:
    """The mail a document goes out with, in its own language."""
    subject, body = _DOCUMENT[language_of(paper)]
    said = _said(paper, link)
    return Letter(one_line(subject.format(**said)), body.format(**said))


def reminder_of(paper: Paper, link: str, *, level: int, open_amount: Decimal) -> Letter:
    """A friendly reminder of what is open, the first to the third, in the document's own language."""
    language = language_of(paper)
    subject, texts, body = _REMINDER[language]
    said = _said(paper, link) | {"open": words.money(open_amount, paper.currency, language).replace("\u00a0", " ")}
    said["due"] = words.day(paper.due_date or paper.issue_date, language)
    iban = paper.seller.get("iban", "")
    said["pay"] = _ACCOUNT[language].format(iban=grouped_iban(iban), number=paper.number) if iban else ""
    said["text"] = texts[level - 1].format(**said)
    return Letter(one_line(subject.format(**said)), body.format(**said))


def _said(paper: Paper, link: str) -> dict[str, str]:
    language = language_of(paper)
    content = content_of(paper)
    facts = dict(content["facts"])
    return {
        "title": content["title"],
        "number": content["number"],
        "seller": content["seller"]["name"],
        "name": f" {content['buyer'][0]}" if content["buyer"] else "",
        "day": facts[content["words"]["date"]],
        "total": content["total"].replace("\u00a0", " "),
        "link": _LINK[language].format(link=link) if link else "",
        # What takes back is not contested: what it takes back of is.
        "wrong": _WRONG[language][0].format(link=link) if link and paper.kind != "CREDIT_NOTE" else _WRONG[language][1],
        "signed": "\n".join([content["seller"]["name"], *content["seller"]["address"]]),
    }


def closing_letter(company: str, period: str, language: str) -> Letter:
    subject, body = _CLOSING["de" if language.startswith("de") else "en"]
    return Letter(one_line(subject.format(company=company, period=period)), body.format(company=company, period=period))
