"""Takes over what gateways call our customers."""

from datetime import date, datetime

from billing.gateway_models import GatewayCustomer
from billing.gateway_registry import gateways
from billing.takeover import Report, read_gateway_customers
from billing.takeover_models import TakeOver
from chargebill.core.models import LegalEntity, User
from memberships.models import Customer


def read(entity: LegalEntity, text: str, day: date) -> Report:
    """What the file would do; ``day`` does not matter. Raises UserError."""
    customers = Customer.objects.filter(entity=entity).exclude(number="").values_list("number", "pk", "name")
    # An id is one customer's in all companies: a gateway knows nothing of ours.
    kept = GatewayCustomer.objects.values_list("customer_id", "gateway", "reference", "customer__name")
    there, whose = {}, {}
    for customer_id, gateway, reference, name in kept:
        there[customer_id, gateway] = reference
        whose[gateway, reference] = name
    return read_gateway_customers(
        text,
        customers={number: (pk, name) for number, pk, name in customers},
        there=there,
        whose=whose,
        set_up=frozenset(gateways()),
    )


def commit(take_over: TakeOver, report: Report, actor: User | None, at: datetime) -> None:
    """Keeps the ids, in the caller's transaction."""
    GatewayCustomer.objects.bulk_create(
        [
            GatewayCustomer(customer_id=one.customer_id, gateway=one.gateway, reference=one.reference, take_over=take_over)
            for one in report.values
        ],
        batch_size=500,
    )
