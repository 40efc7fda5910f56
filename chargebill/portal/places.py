"""Places, EVSEs and connectors in the portal: local days follow a changed time zone, prices a changed rated power."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.forms import BaseFormSet, ModelForm
from django.http import HttpRequest
from django.utils import timezone

from billing.models import Assignment
from chargebill import pipeline
from chargebill.core.audited import Changes, entity_of
from chargebill.core.models import LegalEntity, User
from chargebill.portal.repricing import RepricingMixin, price_again
from chargebill.portal.started import say_started
from stations.admin import ConnectorAdmin, EvseAdmin
from stations.admin import LocationAdmin as PlacesAdmin
from stations.models import Connector, Evse, Location
from stations.resources import LocationResource as PlacesResource

ZONE_HELP = (
    "IANA name, such as Europe/Berlin. Changing it moves the sessions here to their new local days and hours; "
    "that runs in the background."
)


class LocationResource(PlacesResource):
    """Places from a file. A changed time zone goes the same way as in the form."""

    class Meta(PlacesResource.Meta):
        pass

    def save_row(self, instance: Location, *, new: bool, changes: Changes, actor: User | None) -> None:
        if not new and "time_zone" in changes:
            pipeline.change_time_zone(location=instance, time_zone=instance.time_zone, actor=actor, at=timezone.now())
        super().save_row(instance, new=new, changes=changes, actor=actor)


@admin.register(Location)
class LocationAdmin(PlacesAdmin):
    resource_classes = [LocationResource]
    change_form_outer_before_template = "portal/parts/label_links.html"

    def get_form(self, request: HttpRequest, obj: Location | None = None, change: bool = False, **kwargs: Any) -> type[ModelForm]:
        form = super().get_form(request, obj, change, **kwargs)
        if obj is not None and "time_zone" in form.base_fields:
            form.base_fields["time_zone"].help_text = ZONE_HELP
        return form

    def save_model(self, request: HttpRequest, obj: Location, form: ModelForm, change: bool) -> None:
        if change and "time_zone" in form.changed_data:
            # First: it takes its locks in the order imports take theirs.
            job = pipeline.change_time_zone(location=obj, time_zone=obj.time_zone, actor=request.user, at=timezone.now())
            if job:
                say_started(request, f"The local times of the sessions at {obj} are worked out anew.", job)
        super().save_model(request, obj, form, change)

    def construct_change_message(
        self, request: HttpRequest, form: ModelForm, formsets: list[BaseFormSet] | None, add: bool = False
    ) -> Changes:
        changes = super().construct_change_message(request, form, formsets, add)
        if not add:
            # change_time_zone wrote an event of its own.
            changes.pop("time zone", None)
        return changes


class RatedMixin(RepricingMixin):
    """Rated power decides a price where an assignment names a range of it."""

    def prices_follow(self, entity: LegalEntity) -> bool:
        return Assignment.objects.filter(Q(min_kw__isnull=False) | Q(max_kw__isnull=False), entity=entity).exists()


@admin.register(Connector)
class PricedConnectorAdmin(RatedMixin, ConnectorAdmin):
    priced_by = ("rated_kw",)


@admin.register(Evse)
class PricedEvseAdmin(RatedMixin, EvseAdmin):
    """Its form holds its connectors, too."""

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        rated = any("rated_kw" in row.changed_data for formset in formsets for row in formset.initial_forms)
        entity = entity_of(form.instance)
        if rated and entity and self.prices_follow(entity):
            price_again(request, entity, f"the rated power of a connector of {form.instance} changed")
