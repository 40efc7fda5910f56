"""The base of every form people change things with: what was changed is kept, and history can't be deleted."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import IntegrityError, models
from django.db.models import Model, ProtectedError, QuerySet
from django.forms import BaseFormSet, Field, ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.text import capfirst, get_text_list
from unfold.widgets import UnfoldAdminTextInputWidget

from chargebill.core import events
from chargebill.core.admin import PortalAdmin
from chargebill.core.fields import TimeZoneField, UpperCaseField, offered_time_zones
from chargebill.core.models import AuditEvent, LegalEntity, validate_country, validate_currency, validate_time_zone

# {"field in words": [old, new]}: what an event keeps of a saved form.
Changes = dict[str, list[Any]]

# Written to an event as having changed, never with their value.
SECRET_FIELDS = ("password", "password1", "password2", "usable_password")
HIDDEN = "(not shown)"


def plain(value: Any) -> Any:
    """A value as JSON keeps it and people read it."""
    if isinstance(value, Model):
        return str(value)
    if isinstance(value, QuerySet | list | tuple | set):
        return [plain(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        # 22 and 22.00 are the same to whoever reads what changed.
        return f"{value.normalize():f}"
    return value


@dataclass(frozen=True, slots=True)
class Change:
    """One line of "what changed", written out; "" is nothing."""

    what: str
    old: str
    new: str


def changes_of(event: AuditEvent) -> list[Change]:
    """What an event says changed. Values that are no pair of old and new are shown as new."""
    changes = event.changes
    if set(changes) == {"old", "new"} and all(isinstance(side, dict) for side in changes.values()):
        changes = {name: [changes["old"].get(name), value] for name, value in changes["new"].items()}
    shown = []
    for name, value in changes.items():
        old, new = value if isinstance(value, list) and len(value) == 2 else (None, value)
        shown.append(Change(name.replace("_", " "), said(old), said(new)))
    return shown


def said(value: Any) -> str:
    """A kept value as people read it."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(said(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {said(item)}" for name, item in value.items())
    return str(value)


def in_words(label: str) -> str:
    """A field's label inside a sentence: "Time zone" loses its capital, "VAT ids" keeps it."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def entity_of(obj: Model) -> LegalEntity | None:
    """The company a row belongs to, directly or through its EVSE; None for rows of nobody."""
    if isinstance(obj, LegalEntity):
        return obj
    if isinstance(entity := getattr(obj, "entity", None), LegalEntity):
        return entity
    return getattr(getattr(obj, "evse", None), "entity", None)


class AuditedForm(ModelForm):
    """Says in words, at the field, that a name is taken; also within a company that can't be changed any more."""

    def _get_validation_exclusions(self) -> set[str]:
        # A fixed company is not among the form's fields; left out here, the database would find the clash, with a crash.
        known = {"entity"} if getattr(self.instance, "entity_id", None) else set()
        return super()._get_validation_exclusions() - known

    def _update_errors(self, errors: ValidationError) -> None:
        found = getattr(errors, "error_dict", {})
        for error in list(found.get(NON_FIELD_ERRORS, [])):
            if error.code != "unique_together":
                continue
            *others, last = [name for name in error.params["unique_check"] if name != "entity"]
            words = get_text_list([in_words(str(self.fields[name].label)) for name in (*others, last)], "and")
            taken = ValidationError(f"There is already {self._one_more()} with this {words}. Nothing was saved.", code="unique")
            found[NON_FIELD_ERRORS].remove(error)
            found.setdefault(last, []).append(taken)
        if NON_FIELD_ERRORS in found and not found[NON_FIELD_ERRORS]:
            del found[NON_FIELD_ERRORS]
        super()._update_errors(errors)

    def _one_more(self) -> str:
        name = str(self._meta.model._meta.verbose_name)
        return f"{'an' if name[0].lower() in 'aeio' else 'a'} {name}"


class AuditedAdmin(PortalAdmin):
    """A form whose every save writes an audit event, and a delete button only where no history hangs on the row."""

    form = AuditedForm
    object_history_template = "portal/object_history.html"
    change_form_outer_after_template = "portal/parts/time_zones.html"

    class Media:
        css = {"all": ["css/forms.css"]}

    # May be set once: what hangs on the row would otherwise belong to two companies.
    fixed_fields: tuple[str, ...] = ("entity",)

    @property
    def time_zones(self) -> list[str]:
        return offered_time_zones()

    # Forms

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial = super().get_changeform_initial_data(request)
        if "entity" not in initial and any(field.name == "entity" for field in self.opts.fields):
            companies = list(LegalEntity.objects.values_list("pk", flat=True)[:2])
            if len(companies) == 1:
                initial["entity"] = companies[0]
        return initial

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        fixed = [name for name in self.fixed_fields if obj is not None and any(f.name == name for f in self.opts.fields)]
        return [*super().get_readonly_fields(request, obj), *fixed]

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Field | None:
        validators = db_field.validators
        if validate_time_zone in validators:
            kwargs["form_class"] = TimeZoneField
            kwargs["widget"] = UnfoldAdminTextInputWidget(
                attrs={"list": "time-zones", "autocomplete": "off", "spellcheck": "false"}
            )
        elif code := next((v for v in validators if v in (validate_country, validate_currency)), None):
            kwargs |= {"form_class": UpperCaseField, "advice": code.message}
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    # What happened

    def construct_change_message(
        self, request: HttpRequest, form: ModelForm, formsets: list[BaseFormSet] | None, add: bool = False
    ) -> Changes:
        """Old and new value of everything a saved form changed; Django hands it on to log_addition and log_change."""
        changes = self._form_changes(form, add=add)
        for formset in formsets or ():
            of = capfirst(formset.model._meta.verbose_name)
            for inline in formset.forms:
                if inline.instance in formset.new_objects or any(inline.instance == row for row, _ in formset.changed_objects):
                    rows = self._form_changes(inline, add=inline.instance in formset.new_objects)
                    changes |= {f"{of} {inline.instance}: {label}": pair for label, pair in rows.items()}
            changes |= {f"{of} {row}": [str(row), None] for row in formset.deleted_objects}
        return changes

    def _form_changes(self, form: ModelForm, *, add: bool) -> Changes:
        changes: Changes = {}
        for name in form.changed_data:
            if name in SECRET_FIELDS:
                changes["password"] = [HIDDEN, HIDDEN]
                continue
            field = form.fields.get(name)
            if field is None:
                continue
            old, new = None if add else self._before(form, name, field), plain(form.cleaned_data.get(name))
            if old != new:
                changes[in_words(str(field.label or name))] = [old, new]
        return changes

    def _before(self, form: ModelForm, name: str, field: Field) -> Any:
        initial = form.get_initial_for_field(field, name)
        queryset = getattr(field, "queryset", None)
        if queryset is None or initial in (None, ""):
            return plain(initial)
        if isinstance(initial, list | tuple):
            return [str(item) for item in initial]
        return plain(queryset.model._base_manager.filter(pk=getattr(initial, "pk", initial)).first())

    def log_addition(self, request: HttpRequest, obj: Model, message: Changes) -> AuditEvent:
        return self._record(request, "add", obj, f"{capfirst(self.opts.verbose_name)} {obj} added", message)

    def log_change(self, request: HttpRequest, obj: Model, message: Changes) -> AuditEvent | None:
        if not message:
            return None
        what = get_text_list(list(message), "and")
        return self._record(request, "change", obj, f"{capfirst(self.opts.verbose_name)} {obj}: {what} changed", message)

    def log_deletions(self, request: HttpRequest, queryset: list[Model]) -> list[AuditEvent]:
        return [
            self._record(
                request,
                "delete",
                obj,
                f"{capfirst(self.opts.verbose_name)} {obj} deleted",
                {
                    in_words(str(f.verbose_name)): [plain(getattr(obj, f.name)), None]
                    for f in self.opts.fields
                    if f.name not in SECRET_FIELDS
                },
            )
            for obj in queryset
        ]

    def _record(self, request: HttpRequest, verb: str, obj: Model, summary: str, changes: Changes) -> AuditEvent:
        return events.record(
            action=f"{self.opts.model_name}.{verb}",
            subject=obj,
            summary=summary,
            actor=request.user,
            at=timezone.now(),
            # A company that is being deleted can't be named by the event that says so.
            entity=None if verb == "delete" and isinstance(obj, LegalEntity) else entity_of(obj),
            changes=changes,
        )

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        rows = AuditEvent.objects.filter(object_type=self.opts.label_lower, object_id=str(obj.pk)).select_related("actor")
        page = Paginator(rows, 50).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": "History",
            "page": page,
            "happened": [(event, changes_of(event)) for event in page],
            "opts": self.opts,
            "original": obj,
            "object": obj,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.object_history_template, context)

    # Deleting

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        # Rows go one by one, after a look at what hangs on them.
        actions.pop("delete_selected", None)
        return actions

    def history_of(self, obj: Model) -> list[str]:
        """What keeps a row from being deleted, in words ("sessions", "EVSEs"); empty when nothing does."""
        kept = []
        for relation in obj._meta.get_fields(include_hidden=True):
            if not relation.auto_created or relation.concrete:
                continue
            protects = getattr(relation, "on_delete", None) is models.PROTECT
            if (protects or relation.many_to_many) and relation.related_model._base_manager.filter(
                **{relation.field.name: obj.pk}
            ).exists():
                kept.append(str(relation.related_model._meta.verbose_name_plural))
        return sorted(set(kept))

    def _kept(self, obj: Model) -> list[str]:
        if not hasattr(obj, "_kept_by"):
            obj._kept_by = self.history_of(obj)
        return obj._kept_by

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or not self._kept(obj))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        if obj is not None and super().has_delete_permission(request, obj) and (kept := self._kept(obj)):
            return self._not_deleted(request, obj, kept)
        try:
            return super().delete_view(request, object_id, extra_context)
        except (ProtectedError, IntegrityError):
            # Something was attached to the row since it was looked at.
            return self._not_deleted(request, obj, self.history_of(obj) or ["other rows"])

    def _not_deleted(self, request: HttpRequest, obj: Model, kept: list[str]) -> HttpResponse:
        self.message_user(
            request,
            f"{obj} can't be deleted: {get_text_list(kept, 'and')} belong to it. Nothing was changed.",
            messages.ERROR,
        )
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", obj.pk)
