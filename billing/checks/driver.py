"""What a driver reads about the checks of a charge, in English and German: what was looked at, and what was found."""

from collections.abc import Mapping

from billing.checks.model import Finding, Verdict, Way
from billing.pricing.text import Language, money

# By check: what was looked at, and what is wrong where it fails.
Words = Mapping[str, tuple[str, str]]

_ENGLISH: Words = {
    "D1a": ("Whether this charge reached us twice", "The same charge reached us twice."),
    "D1b": ("Whether you paid twice", "You paid twice for one charge."),
    "D2": ("Whether this charge is on two bills", "This charge is on two bills."),
    "D3": ("Whether two charges overlap on this connector", "Our records show two charges on this connector at the same time."),
    "D4": ("Whether your card was used at two places at once", "Your card or app started a charge at two places at once."),
    "D5": ("Whether the meter counted forwards", "The meter's readings contradict each other."),
    "D6": ("Whether the energy is what the meter counted", "The energy on the bill is not what the meter counted."),
    "D7": ("Whether this connector can give so much energy", "This connector can't give as much energy as was billed."),
    "D8": ("Whether the meter counted evenly", "The meter jumped by more than this connector can give."),
    "D9": ("Whether readings of the meter are missing", "Readings of the meter are missing."),
    "D10": ("The meter's signed reading", "The meter's signed reading can't be confirmed."),
    "D11": ("Whether the clocks agree", "The clocks of our systems disagree about this charge."),
    "D12": ("Whether the change of the clocks was counted right", "The clocks changed during this charge."),
    "D13": ("Whether the price is the one you were shown", "The price on the bill is not the one shown before charging."),
    "D14": ("Whether the bill is computed right", "Computed anew, this charge costs something else."),
    "D15": ("Whether the announced maximum was kept", "The bill is above the maximum that was announced."),
    "D16": ("Whether your plan's prices were applied", "The prices of your plan were not applied."),
    "D17": ("Whether what is free was left out", "Something was charged that the prices leave free."),
    "D18": (
        "Whether the charging point worked while idle time was charged",
        "The charging point was out of order while idle time was charged.",
    ),
    "D19": ("Whether free minutes and the cap on idle time were kept", "Free minutes or the cap on idle time were not kept."),
    "D20": ("Whether your car was still charging in idle minutes", "Your car was still charging in minutes counted as idle."),
    "D21": ("Whether there was energy for the money", "Hardly any energy flowed, yet more than the start fee was charged."),
    "D22": ("Whether the start fee is due", "The charge failed or was very short, yet a start fee was charged."),
    "D23": ("Whether your card or app started this charge", "We have no record that your card or app started this charge."),
    "D24": ("Whether your card was blocked", "Your card was already blocked when this charge began."),
    "D25": ("Whether the tax is right", "The tax on the bill is not the one that applies at this place."),
    "D26": ("Whether the bill adds up", "The bill does not add up."),
    "D27": ("Whether what was taken is what was billed", "Another amount was taken than was billed."),
    "D27b": ("Whether the amount reserved on your card was released", "An amount is still reserved on your card."),
    "D28": ("Whether something was already given back", "A part of this charge was already given back."),
    "D29": ("Whether your provider tells the same", "Your provider's record of this charge differs from ours."),
    "D30": ("Whether others complain about this charging point", "Others report problems with this charging point, too."),
    "D31": ("How long the car was connected", "Our records show a very long connection."),
    "ZERO": ("Whether there was energy at all", "No energy flowed and no fee was announced, yet there is a price."),
}
_GERMAN: Words = {
    "D1a": ("Ob dieser Ladevorgang uns doppelt gemeldet wurde", "Derselbe Ladevorgang wurde uns doppelt gemeldet."),
    "D1b": ("Ob Sie doppelt gezahlt haben", "Sie haben für einen Ladevorgang doppelt gezahlt."),
    "D2": ("Ob dieser Ladevorgang auf zwei Rechnungen steht", "Dieser Ladevorgang steht auf zwei Rechnungen."),
    "D3": (
        "Ob sich zwei Ladevorgänge an diesem Anschluss überschneiden",
        "Unsere Daten zeigen zwei Ladevorgänge zur selben Zeit an diesem Anschluss.",
    ),
    "D4": (
        "Ob Ihre Karte an zwei Orten zugleich benutzt wurde",
        "Ihre Karte oder App hat an zwei Orten zugleich einen Ladevorgang gestartet.",
    ),
    "D5": ("Ob der Zähler vorwärts gezählt hat", "Die Zählerstände widersprechen sich."),
    "D6": ("Ob die Energie die gezählte ist", "Die berechnete Energie ist nicht die, die der Zähler gezählt hat."),
    "D7": (
        "Ob dieser Anschluss so viel Energie abgeben kann",
        "So viel Energie, wie berechnet wurde, kann der Anschluss nicht abgeben.",
    ),
    "D8": ("Ob der Zähler gleichmäßig gezählt hat", "Der Zähler ist um mehr gesprungen, als der Anschluss abgeben kann."),
    "D9": ("Ob Zählerstände fehlen", "Zählerstände fehlen."),
    "D10": ("Der signierte Zählerstand", "Der signierte Zählerstand lässt sich nicht bestätigen."),
    "D11": ("Ob die Uhren übereinstimmen", "Die Uhren unserer Systeme widersprechen sich bei diesem Ladevorgang."),
    "D12": ("Ob die Zeitumstellung richtig gezählt wurde", "Während des Ladevorgangs wurden die Uhren umgestellt."),
    "D13": ("Ob der Preis der angezeigte ist", "Der berechnete Preis ist nicht der, der vor dem Laden angezeigt wurde."),
    "D14": ("Ob richtig gerechnet wurde", "Neu berechnet kostet dieser Ladevorgang etwas anderes."),
    "D15": ("Ob der angekündigte Höchstbetrag eingehalten wurde", "Die Rechnung liegt über dem angekündigten Höchstbetrag."),
    "D16": ("Ob die Preise Ihres Vertrags angewendet wurden", "Die Preise Ihres Vertrags wurden nicht angewendet."),
    "D17": ("Ob Kostenfreies kostenfrei blieb", "Es wurde etwas berechnet, das nach den Preisen kostenfrei ist."),
    "D18": (
        "Ob der Ladepunkt funktionierte, während Standzeit berechnet wurde",
        "Der Ladepunkt war gestört, während Standzeit berechnet wurde.",
    ),
    "D19": (
        "Ob freie Minuten und Höchstbetrag der Standzeit eingehalten wurden",
        "Freie Minuten oder der Höchstbetrag der Standzeit wurden nicht eingehalten.",
    ),
    "D20": (
        "Ob Ihr Auto während der Standzeit noch geladen hat",
        "Ihr Auto hat in Minuten noch geladen, die als Standzeit gezählt wurden.",
    ),
    "D21": ("Ob für das Geld Energie geflossen ist", "Es floss kaum Energie, trotzdem wurde mehr als die Startgebühr berechnet."),
    "D22": (
        "Ob die Startgebühr anfällt",
        "Der Ladevorgang scheiterte oder war sehr kurz, trotzdem wurde eine Startgebühr berechnet.",
    ),
    "D23": (
        "Ob Ihre Karte oder App diesen Ladevorgang gestartet hat",
        "Uns liegt nichts vor, wonach Ihre Karte oder App diesen Ladevorgang gestartet hat.",
    ),
    "D24": ("Ob Ihre Karte gesperrt war", "Ihre Karte war schon gesperrt, als dieser Ladevorgang begann."),
    "D25": ("Ob die Steuer stimmt", "Die Steuer auf der Rechnung ist nicht die, die an diesem Ort gilt."),
    "D26": ("Ob die Rechnung aufgeht", "Die Rechnung geht nicht auf."),
    "D27": ("Ob so viel abgebucht wie berechnet wurde", "Es wurde ein anderer Betrag abgebucht als berechnet."),
    "D27b": ("Ob der auf Ihrer Karte reservierte Betrag freigegeben wurde", "Auf Ihrer Karte ist noch ein Betrag reserviert."),
    "D28": ("Ob schon etwas erstattet wurde", "Ein Teil dieses Ladevorgangs wurde bereits erstattet."),
    "D29": ("Ob Ihr Anbieter dasselbe meldet", "Die Daten Ihres Anbieters weichen bei diesem Ladevorgang von unseren ab."),
    "D30": ("Ob andere diesen Ladepunkt beanstanden", "Auch andere melden Probleme mit diesem Ladepunkt."),
    "D31": ("Wie lange das Auto angeschlossen war", "Unsere Daten zeigen eine sehr lange Verbindung."),
    "ZERO": (
        "Ob überhaupt Energie geflossen ist",
        "Es floss keine Energie und es war keine Gebühr angekündigt, trotzdem gibt es einen Preis.",
    ),
}
WORDS: dict[Language, Words] = {"en": _ENGLISH, "de": _GERMAN}
_AMOUNT = {"en": "This is about {amount}.", "de": "Es geht um {amount}."}
_NO_DATA = {"en": "We have no records about this.", "de": "Dazu liegen uns keine Daten vor."}
_FINE = {"en": "This is in order.", "de": "Das ist in Ordnung."}


def looked_at(check: str, language: Language) -> str:
    """What a check looks at, as a driver reads it."""
    return WORDS[language][check][0]


def for_driver(finding: Finding, currency: str, language: Language) -> str:
    """What was found, as a driver reads it, with the amount it is about where there is one."""
    if finding.verdict is Verdict.NO_DATA:
        return _NO_DATA[language]
    if finding.verdict is Verdict.PASS:
        return _FINE[language]
    said = WORDS[language][finding.check][1]
    if finding.remedy is None or finding.remedy.way is Way.RELEASE or not finding.remedy.amount:
        return said
    return f"{said} {_AMOUNT[language].format(amount=money(finding.remedy.amount, currency, language))}"
