"""The audit trail: who did what, when and why. Read only, whatever a role allows."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from unfold.contrib.filters.admin import AutocompleteSelectFilter, FieldTextFilter, RangeDateTimeFilter, RelatedDropdownFilter
from unfold.decorators import display

from chargebill.core.admin import ReadOnlyAdmin
from chargebill.core.audited import changes_of
from chargebill.core.models import AuditEvent


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ["summary", "moment", "who", "action", "entity", "reason"]
    list_filter = [
        ("at", RangeDateTimeFilter),
        ("actor", AutocompleteSelectFilter),
        ("action", FieldTextFilter),
        ("entity", RelatedDropdownFilter),
        ("object_type", FieldTextFilter),
    ]
    search_fields = ["summary", "reason", "=object_id"]
    search_help_text = "Words of what happened or why, or the number of a row"
    # The order of the key is the order of time, and needs no sorting.
    ordering = ["-id"]
    sortable_by: list[str] = []
    list_select_related = ["actor", "entity"]
    fields = ["summary", "moment", "who", "reason", "action", "entity", "object_type", "object_id"]
    readonly_fields = ["moment", "who"]
    change_form_outer_after_template = "portal/parts/event_changes.html"

    class Media:
        css = {"all": ["css/forms.css"]}

    @display(description="At")
    def moment(self, obj: AuditEvent) -> str:
        zone = obj.entity.time_zone if obj.entity else ""
        return render_to_string("portal/parts/moment_cell.html", {"at": obj.at, "zone": zone})

    @display(description="By")
    def who(self, obj: AuditEvent) -> str:
        return str(obj.actor) if obj.actor else "ChargeBill"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        event = self.get_object(request, unquote(object_id))
        shown = {"changes": changes_of(event) if event else []}
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})
