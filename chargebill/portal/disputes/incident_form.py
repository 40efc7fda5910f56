"""What a form or an address says an incident is about: sessions, remedy. It prefills from the page of a case, too."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils import timezone

from billing.checks import BY_CODE, GATE
from billing.held import thresholds_of
from billing.models import Tariff
from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.core.models import LegalEntity
from chargebill.portal import format as written
from disputes.incident_lines import Remedy
from disputes.incident_models import Incident
from disputes.incident_selection import Selection, evses_named, recorded_firmware
from stations.models import Location, Session

FIELDS = (
    "entity", "location", "evses", "connector", "firmware", "from", "until", "check", "tariff", "remedy", "part", "percent",
)  # fmt: skip
USUAL_DAYS = 30
MOST_EVSES = 200
PARTS = Incident._meta.get_field("part").choices


@dataclass(slots=True)
class Asked:
    """``given`` is what the fields say; ``selection`` None while the form was only opened, or is refused."""

    entity: LegalEntity
    given: dict[str, str]
    selection: Selection | None = None
    remedy: Remedy | None = None
    refusal: UserError | None = None
    words: list[list[str]] = field(default_factory=list)

    @property
    def query(self) -> str:
        """The same as an address."""
        return urlencode({name: value for name, value in self.given.items() if value})


def asked(query: QueryDict, entity: LegalEntity) -> Asked:
    """What an address asks for; with a remedy in it somebody pressed the button."""
    given = {name: query.get(name, "").replace("\x00", "").strip()[:4000] for name in FIELDS}
    given["entity"] = str(entity.pk)
    found = Asked(entity, given)
    if not given["remedy"]:
        _suggest(found)
        return found
    try:
        found.selection, found.words = _selection(entity, given)
        found.remedy = _remedy(given)
    except UserError as error:
        found.refusal, found.selection = error, None
    return found


def about_evse_of(session: Session, at: datetime) -> str:
    """The query of a form about the EVSE of a session, as far back as cases about it are counted (D30)."""
    entity, days = session.entity, thresholds_of(session.entity_id).evse_days
    first = (session.started_at - timedelta(days=days)).astimezone(_zone(entity))
    given = {"entity": entity.pk, "evses": session.connector.evse.uid, "from": f"{first:%Y-%m-%dT00:00}"}
    return urlencode({**given, "until": f"{at.astimezone(_zone(entity)):%Y-%m-%dT%H:%M}"})


def _suggest(found: Asked) -> None:
    """The last days, where the address names none."""
    now = timezone.now().astimezone(_zone(found.entity))
    found.given["until"] = found.given["until"] or f"{now:%Y-%m-%dT%H:%M}"
    found.given["from"] = found.given["from"] or f"{now - timedelta(days=USUAL_DAYS):%Y-%m-%dT00:00}"
    found.given["remedy"] = Incident.Remedy.WHOLE


def _zone(entity: LegalEntity) -> ZoneInfo:
    return ZoneInfo(entity.time_zone or "UTC")


def _moment(raw: str, entity: LegalEntity, where: str) -> datetime:
    try:
        found = datetime.fromisoformat(raw)
    except ValueError:
        raise UserError(where, "Say from when until when, like 2026-11-01T00:00. Nothing was changed.", where) from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=_zone(entity))
    if not 1990 < found.year < 2200:
        raise UserError(where, "That is no day anybody charged on. Nothing was changed.", where)
    return found


def _selection(entity: LegalEntity, given: dict[str, str]) -> tuple[Selection, list[list[str]]]:
    start, end = _moment(given["from"], entity, "from"), _moment(given["until"], entity, "until")
    location = _one(Location.objects.filter(entity=entity), given["location"], "location", "place")
    tariff = _one(Tariff.objects.filter(entity=entity), given["tariff"], "tariff", "tariff")
    names = [name for part in given["evses"].replace(",", "\n").split("\n") if (name := part.strip())]
    if len(names) > MOST_EVSES:
        raise UserError("evses", f"Name at most {MOST_EVSES} EVSEs, or choose the place. Nothing was changed.", "evses")
    evses = evses_named(entity, names) if names else ()
    check = given["check"]
    if check and check not in {one.code for one in GATE}:
        raise UserError("check", "There is no such check. Nothing was changed.", "check")
    zone = entity.time_zone or "UTC"
    said = [["From", str(written.moment(start, zone))], ["Until", str(written.moment(end, zone))]]
    said += [["Place", location.name]] if location else []
    said += [["EVSEs", ", ".join(evse.uid for evse in evses)]] if evses else []
    said += [["Connector", given["connector"]]] if given["connector"] else []
    said += [["Firmware", given["firmware"]]] if given["firmware"] else []
    said += [["Tariff", tariff.name]] if tariff else []
    said += [["Failed check", f"{check} {BY_CODE[check].title}"]] if check else []
    selection = Selection(entity, start, end, location, evses, given["connector"][:36], given["firmware"][:60], tariff, check)
    return selection, said


def _one(rows: Any, raw: str, where: str, what: str) -> Any:
    if not raw:
        return None
    found = row_in(rows, raw)
    if found is None:
        raise UserError(where, f"There is no such {what}. Choose another. Nothing was changed.", where)
    return found


def _remedy(given: dict[str, str]) -> Remedy:
    kind = given["remedy"]
    if kind == Incident.Remedy.PART:
        if given["part"] not in dict(PARTS):
            raise UserError("part", "Choose which part of the price is taken back. Nothing was changed.", "part")
        return Remedy(kind, part=given["part"])
    if kind == Incident.Remedy.PERCENT:
        try:
            percent = Decimal(given["percent"].rstrip("% "))
            if not (percent.is_finite() and 0 < percent <= 100 and percent == round(percent, 2)):
                raise InvalidOperation
        except InvalidOperation:
            said = "Say how many percent, above 0 and up to 100, like 25 or 12.5. Nothing was changed."
            raise UserError("percent", said, "percent") from None
        return Remedy(kind, percent=percent)
    if kind != Incident.Remedy.WHOLE:
        raise UserError("remedy", "Choose what is taken back. Nothing was changed.", "remedy")
    return Remedy(kind)


def choices(entity: LegalEntity) -> dict[str, Any]:
    """What the fields offer. Three queries."""
    return {
        "locations": list(Location.objects.filter(entity=entity).order_by("name").values_list("pk", "name")),
        "tariffs": list(Tariff.objects.filter(entity=entity).order_by("name").values_list("pk", "name")),
        "firmwares": recorded_firmware(entity),
        "gate": [(one.code, one.title) for one in GATE],
        "remedies": Incident.Remedy.choices,
        "parts": PARTS,
    }
