"""Tax rules as a table: one line per rule, found by all that says what it is about and from when on."""

from collections.abc import Hashable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from import_export.results import Result

from billing.models import TaxCategory, TaxComponent, TaxRule
from billing.operations.taxes import set_tax_rule
from billing.taxes import COLUMNS
from chargebill.core.tables.cells import Choice, Day, Number, Text
from chargebill.core.tables.formats import Table
from chargebill.core.tables.resource import TableResource, column, company_column
from memberships.models import CustomerKind


class TaxRuleResource(TableResource):
    """Empty columns mean all, an empty day since ever. What a file changes waits for its approval like any change."""

    entity = company_column()
    country = column("country", Text(upper=True))
    category = column("category", Choice(TaxCategory))
    component = column("component", Choice(TaxComponent))
    customer_kind = column("customer_kind", Choice(CustomerKind))
    valid_from = column("valid_from", Day())
    rate = column("rate", Number())
    code = column("code")
    account = column("account")
    legal_sentence = column("legal_sentence")
    source = column("source")

    key_columns = (*COLUMNS, "valid_from")

    class Meta(TableResource.Meta):
        model = TaxRule
        fields = ("entity", *COLUMNS, "valid_from", "rate", "code", "account", "legal_sentence", "source")

    def candidates(self, table: Table) -> QuerySet[TaxRule]:
        return TaxRule.objects.select_related("entity")

    def key_cell(self, name: str, row: dict[str, Any]) -> Hashable:
        """Empty is an answer here."""
        field = self.fields[name]
        try:
            value: Hashable = field.widget.clean(row.get(name), row=row)
        except ValueError as error:
            raise ValidationError({name: str(error)}) from error
        return value

    def save_instance(self, instance: Any, is_create: bool, row: dict[str, Any], **kwargs: Any) -> None:
        values = {name: getattr(instance, name) for name in self.Meta.fields}
        instance.pk = set_tax_rule(
            **values,
            actor=kwargs.get("user"),
            at=timezone.now(),
            reason=f"{kwargs.get('file_name') or 'a file'}, line {self.line}",
        ).pk

    def after_import(self, dataset: Table, result: Result, **kwargs: Any) -> None:
        """set_tax_rule writes the events."""

    def filter_export(self, queryset: QuerySet[TaxRule], **kwargs: Any) -> QuerySet[TaxRule]:
        return queryset.select_related("entity")
