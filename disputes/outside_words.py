"""What the cover of an answer pack says, in English and German. No Django."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.papers import words as written
from billing.pricing.text import Language
from disputes.workflow.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Names of facts, and sentences with what comes into them in braces.

    ``bodies`` and ``causes`` are by their codes, ``stands`` is where a case stands, for somebody who does not know how the
    desk works. Days and amounts are written as on paper.
    """

    title: str
    asked_by: str
    reference: str
    company: str
    received_on: str
    answer_by: str
    what_was_asked: str
    cases: str
    opened_on: str
    what_is_wrong: str
    in_their_view: str
    contested: str
    contested_of: str
    not_said: str
    sessions: str
    where_it_stands: str
    since: str
    merged_into: str
    last_answer: str
    evidence: str
    evidence_of: str
    what_is_in_here: str
    this_text: str
    signed_evidence: str
    sums: str
    how_to_check: str
    checking: tuple[str, ...]
    no_answer: str
    bill_stays: str
    corrected: str
    goodwill: str
    conceded: str
    offered: str
    answered: str
    bodies: Mapping[str, str]
    causes: Mapping[str, str]
    stands: Mapping[State, str]
    language: Language

    def day(self, day: date) -> str:
        return written.day(day, self.language)

    def money(self, amount: Decimal, currency: str) -> str:
        # A plain text breaks no lines by itself.
        return written.money(amount, currency, self.language).replace(written.NO_BREAK, " ")


ENGLISH = Words(
    title="ANSWER PACK",
    asked_by="Asked by",
    reference="Reference",
    company="Company",
    received_on="Received on",
    answer_by="Answer by",
    what_was_asked="What was asked",
    cases="CASES",
    opened_on="Opened on",
    what_is_wrong="What is wrong",
    in_their_view="{}, in the driver’s view",
    contested="Contested",
    contested_of="{contested}; claimed back: {claimed}",
    not_said="not said",
    sessions="Sessions",
    where_it_stands="Where it stands",
    since="{stands} (since {day})",
    merged_into="merged into case {} of the same driver, where it goes on",
    last_answer="Last answer",
    evidence="Evidence",
    evidence_of="{path}, version {version}",
    what_is_in_here="WHAT IS IN HERE",
    this_text="this text",
    signed_evidence="the signed evidence of case {}, a ZIP of its own",
    sums="the SHA-256 of each of these, in the form that “sha256sum -c” reads",
    how_to_check="HOW TO CHECK IT",
    checking=(
        "Each ZIP of a case begins with a README.txt that says what is in it and how to check it, with ChargeBill and",
        "without a network (manage.py verify_case FILE --key KEY) or by hand. Ask the company for its public key on",
        "another way than this one came.",
    ),
    no_answer="none about money so far",
    bill_stays="the bill stays as it is (decided {day})",
    corrected="the bill is corrected",
    goodwill="as goodwill, the bill stays as it is",
    conceded="all that was claimed",
    offered="offered",
    answered="{money} {said}, {way} ({day})",
    bodies={"REGULATOR": "regulator", "CONSUMER": "consumer body", "MEDIATION": "mediation body", "COURT": "court"},
    causes={
        "ENERGY": "More energy than the car took",
        "BROKEN": "Charged while it did not work",
        "IDLE": "Idle or parking fee unfair",
        "TWICE": "Charged twice",
        "NOT_ME": "Not me",
        "BENEFIT": "Plan or discount missing",
        "PRICE": "Price not as shown",
        "OTHER": "Something else",
    },
    stands={
        State.NEW: "received; nobody has taken it up yet",
        State.TRIAGE: "taken up; being sorted before it is investigated",
        State.INADMISSIBLE: "found not admissible and ended without an investigation; the driver got a letter with the reason",
        State.MERGED: "merged into another case of the driver, where it goes on",
        State.INVESTIGATING: "being investigated",
        State.AWAITING_CUSTOMER: "the company asked the driver something and waits for the answer",
        State.OFFERED: "the driver has an offer or a decision and has not answered it yet",
        State.AGREED: "agreed; it is about to be carried out",
        State.DEADLOCK: "no agreement; the driver has the company’s position and can turn to an outside body",
        State.MEDIATION: "in mediation",
        State.ARBITRATION: "in arbitration",
        State.AWARDED: "an award was made; the driver has not answered it yet",
        State.EXECUTING: "agreed; it is being carried out",
        State.STUCK: "agreed; carrying it out has stopped at one step, which is being cleared",
        State.RESOLVED: "what was agreed has been carried out; it is open for the driver’s answer",
        State.CLOSED: "closed",
        State.WITHDRAWN: "the driver took the complaint back",
    },
    language="en",
)
GERMAN = Words(
    title="ANTWORT AUF EINE ANFRAGE",
    asked_by="Anfrage von",
    reference="Aktenzeichen",
    company="Unternehmen",
    received_on="Eingegangen am",
    answer_by="Antwort bis",
    what_was_asked="Was gefragt wurde",
    cases="BEANSTANDUNGEN",
    opened_on="Eröffnet am",
    what_is_wrong="Grund",
    in_their_view="{}, aus Sicht der Kundin oder des Kunden",
    contested="Beanstandet",
    contested_of="{contested}; zurückgefordert: {claimed}",
    not_said="nicht angegeben",
    sessions="Ladevorgänge",
    where_it_stands="Stand",
    since="{stands} (seit {day})",
    merged_into="zusammengelegt mit Beanstandung {} derselben Person, dort geht es weiter",
    last_answer="Letzte Antwort",
    evidence="Beweismittel",
    evidence_of="{path}, Fassung {version}",
    what_is_in_here="INHALT",
    this_text="dieser Text",
    signed_evidence="die signierten Beweismittel zu Beanstandung {}, als eigenes ZIP",
    sums="die SHA-256 jeder dieser Dateien, so wie „sha256sum -c“ sie liest",
    how_to_check="SO WIRD ES GEPRÜFT",
    checking=(
        "Jedes ZIP einer Beanstandung beginnt mit einer README.txt, auf Englisch. Sie sagt, was es enthält und wie es geprüft",
        "wird: mit ChargeBill und ohne Netz (manage.py verify_case FILE --key KEY) oder von Hand. Erfragen Sie den",
        "öffentlichen Schlüssel des Unternehmens auf einem anderen Weg als dem, auf dem dieses Paket kam.",
    ),
    no_answer="bisher keine über Geld",
    bill_stays="die Rechnung bleibt, wie sie ist (entschieden am {day})",
    corrected="die Rechnung wird berichtigt",
    goodwill="aus Kulanz, die Rechnung bleibt, wie sie ist",
    conceded="wie gefordert zugesagt",
    offered="angeboten",
    answered="{money} {said}; {way} ({day})",
    bodies={
        "REGULATOR": "Regulierungsbehörde",
        "CONSUMER": "Verbraucherstelle",
        "MEDIATION": "Schlichtungsstelle",
        "COURT": "Gericht",
    },
    causes={
        "ENERGY": "Mehr Energie, als das Auto geladen hat",
        "BROKEN": "Berechnet, obwohl es nicht funktionierte",
        "IDLE": "Stand- oder Parkgebühr unfair",
        "TWICE": "Doppelt berechnet",
        "NOT_ME": "Von jemand anderem geladen",
        "BENEFIT": "Vertrag oder Rabatt fehlt",
        "PRICE": "Preis nicht wie angezeigt",
        "OTHER": "Etwas anderes",
    },
    stands={
        State.NEW: "eingegangen; noch nicht bearbeitet",
        State.TRIAGE: "angenommen; wird vor der Prüfung eingeordnet",
        State.INADMISSIBLE: "nicht zulässig, ohne Prüfung beendet; den Grund nennt ein Schreiben an die Kundin oder den Kunden",
        State.MERGED: "mit einer anderen Beanstandung derselben Person zusammengelegt, dort geht es weiter",
        State.INVESTIGATING: "wird geprüft",
        State.AWAITING_CUSTOMER: "das Unternehmen hat nachgefragt und wartet auf die Antwort der Kundin oder des Kunden",
        State.OFFERED: "ein Angebot oder eine Entscheidung liegt vor und ist noch nicht beantwortet",
        State.AGREED: "geeinigt; die Umsetzung steht bevor",
        State.DEADLOCK: "keine Einigung; die Entscheidung ist mitgeteilt, eine außergerichtliche Stelle kann angerufen werden",
        State.MEDIATION: "in der Mediation",
        State.ARBITRATION: "im Schiedsverfahren",
        State.AWARDED: "ein Schiedsspruch liegt vor und ist noch nicht beantwortet",
        State.EXECUTING: "geeinigt; wird umgesetzt",
        State.STUCK: "geeinigt; die Umsetzung hängt an einem Schritt, der geklärt wird",
        State.RESOLVED: "das Vereinbarte ist umgesetzt; die Kundin oder der Kunde kann sich dazu noch äußern",
        State.CLOSED: "abgeschlossen",
        State.WITHDRAWN: "die Beanstandung wurde zurückgenommen",
    },
    language="de",
)


def words_of(language: str) -> Words:
    return GERMAN if language == "de" else ENGLISH
