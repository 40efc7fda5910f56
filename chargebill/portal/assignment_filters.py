"""Filters of the list of assignments: who, where, and on which day."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter, TextFilter
from unfold.widgets import UnfoldAdminTextInputWidget

from billing.models import Assignment

NONE_OF_WHO = Q(token=None, customer=None, group=None, customer_kind="")
NONE_OF_WHERE = Q(connector=None, evse=None, location=None)


def in_force(day: date) -> Q:
    return (Q(valid_from=None) | Q(valid_from__lte=day)) & (Q(valid_until=None) | Q(valid_until__gt=day))


class _By(DropdownFilter):
    conditions: dict[str, tuple[str, Q]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, word) for value, (word, _) in self.conditions.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Assignment]) -> QuerySet[Assignment]:
        found = self.conditions.get(self.value() or "")
        return queryset.filter(found[1]) if found else queryset


class WhoFilter(_By):
    title = "who"
    parameter_name = "who"
    conditions = {
        "everyone": ("Everyone", NONE_OF_WHO),
        "kind": ("A kind of customer", ~Q(customer_kind="")),
        "group": ("A group", Q(group__isnull=False)),
        "customer": ("One customer", Q(customer__isnull=False)),
        "token": ("One token", Q(token__isnull=False)),
    }


class WhereFilter(_By):
    title = "where"
    parameter_name = "where"
    conditions = {
        "everywhere": ("Every place", NONE_OF_WHERE),
        "location": ("One place", Q(location__isnull=False)),
        "evse": ("One EVSE", Q(evse__isnull=False)),
        "connector": ("One connector", Q(connector__isnull=False)),
    }


class DayForm(forms.Form):
    def __init__(self, name: str, label: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[name] = forms.CharField(
            label=label, required=False, widget=UnfoldAdminTextInputWidget(attrs={"type": "date"})
        )


class InForceFilter(TextFilter):
    """In force on a day, written 2026-09-01. What is no day says so and hides nothing."""

    title = "day in force"
    parameter_name = "in_force_on"
    form_class = DayForm

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        name = self.parameter_name
        yield {"form": self.form_class(name=name, label="In force on", data={name: self.value()})}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Assignment]) -> QuerySet[Assignment]:
        if not self.value():
            return queryset
        try:
            return queryset.filter(in_force(date.fromisoformat(self.value())))
        except ValueError:
            messages.error(request, "Give the day as year-month-day, such as 2026-09-01. The list shows every day now.")
            return queryset
