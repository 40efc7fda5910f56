"""Why a file is not taken, and what to do: sentences for drivers, English and German. No Django."""

from collections.abc import Mapping
from typing import Any

from disputes.files import limits

ENGLISH, GERMAN = "en", "de"
_MB = limits.MOST_BYTES // limits.MB
_JPEG, _OTHER = limits.MOST_PIXELS_JPEG // 1_000_000, limits.MOST_PIXELS // 1_000_000
_TEXT_MB = limits.MOST_TEXT_BYTES // limits.MB
_CASE_MB = limits.MOST_BYTES_PER_CASE // limits.MB
_FORM_MB = limits.MOST_BYTES_AT_ONCE // limits.MB

# What may come, said before somebody chooses.
ALLOWED: Mapping[str, str] = {
    ENGLISH: f"Photos (JPEG, PNG, WebP), PDF or plain text; at most {limits.MOST_AT_ONCE} files of {_MB} MB each.",
    GERMAN: f"Fotos (JPEG, PNG, WebP), PDF oder reiner Text; höchstens {limits.MOST_AT_ONCE} Dateien mit je {_MB} MB.",
}
# What a form's file field accepts: with no HEIC in it, an iPhone hands over a JPEG by itself.
ACCEPT = "image/jpeg,image/png,image/webp,application/pdf,text/plain,text/csv,.jpg,.jpeg,.png,.webp,.pdf,.txt,.csv"

_REASONS: Mapping[str, tuple[str, str]] = {
    "empty": (
        "the file is empty. Choose it again, or send another one",
        "die Datei ist leer. Wählen Sie sie noch einmal aus oder schicken Sie eine andere",
    ),
    "too_large": (
        f"the file is larger than {_MB} MB. Send a smaller photo, or only the pages it is about",
        f"die Datei ist größer als {_MB} MB. Schicken Sie ein kleineres Foto oder nur die Seiten, um die es geht",
    ),
    "text_too_large": (
        f"the text is larger than {_TEXT_MB} MB. Send only the part it is about",
        f"der Text ist größer als {_TEXT_MB} MB. Schicken Sie nur den Teil, um den es geht",
    ),
    "too_many_pixels": (
        f"the picture has more pixels than we can open ({_JPEG} million as JPEG, {_OTHER} million else). Send a smaller one, or a"
        " screenshot of it",
        f"das Bild hat mehr Pixel, als wir öffnen können ({_JPEG} Millionen als JPEG, sonst {_OTHER} Millionen). Schicken Sie ein"
        " kleineres oder einen Screenshot",
    ),
    "image_damaged": (
        "the picture can't be opened: it is damaged or not complete. Take it again, or send a screenshot of it",
        "das Bild lässt sich nicht öffnen: Es ist beschädigt oder unvollständig. Nehmen Sie es neu auf oder schicken Sie einen"
        " Screenshot",
    ),
    "heic": (
        "this is a HEIC photo, which we can't open. On an iPhone choose Settings, Camera, Formats, Most compatible, or send a"
        " screenshot of it",
        "das ist ein HEIC-Foto, das wir nicht öffnen können. Wählen Sie auf dem iPhone Einstellungen, Kamera, Formate, Maximale"
        " Kompatibilität, oder schicken Sie einen Screenshot",
    ),
    "other_image": (
        "we take pictures as JPEG, PNG or WebP. Save it as one of these, or send a screenshot of it",
        "wir nehmen Bilder als JPEG, PNG oder WebP. Speichern Sie es so ab oder schicken Sie einen Screenshot",
    ),
    "drawing": (
        "this is an SVG drawing, which can hold programs. Send a screenshot of it",
        "das ist eine SVG-Zeichnung, die Programme enthalten kann. Schicken Sie einen Screenshot",
    ),
    "web_page": (
        "this is a web page or program text, whatever its name says. Print it as PDF, or send a screenshot of it",
        "das ist eine Webseite oder ein Programmtext, wie auch immer die Datei heißt. Drucken Sie sie als PDF oder schicken Sie"
        " einen Screenshot",
    ),
    "video": (
        "this is a video or sound. Send a photo or a screenshot of what it shows, and write down the rest",
        "das ist ein Video oder eine Tonaufnahme. Schicken Sie ein Foto oder einen Screenshot und beschreiben Sie den Rest",
    ),
    "archive": (
        "this is an archive or an office document. Send what is in it one by one, documents as PDF",
        "das ist ein Archiv oder ein Office-Dokument. Schicken Sie die Inhalte einzeln, Dokumente als PDF",
    ),
    "program": (
        "this is a program, whatever its name says. We take no programs",
        "das ist ein Programm, wie auch immer die Datei heißt. Programme nehmen wir nicht an",
    ),
    "unknown": (
        "we can't tell what this file is. Send a photo as JPEG or PNG, or a document as PDF",
        "wir erkennen nicht, was diese Datei ist. Schicken Sie ein Foto als JPEG oder PNG oder ein Dokument als PDF",
    ),
    "text_coding": (
        "this text is written in a way we can't read (UTF-16 or with control characters). Save it as UTF-8, or as PDF",
        "dieser Text ist in einer Weise gespeichert, die wir nicht lesen können (UTF-16 oder mit Steuerzeichen). Speichern Sie"
        " ihn als UTF-8 oder als PDF",
    ),
    "pdf_damaged": (
        "the PDF is damaged, not complete, or has something else attached to it. Print it as PDF once more, and send that",
        "das PDF ist beschädigt, unvollständig oder es hängt etwas anderes daran. Drucken Sie es noch einmal als PDF",
    ),
    "pdf_locked": (
        "the PDF is protected by a password. Print it as PDF without one, or send a screenshot of it",
        "das PDF ist durch ein Passwort geschützt. Drucken Sie es als PDF ohne Passwort oder schicken Sie einen Screenshot",
    ),
    "pdf_active": (
        "the PDF holds more than pages ({what}). Print it as PDF, which leaves that away, and send the result",
        "das PDF enthält mehr als Seiten ({what}). Drucken Sie es als PDF, dann fällt das weg, und schicken Sie das Ergebnis",
    ),
    "pdf_too_long": (
        f"the PDF has more than {limits.MOST_PAGES} pages, or more in it than we can look through. Send only the pages it is"
        " about",
        f"das PDF hat mehr als {limits.MOST_PAGES} Seiten oder mehr Inhalt, als wir prüfen können. Schicken Sie nur die Seiten,"
        " um die es geht",
    ),
    "too_many_at_once": (
        f"these are more than {limits.MOST_AT_ONCE} files. Send them in several messages",
        f"das sind mehr als {limits.MOST_AT_ONCE} Dateien. Schicken Sie sie in mehreren Nachrichten",
    ),
    "message_full": (
        f"a message has at most {limits.MOST_PER_MESSAGE} files. Send the others with another one",
        f"eine Nachricht hat höchstens {limits.MOST_PER_MESSAGE} Dateien. Schicken Sie die anderen mit einer weiteren",
    ),
    "case_full": (
        f"a case has at most {limits.MOST_PER_CASE} files of {_CASE_MB} MB together, and this one would be more. Describe in"
        " words what the file shows",
        f"zu einem Fall gehören höchstens {limits.MOST_PER_CASE} Dateien mit zusammen {_CASE_MB} MB, und mit dieser wären es"
        " mehr. Beschreiben Sie, was die Datei zeigt",
    ),
}
NOT_SENT = {ENGLISH: "Nothing was sent.", GERMAN: "Es wurde nichts abgeschickt."}
TOO_MUCH = {
    ENGLISH: f"What you sent is larger than {_FORM_MB} MB together. Go back, and send fewer or smaller files. Nothing was sent.",
    GERMAN: f"Was Sie geschickt haben, ist zusammen größer als {_FORM_MB} MB. Gehen Sie zurück und schicken Sie weniger oder"
    " kleinere Dateien. Es wurde nichts abgeschickt.",
}
# What a PDF may hold beside pages, by the code pdfs.py gives it.
_ACTIVE: Mapping[str, tuple[str, str]] = {
    "program": ("a program", "ein Programm"),
    "attached": ("an attached file", "eine angehängte Datei"),
    "starts": ("something that starts by itself", "etwas, das von selbst startet"),
    "form": ("an interactive form", "ein interaktives Formular"),
    "media": ("video, sound or 3D", "Video, Ton oder 3D"),
}


def sentence(language: str, code: str, name: str, values: Mapping[str, Any]) -> str:
    """The refusal of a file, by its name; what did not happen is for the page to add. Raises KeyError: no such code."""
    place = 1 if language == GERMAN else 0
    shown = {**values, "what": _ACTIVE[values["what"]][place]} if "what" in values else values
    reason = _REASONS[code][place].format(**shown)
    if name:
        quoted = f"„{name}“" if language == GERMAN else f"“{name}”"
        reason = f"{quoted}: {reason}"
    else:
        reason = reason[:1].upper() + reason[1:]
    return f"{reason}."
