"""What the page of a case says to its driver, in English and German."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from billing.pricing.text import Language, words
from chargebill.portal.driver_words import clock
from disputes.workflow.durations import Turn
from disputes.workflow.states import Clock, State

STANDS: Mapping[Language, Mapping[State, str]] = {
    "en": {
        State.NEW: "We have your complaint. Somebody takes it up soon.",
        State.TRIAGE: "Somebody looks after your complaint.",
        State.INVESTIGATING: "We are looking into it.",
        State.AWAITING_CUSTOMER: "We asked you something. As long as we wait for your answer, our own time stands still.",
        State.OFFERED: "This is what we decided.",
        State.AGREED: "It is agreed, and about to be put right.",
        State.EXECUTING: "It is being put right.",
        State.STUCK: "It is being put right. One step did not work at once; our accounts department is at it.",
        State.RESOLVED: "It is settled, and everything agreed is done.",
        State.CLOSED: "This complaint is closed.",
        State.WITHDRAWN: "You took this complaint back.",
        State.INADMISSIBLE: "We do not take this complaint up. Our letter below says why.",
        State.MERGED: "This complaint goes on together with {into}.",
        State.DEADLOCK: "We did not come to an agreement. Our letter below says why, and where you can turn to.",
        State.MEDIATION: "An independent person mediates between us.",
        State.ARBITRATION: "An independent person decides about it.",
        State.AWARDED: "The independent person has decided.",
    },
    "de": {
        State.NEW: "Wir haben Ihre Beschwerde. Bald kümmert sich jemand darum.",
        State.TRIAGE: "Jemand kümmert sich um Ihre Beschwerde.",
        State.INVESTIGATING: "Wir prüfen sie.",
        State.AWAITING_CUSTOMER: "Wir haben Sie etwas gefragt. Solange wir auf Ihre Antwort warten, steht unsere Zeit still.",
        State.OFFERED: "Das haben wir entschieden.",
        State.AGREED: "Wir sind uns einig, und es wird gleich in Ordnung gebracht.",
        State.EXECUTING: "Es wird in Ordnung gebracht.",
        State.STUCK: "Es wird in Ordnung gebracht. Ein Schritt ging nicht gleich; unsere Buchhaltung ist daran.",
        State.RESOLVED: "Es ist geklärt, und alles Vereinbarte ist erledigt.",
        State.CLOSED: "Diese Beschwerde ist abgeschlossen.",
        State.WITHDRAWN: "Sie haben diese Beschwerde zurückgenommen.",
        State.INADMISSIBLE: "Wir bearbeiten diese Beschwerde nicht. Unser Schreiben unten sagt, warum.",
        State.MERGED: "Diese Beschwerde wird zusammen mit {into} bearbeitet.",
        State.DEADLOCK: "Wir sind uns nicht einig geworden. Unser Schreiben unten sagt, warum und wohin Sie sich wenden können.",
        State.MEDIATION: "Eine unabhängige Person vermittelt zwischen uns.",
        State.ARBITRATION: "Eine unabhängige Person entscheidet darüber.",
        State.AWARDED: "Die unabhängige Person hat entschieden.",
    },
}

# The same where an incident gave back all that was claimed: nobody had to agree to anything.
FAULT: Mapping[Language, Mapping[State, str]] = {
    "en": {
        state: f"We found a fault that made this charge wrong, and have corrected the bill. {rest}"
        for state, rest in {
            State.AGREED: "What was paid too much goes back.",
            State.EXECUTING: "What was paid too much goes back.",
            State.STUCK: "Paying the money back did not work at once; our accounts department is at it.",
            State.RESOLVED: "It is settled.",
        }.items()
    },
    "de": {
        state: f"Durch einen Fehler bei uns wurde diese Ladung falsch berechnet; wir haben die Rechnung berichtigt. {rest}"
        for state, rest in {
            State.AGREED: "Was zu viel bezahlt wurde, geht zurück.",
            State.EXECUTING: "Was zu viel bezahlt wurde, geht zurück.",
            State.STUCK: "Das Geld zurückzuzahlen ging nicht gleich; unsere Buchhaltung ist daran.",
            State.RESOLVED: "Es ist geklärt.",
        }.items()
    },
}

# The same for a driver whose contract party gets it.
OF_PARTNER: Mapping[Language, str] = {
    "en": "We found a fault that made this charge wrong. It is credited to your contract party, who settles it with you.",
    "de": "Durch einen Fehler bei uns wurde diese Ladung falsch berechnet. Sie wird Ihrem Vertragspartner gutgeschrieben; dort"
    " wird es mit Ihnen abgerechnet.",
}

TURNS: Mapping[Language, Mapping[Turn, str]] = {
    "en": {
        Turn.US: "It is our turn",
        Turn.FINANCE: "It is our turn",
        Turn.DRIVER: "It is your turn",
        Turn.NEUTRAL: "It is the independent person’s turn",
        Turn.NOBODY: "It has ended",
    },
    "de": {
        Turn.US: "Wir sind am Zug",
        Turn.FINANCE: "Wir sind am Zug",
        Turn.DRIVER: "Sie sind am Zug",
        Turn.NEUTRAL: "Die unabhängige Person ist am Zug",
        Turn.NOBODY: "Es ist zu Ende",
    },
}

# The deadlines a driver counts on; the others are how we work.
BY_WHEN: Mapping[Language, Mapping[Clock, str]] = {
    "en": {
        Clock.FIRST_REPLY: "You get a first answer by {by}.",
        Clock.INVESTIGATE: "We want to have looked into it by {by}.",
        Clock.FINAL_POSITION: "You have our decision by {by} at the latest.",
        Clock.AWAITING_CUSTOMER: "Please answer by {by}. Without an answer we go on with what we have.",
        Clock.OFFER: "Please answer by {by}.",
        Clock.DEADLOCK: "It stays open until {by}; then it is closed.",
        Clock.MEDIATION: "The mediation ends by {by} at the latest.",
        Clock.EVIDENCE: "You can hand in what proves your side until {by}.",
        Clock.AWARD: "The decision comes by {by} at the latest.",
        Clock.AWARD_ANSWER: "Please say by {by} whether you accept it.",
        Clock.EXECUTION: "It is put right by {by} at the latest.",
        Clock.SILENCE: "If nobody writes any more, it is closed on {by}.",
    },
    "de": {
        Clock.FIRST_REPLY: "Eine erste Antwort bekommen Sie bis {by}.",
        Clock.INVESTIGATE: "Geprüft haben wollen wir sie bis {by}.",
        Clock.FINAL_POSITION: "Unsere Entscheidung haben Sie spätestens bis {by}.",
        Clock.AWAITING_CUSTOMER: "Bitte antworten Sie bis {by}. Ohne Antwort machen wir mit dem weiter, was wir haben.",
        Clock.OFFER: "Bitte antworten Sie bis {by}.",
        Clock.DEADLOCK: "Sie bleibt bis {by} offen; dann wird sie geschlossen.",
        Clock.MEDIATION: "Die Vermittlung endet spätestens {by}.",
        Clock.EVIDENCE: "Was Ihre Seite belegt, können Sie bis {by} einreichen.",
        Clock.AWARD: "Die Entscheidung kommt spätestens bis {by}.",
        Clock.AWARD_ANSWER: "Bitte sagen Sie bis {by}, ob Sie sie annehmen.",
        Clock.EXECUTION: "In Ordnung gebracht ist es spätestens bis {by}.",
        Clock.SILENCE: "Schreibt niemand mehr, wird sie {by} geschlossen.",
    },
}
DAYS: Mapping[Language, tuple[str, ...]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "de": ("Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So."),
}

PHRASES: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "language": "Language",
        "title": "Your complaint {number}",
        "opened": "We have your complaint. Its number is {number}.",
        "keep": "Keep the address of this page: it is your private link. Whoever has it can read your complaint and answer for "
        "you. We answer here and write to {email}.",
        "keep_no_email": "Keep the address of this page: it is your private link. Whoever has it can read your complaint and "
        "answer for you.",
        "sent": "Sent. It stands below.",
        "late": "That was due by {by}. We are late, and sorry.",
        "held": "Until it is settled you need not pay what you contest, and nobody reminds you of it.",
        "next": "Where it stands",
        "found": "What our checks found",
        "found_nothing": "They found nothing wrong in what we have on record.",
        "found_rest": "{fine} checks found everything in order; for {lacking} we have no records.",
        "found_person": "A person decides what follows from it.",
        "about": "What it is about",
        "seems": "What seems wrong",
        "contested": "Contested",
        "claimed": "You want back",
        "since": "Complaint of",
        "thread": "What was said",
        "you": "You",
        "write": "Write to us",
        "answer": "Your answer",
        "write_help": "Something we should know? It goes to whoever looks after your complaint.",
        "write_settled": "Something still wrong? Tell us before it is closed.",
        "send": "Send",
        "send_answer": "Send the answer",
        "no_text": "Write something first. Nothing was sent.",
        "text_too_long": "This is too long: at most 20,000 characters. Nothing was sent.",
        "withdraw": "Take the complaint back",
        "withdraw_title": "Take the complaint back?",
        "withdraw_lead": "We stop looking into {number}. The bill stays as it is, and what is open of it is to be paid.",
        "withdraw_lead_2": "You can complain about this charge again later.",
        "withdraw_yes": "Yes, take it back",
        "withdraw_no": "No, keep it",
        "again": "Something new?",
        "again_lead": "If you know something we did not know, we look at it again. That is possible until {by}, twice at most.",
        "again_text": "What is new?",
        "again_send": "Look at it again",
        "has_new_facts": "Say what is new since it was settled. Nothing was sent.",
        "is_within_reopening": "The time for that is over. With something new you can complain anew.",
        "is_not_reopened_often": "It was looked at again twice already. Nothing was sent.",
        "item_is_free": "There is another complaint about this charge. Write there.",
        "changed": "Something has changed meanwhile; this is how it stands now. Nothing was sent.",
        "outside": "If we can't agree",
        "outside_to": "You can turn to {bodies} at any time.",
        "outside_or": " or ",
        "outside_unnamed": "the consumer body of your country",
        "outside_review": "An independent review here would be made by a person {company} appoints. That is no official dispute "
        "resolution body, and at present nobody is appointed.",
        "gone_title": "This link does not work",
        "gone": "It is not complete, or it has ended: a link to a complaint works for two and a half years.",
        "gone_advice": "Open the newest link we sent you, or ask the company you complained to.",
        "busy_title": "Too many requests",
        "busy": "This complaint was opened very often in the last minute. Please wait a minute and try again.",
    },
    "de": {
        "language": "Sprache",
        "title": "Ihre Beschwerde {number}",
        "opened": "Wir haben Ihre Beschwerde. Sie hat die Nummer {number}.",
        "keep": "Bewahren Sie die Adresse dieser Seite auf: Sie ist Ihr persönlicher Link. Wer ihn hat, kann Ihre "
        "Beschwerde lesen und für Sie antworten. Wir antworten hier und schreiben an {email}.",
        "keep_no_email": "Bewahren Sie die Adresse dieser Seite auf: Sie ist Ihr persönlicher Link. Wer ihn hat, kann Ihre "
        "Beschwerde lesen und für Sie antworten.",
        "sent": "Abgesendet. Es steht unten.",
        "late": "Das war bis {by} fällig. Wir sind zu spät, und das tut uns leid.",
        "held": "Bis es geklärt ist, müssen Sie nicht bezahlen, was Sie beanstanden, und niemand erinnert Sie daran.",
        "next": "Wie es steht",
        "found": "Was unsere Prüfungen ergaben",
        "found_nothing": "In unseren Daten fanden sie nichts Falsches.",
        "found_rest": "{fine} Prüfungen fanden alles in Ordnung; zu {lacking} liegen uns keine Daten vor.",
        "found_person": "Was daraus folgt, entscheidet ein Mensch.",
        "about": "Worum es geht",
        "seems": "Was nicht stimmt",
        "contested": "Beanstandet",
        "claimed": "Sie möchten zurück",
        "since": "Beschwerde vom",
        "thread": "Was geschrieben wurde",
        "you": "Sie",
        "write": "Schreiben Sie uns",
        "answer": "Ihre Antwort",
        "write_help": "Sollten wir noch etwas wissen? Es geht an die Person, die sich um Ihre Beschwerde kümmert.",
        "write_settled": "Stimmt noch etwas nicht? Sagen Sie es uns, bevor sie geschlossen wird.",
        "send": "Absenden",
        "send_answer": "Antwort absenden",
        "no_text": "Schreiben Sie zuerst etwas. Es wurde nichts abgesendet.",
        "text_too_long": "Das ist zu lang: höchstens 20.000 Zeichen. Es wurde nichts abgesendet.",
        "withdraw": "Beschwerde zurücknehmen",
        "withdraw_title": "Die Beschwerde zurücknehmen?",
        "withdraw_lead": "Wir prüfen {number} nicht weiter. Die Rechnung bleibt, wie sie ist, und was davon offen ist, ist zu "
        "bezahlen.",
        "withdraw_lead_2": "Sie können sich später noch einmal über diesen Ladevorgang beschweren.",
        "withdraw_yes": "Ja, zurücknehmen",
        "withdraw_no": "Nein, behalten",
        "again": "Etwas Neues?",
        "again_lead": "Wenn Sie etwas wissen, das wir nicht wussten, prüfen wir es noch einmal. Das geht bis {by}, höchstens "
        "zweimal.",
        "again_text": "Was ist neu?",
        "again_send": "Noch einmal prüfen",
        "has_new_facts": "Sagen Sie, was seither neu ist. Es wurde nichts abgesendet.",
        "is_within_reopening": "Die Zeit dafür ist vorbei. Mit etwas Neuem können Sie sich erneut beschweren.",
        "is_not_reopened_often": "Es wurde schon zweimal noch einmal geprüft. Es wurde nichts abgesendet.",
        "item_is_free": "Zu diesem Ladevorgang gibt es eine andere Beschwerde. Schreiben Sie dort.",
        "changed": "Inzwischen hat sich etwas geändert; so steht es jetzt. Es wurde nichts abgesendet.",
        "outside": "Wenn wir uns nicht einigen",
        "outside_to": "Sie können sich jederzeit an {bodies} wenden.",
        "outside_or": " oder ",
        "outside_unnamed": "die Verbraucherstelle Ihres Landes",
        "outside_review": "Eine unabhängige Prüfung hier wäre die einer Person, die {company} bestellt. Das ist keine amtliche "
        "Schlichtungsstelle, und zurzeit ist niemand bestellt.",
        "gone_title": "Dieser Link funktioniert nicht",
        "gone": "Er ist nicht vollständig, oder er ist abgelaufen: Ein Link zu einer Beschwerde gilt zweieinhalb Jahre.",
        "gone_advice": "Öffnen Sie den neuesten Link, den wir Ihnen geschickt haben, oder fragen Sie die Firma, bei der Sie sich "
        "beschwert haben.",
        "busy_title": "Zu viele Anfragen",
        "busy": "Diese Beschwerde wurde in der letzten Minute sehr oft geöffnet. Bitte warten Sie eine Minute und versuchen Sie "
        "es noch einmal.",
    },
}


def by(at: datetime, zone: str, language: Language) -> str:
    """A deadline as people say it, a midnight as the day before it: "Thu 12 Mar 2026, 17:00", "Do. 12. März 2026, 17:00 Uhr"."""
    local = at.astimezone(ZoneInfo(zone))
    if (local.hour, local.minute) == (0, 0):
        return day(local - timedelta(hours=12), language)
    return f"{day(local, language)}, {clock(local, language)}"


def day(local: datetime, language: Language) -> str:
    return f"{DAYS[language][local.weekday()]} {words(language).day(local.date())}"
