"""Places, EVSEs and connectors as tables: what their columns are, and how a row is found."""

from collections.abc import Hashable
from typing import Any

from django.db.models import QuerySet

from chargebill.core.tables.cells import Choice, Named, Number, Text, YesNo, Zone
from chargebill.core.tables.formats import Table
from chargebill.core.tables.resource import TableResource, column, company_column
from stations.models import Connector, ConnectorStandard, Evse, Location, PowerType


class LocationResource(TableResource):
    """One line per place, found by company and code."""

    entity = company_column()
    code = column("code")
    name = column("name")
    address = column("address")
    postal_code = column("postal_code")
    city = column("city")
    country = column("country", Text(upper=True))
    latitude = column("latitude", Number())
    longitude = column("longitude", Number())
    time_zone = column("time_zone", Zone())
    needs_review = column("needs_review", YesNo())

    key_columns = ("code",)

    class Meta(TableResource.Meta):
        model = Location
        fields = (
            "entity",
            "code",
            "name",
            "address",
            "postal_code",
            "city",
            "country",
            "latitude",
            "longitude",
            "time_zone",
            "needs_review",
        )

    def candidates(self, table: Table) -> QuerySet[Location]:
        return Location.objects.filter(code__in=self.cells(table, "code")).select_related("entity")

    def filter_export(self, queryset: QuerySet[Location], **kwargs: Any) -> QuerySet[Location]:
        return queryset.select_related("entity")


class EvseResource(TableResource):
    """One line per EVSE, found by company and UID; its place by code."""

    entity = company_column()
    location = column("location", Named(lambda code, row: None, lambda location: location.code))
    uid = column("uid")
    evse_id = column("evse_id")
    model = column("model")
    needs_review = column("needs_review", YesNo())

    key_columns = ("uid",)

    class Meta(TableResource.Meta):
        model = Evse
        fields = ("entity", "location", "uid", "evse_id", "model", "needs_review")

    def load(self, table: Table) -> None:
        places = Location.objects.filter(code__in=self.cells(table, "location"))
        self.fields["location"].widget.find = self.named({(p.entity_id, p.code): p for p in places}, "location")

    def candidates(self, table: Table) -> QuerySet[Evse]:
        return Evse.objects.filter(uid__in=self.cells(table, "uid")).select_related("entity", "location")

    def filter_export(self, queryset: QuerySet[Evse], **kwargs: Any) -> QuerySet[Evse]:
        return queryset.select_related("entity", "location")


class ConnectorResource(TableResource):
    """One line per plug, found by company, EVSE UID and number."""

    entity = company_column("evse__entity")
    evse = column("evse", Named(lambda uid, row: None, lambda evse: evse.uid))
    number = column("number")
    standard = column("standard", Choice(ConnectorStandard))
    power_type = column("power_type", Choice(PowerType))
    rated_kw = column("rated_kw", Number())
    needs_review = column("needs_review", YesNo())

    key_columns = ("evse", "number")

    class Meta(TableResource.Meta):
        model = Connector
        fields = ("entity", "evse", "number", "standard", "power_type", "rated_kw", "needs_review")

    def load(self, table: Table) -> None:
        evses = Evse.objects.filter(uid__in=self.cells(table, "evse")).select_related("entity")
        self.fields["evse"].widget.find = self.named({(e.entity_id, e.uid): e for e in evses}, "EVSE")

    def candidates(self, table: Table) -> QuerySet[Connector]:
        uids, numbers = self.cells(table, "evse"), self.cells(table, "number")
        return Connector.objects.filter(evse__uid__in=uids, number__in=numbers).select_related("evse__entity")

    def key_of(self, instance: Connector) -> tuple[Hashable, ...]:
        return (instance.evse.entity_id, instance.evse, instance.number)

    def adopt(self, instance: Connector, row: dict[str, Any]) -> None:
        """It belongs to its EVSE's company."""

    def check(self, instance: Connector) -> dict[str, str]:
        if instance.rated_kw is not None and instance.rated_kw <= 0:
            return {"rated_kw": "The power must be above 0. Leave it empty if it is not known."}
        return {}

    def filter_export(self, queryset: QuerySet[Connector], **kwargs: Any) -> QuerySet[Connector]:
        return queryset.select_related("evse__entity")
