"""Customers, groups, tokens and contract prefixes in the portal. Who pays decides the price, so prices follow."""

from django.contrib import admin

from chargebill.portal.repricing import RepricingMixin
from memberships.admin import ContractPrefixAdmin, CustomerAdmin, CustomerGroupAdmin, TokenAdmin
from memberships.models import ContractPrefix, Customer, CustomerGroup, Token

admin.site.register(CustomerGroup, CustomerGroupAdmin)


@admin.register(Customer)
class PricedCustomerAdmin(RepricingMixin, CustomerAdmin):
    # A group is "groups" in the form and "wanted_groups" in a table.
    priced_by = ("kind", "groups", "wanted_groups")


@admin.register(Token)
class PricedTokenAdmin(RepricingMixin, TokenAdmin):
    priced_by = ("customer", "contract_id", "uid")
    # Its sessions may have been there first.
    priced_by_new_rows = True


@admin.register(ContractPrefix)
class PricedContractPrefixAdmin(RepricingMixin, ContractPrefixAdmin):
    priced_by = ("prefix", "partner")
    priced_by_new_rows = True
