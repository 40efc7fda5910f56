"""Rows that must not change: a model declares what, and the database's own triggers refuse everything else.

    class Cdr(models.Model):
        frozen = [Frozen()]

Beside it a model may say what is ``refused``: a row that may not come, or a change that other tables speak against.

Before a migrate that has something to apply the triggers go, after it they are made equal to the declaration: SQLite
drops a table's triggers without a word when a migration makes the table anew. Where nothing is ``refused``, inserting
is never looked at.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig, apps
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.options import Options

PREFIX = "frozen_"
FUNCTION = "chargebill_refuse"


@dataclass(frozen=True, slots=True)
class Frozen:
    """``fields`` (none named: every one) ``but`` these keep their value, and the row stays; from when ``once`` holds.

    ``once`` is SQL on the row as it is and as it would be (``OLD.name``, ``NEW.name``) that both databases understand;
    "": from the beginning. ``stays`` False: this rule says nothing about deleting. Once every row is frozen from the
    beginning, PostgreSQL refuses TRUNCATE, too.
    """

    fields: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    once: str = ""
    stays: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """``event`` ("INSERT", "UPDATE") is refused when ``when`` holds, with the words ``said``.

    ``when`` is SQL on ``NEW`` (and ``OLD``) that both databases understand, other tables included; ``hold`` a query that
    PostgreSQL runs before, to lock what ``when`` looks at. SQLite needs none: a writing transaction is alone.
    """

    event: str
    when: str
    said: str
    hold: str = ""


def rules_of(model: type[models.Model]) -> list[Frozen]:
    return list(getattr(model, "frozen", []))


def refusals_of(model: type[models.Model]) -> list[Refused]:
    return list(getattr(model, "refused", []))


def declared(model: type[models.Model], connection: BaseDatabaseWrapper) -> dict[str, str]:
    """The triggers a model's table should have: name -> the statement that makes it."""
    table, wanted = model._meta.db_table, {}
    for number, rule in enumerate(rules_of(model), 1):
        columns = _columns(model._meta, rule)
        changed = " OR ".join(_differs(connection, column) for column in columns)
        name = f"{PREFIX}{table}_{number}"
        said = f"{model._meta.verbose_name} rows like this one never change"
        wanted[f"{name}_update"] = _row_trigger(
            connection, f"{name}_update", "UPDATE", table, " AND ".join(f"({c})" for c in (rule.once, changed) if c), said
        )
        if rule.stays:
            kept = f"{model._meta.verbose_name} rows like this one are never deleted"
            wanted[f"{name}_delete"] = _row_trigger(connection, f"{name}_delete", "DELETE", table, rule.once, kept)
            if connection.vendor == "postgresql" and not rule.once:
                wanted[f"{name}_truncate"] = (
                    f'CREATE TRIGGER "{name}_truncate" BEFORE TRUNCATE ON "{table}"'
                    f" FOR EACH STATEMENT EXECUTE FUNCTION {FUNCTION}('{kept}')"
                )
    for number, refusal in enumerate(refusals_of(model), 1):
        name = f"{PREFIX}{table}_refused_{number}"
        wanted[name] = _refusal(connection, name, table, refusal)
    return wanted


def _refusal(connection: BaseDatabaseWrapper, name: str, table: str, refusal: Refused) -> str:
    """PostgreSQL's own WHEN knows no other table, so the condition stands in a function of the trigger's name."""
    head = f'CREATE TRIGGER "{name}" BEFORE {refusal.event} ON "{table}" FOR EACH ROW'
    if connection.vendor != "postgresql":
        return f"{head} BEGIN SELECT RAISE(ABORT, '{refusal.said}') WHERE {refusal.when}; END"
    hold = f" PERFORM {refusal.hold.removeprefix('SELECT ')};" if refusal.hold else ""
    return (
        f'CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN{hold} IF {refusal.when}'
        f" THEN RAISE EXCEPTION '{refusal.said}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
        f' RETURN NEW; END $$; {head} EXECUTE FUNCTION "{name}"()'
    )


def _columns(meta: Options[Any], rule: Frozen) -> list[str]:
    """Raises KeyError for a name the model has no column for."""
    columns = {field.name: str(field.column) for field in meta.concrete_fields}
    left_out = {columns[name] for name in rule.but}
    return [column for column in (columns[name] for name in rule.fields or columns) if column not in left_out]


def _differs(connection: BaseDatabaseWrapper, column: str) -> str:
    different = "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
    return f'OLD."{column}" {different} NEW."{column}"'


def _row_trigger(connection: BaseDatabaseWrapper, name: str, event: str, table: str, when: str, said: str) -> str:
    head = f'CREATE TRIGGER "{name}" BEFORE {event} ON "{table}" FOR EACH ROW' + (f" WHEN ({when})" if when else "")
    if connection.vendor == "postgresql":
        return f"{head} EXECUTE FUNCTION {FUNCTION}('{said}')"
    return f"{head} BEGIN SELECT RAISE(ABORT, '{said}'); END"


def installed(connection: BaseDatabaseWrapper) -> dict[str, tuple[str, str]]:
    """The triggers that are there and work: name -> (table, the statement that made it)."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # PostgreSQL keeps no statement, only its parse: ours is kept in the trigger's comment.
            cursor.execute(
                "SELECT t.tgname, c.relname, coalesce(obj_description(t.oid, 'pg_trigger'), '') FROM pg_trigger t"
                " JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND t.tgenabled = 'O'"
                " AND t.tgname LIKE %s AND pg_table_is_visible(c.oid)",
                [f"{PREFIX}%"],
            )
        else:
            cursor.execute(
                "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s", [f"{PREFIX}%"]
            )
        return {name: (table, statement) for name, table, statement in cursor.fetchall()}


def install(found: Iterable[type[models.Model]], using: str = DEFAULT_DB_ALIAS) -> None:
    """Makes the triggers of these models' tables equal to the declaration. Cheap where they are already."""
    connection = connections[using]
    there = installed(connection)
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
    wanted: dict[str, str] = {}
    of_table: dict[str, str] = {}
    looked_at = set()
    for model in found:
        if model._meta.managed and not model._meta.proxy and model._meta.db_table in tables:
            looked_at.add(model._meta.db_table)
            # Half-way through the migrations a table may lack a column that a trigger would name.
            if (rules_of(model) or refusals_of(model)) and _is_whole(model, connection):
                statements = declared(model, connection)
                wanted |= statements
                of_table |= dict.fromkeys(statements, model._meta.db_table)
    gone = {name: table for name, (table, made) in there.items() if table in looked_at and wanted.get(name) != made}
    missing = {name: made for name, made in wanted.items() if name not in there or name in gone}
    if not (gone or missing):
        return
    with connection.cursor() as cursor:
        for name, table in gone.items():
            _drop(connection, cursor, name, table)
        if missing and connection.vendor == "postgresql":
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; END $$"
            )
        for name, made in missing.items():
            cursor.execute(made)
            if connection.vendor == "postgresql":
                quoted = made.replace("'", "''")
                cursor.execute(f'COMMENT ON TRIGGER "{name}" ON "{of_table[name]}" IS \'{quoted}\'')


def _is_whole(model: type[models.Model], connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        there = {column.name for column in connection.introspection.get_table_description(cursor, model._meta.db_table)}
    return {field.column for field in model._meta.concrete_fields} <= there


def remove(using: str = DEFAULT_DB_ALIAS) -> None:
    """Takes every trigger of ours away: for what makes tables anew or empties them all."""
    connection = connections[using]
    there = installed(connection)
    with connection.cursor() as cursor:
        for name, (table, _) in there.items():
            _drop(connection, cursor, name, table)


def _drop(connection: BaseDatabaseWrapper, cursor: Any, name: str, table: str) -> None:
    cursor.execute(f'DROP TRIGGER "{name}"' + (f' ON "{table}"' if connection.vendor == "postgresql" else ""))


def before_migrate(using: str = DEFAULT_DB_ALIAS, plan: list[Any] | None = None, **kwargs: Any) -> None:
    """A migration may make a frozen table anew, or fill a new column of it. With nothing to apply the triggers stay."""
    if plan:
        remove(using)


def after_migrate(sender: AppConfig, using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    install(sender.get_models(), using)


def install_all(using: str = DEFAULT_DB_ALIAS) -> None:
    install(apps.get_models(), using)
