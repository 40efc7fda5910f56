"""What stands in the mail a document or a closed month goes out with."""

from collections.abc import Mapping
from dataclasses import dataclass

from billing.papers.content import content_of, language_of
from billing.papers.model import Paper
from billing.pricing.text import Language

_DOCUMENT: Mapping[Language, tuple[str, str]] = {
    "en": (
        "{title} {number} from {seller}",
        "Hello{name},\n\nattached is {title} {number} of {day}: {total}.\n\n{link}"
        "Something wrong? Answer this e-mail and name the number {number}. We look at it and answer.\n\n{signed}\n",
    ),
    "de": (
        "{title} {number} von {seller}",
        "Guten Tag{name},\n\nim Anhang ist {title} {number} vom {day}: {total}.\n\n{link}"
        "Stimmt etwas nicht? Antworten Sie auf diese E-Mail und nennen Sie die Nummer {number}. Wir prüfen es und antworten."
        "\n\n{signed}\n",
    ),
}
_LINK: Mapping[Language, str] = {
    "en": "Line by line, and what is paid (this link works for 13 months):\n{link}\n\n",
    "de": "Zeile für Zeile und was bezahlt ist (dieser Link gilt 13 Monate):\n{link}\n\n",
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


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    body: str


def one_line(text: str) -> str:
    """For a header: a line break in it would begin another one."""
    return " ".join(text.split())


def letter_of(paper: Paper, link: str) -> Letter:
    """The mail a document goes out with, in its own language."""
    language = language_of(paper)
    content = content_of(paper)
    facts = dict(content["facts"])
    subject, body = _DOCUMENT[language]
    said = {
        "title": content["title"],
        "number": content["number"],
        "seller": content["seller"]["name"],
        "name": f" {content['buyer'][0]}" if content["buyer"] else "",
        "day": facts[content["words"]["date"]],
        "total": content["total"].replace("\u00a0", " "),
        "link": _LINK[language].format(link=link) if link else "",
        "signed": "\n".join([content["seller"]["name"], *content["seller"]["address"]]),
    }
    return Letter(one_line(subject.format(**said)), body.format(**said))


def closing_letter(company: str, period: str, language: str) -> Letter:
    subject, body = _CLOSING["de" if language.startswith("de") else "en"]
    return Letter(one_line(subject.format(company=company, period=period)), body.format(company=company, period=period))
