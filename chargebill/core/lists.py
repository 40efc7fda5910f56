"""A list as one person sees it: its saved views, the one that is open, the columns shown. Reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from django.db.models import Q
from django.http import HttpRequest

from chargebill.core.list_models import ListChoice, SavedView
from chargebill.core.saved_views import may_change, plain_query

VIEW = "view"
# The value of VIEW that shows all rows, also where a view opens first.
NO_VIEW = "all"
# URL parameters of a moment: where one is in a list, or how it was opened. None is part of a view.
PASSING = (VIEW, "p", "e", "all", "after", "before", "_popup", "_to_field", "_facets", "csrfmiddlewaretoken")


@dataclass(frozen=True, slots=True)
class Column:
    """A column a list can show. ``is_given``: also to people who chose nothing; ``is_fixed``: always."""

    name: str
    title: str
    is_given: bool = True
    is_fixed: bool = False


@dataclass(frozen=True, slots=True)
class Tab:
    """A saved view above its list: where it leads, whether it is the open one, whose it is ("" one's own)."""

    view: SavedView
    link: str
    is_open: bool
    opens_first: bool
    by: str


@dataclass(slots=True)
class PersonalList:
    """``query``: the filters and order in force. ``left_out``: parameters of the open view the list no longer knows."""

    listing: str
    columns: Sequence[Column]
    views: list[SavedView]
    choices: dict[int | None, ListChoice]
    current: SavedView | None
    person_id: int
    may_change: bool
    query: str = ""
    left_out: list[str] = field(default_factory=list)

    def understood(self, request: HttpRequest, query: str) -> None:
        """What the list made of its address: filters and order in force. What it left of an open view is told."""
        asked, self.query = plain_query(request.GET.urlencode(), without=PASSING), plain_query(query, without=PASSING)
        known = dict(parse_qsl(self.query))
        kept = dict(parse_qsl(self.current.query)) if self.current else {}
        self.left_out += [name for name in dict(parse_qsl(asked)) if name in kept and name not in known]

    @property
    def in_url(self) -> dict[str, str]:
        """The URL parameter that keeps the open view open."""
        return {VIEW: str(self.current.pk)} if self.current else {}

    @property
    def given(self) -> tuple[str, ...]:
        """Columns before a person's own choice: the open view's, else the list's."""
        of_view = self._known(self.current.columns) if self.current else ()
        return of_view or tuple(column.name for column in self.columns if column.is_given or column.is_fixed)

    @property
    def shown(self) -> tuple[str, ...]:
        choice = self.choices.get(self.current.pk if self.current else None)
        return (self._known(choice.columns) if choice else ()) or self.given

    @property
    def is_own_choice(self) -> bool:
        return self.shown != self.given

    @property
    def checks(self) -> list[tuple[Column, bool]]:
        return [(column, column.name in self.shown) for column in self.columns]

    @property
    def is_changed(self) -> bool:
        """Whether filters, order or columns are no longer the open view's."""
        return self.current is not None and (self.query != self.current.query or self.is_own_choice)

    @property
    def first(self) -> SavedView | None:
        """The view the list opens with for this person."""
        pk = next((choice.view_id for choice in self.choices.values() if choice.opens_first), None)
        return next((view for view in self.views if view.pk == pk), None)

    @property
    def tabs(self) -> list[Tab]:
        first = self.first
        return [
            Tab(
                view,
                address(view),
                view == self.current,
                view == first,
                "" if view.owner_id == self.person_id else str(view.owner),
            )
            for view in self.views
        ]

    def _known(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the names the list has, in its order, with the fixed ones; () where none is left."""
        wanted = set(names)
        if not any(column.name in wanted for column in self.columns):
            return ()
        return tuple(column.name for column in self.columns if column.is_fixed or column.name in wanted)


def address(view: SavedView) -> str:
    """URL parameters of a view."""
    return f"{view.query}&{VIEW}={view.pk}" if view.query else f"{VIEW}={view.pk}"


def visible(*, listing: str, person_id: int) -> "list[SavedView]":
    """The views of a list somebody may use: their own, and what is shared. Own ones first."""
    found = SavedView.objects.filter(Q(owner_id=person_id) | Q(is_shared=True), listing=listing).select_related("owner")
    return sorted(found, key=lambda view: (view.owner_id != person_id, view.name.casefold(), view.pk))


def personal_list(request: HttpRequest, listing: str, columns: Sequence[Column]) -> PersonalList:
    """The list as the signed-in person sees it at this address. Two queries."""
    user = request.user
    views = visible(listing=listing, person_id=user.pk)
    choices = {choice.view_id: choice for choice in ListChoice.objects.filter(person_id=user.pk, listing=listing)}
    asked = request.GET.get(VIEW, "")
    current = next((view for view in views if str(view.pk) == asked), None)
    return PersonalList(
        listing=listing,
        columns=columns,
        views=views,
        choices=choices,
        current=current,
        person_id=user.pk,
        may_change=current is not None and may_change(current, user),  # type: ignore[arg-type]
    )


def first_address(request: HttpRequest, personal: PersonalList) -> str:
    """Where a list asked for without any wish leads: its address with the view that opens first; "" where it stays."""
    if request.method != "GET" or request.GET or personal.first is None:
        return ""
    return f"{request.path}?{address(personal.first)}"
