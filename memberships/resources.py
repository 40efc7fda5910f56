"""Customers, tokens and contract prefixes as tables: what their columns are, and how a row is found."""

from collections import Counter
from collections.abc import Hashable
from typing import Any

from django.db.models import Q, QuerySet
from import_export.widgets import Widget

from chargebill.core.audited import Changes
from chargebill.core.csvsafe import safe_cell
from chargebill.core.models import User
from chargebill.core.tables.cells import Choice, Moment, Named, Text, Whole, YesNo
from chargebill.core.tables.formats import Table
from chargebill.core.tables.resource import TableResource, column, company_column
from memberships.models import ContractPrefix, Customer, CustomerGroup, CustomerKind, Token
from memberships.queries import normalized
from stations.models import TokenType

GROUP_SEPARATOR = "|"


def customer_name(customer: Customer) -> str:
    """How a table names a customer: its number, or its name where it has none."""
    return customer.number or customer.name


class CustomerCell(Named):
    """A customer of the row's company, by number, or by name where only one has it."""

    def __init__(self) -> None:
        super().__init__(lambda name, row: None, customer_name)

    def look_in(self, resource: TableResource, names: set[str]) -> None:
        """Reads the customers with these numbers or names."""
        found = list(Customer.objects.filter(Q(number__in=names) | Q(name__in=names)))
        named = Counter((customer.entity_id, customer.name) for customer in found)
        by_key = {(c.entity_id, c.name): c for c in found} | {(c.entity_id, c.number): c for c in found if c.number}
        plain_find = resource.named(by_key, "customer")

        def find(name: str, row: Any) -> Any:
            customer = plain_find(name, row)
            if customer and customer.number != name and named[customer.entity_id, name] > 1:
                raise ValueError(f"Several customers are called {name!r}. Use the customer number.")
            return customer

        self.find = find


class GroupsCell(Widget):
    """Groups of the row's company by name, separated by a bar."""

    groups: dict[tuple[int, str], CustomerGroup]
    resource: TableResource

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> list[CustomerGroup]:
        names = sorted({name.strip() for name in Text().clean(value).split(GROUP_SEPARATOR)} - {""})
        company = self.resource.company_of(row)
        if missing := [name for name in names if (company.pk, name) not in self.groups]:
            raise ValueError(f"{company} has no group {missing[0]!r}. Add it first; several are separated by {GROUP_SEPARATOR}.")
        return [self.groups[company.pk, name] for name in names]


class CustomerResource(TableResource):
    """One line per customer, found by company and number; where that is empty, by name and e-mail."""

    entity = company_column()
    number = column("number")
    kind = column("kind", Choice(CustomerKind))
    name = column("name")
    email = column("email")
    company = column("company", name="company_name")
    vat_id = column("vat_id")
    street = column("street")
    postal_code = column("postal_code")
    city = column("city")
    country = column("country", Text(upper=True))
    language = column("language", Choice([("en", "English"), ("de", "Deutsch")]))
    payment_days = column("payment_days", Whole())
    groups = column("wanted_groups", GroupsCell(), name="groups")

    key_columns = ("number", "name")

    class Meta(TableResource.Meta):
        model = Customer
        fields = (
            "entity",
            "number",
            "kind",
            "name",
            "email",
            "company",
            "vat_id",
            "street",
            "postal_code",
            "city",
            "country",
            "language",
            "payment_days",
            "groups",
        )

    def load(self, table: Table) -> None:
        cell: Any = self.fields["groups"].widget
        cell.resource = self
        cell.groups = {(group.entity_id, group.name): group for group in CustomerGroup.objects.all()}

    def candidates(self, table: Table) -> QuerySet[Customer]:
        numbers, names = self.cells(table, "number"), self.cells(table, "name")
        wanted = Q(number__in=numbers) | Q(number="", name__in=names)
        return Customer.objects.filter(wanted).select_related("entity").prefetch_related("groups")

    def key_of(self, instance: Customer) -> tuple[Hashable, ...]:
        if instance.number:
            return (instance.entity_id, instance.number)
        return (instance.entity_id, instance.name, instance.email)

    def row_key(self, row: dict[str, Any]) -> tuple[Hashable, ...]:
        company = self.company_of(row)
        if number := Text().clean(row.get("number")):
            return (company.pk, number)
        return (company.pk, self.key_cell("name", row), Text().clean(row.get("email")))

    def after_init_instance(self, instance: Any, new: bool, row: dict[str, Any], **kwargs: Any) -> None:
        instance.wanted_groups = [] if new else sorted(instance.groups.all(), key=lambda group: group.name)
        super().after_init_instance(instance, new, row, **kwargs)

    def check(self, instance: Customer) -> dict[str, str]:
        if instance.pk and instance.kind != CustomerKind.PARTNER and instance.prefixes.exists():
            return {"kind": "Contract prefixes belong to it, so it stays a roaming partner."}
        return {}

    def save_row(self, instance: Any, *, new: bool, changes: Changes, actor: User | None) -> None:
        super().save_row(instance, new=new, changes=changes, actor=actor)
        if "groups" in changes:
            instance.groups.set(instance.wanted_groups)

    def filter_export(self, queryset: QuerySet[Customer], **kwargs: Any) -> QuerySet[Customer]:
        return queryset.select_related("entity").prefetch_related("groups")

    def dehydrate_groups(self, customer: Customer) -> str:
        return safe_cell(GROUP_SEPARATOR.join(sorted(group.name for group in customer.groups.all())))


class TokenResource(TableResource):
    """One line per token, found by company and UID."""

    entity = company_column()
    uid = column("uid")
    type = column("type", Choice(TokenType))
    contract_id = column("contract_id")
    customer = column("customer", CustomerCell())
    blocked_from = column("blocked_from", Moment())
    blocked_reason = column("blocked_reason")
    needs_review = column("needs_review", YesNo())

    key_columns = ("uid",)

    class Meta(TableResource.Meta):
        model = Token
        fields = ("entity", "uid", "type", "contract_id", "customer", "blocked_from", "blocked_reason", "needs_review")

    def load(self, table: Table) -> None:
        self.fields["customer"].widget.look_in(self, self.cells(table, "customer"))

    def candidates(self, table: Table) -> QuerySet[Token]:
        return Token.objects.filter(uid__in=self.cells(table, "uid")).select_related("entity", "customer")

    def check(self, instance: Token) -> dict[str, str]:
        if instance.blocked_from and not instance.blocked_reason:
            return {"blocked_reason": "Say why the token is blocked."}
        if instance.blocked_reason and not instance.blocked_from:
            return {"blocked_from": "Say from when the token is blocked, or remove the reason."}
        return {}

    def filter_export(self, queryset: QuerySet[Token], **kwargs: Any) -> QuerySet[Token]:
        return queryset.select_related("entity", "customer")


class ContractPrefixResource(TableResource):
    """One line per contract prefix, found by company and prefix; the partner by number or name."""

    entity = company_column()
    prefix = column("prefix")
    partner = column("partner", CustomerCell())

    key_columns = ("prefix",)

    class Meta(TableResource.Meta):
        model = ContractPrefix
        fields = ("entity", "prefix", "partner")

    def load(self, table: Table) -> None:
        self.fields["partner"].widget.look_in(self, self.cells(table, "partner"))
        there = ContractPrefix.objects.values_list("entity_id", "prefix", "partner__name")
        self.taken = {(entity_id, normalized(prefix)): (prefix, partner) for entity_id, prefix, partner in there}

    def candidates(self, table: Table) -> QuerySet[ContractPrefix]:
        return ContractPrefix.objects.filter(prefix__in=self.cells(table, "prefix")).select_related("entity", "partner")

    def check(self, instance: ContractPrefix) -> dict[str, str]:
        if instance.partner.kind != CustomerKind.PARTNER:
            return {"partner": f"{instance.partner} is no roaming partner."}
        if not normalized(instance.prefix):
            return {"prefix": "Give at least one letter or digit."}
        mine = (instance.prefix, instance.partner.name)
        other, owner = self.taken.setdefault((instance.entity_id, normalized(instance.prefix)), mine)
        return {"prefix": f"{other} is the same prefix and belongs to {owner}."} if other != instance.prefix else {}

    def filter_export(self, queryset: QuerySet[ContractPrefix], **kwargs: Any) -> QuerySet[ContractPrefix]:
        return queryset.select_related("entity", "partner")
