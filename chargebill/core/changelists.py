"""Lists of the admin with saved views and chosen columns: what any of them shows to one person."""

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field
from django.contrib.admin.views.main import ORDER_VAR
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.text import capfirst
from unfold.views import ChangeList

from chargebill.core.lists import PASSING, VIEW, Column, PersonalList, first_address, personal_list
from chargebill.core.saved_views import plain_query

SELECT = "action_checkbox"


class PersonalChangeList(ChangeList):
    """A changelist that knows saved views, and columns by their names.

    Django numbers columns in ``o``, and counts the check boxes only some people see: kept, such a number would soon mean
    another column. Names are understood too, and are what a view keeps.
    """

    personal: PersonalList | None = None

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        found = super().get_filters_params(params)
        found.pop(VIEW, None)
        return found

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        if ORDER_VAR in self.params:
            self.params[ORDER_VAR] = self._order(str(self.params[ORDER_VAR]), numbered=True)
        return super().get_queryset(request, exclude_parameters)

    def _order(self, order: str, *, numbered: bool) -> str:
        """ "-2.1" for "-entity.name", or the other way round; what the list does not have is left out."""
        names = [str(column) for column in self.list_display]
        found = []
        for part in order.split("."):
            sign, word = ("-", part[1:]) if part.startswith("-") else ("", part)
            at = int(word) if word.isascii() and word.isdigit() and len(word) < 4 else names.index(word) if word in names else -1
            if 0 <= at < len(names):
                found.append(f"{sign}{at if numbered else names[at]}")
        return ".".join(found)

    def kept_query(self, request: HttpRequest) -> str:
        """The filters and order in force, as a saved view keeps them."""
        pairs = [(name, value) for name, values in request.GET.lists() for value in values if value]
        order = [(name, self._order(value, numbered=False) if name == ORDER_VAR else value) for name, value in pairs]
        query = QueryDict(mutable=True)
        for name, value in order:
            query.appendlist(name, value)
        return plain_query(query.urlencode(), without=PASSING)

    @property
    def hidden_columns(self) -> set[int]:
        """Places in ``list_display`` of the columns this person does not want."""
        shown = self.personal.shown if self.personal else None
        return {
            at
            for at, column in enumerate(self.list_display)
            if shown is not None and str(column) != SELECT and str(column) not in shown
        }


class PersonalListMixin:
    """For an admin class: the list opens with a person's first view, with their columns."""

    opts: Any
    model: Any
    has_saved_views = True

    def list_columns(self, request: HttpRequest) -> Sequence[Column]:
        """The columns the list can show; the first one leads to the row and always stays."""
        names = [name for name in self.get_list_display(request) if str(name) != SELECT]  # type: ignore[attr-defined]
        return [
            Column(str(name), capfirst(str(label_for_field(name, self.model, model_admin=self))), is_fixed=at == 0)  # type: ignore[arg-type]
            for at, name in enumerate(names)
        ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PersonalChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_or_change_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        personal = personal_list(request, self.opts.label_lower, self.list_columns(request))
        if url := first_address(request, personal):
            return HttpResponseRedirect(url)
        request.personal_list = personal  # type: ignore[attr-defined]
        context = {"personal": personal, **(extra_context or {})}
        return super().changelist_view(request, context)  # type: ignore[misc,no-any-return]

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        personal: PersonalList | None = getattr(request, "personal_list", None)
        try:
            found = super().get_changelist_instance(request)  # type: ignore[misc]
        except (IncorrectLookupParameters, DisallowedModelAdminLookup):
            if personal is None or personal.current is None:
                raise
            # Saved when the list still knew them.
            personal.left_out = self._leave_out(request)
            found = super().get_changelist_instance(request)  # type: ignore[misc]
        if personal is not None and isinstance(found, PersonalChangeList):
            found.personal = personal
            personal.understood(request, found.kept_query(request))
        return found  # type: ignore[no-any-return]

    def _leave_out(self, request: HttpRequest) -> list[str]:
        """Takes those parameters from the request that the list does not know; returns their names."""
        asked, known, unknown = request.GET, request.GET.copy(), []
        for name in asked:
            one = QueryDict(mutable=True)
            one.setlist(name, asked.getlist(name))
            request.GET = one  # type: ignore[assignment]
            try:
                super().get_changelist_instance(request)  # type: ignore[misc]
            except (IncorrectLookupParameters, DisallowedModelAdminLookup):
                del known[name]
                unknown.append(name)
        request.GET = known  # type: ignore[assignment]
        return unknown
