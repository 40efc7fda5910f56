"""One table as a file: its columns, how a row is found, what is checked, what is kept about a change."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Literal

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import capfirst, get_text_list
from import_export.fields import Field
from import_export.resources import ModelResource
from import_export.results import Result, RowResult

from chargebill.core.audited import Changes, entity_of, plain
from chargebill.core.models import AuditEvent, LegalEntity, User
from chargebill.core.tables.cells import Named, Text
from chargebill.core.tables.formats import Table


def column(attribute: str, cell: Any = None, *, name: str = "", readonly: bool = False) -> Field:
    """A column ``name`` (the attribute's, if not given) that holds ``attribute``."""
    return Field(attribute=attribute, column_name=name or attribute, widget=cell or Text(), readonly=readonly)


def company_column(attribute: str = "entity") -> Field:
    """The company a row belongs to; the file may leave it out where there is only one."""
    return column(attribute, Named(lambda name, row: None), name="company", readonly=True)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row, for the person who has the file open. ``column`` is empty when it is about all of it."""

    line: int
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class TakenRow:
    """What a row of the file does: ``changes`` are {column: [old, new]}."""

    line: int
    name: str
    state: Literal["new", "changed", "unchanged"]
    changes: Changes
    company_id: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a file would do, or did. With a problem anywhere, nothing was written."""

    rows: list[TakenRow]
    problems: list[Problem]

    def count(self, state: str) -> int:
        return sum(row.state == state for row in self.rows)

    @property
    def new(self) -> int:
        return self.count("new")

    @property
    def changed(self) -> int:
        return self.count("changed")

    @property
    def unchanged(self) -> int:
        return self.count("unchanged")

    @property
    def effective(self) -> list[TakenRow]:
        """The rows that do something."""
        return [row for row in self.rows if row.state != "unchanged"]


STATES: dict[str, Literal["new", "changed", "unchanged"]] = {
    RowResult.IMPORT_TYPE_NEW: "new",
    RowResult.IMPORT_TYPE_UPDATE: "changed",
    RowResult.IMPORT_TYPE_SKIP: "unchanged",
}


class TableResource(ModelResource):
    """Rows of a company, found by ``key_columns`` below it. Subclasses declare fields and ``key_columns``.

    A column that is not in the file stays as it is; an empty cell empties. What rows refer to is read once per file,
    rows are saved one by one: for tables of thousands of rows, not millions.
    """

    # How the file names a row, below the company.
    key_columns: tuple[str, ...] = ()

    class Meta:
        use_transactions = True
        skip_unchanged = True
        report_skipped = True
        store_instance = True
        # Compared and validated below: theirs costs queries per row.
        skip_diff = True
        clean_model_instances = False

    # What subclasses say

    def load(self, table: Table) -> None:
        """Reads what the columns refer to."""

    def candidates(self, table: Table) -> QuerySet[Any]:
        """Stored rows the file may mean."""
        raise NotImplementedError

    def key_of(self, instance: Any) -> tuple[Hashable, ...]:
        """Company and key of a stored row, as ``row_key`` reads them from the file."""
        return (instance.entity_id, *(getattr(instance, self.fields[name].attribute) for name in self.key_columns))

    def row_key(self, row: dict[str, Any]) -> tuple[Hashable, ...]:
        return (self.company_of(row).pk, *(self.key_cell(name, row) for name in self.key_columns))

    def check(self, instance: Any) -> dict[str, str]:
        """What is wrong with a row beyond single cells: {attribute: sentence}."""
        return {}

    def adopt(self, instance: Any, row: dict[str, Any]) -> None:
        """Gives a new row its company."""
        instance.entity = self.company_of(row)

    def save_row(self, instance: Any, *, new: bool, changes: Changes, actor: User | None) -> None:
        instance.save(force_insert=new)

    # For subclasses

    def company_of(self, row: dict[str, Any]) -> LegalEntity:
        """The company a row is about: named, or the only one there is."""
        name = Text().clean(row.get("company"))
        if not name and len(self.companies) == 1:
            return next(iter(self.companies.values()))
        if name not in self.companies:
            raise ValidationError(
                {"company": f"There is no company {name!r}." if name else "Name the company: there are several."}
            )
        return self.companies[name]

    def key_cell(self, name: str, row: dict[str, Any]) -> Hashable:
        """The cell of a key column, read. Raises ValidationError when it is empty or can't be read."""
        field = next(f for f in self.fields.values() if f.column_name == name)
        try:
            value = field.widget.clean(row.get(name), row=row)
        except ValueError as error:
            raise ValidationError({name: str(error)}) from error
        if value in (None, ""):
            raise ValidationError({name: f"Empty. A row is found by {get_text_list(self.key_columns, 'and')}."})
        return value

    @staticmethod
    def cells(table: Table, name: str) -> set[str]:
        """All texts in a column; none where the file doesn't have it."""
        if name not in (table.headers or []):
            return set()
        return {text for cell in table[name] if (text := Text().clean(cell))}

    def named(self, rows: dict[tuple[int, str], Any], what: str) -> Callable[[str, Any], Any]:
        """A Named cell's ``find`` over rows by (company id, name)."""

        def find(name: str, row: Any) -> Any:
            if not name:
                return None
            company = self.company_of(row)
            if (company.pk, name) not in rows:
                raise ValueError(f"{company} has no {what} {name!r}.")
            return rows[company.pk, name]

        return find

    # Taking a file

    def take(self, table: Table, *, actor: User | None, file_name: str, dry_run: bool) -> Outcome:
        """Imports the whole table, or nothing where there is a problem; ``dry_run`` only says what would happen."""
        try:
            self._prepare(table)
        except ValidationError as error:
            return Outcome([], [Problem(1, "", error.messages[0])])
        result = self.import_data(table, dry_run=dry_run, rollback_on_validation_errors=True, user=actor, file_name=file_name)
        rows = [
            TakenRow(row.line, row.object_repr, STATES[row.import_type], row.changes, entity_of(row.instance).pk)
            for row in result.rows
            if row.import_type in STATES
        ]
        return Outcome(rows, self._problems(result))

    def _prepare(self, table: Table) -> None:
        known = [field.column_name for field in self.get_import_fields()]
        headers = table.headers or []
        if unknown := [name for name in headers if name not in known]:
            raise ValidationError(f"The column {unknown[0]!r} is not known here. There is: {', '.join(known)}.")
        if missing := [name for name in self.key_columns if name not in headers]:
            raise ValidationError(
                f"The column {missing[0]!r} is missing. A row is found by {get_text_list(self.key_columns, 'and')}."
            )
        self.lines = table.lines
        self.met: dict[tuple[Hashable, ...], int] = {}
        self.companies = {company.name: company for company in LegalEntity.objects.all()}
        self.load(table)
        self.stored = {self.key_of(row): row for row in self.candidates(table)}

    def _check_import_id_fields(self, headers: list[str]) -> None:
        """Done in _prepare, in words."""

    def _problems(self, result: Result) -> list[Problem]:
        column_of = {field.attribute: field.column_name for field in self.fields.values()}
        problems = [Problem(1, "", str(error.error)) for error in result.base_errors]
        for invalid in result.invalid_rows:
            for name, sentences in invalid.error_dict.items():
                where = "" if name == NON_FIELD_ERRORS else column_of.get(name, name)
                # One cell, one sentence: the first says enough to correct it.
                problems.append(Problem(self.lines[invalid.number - 1], where, sentences[0]))
        for failed in result.error_rows:
            problems += [Problem(self.lines[failed.number - 1], "", str(error.error)) for error in failed.errors]
        return sorted(problems, key=lambda problem: problem.line)

    # One row

    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        self.line = self.lines[kwargs["row_number"] - 1]
        self.changes: Changes = {}

    def get_instance(self, instance_loader: Any, row: dict[str, Any]) -> Any:
        key = self.row_key(row)
        if key in self.met:
            raise ValidationError({self.key_columns[-1]: f"The same as line {self.met[key]}. Keep one of the two."})
        self.met[key] = self.line
        return self.stored.get(key)

    def after_init_instance(self, instance: Any, new: bool, row: dict[str, Any], **kwargs: Any) -> None:
        self.before = {} if new else self._values(instance)
        if new:
            self.adopt(instance, row)

    def _values(self, instance: Any) -> dict[str, Any]:
        """Column -> value, as events keep it."""
        values = {}
        for field in self.get_import_fields():
            value = field.get_value(instance)
            named = isinstance(field.widget, Named) and value is not None
            values[field.column_name] = field.widget.name_of(value) if named else plain(value)
        return values

    def skip_row(self, instance: Any, original: Any, row: dict[str, Any], import_validation_errors: Any = None) -> bool:
        if import_validation_errors:
            return False
        nothing = (None, "", False, [])
        self.changes = {
            name: [self.before.get(name), value]
            for name, value in self._values(instance).items()
            if (value != self.before[name] if self.before else value not in nothing)
        }
        return bool(self.before) and not self.changes

    def validate_instance(self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True) -> None:
        errors = dict(import_validation_errors or {})
        relations = [field for field in instance._meta.fields if field.is_relation]
        for field in relations:
            if not field.null and getattr(instance, field.attname) is None and field.name not in errors:
                errors[field.name] = ValidationError(f"Empty. Say which {field.related_model._meta.verbose_name} it belongs to.")
        try:
            # Rows referred to were just read, and the natural key is what found this one.
            checked = {f.attribute for f in self.fields.values() if getattr(f.widget, "checks_all", False)}
            instance.clean_fields(exclude={*errors, *checked, *(field.name for field in relations)})
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        if not errors:
            errors = {name: ValidationError(message) for name, message in self.check(instance).items()}
        if errors:
            raise ValidationError(errors)

    def save_instance(self, instance: Any, is_create: bool, row: dict[str, Any], **kwargs: Any) -> None:
        self.save_row(instance, new=is_create, changes=self.changes, actor=kwargs.get("user"))

    def after_import_row(self, row: dict[str, Any], row_result: RowResult, **kwargs: Any) -> None:
        row_result.line, row_result.changes = self.line, self.changes

    def after_import(self, dataset: Table, result: Result, **kwargs: Any) -> None:
        """Keeps what changed, in the transaction of the import."""
        if kwargs.get("dry_run") or result.has_errors() or result.has_validation_errors():
            return
        at, actor, file_name = timezone.now(), kwargs.get("user"), kwargs.get("file_name") or "a file"
        kind = self._meta.model._meta
        verbs = {RowResult.IMPORT_TYPE_NEW: ("add", "added"), RowResult.IMPORT_TYPE_UPDATE: ("change", "changed")}
        AuditEvent.objects.bulk_create(
            AuditEvent(
                at=at,
                actor=actor,
                action=f"{kind.model_name}.{verbs[row.import_type][0]}",
                entity=entity_of(row.instance),
                object_type=kind.label_lower,
                object_id=str(row.instance.pk),
                summary=f"{capfirst(kind.verbose_name)} {row.instance} {verbs[row.import_type][1]} from a file"[:300],
                reason=f"{file_name}, line {row.line}",
                changes=row.changes,
            )
            for row in result.rows
            if row.import_type in verbs
        )
