"""Assignments as a table, out only: what they refer to is looked at on its form, not in a file."""

from typing import Any

from django.db.models import QuerySet

from billing.assignments import RELATED
from billing.models import Assignment
from chargebill.core.tables.cells import Named, Number
from chargebill.core.tables.resource import TableResource, column, company_column
from memberships.resources import customer_name


def name_cell(name_of: Any = str) -> Named:
    return Named(lambda text, row: None, name_of)


class AssignmentResource(TableResource):
    """One line per assignment, with the names the other tables use."""

    entity = company_column()
    tariff = column("tariff", name_cell())
    token = column("token", name_cell(lambda token: token.uid))
    customer = column("customer", name_cell(customer_name))
    group = column("group", name_cell(lambda group: group.name))
    customer_kind = column("customer_kind")
    location = column("location", name_cell(lambda location: location.code))
    evse = column("evse", name_cell(lambda evse: evse.uid))
    connector = column("connector", name_cell())
    min_kw = column("min_kw", Number())
    max_kw = column("max_kw", Number())
    valid_from = column("valid_from")
    valid_until = column("valid_until")

    class Meta(TableResource.Meta):
        model = Assignment
        fields = (
            "entity",
            "tariff",
            "token",
            "customer",
            "group",
            "customer_kind",
            "location",
            "evse",
            "connector",
            "min_kw",
            "max_kw",
            "valid_from",
            "valid_until",
        )

    def filter_export(self, queryset: QuerySet[Assignment], **kwargs: Any) -> QuerySet[Assignment]:
        return queryset.select_related(*RELATED)
