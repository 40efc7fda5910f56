"""Which sessions a list or an export is about: one reading of the URL for both, so they can't differ."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Exists, ExpressionWrapper, F, IntegerField, OuterRef, Q, QuerySet
from django.db.models.functions import ExtractSecond
from django.http import QueryDict

from billing.chargeables import REASONS
from billing.models import Chargeable
from chargebill.analytics.measures import DURATION_BINS_MIN, DURATION_LABELS, HOURS_OF_WEEK
from chargebill.core.keys import row_in
from chargebill.core.models import LegalEntity
from chargebill.core.periods import Period
from chargebill.portal.choices import Chosen, choose, today_of
from stations.models import Connector, ImportBatch, Location, Mode, PaymentMethod, Session, Source

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SHORTEST_PREFIX = 4
# Names in the URL: bin of the time plugged in, charging, idle.
BINS = ("bin", "charging", "idle")
# Up to so many sessions of a state are looked up from the state; above, the state from the sessions.
RARE = 10_000
MINUTES_OF_WEEK = HOURS_OF_WEEK * 60
ALL_TIME = Chosen("all", None)


def starts_with(column: str, text: str) -> Q:
    """Rows whose ``column`` begins with ``text``, in a way that uses the column's index on either database."""
    if connection.vendor == "postgresql":
        return Q(**{f"{column}__startswith": text})
    # SQLite's LIKE ignores case and thereby the index; its text order is that of code points.
    return Q(**{f"{column}__gte": text, f"{column}__lt": text + "\U0010ffff"})


def with_number(text: str) -> QuerySet[Session]:
    """Sessions with this number; from SHORTEST_PREFIX characters on, also those whose number begins with it."""
    by_number = starts_with("external_id", text) if len(text) >= SHORTEST_PREFIX else Q(external_id=text)
    # Numbers are indexed by source; naming them all lets the index be used.
    return Session.objects.filter(by_number, source__in=Source.objects.values("pk")).order_by()


def with_token(text: str) -> QuerySet[Session]:
    """Sessions of exactly this token."""
    # Said again because the index leaves out sessions without a token.
    return Session.objects.filter(token_uid__in=spellings(text)).exclude(token_uid="").order_by()


def spellings(text: str) -> set[str]:
    """A token's uid as typed and in either case: readers print hexadecimal both ways."""
    return {text, text.upper(), text.lower()}


def in_state(state: str, *, many: bool = False, session: str = "pk") -> Q:
    """Rows whose session is in a state; ``session`` is the column with its key.

    Asked from the side that has less to read: of a common state (``many``: known to be one) from the rows, of a rare one
    from the state.
    """
    standing = Chargeable.objects.filter(state=state).order_by()
    if many or standing.values("pk")[: RARE + 1].count() > RARE:
        return Q(Exists(standing.filter(pk=OuterRef(session))))
    return Q(**{f"{session}__in": standing.values("pk")})


def _in_bin(column: str, n: int) -> Q:
    """Whose ``column`` of seconds is in a duration bin. Bins count whole minutes."""
    wanted = Q(**{f"{column}__isnull": False})
    if n:
        wanted &= Q(**{f"{column}__gte": DURATION_BINS_MIN[n - 1] * 60})
    if n < len(DURATION_BINS_MIN):
        wanted &= Q(**{f"{column}__lt": DURATION_BINS_MIN[n] * 60})
    return wanted


def _during(sessions: QuerySet[Session], hour: int) -> tuple[QuerySet[Session], Q]:
    """Sessions that cover some of an hour of the week: the same hours the rollups count them in (measures.spread)."""
    minutes = (hour * 60 + MINUTES_OF_WEEK - F("local_start_minute")) % MINUTES_OF_WEEK
    until_s = minutes * 60 - ExtractSecond("started_at", tzinfo=UTC)
    sessions = sessions.alias(until_s=ExpressionWrapper(until_s, output_field=IntegerField()))
    return sessions, _started_in(hour) | Q(duration_s__gt=F("until_s"))


def _started_in(hour: int) -> Q:
    return Q(local_start_minute__gte=hour * 60, local_start_minute__lt=(hour + 1) * 60)


@dataclass(slots=True)
class SessionFilter:
    """The filters in force. ``query`` holds them as URL parameters; ``errors`` what could not be read, in words."""

    chosen: Chosen = ALL_TIME
    entity: LegalEntity | None = None
    location: Location | None = None
    connector: Connector | None = None
    batch: ImportBatch | None = None
    state: str = ""
    reason: str = ""
    mode: str = ""
    method: str = ""
    hour: int | None = None
    during: int | None = None
    bin: int | None = None
    charging: int | None = None
    idle: int | None = None
    text: str = ""
    query: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, query: QueryDict | dict[str, str], *, at: datetime) -> "SessionFilter":
        """Reads the URL; a value that makes no sense is left out and said in ``errors``."""
        found = cls(text=query.get("q", "").strip()[:100])
        found.entity = found._one(LegalEntity, query, "entity", "company")
        found.location = found._one(Location, query, "location", "place")
        found.connector = found._one(Connector, query, "connector", "connector")
        found.batch = found._one(ImportBatch, query, "batch", "import")
        found.state = found._choice(query, "state", Chargeable.State)
        if (reason := query.get("reason", "")) in REASONS:
            found.reason = found.query["reason"] = reason
        elif reason:
            found.errors.append(f"There is no reason {reason[:40]}: the list shows all.")
        found.mode = found._choice(query, "mode", Mode)
        found.method = found._choice(query, "method", PaymentMethod)
        found.hour = found._number(query, "hour", HOURS_OF_WEEK)
        found.during = found._number(query, "during", HOURS_OF_WEEK)
        found.bin, found.charging, found.idle = (found._number(query, name, len(DURATION_LABELS)) for name in BINS)
        found.chosen = choose(query, today=today_of(found.entity, at), default=ALL_TIME)
        if found.chosen.error:
            found.errors.append(found.chosen.error)
        if found.text:
            found.query["q"] = found.text
        if found.chosen.preset and found.chosen.preset != "all":
            found.query["period"] = found.chosen.preset
        elif found.chosen.period:
            found.query["from"] = found.chosen.period.start.isoformat()
            if found.chosen.last:
                found.query["to"] = found.chosen.last.isoformat()
        return found

    def _one(self, model: Any, query: Any, name: str, word: str) -> Any:
        raw = query.get(name, "")
        if not raw:
            return None
        found = row_in(model, raw)
        if found is None:
            self.errors.append(f"There is no {word} {raw[:20]}: the list shows all.")
        else:
            self.query[name] = str(found.pk)
        return found

    def _choice(self, query: Any, name: str, choices: Any) -> str:
        raw = query.get(name, "")
        if raw in choices.values:
            self.query[name] = raw
            return str(raw)
        if raw:
            self.errors.append(f"There is no {name} {raw[:20]}: the list shows all.")
        return ""

    def _number(self, query: Any, name: str, end: int) -> int | None:
        raw = query.get(name, "")
        if raw.isascii() and raw.isdigit() and int(raw[:6]) < end:
            self.query[name] = str(int(raw))
            return int(raw)
        if raw:
            self.errors.append(f"There is no {name} {raw[:20]}: the list shows all.")
        return None

    def apply(self, sessions: QuerySet[Session], *, many: bool = False) -> QuerySet[Session]:
        """``sessions`` narrowed down, in no order.

        ``many``: so many match that walking them in time order finds a page soonest. Filters are then written so that
        no index but that of the start is used; a planner without statistics would sort every match first.
        """
        wanted = Q()
        if self.chosen.period:
            wanted &= self._in_period(self.chosen.period, many)
        for name in ("entity", "location", "batch"):
            if (value := getattr(self, name)) is not None:
                if many:
                    sessions = sessions.alias(**{f"{name}_unindexed": F(f"{name}_id") + 0})
                    wanted &= Q(**{f"{name}_unindexed": value.pk})
                else:
                    wanted &= Q(**{name: value})
        if self.connector is not None:
            # Its index is in time order already.
            wanted &= Q(connector=self.connector)
        if self.state:
            wanted &= in_state(self.state, many=many)
        if self.reason:
            wanted &= Q(chargeable__reason=self.reason)
        if self.mode:
            wanted &= Q(mode=self.mode)
            if not many:
                # A session has the mode of its import; those of an import are indexed.
                wanted &= Q(batch__in=ImportBatch.objects.filter(mode=self.mode).order_by().values("pk"))
        if self.method:
            wanted &= Q(payment_method=self.method)
        if self.hour is not None:
            wanted &= _started_in(self.hour)
        if self.during is not None:
            sessions, plugged_in = _during(sessions, self.during)
            wanted &= plugged_in
        if self.bin is not None:
            wanted &= _in_bin("duration_s", self.bin)
        if self.charging is not None:
            wanted &= _in_bin("charging_s", self.charging)
        if self.idle is not None:
            # Without a charging time there is no idle time: null fits no bin.
            sessions = sessions.alias(idle_s=F("duration_s") - F("charging_s"))
            wanted &= _in_bin("idle_s", self.idle)
        if self.text:
            wanted &= Q(pk__in=with_number(self.text).values("pk").union(with_token(self.text).values("pk"), all=True))
        return sessions.filter(wanted).order_by()

    def _in_period(self, period: Period[date], many: bool) -> Q:
        wanted = Q(local_end_date__gte=period.start)
        if period.end:
            wanted &= Q(local_end_date__lt=period.end)
            # Follows from it, as no zone is a day off UTC: where to begin when walking back in time.
            wanted &= Q(started_at__lt=datetime.combine(period.end, time(), UTC) + timedelta(days=1))
        if not (many or self.entity or self.location or self.connector or self.batch):
            # True of every session: days are indexed by company.
            wanted &= Q(entity__in=LegalEntity.objects.values("pk"))
        return wanted

    def chips(self) -> Iterator[tuple[str, str]]:
        """(filter in words, URL parameters without it) for each filter in force."""
        words = {
            "entity": self.entity and self.entity.name,
            "location": self.location and self.location.name,
            "connector": self.connector and f"connector {self.connector}",
            "batch": self.batch and f"import {self.batch.file_name}",
            "state": self.state and Chargeable.State(self.state).label,
            "reason": self.reason and REASONS[self.reason].rstrip("."),
            "mode": self.mode and Mode(self.mode).name.capitalize(),
            "method": self.method and PaymentMethod(self.method).label,
            "hour": "" if self.hour is None else f"started {hour_words(self.hour)}",
            "during": "" if self.during is None else f"plugged in {hour_words(self.during)}",
            "bin": "" if self.bin is None else DURATION_LABELS[self.bin],
            "charging": "" if self.charging is None else f"charging {DURATION_LABELS[self.charging]}",
            "idle": "" if self.idle is None else f"idle {DURATION_LABELS[self.idle]}",
            "q": self.text and f"“{self.text}”",
        }
        if self.chosen.period:
            yield self.chosen.label, self._without("period", "from", "to")
        for name, word in words.items():
            if word:
                yield str(word), self._without(name)

    def _without(self, *names: str) -> str:
        return urlencode({name: value for name, value in self.query.items() if name not in names})

    @property
    def as_url(self) -> str:
        return urlencode(self.query)


def hour_words(hour: int) -> str:
    """ "Thu 17:00–18:00" for an hour of the week (0 = Monday 00:00)."""
    day, start = divmod(hour, 24)
    return f"{WEEKDAYS[day]} {start:02}:00–{(start + 1) % 24:02}:00"


def period_query(first: date, last: date) -> dict[str, str]:
    """URL parameters of the days from ``first`` to ``last``, both included."""
    return {"from": first.isoformat(), "to": last.isoformat()}
