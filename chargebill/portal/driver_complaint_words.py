"""What the form for a complaint says, in English and German."""

from collections.abc import Mapping

from billing.pricing.text import Language
from disputes.models import Cause

REASONS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        Cause.ENERGY: "It is more energy than my car took",
        Cause.BROKEN: "I was charged while it did not work",
        Cause.IDLE: "The idle or parking fee is unfair",
        Cause.TWICE: "I was charged twice",
        Cause.NOT_ME: "That was not me",
        Cause.BENEFIT: "My plan or discount is missing",
        Cause.PRICE: "The price is not the one I was shown",
        Cause.OTHER: "Something else",
    },
    "de": {
        Cause.ENERGY: "Es ist mehr Energie, als mein Auto geladen hat",
        Cause.BROKEN: "Es wurde berechnet, obwohl es nicht funktionierte",
        Cause.IDLE: "Die Stand- oder Parkgebühr ist unfair",
        Cause.TWICE: "Es wurde doppelt berechnet",
        Cause.NOT_ME: "Das war ich nicht",
        Cause.BENEFIT: "Mein Vertrag oder Rabatt fehlt",
        Cause.PRICE: "Der Preis ist nicht der angezeigte",
        Cause.OTHER: "Etwas anderes",
    },
}

PHRASES: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "language": "Language",
        "title": "Something wrong with this charge?",
        "lead": "First what it is made of; then tell us what seems wrong. {company} looks at it and answers.",
        "back": "Back to the document",
        "step_1": "1. Your charge, line by line",
        "step_2": "2. What seems wrong?",
        "step_3": "3. Tell us",
        "left": "{amount} of it was given back already: this is about the {left} that are left.",
        "receipt_before": "You only need a receipt, or an invoice for your company? That is no complaint: ",
        "receipt_link": "get it here",
        "statement": "What happened?",
        "statement_help": "In your own words. What did the charging point, your car or your app show?",
        "claimed_amount": "What do you want back? (optional)",
        "claimed_amount_help": "An amount in {currency}, at most {most}. Leave it empty if you don't know.",
        "contact_name": "Your name",
        "contact_email": "Your e-mail address",
        "contact_email_help": "For our answer, and nothing else.",
        "send": "Send the complaint",
        "check": "Please check what you wrote. Nothing was sent.",
        "cause_missing": "Choose what seems wrong; “Something else” will do.",
        "required": "Please fill this in.",
        "too_long": "This is too long: at most {longest} characters.",
        "email_wrong": "This is no e-mail address: compare it, it looks like name@example.com.",
        "amount_wrong": "Write an amount such as {example}, or leave this empty.",
        "amount_most": "At most {most} were charged. Write that or less, above zero.",
        "no_control": "This has characters that can't be read.",
        "partner": "You charged with {partner}: it is your contract party, its prices are yours, and we bill {partner}. If "
        "something is wrong we credit it to {partner}, never to you; {partner} settles it with you. You can complain here all "
        "the same, and should tell {partner}, too.",
        "unnamed_partner": "another provider",
        "held": "While we look at it you need not pay this charge, and nobody reminds you of it.",
        "already_title": "There is a complaint about this charge already",
        "already": "Its number is {number}. A second one would only slow both down.",
        "already_yours": "It is yours? Open the private link you got when it was opened: there you can read where it stands and "
        "add something. This page does not lead there, because others may open it, too.",
        "already_lost": "You have lost that link, or it is not yours? Write to us and name {number}.",
        "nothing_title": "There is nothing left to complain about",
        "nothing": "All of this charge was taken back already.",
        "no_declined_award": "An independent person decided about this charge, and the decision was declined. We can't open it "
        "again: a court can.",
        "not_now": "That is not possible right now, and nothing was sent. Please write to us.",
        "contact": "Whom to ask",
    },
    "de": {
        "language": "Sprache",
        "title": "Stimmt etwas an diesem Ladevorgang nicht?",
        "lead": "Zuerst, woraus er besteht; dann sagen Sie uns, was nicht stimmt. {company} prüft es und antwortet.",
        "back": "Zurück zum Dokument",
        "step_1": "1. Ihr Ladevorgang, Zeile für Zeile",
        "step_2": "2. Was stimmt nicht?",
        "step_3": "3. Schreiben Sie uns",
        "left": "{amount} davon wurden schon erstattet: Es geht um die {left}, die bleiben.",
        "receipt_before": "Sie brauchen nur einen Beleg oder eine Rechnung für Ihre Firma? Das ist keine Beschwerde: ",
        "receipt_link": "hier bekommen Sie ihn",
        "statement": "Was ist passiert?",
        "statement_help": "In Ihren Worten. Was zeigten Ladesäule, Auto oder App?",
        "claimed_amount": "Was möchten Sie zurück? (freiwillig)",
        "claimed_amount_help": "Ein Betrag in {currency}, höchstens {most}. Lassen Sie es leer, wenn Sie es nicht wissen.",
        "contact_name": "Ihr Name",
        "contact_email": "Ihre E-Mail-Adresse",
        "contact_email_help": "Für unsere Antwort, für nichts anderes.",
        "send": "Beschwerde absenden",
        "check": "Bitte prüfen Sie Ihre Angaben. Es wurde nichts abgesendet.",
        "cause_missing": "Wählen Sie, was nicht stimmt; „Etwas anderes“ genügt.",
        "required": "Bitte füllen Sie das aus.",
        "too_long": "Das ist zu lang: höchstens {longest} Zeichen.",
        "email_wrong": "Das ist keine E-Mail-Adresse: Vergleichen Sie sie, sie sieht aus wie name@example.com.",
        "amount_wrong": "Schreiben Sie einen Betrag wie {example}, oder lassen Sie es leer.",
        "amount_most": "Berechnet wurden höchstens {most}. Schreiben Sie so viel oder weniger, mehr als null.",
        "no_control": "Das enthält Zeichen, die sich nicht lesen lassen.",
        "partner": "Sie haben mit {partner} geladen: {partner} ist Ihr Vertragspartner, dessen Preise gelten für Sie, und wir "
        "rechnen mit {partner} ab. Stimmt etwas nicht, schreiben wir es {partner} gut, nie Ihnen; {partner} regelt es mit Ihnen. "
        "Sie können sich trotzdem hier beschweren und sollten es auch {partner} sagen.",
        "unnamed_partner": "einem anderen Anbieter",
        "held": "Solange wir es prüfen, müssen Sie diesen Ladevorgang nicht bezahlen, und niemand erinnert Sie daran.",
        "already_title": "Zu diesem Ladevorgang gibt es schon eine Beschwerde",
        "already": "Sie hat die Nummer {number}. Eine zweite würde beide nur aufhalten.",
        "already_yours": "Es ist Ihre? Öffnen Sie den persönlichen Link, den Sie dabei bekommen haben: Dort sehen Sie, wie es "
        "steht, und können etwas hinzufügen. Diese Seite führt nicht dorthin, denn auch andere können sie öffnen.",
        "already_lost": "Sie haben den Link verloren, oder es ist nicht Ihre? Schreiben Sie uns und nennen Sie {number}.",
        "nothing_title": "Hier ist nichts mehr zu beanstanden",
        "nothing": "Dieser Ladevorgang wurde schon ganz zurückgenommen.",
        "no_declined_award": "Über diesen Ladevorgang hat eine unabhängige Person entschieden, und die Entscheidung wurde "
        "abgelehnt. Wir können ihn nicht noch einmal prüfen: Ein Gericht kann es.",
        "not_now": "Das ist gerade nicht möglich, und es wurde nichts abgesendet. Bitte schreiben Sie uns.",
        "contact": "An wen Sie sich wenden",
    },
}
