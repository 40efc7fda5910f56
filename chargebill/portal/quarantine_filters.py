"""Which quarantined rows a list, a download or a dismissal is about: one reading of the URL for all three."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet

from chargebill.core.keys import row_in
from chargebill.core.models import LegalEntity
from chargebill.portal.layouts import title_of
from chargebill.portal.reasons import reason_of
from stations.models import ImportBatch, QuarantinedRow, QuarantineSighting

State = QuarantinedRow.State
EVERY = "ALL"


@dataclass(slots=True)
class QuarantineFilter:
    """The filters in force. ``state`` is one of State or EVERY; rows that wait are shown unless another is asked for."""

    state: str = State.WAITING
    entity: LegalEntity | None = None
    batch: ImportBatch | None = None
    layout: str = ""
    code: str = ""
    query: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "QuarantineFilter":
        """Reads the URL; a value that makes no sense is left out and said in ``errors``."""
        found = cls()
        state = query.get("state", "")
        if state in State.values or state == EVERY:
            found.state = found.query["state"] = state
        elif state:
            found.errors.append(f"There is no state {state[:20]}: the list shows the rows that wait.")
        found.entity = found._one(LegalEntity, query, "entity", "company")
        found.batch = found._one(ImportBatch, query, "import", "import")
        for name in ("layout", "code"):
            if value := query.get(name, "").strip()[:60]:
                setattr(found, name, value)
                found.query[name] = value
        return found

    def _one(self, model: Any, query: Mapping[str, str], name: str, word: str) -> Any:
        raw = query.get(name, "")
        if not raw:
            return None
        found = row_in(model, raw)
        if found is None:
            self.errors.append(f"There is no {word} {raw[:20]}: the list shows all.")
        else:
            self.query[name] = str(found.pk)
        return found

    def apply(self, rows: QuerySet[QuarantinedRow], *, but: tuple[str, ...] = ()) -> QuerySet[QuarantinedRow]:
        """``rows`` narrowed down, in no order; ``but`` names filters to leave out."""
        if self.state != EVERY and "state" not in but:
            rows = rows.filter(state=self.state)
        if self.entity:
            rows = rows.filter(source__entity=self.entity)
        if self.layout:
            rows = rows.filter(source__profile=self.layout)
        if self.code and "code" not in but:
            rows = rows.filter(code=self.code)
        if self.batch:
            rows = rows.filter(pk__in=QuarantineSighting.objects.filter(batch=self.batch).values("row"))
        return rows.order_by()

    def chips(self) -> Iterator[tuple[str, str]]:
        """(filter in words, URL parameters without it) for each filter in force but the state."""
        words = {
            "entity": self.entity and self.entity.name,
            "layout": self.layout and title_of(self.layout),
            "code": self.code and reason_of(self.code).title,
            "import": self.batch and f"import {self.batch.file_name}",
        }
        for name, word in words.items():
            if word:
                yield word, self.url(**{name: ""})

    def url(self, **changes: str) -> str:
        """URL parameters of these filters with some of them changed; "" takes one away."""
        return urlencode({name: value for name, value in {**self.query, **changes}.items() if value})
