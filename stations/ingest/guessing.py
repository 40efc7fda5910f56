"""Guesses what the columns of an unknown file mean, from their names in several languages and from their values.

A guess fills a form that a person looks at; nothing is imported by it.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from stations.ingest.layout import normal
from stations.ingest.values import without_currency, without_unit

_DATE = r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}"
_TIME = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?"
_ZONE = r"(?: ?(?:Z|[+-]\d{2}:?\d{2}|[A-Z]{2,5}))?"
_SHAPES = (
    ("moment", re.compile(rf"{_DATE}[ T]{_TIME}{_ZONE}", re.ASCII)),
    ("date", re.compile(_DATE, re.ASCII)),
    ("clock", re.compile(rf"{_TIME}{_ZONE}", re.ASCII)),
    ("clock", re.compile(r"\d{1,5}:\d{2}(?::\d{2})?", re.ASCII)),
    ("number", re.compile(r"[+-]?\d+(?:[.,]\d+)*", re.ASCII)),
)
_BEGIN = r"start|begin|began|beginn|anfang|gestartet|debut|inizio|inicio|comienzo|aanvang|von|plug(ged)?.?in|connected|created"
_END = r"end|ende|endet|ended|stop|stopped|finish|finished|beendet|fin|fine|final|einde|bis|plug.?out|disconnected|unplugged"

# (field, words in the column's name, shapes its values may have), most telling first. Each field is taken once.
_RULES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("start_zone", rf"({_BEGIN}).*(zone|fuso|huso|tijdzone)", ("text",)),
    ("end_zone", rf"({_END}).*(zone|fuso|huso|tijdzone)", ("text",)),
    ("zone", r"zone|zeitzone|fuseau|fuso|huso|tijdzone", ("text",)),
    (
        "meter_start",
        rf"(meter|zahler|compteur|contatore|contador|register).*({_BEGIN})|({_BEGIN}).*(meter|zahler|compteur)",
        ("number",),
    ),
    (
        "meter_stop",
        rf"(meter|zahler|compteur|contatore|contador|register).*({_END})|({_END}).*(meter|zahler|compteur)",
        ("number",),
    ),
    (
        "external_id",
        r"(session|transaction|transaktion|vorgang|charge|cdr|sdr|ladung|recharge|ricarica|recarga|sessie|event).*(id|nr|no|num|uid|key|pk)|^(id|uuid|uid|transaction|session)$"
        r"|^(id|no|nr|numero)\b.*(session|sessie|sesion|sessione|transa|vorgang|ladung|recharge|recarga)|ladevorgang|vorgangsnummer",
        ("number", "text"),
    ),
    ("idle_time", r"idle|inactiv|standzeit|blockier|inattiv", ("clock", "number")),
    (
        "charging_time",
        r"charging (time|duration)|charge (time|duration)|ladezeit|temps de charge|tempo di ricarica|tiempo de carga|laadtijd",
        ("clock", "number"),
    ),
    ("duration", r"duration|dauer|duree|durata|duracion|duur|elapsed", ("clock", "number")),
    ("start", _BEGIN, ("moment",)),
    ("end", _END, ("moment",)),
    ("start_date", rf"{_BEGIN}|date|datum|data|fecha", ("date",)),
    ("end_date", _END, ("date",)),
    ("start_time", _BEGIN, ("clock",)),
    ("end_time", _END, ("clock",)),
    ("rated_kw", r"\bkw\b|leistung|puissance|potenza|potencia|vermogen|rated|power", ("number",)),
    ("energy", r"k?wh|energ|consum|verbrauch|consommation|consumo|delivered|geladen|verbruik", ("number",)),
    ("evse_id", r"evse.?id|emi3", ("text",)),
    (
        "evse",
        r"evse|charge ?point|charge ?box|charger|ladepunkt|ladesaule|ladestation|station|borne|colonnina|punto de (re)?carga"
        r"|laadpaal|cp.?id|saule|wallbox",
        ("text", "number"),
    ),
    (
        "connector",
        r"connector|anschluss|stecker|buchse|steckdose|plug|socket|outlet|port|prise|connecteur|presa|conector|stekker",
        ("text", "number"),
    ),
    ("location", r"location|site|standort|place|lieu|sito|luogo|ubicacion|emplazamiento|locatie|park", ("text", "number")),
    ("address", r"address|adresse|strasse|street|indirizzo|direccion|adres", ("text",)),
    ("postal_code", r"postal|postcode|post code|zip|plz|cap\b|code postal|codigo postal", ("text", "number")),
    ("city", r"city|town|ort\b|stadt|ville|citta|comune|ciudad|plaats", ("text",)),
    ("country", r"country|land\b|pays|paese|pais", ("text",)),
    ("latitude", r"\blat", ("number",)),
    ("longitude", r"\b(lon|lng)", ("number",)),
    ("currency", r"currency|wahrung|devise|valuta|moneda|\bcurr\b", ("text",)),
    (
        "amount",
        r"amount|betrag|cost|kosten|preis|price|fee|montant|prix|cout|importo|costo|importe|precio|bedrag|total|umsatz|\beur\b|\bgbp\b",
        ("number",),
    ),
    ("token_issuer", r"contract|vertrag|emaid|contrat|contratto", ("text",)),
    (
        "token",
        r"token|rfid|tag|card|karte|badge|carte|tessera|tarjeta|user|nutzer|kunde|driver|fahrer|utilisateur|utente|usuario|kaart|customer",
        ("text", "number"),
    ),
    ("payment_method", r"payment|zahlung|paiement|pagamento|pago|betaal", ("text",)),
    ("announced_tariff", r"tarif|tariff|tariffa|tarifa", ("text",)),
    ("stop_reason", r"reason|grund|raison|motivo|reden", ("text",)),
    ("model", r"model|typ\b|hersteller", ("text",)),
)


def folded(header: str) -> str:
    """A header's words without accents, joined by spaces: "Début_session" is "debut session"."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|[_/()\[\]-]+", " ", header.replace("ß", "ss").replace("kWh", "kwh"))
    plain = unicodedata.normalize("NFKD", normal(apart))
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


def shape(cells: Sequence[str]) -> str:
    """What most of the filled cells are: moment, date, clock, number or text; "" where all are empty."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not filled:
        return ""
    for name, pattern in _SHAPES:
        if sum(bool(pattern.fullmatch(_bare(cell) if name == "number" else cell)) for cell in filled) * 5 >= len(filled) * 4:
            return name
    return "text"


def _bare(cell: str) -> str:
    return without_currency(without_unit(cell)[0])[0]


def guess(header: Sequence[str], rows: Sequence[Sequence[str]], *, time_zone: str = "", currency: str = "") -> dict[str, Any]:
    """A definition (see definitions.py) that may still have problems: a first answer to what the columns mean.

    ``rows`` are the cells of the first records, ``time_zone`` and ``currency`` the company's, for what says none itself.
    """
    cells = [[row[at] if at < len(row) else "" for row in rows] for at in range(len(header))]
    shapes = [shape(column) for column in cells]
    names = [folded(name) for name in header]
    plain = [normal(name) for name in header]
    usable = [bool(name) and plain.count(name) == 1 for name in plain]
    taken: dict[str, int] = {}
    for field, words, allowed in _RULES:
        pattern = re.compile(words)
        for at, name in enumerate(names):
            fits = shapes[at] in allowed or (shapes[at] == "" and field not in ("energy", "start", "end"))
            if usable[at] and at not in taken.values() and fits and pattern.search(name) and _belongs(field, taken):
                taken[field] = at
                break
    for name in ("start", "end"):
        if f"{name}_date" in taken and f"{name}_time" not in taken:
            del taken[f"{name}_date"]
        elif f"{name}_time" in taken and f"{name}_date" not in taken:
            del taken[f"{name}_time"]
    columns = {field: header[at].replace("\ufeff", "").strip() for field, at in sorted(taken.items(), key=lambda item: item[1])}
    dates = [cell for field in ("start", "end", "start_date", "end_date") if field in taken for cell in cells[taken[field]]]
    numbers = [cell for field in ("energy", "meter_start", "amount") if field in taken for cell in cells[taken[field]]]
    return {
        "columns": columns,
        "identity": _identity(taken, cells),
        "time_zone": "" if _states_zone(taken, dates) else time_zone,
        "date_order": date_order(dates)[0],
        "energy_unit": _energy_unit(names[taken["energy"]] if "energy" in taken else "", numbers),
        "duration_unit": _duration_unit(taken, names, shapes),
        "decimal_comma": any(re.fullmatch(r"[+-]?\d+,\d+", _bare(cell)) for cell in numbers),
        "currency": currency if "amount" in taken and "currency" not in taken else "",
        "location": "",
    }


def _belongs(field: str, taken: dict[str, int]) -> bool:
    """False for what something found already says."""
    if field in taken:
        return False
    if field[-5:] in ("_date", "_time") and field[: field.index("_")] in ("start", "end"):
        return field.split("_")[0] not in taken
    return not (field == "zone" and "start_zone" in taken)


def _identity(taken: dict[str, int], cells: Sequence[Sequence[str]]) -> list[str]:
    """The id, where it has one that never repeats; else what a session can hardly have in common with another one."""
    if "external_id" in taken:
        ids = [cell for cell in cells[taken["external_id"]] if cell.strip()]
        if ids and len(set(ids)) == len(ids):
            return ["external_id"]
    telling = ("evse", "location", "connector", "start", "start_date", "start_time", "end", "end_date", "end_time", "energy")
    return [field for field in telling if field in taken]


def date_order(dates: Sequence[str]) -> tuple[str, bool]:
    """The order of day, month and year in these dates, and whether they leave no other reading."""
    parts = [match.groups() for cell in dates if (match := re.match(r"(\d{1,4})([-/.])(\d{1,2})[-/.](\d{1,4})", cell.strip()))]
    if not parts:
        return "YMD", True
    if all(len(first) == 4 for first, *_ in parts):
        return "YMD", True
    apart = [(int(first), int(second)) for first, _, second, _ in parts if len(first) < 4]
    if any(first > 12 for first, _ in apart):
        return "DMY", True
    if any(second > 12 for _, second in apart):
        return "MDY", True
    return ("MDY" if all(mark == "/" and len(second) == 1 for _, mark, second, _ in parts) else "DMY"), False


def _states_zone(taken: dict[str, int], dates: Sequence[str]) -> bool:
    if {"zone", "start_zone"} & set(taken):
        return True
    filled = [cell.strip() for cell in dates if cell.strip()]
    return bool(filled) and all(re.search(r"(?:Z|[+-]\d{2}:?\d{2}| [A-Z]{2,5})$", cell) and ":" in cell for cell in filled)


def _energy_unit(name: str, numbers: Sequence[str]) -> str:
    written = {without_unit(cell)[1] for cell in numbers if cell.strip()}
    return "Wh" if written != {"kWh"} and re.search(r"(?<!k)wh\b", name) else "kWh"


def _duration_unit(taken: dict[str, int], names: Sequence[str], shapes: Sequence[str]) -> str:
    for field in ("duration", "charging_time", "idle_time"):
        if field in taken and shapes[taken[field]] == "number":
            name = names[taken[field]]
            if re.search(r"\bs\b|sec|sek", name):
                return "seconds"
            if re.search(r"\bh\b|hour|hrs|stund|heure|\bore\b|hora|uur|uren", name):
                return "hours"
            return "minutes"
    return "clock"
