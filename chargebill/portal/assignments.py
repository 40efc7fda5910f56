"""Assignments in the portal: the list, the form in plain words, ending and deleting with a reason."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RelatedDropdownFilter
from unfold.decorators import display

from billing.assignments import RELATED, explain, period_text, power_text, where_text, who_text
from billing.models import Assignment, Tariff
from billing.operations import assign, change_assignment, delete_assignment, end_assignment
from billing.operations.assignments import is_used
from chargebill.core.errors import UserError
from chargebill.core.keys import key_in, row_in
from chargebill.core.models import LegalEntity
from chargebill.core.tables.admin import TableAdmin
from chargebill.portal.assignment_filters import InForceFilter, WhereFilter, WhoFilter
from chargebill.portal.assignment_form import AssignmentForm, DeleteForm, EndForm
from chargebill.portal.assignment_preview import preview_of
from chargebill.portal.assignment_shown import chosen_company, state_of
from chargebill.portal.assignment_table import AssignmentResource
from chargebill.portal.choices import today_of
from chargebill.portal.repricing import price_again

# Where an operation's complaint belongs in the form.
FIELDS = {"customer_kind": "customer_kind", "valid_until": "last_day"}


@admin.register(Assignment)
class AssignmentAdmin(TableAdmin):
    resource_classes = [AssignmentResource]
    list_display = ["pays", "who", "where", "power", "period", "state", "entity"]
    list_filter = [
        ("entity", RelatedDropdownFilter),
        ("tariff", RelatedDropdownFilter),
        WhoFilter,
        ("group", AutocompleteSelectFilter),
        ("customer", AutocompleteSelectFilter),
        WhereFilter,
        ("location", AutocompleteSelectFilter),
        InForceFilter,
    ]
    list_select_related = list(RELATED)
    ordering = ["-pk"]
    search_fields = [
        "tariff__name",
        "token__uid",
        "customer__name",
        "customer__number",
        "group__name",
        "location__name",
        "evse__uid",
        "connector__evse__uid",
    ]
    search_help_text = "Tariff, token, customer, group, place or EVSE"
    empty_sentence = "A tariff costs nobody anything before it is assigned: to everyone, or to some drivers, places or powers."
    change_list_template = "portal/assignments/list.html"

    @display(description="Tariff", ordering="tariff__name")
    def pays(self, obj: Assignment) -> str:
        return obj.tariff.name

    @display(description="Who")
    def who(self, obj: Assignment) -> str:
        return who_text(obj)

    @display(description="Where")
    def where(self, obj: Assignment) -> str:
        return where_text(obj).removeprefix("at ").removesuffix(f" of {obj.entity.name}")

    @display(description="Power", empty_value="any")
    def power(self, obj: Assignment) -> str | None:
        return power_text(obj).removeprefix("connectors ") or None

    @display(description="Days", ordering="valid_from", empty_value="always")
    def period(self, obj: Assignment) -> str | None:
        return period_text(obj) or None

    @display(description="State")
    def state(self, obj: Assignment) -> str:
        return render_to_string("portal/parts/mark.html", {"mark": state_of(obj, today_of(obj.entity, timezone.now()))})

    def has_import_permission(self, request: HttpRequest) -> bool:
        """Out only."""
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("preview/", view(self.preview_view), name="billing_assignment_preview"),
            path("<path:object_id>/end/", view(self.end_view), name="billing_assignment_end"),
            *super().get_urls(),
        ]

    # One assignment

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        entity = chosen_company(request)
        if entity is None or not Tariff.objects.filter(entity=entity).exists():
            companies = LegalEntity.objects.order_by("name")
            context = {"title": "Assign a tariff", "entity": entity, "companies": companies if entity is None else []}
            return self._page(request, "portal/assignments/start.html", context)
        form = AssignmentForm(request.POST or None, entity=entity, initial=_asked_for(request))
        if request.method == "POST" and form.is_valid():
            made = self._do(
                form,
                lambda: assign(
                    entity=entity,
                    tariff=form.cleaned_data["tariff"],
                    actor=request.user,
                    at=timezone.now(),
                    **form.terms(),
                ),
            )
            if made:
                self.message_user(request, f"{explain(made)}. Saved.", messages.SUCCESS)
                price_again(request, entity, "a tariff was assigned")
                return redirect("admin:billing_assignment_changelist")
        context = {"title": "Assign a tariff", "entity": entity, "form": form, "preview": preview_of(form)}
        return self._page(request, "portal/assignments/form.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        assignment = self._assignment(request, object_id)
        if assignment is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        may_change, used = self.has_change_permission(request, assignment), is_used(assignment)
        form = None
        if may_change and not used:
            form = AssignmentForm(request.POST or None, entity=assignment.entity, assignment=assignment)
        if request.method == "POST":
            if form is None:
                raise PermissionDenied
            if form.is_valid():
                changed = self._do(
                    form,
                    lambda: change_assignment(
                        assignment=assignment,
                        tariff=form.cleaned_data["tariff"],
                        actor=request.user,
                        at=timezone.now(),
                        **form.terms(),
                    ),
                )
                if changed:
                    self.message_user(request, f"{explain(changed)}. Saved.", messages.SUCCESS)
                    price_again(request, assignment.entity, "an assignment changed")
                    return redirect("admin:billing_assignment_changelist")
        context = {
            "title": f"{assignment.tariff.name} for {who_text(assignment)}",
            "assignment": assignment,
            "entity": assignment.entity,
            "sentence": explain(assignment),
            "state": state_of(assignment, today_of(assignment.entity, timezone.now())),
            "used": used,
            "form": form,
            "preview": preview_of(form, assignment) if form else None,
            "may_end": may_change,
            "may_delete": not used and self.has_delete_permission(request, assignment),
        }
        return self._page(request, "portal/assignments/form.html", context)

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """In words, what the form says so far. Saves nothing."""
        entity = chosen_company(request)
        if request.method != "POST" or entity is None or not self.has_add_permission(request):
            raise PermissionDenied
        known = row_in(Assignment.objects.filter(entity=entity), request.GET.get("assignment", ""))
        form = AssignmentForm(request.POST, entity=entity, assignment=known)
        form.is_valid()
        return TemplateResponse(
            request, "portal/assignments/preview.html", {"preview": preview_of(form, known), "entity": entity}
        )

    def end_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        assignment = self._assignment(request, object_id)
        if assignment is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_change_permission(request, assignment):
            raise PermissionDenied
        today = today_of(assignment.entity, timezone.now())
        form = EndForm(request.POST or None, initial={"last_day": today})
        if request.method == "POST" and form.is_valid():
            ended = self._do(
                form,
                lambda: end_assignment(
                    assignment=assignment,
                    valid_until=form.valid_until,
                    reason=form.cleaned_data["reason"],
                    actor=request.user,
                    at=timezone.now(),
                ),
            )
            if ended:
                self.message_user(request, f"{explain(ended)}. Saved.", messages.SUCCESS)
                price_again(request, assignment.entity, "the end of an assignment changed")
                return redirect("admin:billing_assignment_changelist")
        return self._reason_page(request, assignment, form, "End this assignment", "Set the end")

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        assignment = self._assignment(request, object_id)
        if assignment is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not request.user.has_perm("billing.delete_assignment"):
            raise PermissionDenied
        form = DeleteForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                delete_assignment(
                    assignment=assignment, reason=form.cleaned_data["reason"], actor=request.user, at=timezone.now()
                )
            except UserError as error:
                self.message_user(request, error.message, messages.ERROR)
                return redirect("admin:billing_assignment_change", assignment.pk)
            self.message_user(request, f"Deleted: {explain(assignment)}.", messages.SUCCESS)
            price_again(request, assignment.entity, "an assignment was deleted")
            return redirect("admin:billing_assignment_changelist")
        return self._reason_page(request, assignment, form, "Delete this assignment", "Delete")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assignment]:
        return super().get_queryset(request).select_related(*RELATED)

    def _assignment(self, request: HttpRequest, object_id: str) -> Assignment | None:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found: Assignment | None = self.get_object(request, unquote(object_id))
        return found

    @staticmethod
    def _do(form: forms.Form, operation: Any) -> Any:
        """What the operation returns; None when it refuses, which the form then says."""
        try:
            return operation()
        except UserError as error:
            field = FIELDS.get(error.where, error.where)
            form.add_error(field if field in form.fields else None, error.message)
            return None

    def _reason_page(
        self, request: HttpRequest, assignment: Assignment, form: forms.Form, title: str, button: str
    ) -> HttpResponse:
        context = {
            "title": title,
            "assignment": assignment,
            "sentence": explain(assignment),
            "form": form,
            "button": button,
            "used": is_used(assignment),
            "crumbs": [
                ("Assignments", reverse("admin:billing_assignment_changelist")),
                (
                    f"{assignment.tariff.name} for {who_text(assignment)}",
                    reverse("admin:billing_assignment_change", args=[assignment.pk]),
                ),
            ],
        }
        return self._page(request, "portal/assignments/reason.html", context)

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        crumbs = [("Assignments", reverse("admin:billing_assignment_changelist"))]
        request.current_app = self.admin_site.name
        return TemplateResponse(request, template, {**self.admin_site.each_context(request), "crumbs": crumbs, **context})


def _asked_for(request: HttpRequest) -> dict[str, Any]:
    """What a link fills in: ?connector=50914-1, ?location=HUB, ?customer=K1, ?kind=MEMBER, ?tariff=3."""
    initial: dict[str, Any] = {}
    for choice, names in (("where", ("location", "evse", "connector")), ("who", ("customer", "token", "group"))):
        for name in names:
            if value := request.GET.get(name, "").replace("\0", "")[:120]:
                initial |= {choice: name, name: value}
    if (tariff := key_in(request.GET.get("tariff", ""))) is not None:
        initial["tariff"] = str(tariff)
    return initial
