"""What the page to find a charge says, in English and German."""

from collections.abc import Mapping

from billing.pricing.text import Language

PHRASES: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "language": "Language",
        "title": "Find my charge",
        "lead": "You have no receipt with a link? Name your charge, and you can complain about it. "
        "It shows no name and no address.",
        "place": "Where?",
        "place_help": "The EVSE id on the charging point, like DE*ABC*E123, or the name or postal code of the place.",
        "day": "On which day?",
        "amount": "What did it cost?",
        "amount_help": "The whole amount, tax included, as on your card statement.",
        "digits": "Last four characters of your card",
        "digits_help": "Of the payment card or charging card. Leave it empty if you paid otherwise.",
        "send": "Find it",
        "check": "Please check what you wrote.",
        "required": "Please fill this in.",
        "day_wrong": "Write a day such as 2026-11-27.",
        "amount_wrong": "Write an amount such as 12.34.",
        "digits_wrong": "These are four characters.",
        "too_long": "This is too long.",
        "not_found": "We found no charge, or more than one, that fits all of this. Compare each field; the EVSE id is better "
        "than a place, and the last four characters of the card often decide. It may also take a few days until a charge "
        "is billed.",
        "busy_title": "Too many tries",
        "busy": "There were many tries in a short time, from you or for this place. Please wait {minutes} minutes, or write to "
        "the company whose name is on the charging point.",
        "gone_title": "This link does not work",
        "gone": "It is not complete, or it has ended: it works for an hour.",
        "gone_advice": "Find your charge again; it takes a minute.",
        "again": "Find another charge",
    },
    "de": {
        "language": "Sprache",
        "title": "Meinen Ladevorgang finden",
        "lead": "Sie haben keinen Beleg mit Link? Nennen Sie Ihren Ladevorgang, dann können Sie ihn beanstanden. Namen und "
        "Adressen stehen nicht dabei.",
        "place": "Wo?",
        "place_help": "Die EVSE-Nummer an der Ladesäule, wie DE*ABC*E123, oder Name oder Postleitzahl des Standorts.",
        "day": "An welchem Tag?",
        "amount": "Was hat es gekostet?",
        "amount_help": "Der ganze Betrag inkl. Steuer, wie auf der Kartenabrechnung.",
        "digits": "Letzte vier Zeichen Ihrer Karte",
        "digits_help": "Der Bezahl- oder Ladekarte. Lassen Sie es leer, wenn Sie anders bezahlt haben.",
        "send": "Finden",
        "check": "Bitte prüfen Sie Ihre Angaben.",
        "required": "Bitte füllen Sie das aus.",
        "day_wrong": "Schreiben Sie einen Tag wie 27.11.2026.",
        "amount_wrong": "Schreiben Sie einen Betrag wie 12,34.",
        "digits_wrong": "Das sind vier Zeichen.",
        "too_long": "Das ist zu lang.",
        "not_found": "Wir fanden keinen Ladevorgang, oder mehr als einen, zu dem alles passt. Vergleichen Sie jedes Feld; die "
        "EVSE-Nummer ist besser als ein Standort, und oft entscheiden die letzten vier Zeichen der Karte. Bis ein Ladevorgang "
        "abgerechnet ist, können auch einige Tage vergehen.",
        "busy_title": "Zu viele Versuche",
        "busy": "In kurzer Zeit gab es viele Versuche, von Ihnen oder zu diesem Standort. Bitte warten Sie {minutes} Minuten, "
        "oder schreiben Sie der Firma, deren Name an der Ladesäule steht.",
        "gone_title": "Dieser Link funktioniert nicht",
        "gone": "Er ist nicht vollständig, oder er ist abgelaufen: Er gilt eine Stunde.",
        "gone_advice": "Suchen Sie Ihren Ladevorgang noch einmal; es dauert eine Minute.",
        "again": "Einen anderen Ladevorgang finden",
    },
}
