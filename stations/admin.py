"""Lists and forms of places, EVSEs, plugs and what they said. The portal registers those that prices and times follow."""

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models import Count, QuerySet
from django.forms import Field, ModelForm
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    FieldTextFilter,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import display

from chargebill.core.admin import ReadOnlyAdmin, ReadOnlyInline
from chargebill.core.audited import AuditedAdmin, AuditedForm
from chargebill.core.tables.admin import TableAdmin
from stations.models import Authorization, Connector, ConnectorStatus, Evse, Location
from stations.operations_places import mark_reviewed
from stations.resources import ConnectorResource, EvseResource


def review_mark(obj: Any) -> str:
    return render_to_string("portal/parts/mark.html", {"mark": "review"}) if obj.needs_review else ""


class ReviewedMixin(AuditedAdmin):
    """Rows an import made: shown as such, and taken off the list of things to look at."""

    actions = ["mark_as_reviewed"]

    @display(description="Review", ordering="needs_review", empty_value="")
    def review(self, obj: Any) -> str:
        return review_mark(obj)

    @admin.action(description="Mark as reviewed", permissions=["change"])
    def mark_as_reviewed(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        pks = list(queryset.values_list("pk", flat=True))
        count = mark_reviewed(model=self.model, pks=pks, actor=request.user, at=timezone.now())
        said = "Nothing was waiting for review." if not count else f"{count:,} marked as reviewed."
        self.message_user(request, said, messages.SUCCESS if count else messages.INFO)


class EvsesInline(ReadOnlyInline):
    """The EVSEs at a place; each opens its own form."""

    model = Evse
    fields = ["unit", "evse_id", "model", "review"]
    readonly_fields = fields
    hide_title = True
    per_page = 20
    verbose_name_plural = "EVSEs here"

    @display(description="UID")
    def unit(self, obj: Evse) -> str:
        return render_to_string("portal/parts/row_link.html", {"row": obj, "page": "admin:stations_evse_change"})

    @display(description="Review", empty_value="")
    def review(self, obj: Evse) -> str:
        return review_mark(obj)


class LocationAdmin(ReviewedMixin, TableAdmin):
    """Places. What follows a changed time zone is the portal's to start."""

    list_display = ["name", "code", "entity", "city", "country", "time_zone", "evses", "review"]
    list_filter = [
        ("entity", RelatedDropdownFilter),
        ("time_zone", FieldTextFilter),
        ("country", FieldTextFilter),
        ("needs_review", BooleanRadioFilter),
    ]
    search_fields = ["name", "code", "city", "address", "postal_code"]
    search_help_text = "Name, code, town, street or postal code"
    list_select_related = ["entity"]
    fieldsets = [
        (None, {"fields": ["entity", "name", "code", "time_zone", "needs_review"]}),
        ("Address", {"fields": ["address", ("postal_code", "city"), "country", ("latitude", "longitude")]}),
    ]
    inlines = [EvsesInline]
    empty_sentence = "Importing sessions makes unknown places by itself; entering them first saves the review."

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        # A place that is not there yet has no EVSEs to show.
        return self.inlines if obj else []

    def get_queryset(self, request: HttpRequest) -> QuerySet[Location]:
        return super().get_queryset(request).annotate(evse_count=Count("evses"))

    @display(description="EVSEs", ordering="evse_count")
    def evses(self, obj: Any) -> str:
        return render_to_string(
            "portal/parts/count_link.html",
            {"count": obj.evse_count, "list": "admin:stations_evse_changelist", "query": f"location__id__exact={obj.pk}"},
        )


class ConnectorsInline(TabularInline):
    model = Connector
    fields = ["number", "standard", "power_type", "rated_kw", "needs_review"]
    extra = 0
    # One by one, on their own pages: what hangs on them is looked at there.
    can_delete = False
    hide_title = True
    show_change_link = True
    verbose_name_plural = "Connectors"

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Field | None:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            # In a table the column's head is no label that assistive technology would read out.
            field.widget.attrs["aria-label"] = str(field.label)
        return field


class EvseForm(AuditedForm):
    """The company is the place's, never asked for."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        location = cleaned.get("location")
        if location is None:
            return cleaned
        if self.instance.pk and location.entity_id != self.instance.entity_id:
            self.add_error("location", f"{location} belongs to {location.entity}. An EVSE stays with its company.")
        self.instance.entity_id = location.entity_id
        return cleaned


class EvseAdmin(ReviewedMixin, TableAdmin):
    resource_classes = [EvseResource]
    form = EvseForm
    change_form_outer_before_template = "portal/parts/label_links.html"
    list_display = ["uid", "evse_id", "location", "entity", "model", "plugs", "review"]
    list_filter = [
        ("entity", RelatedDropdownFilter),
        ("location", AutocompleteSelectFilter),
        ("needs_review", BooleanRadioFilter),
    ]
    search_fields = ["uid", "evse_id", "location__name", "model"]
    search_help_text = "UID, EVSE id, place or model"
    list_select_related = ["entity", "location"]
    autocomplete_fields = ["location"]
    fields = ["location", "uid", "evse_id", "model", "needs_review"]
    inlines = [ConnectorsInline]
    fixed_fields = ()
    empty_sentence = "An EVSE charges one vehicle at a time. Importing sessions makes unknown ones by itself."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Evse]:
        return super().get_queryset(request).annotate(connector_count=Count("connectors"))

    @display(description="Connectors", ordering="connector_count")
    def plugs(self, obj: Any) -> str:
        return render_to_string(
            "portal/parts/count_link.html",
            {"count": obj.connector_count, "list": "admin:stations_connector_changelist", "query": f"evse__id__exact={obj.pk}"},
        )


class ConnectorAdmin(ReviewedMixin, TableAdmin):
    resource_classes = [ConnectorResource]
    list_display = ["name", "location", "standard", "power_type", "rated_kw", "review"]
    list_filter = [
        ("evse__entity", RelatedDropdownFilter),
        ("evse", AutocompleteSelectFilter),
        ("standard", ChoicesDropdownFilter),
        ("power_type", ChoicesDropdownFilter),
        ("needs_review", BooleanRadioFilter),
    ]
    search_fields = ["evse__uid", "evse__location__name", "number"]
    search_help_text = "EVSE, place or number"
    list_select_related = ["evse__location", "evse__entity"]
    autocomplete_fields = ["evse"]
    fields = ["evse", "number", "standard", "power_type", "rated_kw", "needs_review"]
    empty_sentence = "A connector is one plug or socket of an EVSE. Importing sessions makes unknown ones by itself."

    @display(description="Connector", ordering="evse__uid")
    def name(self, obj: Connector) -> str:
        return str(obj)

    @display(description="Location", ordering="evse__location__name")
    def location(self, obj: Connector) -> Location:
        return obj.evse.location

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[ModelForm]:
        form = super().get_form(request, obj, change, **kwargs)
        if "rated_kw" in form.base_fields:
            form.base_fields["rated_kw"].help_text = "The most this plug can give, in kW. Empty while it is not known."
        return form


@admin.register(ConnectorStatus)
class ConnectorStatusAdmin(ReadOnlyAdmin):
    """What connectors said, newest import first. Never changes."""

    empty_sentence = "They come in with a connector status file, on the imports page."
    list_display = ["moment", "connector", "location", "status", "error_code", "firmware"]
    list_filter = [
        ("connector", AutocompleteSelectFilter),
        ("at", RangeDateTimeFilter),
        ("status", FieldTextFilter),
        ("error_code", FieldTextFilter),
    ]
    # The key's order is the order of arrival, and has an index; sorting millions of rows by time has not.
    ordering = ["-id"]
    sortable_by: list[str] = []
    list_select_related = ["connector__evse__location"]
    fields = ["moment", "connector", "location", "status", "error_code", "firmware", "external_id", "source", "batch", "line_no"]
    readonly_fields = ["moment", "location"]

    @display(description="At")
    def moment(self, obj: ConnectorStatus) -> str:
        zone = obj.connector.evse.location.time_zone
        return render_to_string("portal/parts/moment_cell.html", {"at": obj.at, "zone": zone})

    @display(description="Location")
    def location(self, obj: ConnectorStatus) -> Location:
        return obj.connector.evse.location


@admin.register(Authorization)
class AuthorizationAdmin(ReadOnlyAdmin):
    """Tokens that asked to charge, and what they were told. Never changes."""

    empty_sentence = "They come in with an authorizations file, on the imports page."
    list_display = ["moment", "token_uid", "method", "result", "price_shown", "entity"]
    list_filter = [
        ("entity", RelatedDropdownFilter),
        ("at", RangeDateTimeFilter),
        ("token_uid", FieldTextFilter),
        ("result", FieldTextFilter),
    ]
    ordering = ["-id"]
    sortable_by: list[str] = []
    list_select_related = ["entity"]
    fields = ["moment", "token_uid", "method", "result", "price_shown", "entity", "external_id", "source", "batch", "line_no"]
    readonly_fields = ["moment"]

    @display(description="At")
    def moment(self, obj: Authorization) -> str:
        return render_to_string("portal/parts/moment_cell.html", {"at": obj.at, "zone": obj.entity.time_zone})
