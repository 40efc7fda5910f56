"""What is owed back is said once, to somebody of the same company, and stays as it was said."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from billing.models import RefundDue
from billing.operations.refunds import owe
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent
from tests.documents.conftest import AT, Operator, make_operator
from tests.payments.conftest import billed, month, of, operator  # noqa: F401


def owed(operator: Operator, amount: Any = "5.07", **more: Any) -> RefundDue:  # noqa: F811
    given = {
        "entity": operator.entity,
        "customer": operator.customers["Ada"],
        "document": of("Ada"),
        "amount": Decimal(amount),
        "currency": "GBP",
        "source_type": "document",
        "source_id": "7",
        "key": "credit:7",
        "actor": None,
        "at": AT,
        **more,
    }
    return owe(**given)


def refused(code: str, *args: Any, **more: Any) -> None:
    before = list(RefundDue.objects.values())
    with pytest.raises(UserError) as caught:
        owed(*args, **more)
    assert caught.value.code == code
    assert list(RefundDue.objects.values()) == before


def test_the_same_reason_is_owed_once(billed: Operator) -> None:  # noqa: F811
    first = owed(billed)
    assert owed(billed) == first
    assert RefundDue.objects.count() == AuditEvent.objects.filter(action="refund.owe").count() == 1
    refused("due_key_used", billed, "5.06")
    refused("due_key_used", billed, customer=None)


def test_only_an_exact_amount_above_zero_is_owed(billed: Operator) -> None:  # noqa: F811
    for amount in ("0", "-1", "1.005", "NaN", "1000000000000"):
        refused("amount", billed, amount)


def test_it_is_owed_within_one_company_and_currency(billed: Operator, tmp_path) -> None:  # noqa: F811
    other = make_operator(tmp_path / "..", "Forth Charging")
    refused("due_target", billed, entity=other.entity, document=None)
    refused("due_target", billed, entity=other.entity, customer=None)
    refused("due_target", billed, currency="EUR")


def test_the_database_refuses_what_the_code_would(billed: Operator, tmp_path) -> None:  # noqa: F811
    other = make_operator(tmp_path / "..", "Forth Charging")
    due = owed(billed)
    columns = "entity_id, key, customer_id, document_id, source_type, source_id, amount, currency, made_by_id, made_at"

    def insert(entity: int, customer: int | None, document: int | None, amount: str, currency: str) -> str:
        with pytest.raises(IntegrityError) as caught, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO billing_refunddue ({columns}) VALUES (%s, 'raw', %s, %s, 'x', '1', {amount}, %s, NULL, %s)",
                [entity, customer, document, currency, AT],
            )
        return str(caught.value)

    mine, ada = billed.entity.pk, billed.customers["Ada"].pk
    assert "refund_due_above_zero" in insert(mine, ada, None, "0", "GBP")
    assert "one company and one currency" in insert(mine, ada, due.document_id, "1", "EUR")
    assert "one company and one currency" in insert(other.entity.pk, ada, None, "1", "GBP")
    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        RefundDue.objects.update(amount=6)
    with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
        RefundDue.objects.all()._raw_delete("default")
    assert RefundDue.objects.get() == due
