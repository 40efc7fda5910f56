"""Saved views of lists, and the columns people choose: writes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from django.db import IntegrityError, transaction

from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.list_models import NAME_MAX, QUERY_MAX, ListChoice, SavedView
from chargebill.core.models import User

MAY_CHANGE_ALL = "core.change_savedview"
# More would be a list of their own above every list.
MOST_VIEWS = 30


def may_change(view: SavedView, user: User) -> bool:
    """Its owner; a shared one also whoever may change all of them."""
    return view.owner_id == user.pk or (view.is_shared and user.has_perm(MAY_CHANGE_ALL))


def plain_query(query: str, *, without: Iterable[str] = ()) -> str:
    """URL parameters in one order, without empty ones and those named: two that mean the same are the same text."""
    left_out = set(without)
    pairs = [(name, value) for name, value in parse_qsl(query, max_num_fields=100) if name not in left_out]
    return urlencode(sorted(pairs))


def save_view(
    *, listing: str, name: str, query: str, columns: Sequence[str], is_shared: bool, owner: User, at: datetime
) -> SavedView:
    """A new view. Raises UserError (view_name_missing, _too_long, _taken, too_many_views, view_too_long)."""
    named = _checked_name(name)
    _check_query(query)
    with transaction.atomic():
        if SavedView.objects.filter(owner=owner, listing=listing).count() >= MOST_VIEWS:
            raise UserError(
                "too_many_views",
                f"You have {MOST_VIEWS} views of this list already; nothing was saved. Delete one you no longer need first.",
            )
        view = SavedView(
            listing=listing, name=named, owner=owner, is_shared=is_shared, query=query, columns=list(columns), created_at=at
        )
        _store(view)
        if is_shared:
            _record("share", view, f"View “{view}” of {listing} shared", owner, at)
    return view


def change_view(*, view: SavedView, name: str, is_shared: bool, actor: User, at: datetime) -> SavedView:
    """Renames a view, shares it or takes it back. Raises UserError as save_view does, and view_not_yours."""
    named = _checked_name(name)
    with transaction.atomic():
        view = _locked(view, actor)
        old = {"name": view.name, "shared": view.is_shared}
        was_shared, view.name, view.is_shared = view.is_shared, named, is_shared
        _store(view)
        if was_shared and not is_shared:
            # Whom it was taken from has no use for their own columns of it.
            ListChoice.objects.filter(view=view).exclude(person_id=view.owner_id).delete()
        new = {"name": view.name, "shared": view.is_shared}
        if (was_shared or is_shared) and old != new:
            changes = {key: [old[key], new[key]] for key in old if old[key] != new[key]}
            _record("change", view, f"View “{view}” of {view.listing} changed", actor, at, changes)
    return view


def update_view(*, view: SavedView, query: str, columns: Sequence[str], actor: User, at: datetime) -> SavedView:
    """Gives a view other filters, order and columns. Raises UserError (view_not_yours, view_too_long)."""
    _check_query(query)
    with transaction.atomic():
        view = _locked(view, actor)
        changes = {"filters": [view.query, query], "columns": [view.columns, list(columns)]}
        view.query, view.columns = query, list(columns)
        view.save(update_fields=["query", "columns"])
        # The columns the actor had chosen for themselves are the view's now.
        ListChoice.objects.filter(view=view, person=actor).update(columns=[])
        if view.is_shared:
            _record("change", view, f"View “{view}” of {view.listing} changed", actor, at, changes)
    return view


def delete_view(*, view: SavedView, actor: User, at: datetime) -> None:
    """Raises UserError (view_not_yours)."""
    with transaction.atomic():
        view = _locked(view, actor)
        if view.is_shared:
            _record("delete", view, f"View “{view}” of {view.listing} deleted", actor, at)
        view.delete()


def choose_columns(*, listing: str, view: SavedView | None, columns: Sequence[str], person: User) -> None:
    """Which columns a person sees of a list, or of one view of it; [] as they are given."""
    with transaction.atomic():
        choice, _ = ListChoice.objects.select_for_update().get_or_create(person=person, listing=listing, view=view)
        choice.columns = list(columns)
        choice.save(update_fields=["columns"])


def open_first(*, view: SavedView, is_first: bool, person: User) -> None:
    """Whether its list opens with this view for a person; then with no other."""
    with transaction.atomic():
        chosen = ListChoice.objects.filter(person=person, listing=view.listing)
        if is_first:
            chosen.filter(opens_first=True).exclude(view=view).update(opens_first=False)
            ListChoice.objects.get_or_create(person=person, listing=view.listing, view=view)
        chosen.filter(view=view).update(opens_first=is_first)


def _checked_name(name: str) -> str:
    found = " ".join(name.replace("\0", "").split())
    if not found:
        raise UserError("view_name_missing", "Give the view a name, such as “Held in Kiel”. Nothing was saved.", "name")
    if len(found) > NAME_MAX:
        raise UserError(
            "view_name_too_long",
            f"This name has {len(found)} characters; {NAME_MAX} fit above the list. Shorten it. Nothing was saved.",
            "name",
        )
    return found


def _check_query(query: str) -> None:
    if len(query) > QUERY_MAX:
        raise UserError(
            "view_too_long", "These filters are too long to be kept. Shorten the text searched for. Nothing was saved."
        )


def _store(view: SavedView) -> None:
    others = SavedView.objects.filter(listing=view.listing, name=view.name).exclude(pk=view.pk)
    try:
        # Of its own: a name taken at this very moment leaves what is around it whole.
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        yours = others.filter(owner_id=view.owner_id).exists()
        whose = "You have" if yours else "Somebody shares"
        raise UserError(
            "view_name_taken",
            f"{whose} a view “{view.name}” of this list already. Choose another name. Nothing was saved.",
            "name",
        ) from error


def _locked(view: SavedView, actor: User) -> SavedView:
    found = SavedView.objects.select_for_update().filter(pk=view.pk).first()
    if found is None:
        raise UserError("view_gone", "This view is no longer there: somebody deleted it. Nothing was changed.")
    if not may_change(found, actor):
        raise UserError("view_not_yours", f"“{found}” belongs to {found.owner}: save one of your own. Nothing was changed.")
    return found


def _record(verb: str, view: SavedView, summary: str, actor: User, at: datetime, changes: dict | None = None) -> None:
    """What others see is on record; what only its owner sees is nobody's business."""
    events.record(action=f"savedview.{verb}", subject=view, summary=summary, actor=actor, at=at, changes=changes)
