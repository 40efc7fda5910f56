"""What gateways call customers: one id for each, given to one, offered where a document is collected."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from billing.document_models import Document
from billing.gateway_models import GatewayCustomer
from billing.takeover import read_gateway_customers
from billing.takeover_models import TakeOverKind
from chargebill.core.models import AuditEvent
from tests.documents.conftest import Operator
from tests.takeover.conftest import INVOICES, taken

HEADER = "customer,gateway,gateway_customer\n"
KIND = TakeOverKind.GATEWAY_CUSTOMERS


def said(*rows: str) -> list[tuple[int, str, str]]:
    report = read_gateway_customers(
        HEADER + "\n".join(rows) + "\n",
        customers={"C-7": (7, "Ada"), "C-8": (8, "Brewery")},
        there={(8, "stripe"): "cus_8"},
        whose={("stripe", "cus_8"): "Brewery"},
        set_up=frozenset({"stripe"}),
    )
    return [(line.line, p.column, p.message) for line in report.lines for p in line.problems] or [
        (line.line, "", line.will) for line in report.lines
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["C-7,stripe,cus_7"], [(2, "", "Ada is cus_7 at stripe.")]),
        (["C-7,adyen,x"], [(2, "", "Ada is x at adyen. The gateway is not set up here yet: the id waits for it.")]),
        (["C-8,stripe,cus_8"], [(2, "", "Brewery is cus_8 at stripe already: nothing happens.")]),
        (
            ["C-8,stripe,cus_9"],
            [(2, "gateway_customer", "Brewery is cus_8 at stripe already. Leave this line out.")],
        ),
        (
            ["C-7,stripe,cus_8"],
            [(2, "gateway_customer", "cus_8 is Brewery at stripe already. An id is one customer’s.")],
        ),
        (
            ["C-7,stripe,a", "C-7,stripe,b"],
            [(3, "customer", "Line 2 has an id of Ada at stripe already. Leave one of them out.")],
        ),
        (
            ["C-7,adyen,a", "C-8,adyen,a"],
            [(3, "gateway_customer", "Line 2 gives this id to somebody already. An id is one customer’s.")],
        ),
        (
            ["C-9,Stripe!,"],
            [
                (2, "customer", "There is no customer with the number 'C-9'. Enter or import the customer first."),
                (2, "gateway", "'Stripe!' is no name of a gateway. Write it in small letters, such as stripe."),
                (2, "gateway_customer", "An id has 1 to 100 characters."),
            ],
        ),
    ],
)
def test_each_line_says_what_happens_or_what_is_wrong(rows: list[str], expected: list[tuple[int, str, str]]) -> None:
    assert said(*rows) == expected


def test_ids_are_kept_once_and_never_change(tayside: Operator) -> None:
    text = HEADER + "C-Ada,stripe,cus_Ada\nC-Brewery,stripe,cus_Brewery\n"
    made = taken(tayside, text, KIND)
    assert taken(tayside, text, KIND) == made
    assert (made.totals, made.day) == (["2 ids of customers at gateways"], None)
    kept = GatewayCustomer.objects.get(customer=tayside.customers["Ada"])
    assert (kept.gateway, kept.reference, kept.take_over) == ("stripe", "cus_Ada", made)
    assert AuditEvent.objects.filter(action="take_over.commit").count() == 1
    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        GatewayCustomer.objects.filter(pk=kept.pk).update(reference="cus_Eve")


def test_the_form_that_collects_begins_with_the_id(tayside: Operator, client_of: Any) -> None:
    taken(tayside, HEADER + "C-Ada,stripe,cus_Ada\n", KIND)
    taken(tayside, INVOICES)
    page = client_of("Finance").get(f"/open-documents/{Document.claims.get(number='RE-2018-0417').pk}/")
    assert [one.reference for one in page.context["means"]] == ["cus_Ada"]
