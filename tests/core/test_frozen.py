"""What must not change is refused by the database itself, on both databases, whoever asks."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction

from billing.models import AppliedTaxes, Cdr, TariffVersion
from chargebill.core import frozen
from chargebill.core.frozen import Frozen
from tests.rows import NOON, priced_sessions, versions

RETIRED = {"state": "RETIRED", "activated_at": NOON, "valid_until": NOON}


def statements() -> dict[str, str]:
    """What is declared, of every model."""
    return {name: made for model in apps.get_models() for name, made in frozen.declared(model, connection).items()}


def there() -> dict[str, str]:
    return {name: made for name, (_, made) in frozen.installed(connection).items()}


def refused(statement: str, *values: object) -> str:
    """What the database says to a statement it must refuse."""
    with pytest.raises(IntegrityError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
    return str(error.value)


def run(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.fixture
def cdr(db: None) -> Cdr:
    priced_sessions(1)
    return Cdr.objects.get()


@pytest.fixture
def draft(db: None) -> TariffVersion:
    return versions(1)[0]


@pytest.mark.django_db
def test_after_migrate_the_database_has_the_declared_triggers_and_no_other() -> None:
    assert {model.__name__ for model in apps.get_models() if frozen.rules_of(model)} >= {"Cdr", "AppliedTaxes", "TariffVersion"}
    assert there() == statements()


def test_a_price_can_be_neither_changed_nor_deleted(cdr: Cdr) -> None:
    for field in Cdr._meta.concrete_fields:
        if not field.primary_key:
            with pytest.raises(IntegrityError, match="CDR rows like this one never change"), transaction.atomic():
                Cdr.objects.update(**{field.attname: another(field)})
    assert "never deleted" in refused("DELETE FROM billing_cdr WHERE id = %s", cdr.pk)
    assert "never change" in refused("UPDATE billing_cdr SET gross_amount = 1")
    assert Cdr.objects.values().get() == {f.attname: getattr(cdr, f.attname) for f in Cdr._meta.concrete_fields}


def another(field: models.Field) -> object:
    """A value no row of these tests has."""
    if isinstance(field, models.DateTimeField):
        return NOON + timedelta(days=999)
    return "x" if isinstance(field, models.CharField) else 77


def test_writing_the_same_values_again_is_no_change(cdr: Cdr) -> None:
    cdr.save()
    run("UPDATE billing_cdr SET gross_amount = gross_amount")


@pytest.mark.django_db
def test_taxes_that_prices_refer_to_stay() -> None:
    AppliedTaxes.objects.create(key="ENERGY 19 DE19", taxes={"ENERGY": ["19", "DE19"]})
    assert "applied taxes" in refused("UPDATE billing_appliedtaxes SET key = 'x'")
    assert "applied taxes" in refused("DELETE FROM billing_appliedtaxes")


def test_a_draft_may_change_and_go(draft: TariffVersion) -> None:
    run("UPDATE billing_tariffversion SET grace_minutes = 5 WHERE id = %s", draft.pk)
    run("DELETE FROM billing_tariffversion WHERE id = %s", draft.pk)
    assert not TariffVersion.objects.exists()


def test_an_activated_version_only_ends(draft: TariffVersion) -> None:
    TariffVersion.objects.update(state="ACTIVE", activated_at=NOON, valid_from=NOON)
    for change in ("elements = '[]'", "grace_minutes = 5", "number = 9", "tax_included = 'NO'", "min_price = 1"):
        assert "never change" in refused(f"UPDATE billing_tariffversion SET {change} WHERE id = %s", draft.pk)
    assert "never deleted" in refused("DELETE FROM billing_tariffversion WHERE id = %s", draft.pk)
    # Back to a draft it could be edited again.
    refused("UPDATE billing_tariffversion SET state = 'DRAFT' WHERE id = %s", draft.pk)
    refused("UPDATE billing_tariffversion SET valid_from = NULL WHERE id = %s", draft.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        TariffVersion.objects.update(valid_from=NOON - timedelta(days=1))
    TariffVersion.objects.update(state="RETIRED", valid_until=NOON + timedelta(days=9))
    assert TariffVersion.objects.get().valid_until == NOON + timedelta(days=9)


def test_a_version_replaced_before_it_applied_may_hold_for_no_moment(draft: TariffVersion) -> None:
    TariffVersion.objects.update(state="ACTIVE", activated_at=NOON)
    TariffVersion.objects.update(state="RETIRED", valid_from=NOON, valid_until=NOON)
    version = TariffVersion.objects.get()
    assert (version.valid_from, version.valid_until) == (NOON, NOON)


@pytest.mark.django_db
def test_what_is_missing_or_different_is_put_right_after_a_migrate(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen.remove()
    assert there() == {}
    call_command("migrate", verbosity=0)
    assert there() == statements()

    monkeypatch.setattr(AppliedTaxes, "frozen", [Frozen(but=("key",))])
    call_command("migrate", verbosity=0)
    assert there() == statements()
    AppliedTaxes.objects.create(key="a", taxes={})
    run("UPDATE billing_appliedtaxes SET key = 'b'")

    monkeypatch.setattr(AppliedTaxes, "frozen", [])
    call_command("migrate", verbosity=0)
    assert not [name for name in there() if "appliedtaxes" in name]


@pytest.mark.django_db
def test_triggers_go_before_a_migration_and_stay_where_there_is_none() -> None:
    frozen.before_migrate(plan=[])
    assert there() == statements()
    frozen.before_migrate(plan=[("a migration", False)])
    assert there() == {}
    frozen.install_all()
    assert there() == statements()


@pytest.mark.django_db(transaction=True)
def test_emptying_every_table_still_works_and_leaves_the_triggers() -> None:
    priced_sessions(2)
    call_command("flush", interactive=False, verbosity=0)
    assert not Cdr.objects.exists()
    assert there() == statements()


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_truncating_is_refused_too() -> None:
    priced_sessions(1)
    for statement in ("TRUNCATE billing_cdr CASCADE", "TRUNCATE billing_appliedtaxes CASCADE"):
        assert "never deleted" in refused(statement)
    assert Cdr.objects.count() == 1


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_a_table_made_anew_gets_its_triggers_back() -> None:
    """SQLite drops triggers with the table a migration makes anew: the rows stay, and their protection comes back."""
    AppliedTaxes.objects.create(key="a", taxes={})
    with connection.schema_editor() as editor:
        editor._remake_table(AppliedTaxes)
    assert [name for name in statements() if name not in there()] == [
        "frozen_billing_appliedtaxes_1_update",
        "frozen_billing_appliedtaxes_1_delete",
    ]
    call_command("migrate", verbosity=0)
    assert there() == statements()
    assert AppliedTaxes.objects.get().key == "a"
    assert "never change" in refused("UPDATE billing_appliedtaxes SET key = 'b'")
