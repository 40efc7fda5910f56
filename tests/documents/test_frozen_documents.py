"""What was issued is refused every change by the database itself, whoever asks, on both databases."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, models, transaction

from billing.document_models import Document, DocumentLine, DocumentTax, NumberSeries
from tests.core.test_frozen import another, refused
from tests.documents.conftest import Operator

PARTS = (Document, DocumentLine, DocumentTax)


def other(field: models.Field) -> models.F | object:
    """A value no row of these tests has."""
    if isinstance(field, models.BooleanField):
        return models.Case(models.When(**{field.name: True}, then=models.Value(False)), default=models.Value(True))
    if isinstance(field, models.DateField) and not isinstance(field, models.DateTimeField):
        return date(2099, 1, 1)
    return another(field)


def everything() -> list[list[dict[str, object]]]:
    return [list(model._default_manager.order_by("pk").values()) for model in PARTS]


@pytest.fixture
def issued(month: Operator) -> Document:
    month.issue()
    return Document.objects.get(number="INV-000001")


@pytest.mark.parametrize("model", PARTS)
def test_nothing_of_an_issued_document_changes_or_goes(model: type[models.Model], issued: Document) -> None:
    before = everything()
    for field in model._meta.concrete_fields:
        if not field.primary_key:
            with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
                model._default_manager.update(**{field.attname: other(field)})
    table = model._meta.db_table
    assert "never change" in refused(f"UPDATE {table} SET gross_amount = gross_amount + 1, net_amount = net_amount + 1")
    assert "never deleted" in refused(f"DELETE FROM {table}")
    with pytest.raises(IntegrityError), transaction.atomic():
        model._default_manager.all()._raw_delete(model._default_manager.db)
    assert everything() == before


@pytest.mark.parametrize("model", [DocumentLine, DocumentTax])
def test_nothing_is_added_to_an_issued_document_or_moved_to_it(model: type[models.Model], issued: Document) -> None:
    before = everything()
    columns = [f'"{f.column}"' for f in model._meta.concrete_fields if not f.primary_key]
    copied = ["99" if name in ('"position"', '"tax_rate"') else name for name in columns]
    table = model._meta.db_table
    said = refused(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(copied)} FROM {table} WHERE document_id = %s", issued.pk
    )
    assert "nothing is added to it" in said
    other = Document.objects.exclude(pk=issued.pk).first()
    assert "never change" in refused(f"UPDATE {table} SET document_id = %s WHERE document_id = %s", other.pk, issued.pk)
    assert everything() == before


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_issued_documents_can_not_be_truncated(tmp_path) -> None:
    from tests.documents.conftest import make_operator, session

    operator = make_operator(tmp_path)
    operator.bring(session("A1"))
    operator.issue()
    for model in PARTS:
        assert "never deleted" in refused(f"TRUNCATE {model._meta.db_table} CASCADE")
    assert Document.objects.count() == DocumentLine.objects.count() == DocumentTax.objects.count() == 1


def test_an_amount_that_does_not_add_up_is_no_document(issued: Document) -> None:
    issued.pk, issued.sequence, issued.number = None, 77, "INV-77"
    issued.tax_amount += 1
    with pytest.raises(IntegrityError, match="document_adds_up"), transaction.atomic():
        issued.save(force_insert=True)


def test_a_line_without_a_document_does_not_stay(issued: Document) -> None:
    line = issued.lines.first()
    line.pk, line.document_id = None, 999_999

    def add() -> None:
        line.save(force_insert=True)
        # What the end of a transaction does.
        connection.check_constraints()

    with pytest.raises(IntegrityError), transaction.atomic():
        add()


def test_a_series_stays_with_its_company_and_kind(issued: Document) -> None:
    series = NumberSeries.objects.get(kind="INVOICE")
    assert "never change" in refused("UPDATE billing_numberseries SET kind = 'RECEIPT' WHERE id = %s", series.pk)
    assert "never deleted" in refused("DELETE FROM billing_numberseries")
