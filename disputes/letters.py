"""What ChargeBill writes to a driver by itself, and the frame of what a supervisor decides. English and German, no Django."""

from collections.abc import Sequence
from decimal import Decimal

from chargebill.core.money import minor_digits

ENGLISH, GERMAN = "en", "de"
# Why a case is not admissible: code -> what a colleague chooses, and the sentence the letter begins with.
INADMISSIBLE = {
    "not_ours": (
        "Another company's charge",
        "The charge is not ours: another company billed it.",
        "Die Ladung wurde nicht von uns, sondern von einem anderen Unternehmen abgerechnet.",
    ),
    "not_theirs": (
        "Somebody else's charge",
        "The charge was billed to somebody else, so we can't discuss it with you.",
        "Die Ladung wurde jemand anderem berechnet; wir können sie mit Ihnen nicht besprechen.",
    ),
    "decided": (
        "Decided before",
        "This charge was decided about before, and nothing new has come up since.",
        "Über diese Ladung wurde bereits entschieden, und seither ist nichts Neues hinzugekommen.",
    ),
    "elsewhere": (
        "A court or another body has it",
        "A court or another body is dealing with it already.",
        "Ein Gericht oder eine andere Stelle ist bereits damit befasst.",
    ),
    "no_complaint": (
        "A question, nothing is contested",
        "You asked us something; no charge is contested.",
        "Sie haben eine Frage gestellt; es wird keine Ladung beanstandet.",
    ),
    "other": ("Another reason", "We can't deal with it here.", "Wir können das hier nicht bearbeiten."),
}
_OUTSIDE = {
    ENGLISH: ("If you disagree, you can turn to {}.", " or ", "the consumer body of your country"),
    GERMAN: ("Wenn Sie anderer Meinung sind, können Sie sich an {} wenden.", " oder ", "die Verbraucherstelle Ihres Landes"),
}


def _outside(language: str, bodies: Sequence[str]) -> str:
    sentence, between, unnamed = _OUTSIDE[language]
    return sentence.format(between.join(bodies) or unnamed)


def inadmissible_letter(language: str, number: str, code: str, reason: str, bodies: Sequence[str]) -> str:
    """Why a complaint is not dealt with, in a colleague's words, and where the driver can go. Raises KeyError: no such code."""
    _, english, german = INADMISSIBLE[code]
    if language == GERMAN:
        head = f"wir haben Ihre Beanstandung {number} geprüft und bearbeiten sie nicht. {german}"
        return "\n\n".join(["Guten Tag,", head, reason.strip(), _outside(language, bodies)])
    head = f"we looked at your complaint {number} and do not take it up. {english}"
    return "\n\n".join(["Hello,", head, reason.strip(), _outside(ENGLISH, bodies)])


def position_letter(language: str, number: str, position: str, bodies: Sequence[str]) -> str:
    """The final position with its reasons, in a supervisor's words, and where the driver can go."""
    if language == GERMAN:
        head = f"zu Ihrer Beanstandung {number} ist dies unsere abschließende Entscheidung."
        return "\n\n".join(["Guten Tag,", head, position.strip(), _outside(language, bodies)])
    head = f"this is our final decision on your complaint {number}."
    return "\n\n".join(["Hello,", head, position.strip(), _outside(ENGLISH, bodies)])


def reminder_letter(language: str, number: str, question: str) -> str:
    """The open question once more."""
    if language == GERMAN:
        head = f"zu Ihrer Beanstandung {number} fehlt uns noch Ihre Antwort. Wir hatten gefragt:"
        tail = "Ohne Antwort machen wir mit dem weiter, was wir haben."
        return "\n\n".join(["Guten Tag,", head, question.strip(), tail])
    head = f"we still need your answer about your complaint {number}. We had asked:"
    return "\n\n".join(["Hello,", head, question.strip(), "Without an answer we go on with what we have."])


def deadlock_letter(language: str, number: str, bodies: Sequence[str]) -> str:
    """The time for a final position is over without one."""
    if language == GERMAN:
        head = f"wir konnten Ihre Beanstandung {number} nicht in der vorgesehenen Zeit klären. Das tut uns leid."
        return "\n\n".join(["Guten Tag,", head, _outside(language, bodies)])
    head = f"we could not settle your complaint {number} in the time there is for it. We are sorry."
    return "\n\n".join(["Hello,", head, _outside(ENGLISH, bodies)])


def no_request_letter(language: str, number: str, bodies: Sequence[str]) -> str:
    """Nobody asked for an independent review in time: the case is closed."""
    if language == GERMAN:
        head = f"wir haben zu Ihrer Beanstandung {number} nichts mehr gehört und schließen sie."
        return "\n\n".join(["Guten Tag,", head, _outside(language, bodies)])
    return "\n\n".join(
        ["Hello,", f"we have heard nothing more about your complaint {number} and close it.", _outside(ENGLISH, bodies)]
    )


def declined_letter(language: str, number: str, bodies: Sequence[str]) -> str:
    """The driver declined what was offered or decided: our position stands, and where the driver can go."""
    if language == GERMAN:
        head = f"Sie haben unsere Antwort zu {number} abgelehnt. Unsere Gründe stehen darin, und dabei bleiben wir."
        return "\n\n".join(["Guten Tag,", head, _outside(language, bodies)])
    head = f"you declined our answer to your complaint {number}. Our reasons stand in it, and we stay with them."
    return "\n\n".join(["Hello,", head, _outside(ENGLISH, bodies)])


def done_letter(
    language: str, number: str, notes: Sequence[str], back: Decimal, currency: str, *, beyond: bool = False,
    is_record_right: bool = False,
) -> str:  # fmt: skip
    """What was agreed is done: credit notes by number, what was paid back (``beyond``: for more than this complaint), and
    whether the record was put right."""
    german = language == GERMAN
    money = f"{back:.{minor_digits(currency)}f} {currency}"
    if german:
        said = [f"zu Ihrer Beanstandung {number} ist alles erledigt."]
        said += [f"Ihre Rechnung ist berichtigt: {', '.join(notes)}."] if notes else []
        more = ", auch für das, was außer dieser Ladung falsch berechnet war" if beyond else ""
        said += [f"Zurückgezahlt: {money}{more}."] if back else []
        said += ["Auch unsere Aufzeichnung des Ladevorgangs ist berichtigt."] if is_record_right else []
        return "\n\n".join(["Guten Tag,", " ".join(said)])
    said = [f"everything about your complaint {number} is done."]
    said += [f"Your bill is corrected: {', '.join(notes)}."] if notes else []
    more = ", for what was wrong beside this charge as well" if beyond else ""
    said += [f"Paid back: {money}{more}."] if back else []
    said += ["Our record of the charge is put right, too."] if is_record_right else []
    return "\n\n".join(["Hello,", " ".join(said)])


def held_letter(language: str, number: str) -> str:
    """What was agreed waits, because the cardholder's bank asked for the money as well."""
    if language == GERMAN:
        said = (
            f"was zu Ihrer Beanstandung {number} vereinbart ist, gilt. Ihre Bank hat den Betrag aber auch über die Karte"
            " zurückgefordert, und bis das entschieden ist, können wir nichts zurückzahlen: Sie bekämen es sonst zweimal."
        )
        return "\n\n".join(["Guten Tag,", said, "Danach geht es von selbst weiter. Sie müssen nichts tun."])
    said = (
        f"what we agreed about your complaint {number} stands. But your bank has asked for the money through your card as well,"
        " and until that is decided we can't pay anything back: you would get it twice."
    )
    return "\n\n".join(["Hello,", said, "After that it goes on by itself. You need not do anything."])


# How an answer about money begins, in the driver's language; a colleague goes on from there.
_ANSWERS = {
    (ENGLISH, "OFFER"): "Hello,\n\nwe looked into your complaint {number}.{found}\n\nWe offer to take {money} off your bill.",
    (ENGLISH, "CONCESSION"): "Hello,\n\nyou are right about {number}.{found}\n\nWe take {money} off your bill. We are sorry.",
    (ENGLISH, "DECISION"): "Hello,\n\nwe looked into your complaint {number}. We are not changing this bill, because ",
    (
        ENGLISH,
        "SETTLED",
    ): "Hello,\n\nwe looked into your complaint {number}. We have taken {money} off this bill since. We are"
    " not changing more of it, because ",
    (GERMAN, "OFFER"): "Guten Tag,\n\nwir haben Ihre Beanstandung {number} geprüft.{found}\n\nWir bieten an, Ihre Rechnung um"
    " {money} zu kürzen.",
    (GERMAN, "CONCESSION"): "Guten Tag,\n\nSie haben recht mit {number}.{found}\n\nWir kürzen Ihre Rechnung um {money}. Das tut"
    " uns leid.",
    (GERMAN, "DECISION"): "Guten Tag,\n\nwir haben Ihre Beanstandung {number} geprüft. Wir ändern diese Rechnung nicht, denn ",
    (GERMAN, "SETTLED"): "Guten Tag,\n\nwir haben Ihre Beanstandung {number} geprüft. Die Rechnung haben wir seitdem schon um"
    " {money} gekürzt. Mehr ändern wir nicht, denn ",
}


def answer_begins(language: str, number: str, kind: str, money: str, found: Sequence[str]) -> str:
    """The beginning of an OFFER, a CONCESSION, a DECISION of zero, or such a decision where ``money`` was taken off already
    (SETTLED); ``found`` is what the checks say to the driver."""
    said = "".join(f" {sentence}" for sentence in found)
    return _ANSWERS[GERMAN if language == GERMAN else ENGLISH, kind].format(number=number, money=money, found=said)
