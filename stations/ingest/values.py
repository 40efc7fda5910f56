"""Reads single cells: text, numbers, durations and codes, as clerks and machines write them."""

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from stations.ingest.layout import DurationUnit
from stations.ingest.rows import RowRefused

_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d+(?:,\d+)?", re.ASCII)
_THOUSANDS_POINT = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+", re.ASCII)
_DURATION = re.compile(r"(\d{1,5}):([0-5]?\d)(?::([0-5]?\d)(?:\.\d{1,9})?)?", re.ASCII)
_SPOKEN = re.compile(r"(?:(\d{1,5})h)? ?(?:(\d{1,7})m(?:in)?)? ?(?:(\d{1,9})(?:\.\d{1,9})?s)?", re.ASCII)
_PER = {"seconds": 1, "minutes": 60, "hours": 3600}
_LONGEST_NUMBER = 60
_FOUR = Decimal("0.0001")


def text(cell: str) -> str:
    """The cell without white space around it; control and invisible characters are gone, line breaks are spaces."""
    cell = cell.strip()
    if cell.isprintable():
        return cell
    kept = (" " if c.isspace() else c for c in cell if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return " ".join("".join(kept).split())


def free_text(cell: str, length: int) -> str:
    """Text for reading only (an address, a model): cut where it is longer than its column."""
    return text(cell)[:length].rstrip()


def identifier(cell: str, length: int, what: str, field: str = "") -> str:
    """Text that identifies something: too long is refused, for two ids cut to the same text would become one."""
    cell = text(cell)
    if len(cell) > length:
        raise RowRefused("text_too_long", f"The {what} has {len(cell)} characters. At most {length} can be kept.", field)
    return cell


def quoted(cell: str) -> str:
    """A cell as it appears inside a message: short, on one line."""
    cell = text(cell)
    return f"“{cell[:40]}…”" if len(cell) > 41 else f"“{cell}”"


def number(cell: str, *, comma: bool = False) -> Decimal:
    """A finite number. ``comma`` reads a decimal comma. Raises ValueError with a sentence saying what is wrong.

    Thousands separators are refused, never guessed: 1,234 is a thousand in one country and a bit over one in another.
    """
    cell = cell.strip().replace("−", "-")
    if len(cell) > _LONGEST_NUMBER:
        raise ValueError("It is too long for a number.")
    if comma:
        if _COMMA.fullmatch(cell):
            return Decimal(cell.replace(",", "."))
        if _THOUSANDS_POINT.fullmatch(cell):
            raise ValueError("The point may stand for thousands or for decimals. Write it without the point, or with a comma.")
    if _PLAIN.fullmatch(cell):
        try:
            return Decimal(cell)
        except InvalidOperation:
            raise ValueError("It is no number that can be read.") from None
    if "," in cell and re.fullmatch(r"[+-]?[\d.,]+", cell, re.ASCII):
        raise ValueError("Write it with a decimal point and without thousands separators, such as 1234.5.")
    raise ValueError("It is not a number.")


def decimal_places(value: Decimal, *, digits: int, places: int = 4) -> Decimal:
    """``value`` rounded half up to ``places`` decimals. Raises ValueError when it has more than ``digits`` digits then."""
    if not value.is_finite() or (value and value.adjusted() >= digits - places):
        raise ValueError("It is too large.")
    if value and value.adjusted() < -places - 2:
        value = Decimal(0)
    value = value.quantize(_FOUR if places == 4 else Decimal(1).scaleb(-places), ROUND_HALF_UP)
    if value.adjusted() >= digits - places and value:
        raise ValueError("It is too large.")
    return value if value else abs(value)


def bounded(value: Decimal) -> Decimal:
    """``value`` where it can be calculated with; raises ValueError where it is absurd."""
    if not value.is_finite() or (value and value.adjusted() > 15):
        raise ValueError("It is too large.")
    return value


def optional_number(cell: str, *, digits: int, places: int, comma: bool = False) -> Decimal | None:
    """A number where one can be read and fits its column, else None."""
    if not cell or cell.isspace():
        return None
    try:
        return decimal_places(number(cell, comma=comma), digits=digits, places=places)
    except ValueError:
        return None


def coordinate(cell: str, limit: int, *, comma: bool = False) -> Decimal | None:
    """Degrees with six decimals, None where it is no number or off the globe."""
    value = optional_number(cell, digits=9, places=6, comma=comma)
    return value if value is not None and abs(value) <= limit else None


def seconds(cell: str) -> int | None:
    """Whole seconds of h:mm or h:mm:ss, None where it is something else."""
    match = _DURATION.fullmatch(cell.strip())
    if match is None:
        return None
    hours, minutes, rest = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + int(rest or 0)


def duration_s(cell: str, unit: DurationUnit, *, comma: bool = False) -> int | None:
    """Whole seconds of h:mm:ss, of 1h2m3s, or of a number in ``unit``; None where it is something else."""
    if (found := seconds(cell)) is not None:
        return found
    if (match := _SPOKEN.fullmatch(cell.strip())) and any(match.groups()):
        hours, minutes, rest = (int(part or 0) for part in match.groups())
        return hours * 3600 + minutes * 60 + rest
    if unit == "clock":
        return None
    count = optional_number(cell, digits=14, places=6, comma=comma)
    return None if count is None or count < 0 else int(count * _PER[unit])


def without_unit(cell: str) -> tuple[str, str]:
    """An energy's number and its unit, "kWh", "Wh" or "" where none is written behind it."""
    plain = cell.rstrip()
    for unit in ("kWh", "Wh"):
        if plain.casefold().endswith(unit.casefold()):
            return plain[: -len(unit)].rstrip(), unit
    return cell, ""


def without_currency(cell: str) -> tuple[str, str]:
    """An amount's number and the currency written before or behind it, "" where none is, or a $ that may be anybody's."""
    plain = cell.strip()
    for sign, code in (("US$", "USD"), ("$", ""), ("€", "EUR"), ("£", "GBP")):
        if plain.startswith(sign) or plain.endswith(sign):
            return plain.removeprefix(sign).removesuffix(sign).strip(), code
    first, _, rest = plain.partition(" ")
    if rest and len(first) == 3 and currency(first):
        return rest.strip(), currency(first)
    rest, _, last = plain.rpartition(" ")
    if rest and len(last) == 3 and currency(last):
        return rest.strip(), currency(last)
    return cell, ""


def country(cell: str) -> str:
    """ISO 3166 alpha-2 of a code or a name, "" where it is not known."""
    cell = text(cell).upper()
    if len(cell) == 2 and cell.isascii() and cell.isalpha():
        return {"UK": "GB", "EL": "GR"}.get(cell, cell)
    return _COUNTRY.get(cell, "")


def currency(cell: str) -> str:
    """ISO 4217 code of a code or an unambiguous sign, "" where it is neither."""
    cell = text(cell).upper()
    if len(cell) == 3 and cell.isascii() and cell.isalpha():
        return cell
    return {"€": "EUR", "£": "GBP", "US$": "USD"}.get(cell, "")


# ISO 3166 alpha-3 and alpha-2 of the countries with public charging, and English names files write in full.
_ALPHA3 = (
    "AND:AD ARE:AE ALB:AL ARG:AR ARM:AM AUS:AU AUT:AT AZE:AZ BEL:BE BGR:BG BHR:BH BIH:BA BLR:BY BRA:BR CAN:CA CHE:CH "
    "CHL:CL CHN:CN COL:CO CRI:CR CYP:CY CZE:CZ DEU:DE DNK:DK ECU:EC EGY:EG ESP:ES EST:EE FIN:FI FRA:FR FRO:FO GBR:GB "
    "GEO:GE GGY:GG GIB:GI GRC:GR GRL:GL HKG:HK HRV:HR HUN:HU IDN:ID IMN:IM IND:IN IRL:IE ISL:IS ISR:IL ITA:IT JEY:JE "
    "JOR:JO JPN:JP KAZ:KZ KOR:KR KWT:KW LIE:LI LTU:LT LUX:LU LVA:LV MAC:MO MAR:MA MCO:MC MDA:MD MEX:MX MKD:MK MLT:MT "
    "MNE:ME MYS:MY NLD:NL NOR:NO NZL:NZ OMN:OM PAN:PA PER:PE PHL:PH POL:PL PRI:PR PRT:PT QAT:QA ROU:RO RUS:RU SAU:SA "
    "SGP:SG SMR:SM SRB:RS SVK:SK SVN:SI SWE:SE THA:TH TUN:TN TUR:TR TWN:TW UKR:UA URY:UY USA:US VAT:VA VNM:VN ZAF:ZA"
)
_COUNTRY = dict(pair.split(":") for pair in _ALPHA3.split()) | {
    "UNITED STATES": "US",
    "UNITED STATES OF AMERICA": "US",
    "CANADA": "CA",
    "MEXICO": "MX",
    "UNITED KINGDOM": "GB",
    "GREAT BRITAIN": "GB",
    "IRELAND": "IE",
    "GERMANY": "DE",
    "FRANCE": "FR",
    "NETHERLANDS": "NL",
    "BELGIUM": "BE",
    "LUXEMBOURG": "LU",
    "AUSTRIA": "AT",
    "SWITZERLAND": "CH",
    "ITALY": "IT",
    "SPAIN": "ES",
    "PORTUGAL": "PT",
    "NORWAY": "NO",
    "SWEDEN": "SE",
    "DENMARK": "DK",
    "FINLAND": "FI",
    "AUSTRALIA": "AU",
    "NEW ZEALAND": "NZ",
}
