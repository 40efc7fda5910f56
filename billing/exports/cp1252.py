"""Text in Windows-1252: what it lacks is written in letters it has, or by its number. Nothing is dropped."""

import unicodedata


def _by_letter(letters: str, written: str) -> dict[str, str]:
    return dict(zip(letters, written.split(" "), strict=True))


_CYRILLIC = _by_letter(
    "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґёў",
    "a b v g d e zh z i j k l m n o p r s t u f kh ts ch sh shch \" y ' e yu ya i yi ye g yo w",
)
_GREEK = _by_letter("αβγδεζηθικλμνξοπρσςτυφχψω", "a v g d e z i th i k l m n x o p r s s t y f ch ps o")
_LATIN = {
    "ł": "l",
    "đ": "d",
    "ħ": "h",
    "ı": "i",
    "ŋ": "ng",
    "ŧ": "t",
    "ĸ": "k",
    "ə": "e",
    "ẞ": "SS",
    "−": "-",
    "‐": "-",
    "‑": "-",
}
# The five places of the code page that stand for nothing.
_UNUSED = "\x81\x8d\x8f\x90\x9d"


def in_cp1252(text: str) -> str:
    """``text`` in characters the code page has. Line ends and other controls become spaces.

    An accent is taken off its letter (ř: r), Greek and Cyrillic are written in Latin letters, everything else by its
    number: [U+4E2D].
    """
    return "".join(map(_character, unicodedata.normalize("NFC", text)))


def _fits(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _character(one: str) -> str:
    if one < " " or "\x7f" <= one <= "\x9f" or one in _UNUSED:
        return " "
    if _fits(one):
        return one
    lower = one.lower()
    known = _LATIN.get(one) or _LATIN.get(lower) or _CYRILLIC.get(lower) or _GREEK.get(lower)
    if known:
        return known.capitalize() if one != lower else known
    plain = "".join(part for part in unicodedata.normalize("NFKD", one) if not unicodedata.combining(part))
    if plain and plain != one:
        return "".join(map(_character, plain))
    return f"[U+{ord(one):04X}]"
