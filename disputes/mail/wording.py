"""What stands around a message that goes to a driver by e-mail, and the letters about the case itself. English and German."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from billing.papers import words
from billing.pricing.text import Language

ENGLISH: Language = "en"
GERMAN: Language = "de"
# Mail programs quote what they answer: whatever stands below this line is ours.
ANSWER_ABOVE = {
    ENGLISH: "--- Please write your answer above this line ---",
    GERMAN: "--- Bitte schreiben Sie Ihre Antwort über diese Zeile ---",
}
_SUBJECT = {ENGLISH: "Your complaint {number}", GERMAN: "Ihre Beanstandung {number}"}
_PAGE = {
    ENGLISH: "Where it stands, and everything said so far (keep this link to yourself):\n{link}",
    GERMAN: "Der Stand und alles bisher Gesagte (geben Sie diesen Link nicht weiter):\n{link}",
}
_ANSWER = {
    ENGLISH: "You can simply answer this e-mail.",
    GERMAN: "Sie können einfach auf diese E-Mail antworten.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What is known around a message: ``link`` may be "", ``signed`` is the company, line by line.

    ``can_answer``: somebody gets an answer; ``is_read``: ChargeBill reads it itself.
    """

    language: str
    number: str
    link: str
    can_answer: bool
    is_read: bool
    signed: Sequence[str]


def language_of(code: str) -> Language:
    return GERMAN if code == GERMAN else ENGLISH


def subject_of(language: str, number: str) -> str:
    """The same for every mail of a case: programs put what has one subject into one thread."""
    return _SUBJECT[language_of(language)].format(number=number)


def body_of(text: str, frame: Frame) -> str:
    language = language_of(frame.language)
    parts = [ANSWER_ABOVE[language]] if frame.is_read else []
    parts += [text.strip()]
    if frame.link:
        parts += [_PAGE[language].format(link=frame.link)]
    if frame.can_answer:
        parts += [_ANSWER[language]]
    signed = "\n".join(line for line in frame.signed if line.strip())
    return "\n\n".join([*parts, signed]) + "\n"


def acknowledgement(language: str, number: str, *, reply_by: datetime | None, decided_by: datetime | None, zone: str) -> str:
    """We have the complaint, its number, and what happens next by when. What the driver wrote is not in it: somebody else's
    address may have been given, and nobody gets strangers' words from us."""
    if language == GERMAN:
        reply = f"Jemand von uns sieht sie sich an und antwortet bis {_end(reply_by, zone, GERMAN)}." if reply_by else ""
        final = f"Unsere Entscheidung haben Sie spätestens am {_end(decided_by, zone, GERMAN)}." if decided_by else ""
        held = "Bis dahin mahnen wir nicht an, was Sie beanstanden, und ziehen es nicht ein."
        head = f"Ihre Beanstandung ist bei uns angekommen. Sie hat die Nummer {number}."
        return _letter("Guten Tag,", head, f"So geht es weiter: {reply} {final} {held}")
    reply = f"somebody looks at it and answers you by {_end(reply_by, zone, ENGLISH)}." if reply_by else "somebody looks at it."
    final = f"You have our decision by {_end(decided_by, zone, ENGLISH)} at the latest." if decided_by else ""
    held = "Until then nobody reminds you of what you contest, and nobody collects it."
    return _letter("Hello,", f"we have your complaint. Its number is {number}.", f"What happens next: {reply} {final} {held}")


def investigation_began(language: str, number: str, *, version: int, sha256: str) -> str:
    """The investigation begins, and what the evidence on file is known by, so that nobody can exchange it later."""
    if language == GERMAN:
        head = f"wir untersuchen jetzt Ihre Beanstandung {number}."
        said = (
            f"Was dazu vorliegt, ist festgehalten und signiert (Version {version}). Der Fingerabdruck dieser Liste (SHA-256) "
            f"ist:\n{sha256}\n\nBewahren Sie ihn auf: Damit lässt sich später prüfen, dass nichts davon ausgetauscht wurde."
        )
        return _letter("Guten Tag,", head, said)
    said = (
        f"What is on file about it is frozen and signed (version {version}). The fingerprint of that list (SHA-256) is:\n"
        f"{sha256}\n\nKeep it: with it anybody can check later that nothing was exchanged."
    )
    return _letter("Hello,", f"we are now investigating your complaint {number}.", said)


def _letter(*parts: str) -> str:
    return "\n\n".join(re.sub(" +", " ", part).strip() for part in parts)


def _end(at: datetime | None, zone: str, language: Language) -> str:
    """The day a deadline ends with: a midnight is the end of the day before."""
    if at is None:
        return ""
    return words.day((at.astimezone(ZoneInfo(zone or "UTC")) - timedelta(minutes=1)).date(), language)
