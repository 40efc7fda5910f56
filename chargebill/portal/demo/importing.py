"""Writes a company's year into files and imports each as soon as it is whole: few are on the disk at a time."""

import random
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from chargebill import pipeline
from chargebill.core.models import LegalEntity
from chargebill.portal.demo import files
from chargebill.portal.demo.drawn import Drawn
from chargebill.portal.demo.files import Row, Sheet
from chargebill.portal.demo.story import Story
from chargebill.portal.demo.tariffs import price_shown
from chargebill.portal.demo.telling import Teller, wanted
from chargebill.portal.demo.usage import year
from stations.models import ImportBatch, Mode

# A file holds whole months, about so many rows at least.
OF_A_FILE = 3_000
# The newest sessions of each company also have meter readings, and their connectors a status history.
NEWEST = 40
# What a driver was shown is told of the newest ones only: before, another price was in force.
SHOWN_S = 100 * 86_400
# Our own layout; what the old system charged, in the layout of the network; what the network still tells.
MAIN, OLD, NETWORK = "sessions", "old-system", "network"

Say = Callable[[str], None]


class Importing:
    """A company's story on its way into the database. ``key`` begins the idempotency key of every import."""

    def __init__(self, entity: LegalEntity, story: Story, count: int, folder: Path, *, key: str, at: datetime, say: Say) -> None:
        self.entity, self.story, self.count, self.folder = entity, story, count, folder
        self.key, self.at, self.say = key, at, say
        self.company, self.zone = story.street.company, story.zone
        self.rng = random.Random(f"{key}:{self.company.code}")
        self.imported = self.quarantined = 0
        self.newest: deque[Drawn] = deque(maxlen=NEWEST)
        self.doubted: list[Drawn] = []
        self.sheets: dict[str, Sheet] = {}
        # The first and the last month in each of them.
        self.months: dict[str, tuple[str, str]] = {}

    def run(self) -> dict[str, int]:
        """Tells the year and imports it. Returns how many sessions there are, and rows in quarantine."""
        told: list[Drawn] = []
        tell = Teller(self.story, wanted(self.story, self.count), told.append)
        in_a_file = max(1, min(12, OF_A_FILE * 12 // max(1, self.count)))
        month, in_this = "", 0
        for day in year(self.story.street, self.count, tell):
            if day and month != (now := self._month(day[0])):
                month, in_this = now, in_this + 1
                if in_this > in_a_file:
                    self._import(OLD)
                    self._import(MAIN)
                    in_this = 1
            for row in told:
                self._write(row)
            told.clear()
        for name in (OLD, MAIN, NETWORK):
            self._import(name)
        self._tell_beside()
        return {"sessions": self.imported, "quarantined": self.quarantined}

    def _month(self, session: Drawn) -> str:
        return f"{datetime.fromtimestamp(session.start, self.zone):%Y-%m}"

    def _write(self, row: Drawn) -> None:
        if not row.elsewhere:
            self._add(MAIN, row, files.session_row(row, self.company, self.zone))
            if row.trick or row.reason == "D31":
                self.doubted.append(row)
            elif not (row.reason or row.refused):
                self.newest.append(row)
        elif row.start < self.story.billing_from:
            self._add(OLD, row, files.other_row(row, self.zone))
        else:
            self._add(NETWORK, row, files.other_row(row, self.zone))

    def _add(self, name: str, session: Drawn, row: Row) -> None:
        month = self._month(session)
        if name not in self.sheets:
            columns = files.SESSION_COLUMNS if name == MAIN else files.OTHER_COLUMNS
            self.sheets[name] = Sheet(self.folder / f"{name}.csv", columns)
            self.months[name] = (month, month)
        self.sheets[name].add([row])
        self.months[name] = (self.months[name][0], month)

    def _import(self, name: str) -> None:
        sheet = self.sheets.pop(name, None)
        if sheet is None:
            return
        first, last = self.months[name]
        if last != first:
            first += f"-to-{last[5:] if last[:4] == first[:4] else last}"
        batch = self._take(sheet, f"{self.company.short}-{name}-{first}.csv", Mode.HISTORY if name == OLD else Mode.BILL)
        self.imported += batch.rows_imported
        self.quarantined += batch.rows_quarantined
        self.say(f"{self.entity.name}: {self.imported + self.quarantined:,} of {self.count:,} sessions")

    def _take(self, sheet: Sheet, file_name: str, mode: Mode) -> ImportBatch:
        path = sheet.close()
        batch = pipeline.start_import(
            entity=self.entity,
            path=path,
            file_name=file_name,
            profile="",
            mode=mode,
            time_zone="",
            encoding="",
            actor=None,
            at=self.at,
            key=f"{self.key}:{file_name}",
            here=True,
        )
        path.unlink()
        return batch

    def _tell_beside(self) -> None:
        """Readings, connector status and authorizations of the newest sessions, and of those that are doubted for them."""
        told = [*self.doubted, *self.newest]
        asked = [session for session in told if session.payer and session.start > self.story.street.end - SHOWN_S]
        statuses = [row for session in told for row in files.statuses(session, self.zone)]
        self._beside(
            "readings",
            files.READING_COLUMNS,
            (row for session in told if session.reason != "D31" for row in files.readings(self.rng, session)),
        )
        self._beside("status", files.STATUS_COLUMNS, [*statuses, *self._last_words()] if told else [])
        self._beside(
            "authorizations",
            files.AUTHORIZATION_COLUMNS,
            (files.authorization(session, self.zone, price_shown(self.company, session)) for session in asked),
        )

    def _beside(self, name: str, columns: Iterable[str], rows: Iterable[Row]) -> None:
        sheet = Sheet(self.folder / f"{name}.csv", columns)
        sheet.add(rows)
        if sheet.rows:
            self._take(sheet, f"{self.company.short}-{name}.csv", Mode.BILL)
        else:
            sheet.close()

    def _last_words(self) -> list[Row]:
        """The first of the silent connectors said what is wrong with it; the others just stopped."""
        at = files.moment(self.story.street.silent_from, self.zone)
        return [(min(self.story.street.silent), "1", at, "Faulted", "PowerMeterFailure", "2.4.1")]
