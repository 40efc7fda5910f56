"""The form of an assignment, in plain words: which tariff, who pays it, where, at which power, from when until when."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from billing.models import Assignment, Tariff
from billing.operations.assignments import Terms
from chargebill.core.models import LegalEntity
from chargebill.portal.assignment_pickers import PickerField, value_of
from chargebill.portal.choices import EARLIEST, LATEST, today_of
from memberships.models import CustomerGroup, CustomerKind

WHO = {
    "everyone": "Everyone",
    "customer_kind": "A kind of customer",
    "group": "Members of a group",
    "customer": "One customer",
    "token": "One token",
}
WHERE = {"everywhere": "At every place", "location": "At one place", "evse": "At one EVSE", "connector": "At one connector"}
POWER = {"any": "Connectors of any power", "band": "Only connectors rated in this range"}


def date_field(label: str, help_text: str) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "This is no date. Write it like 2026-09-01."},
        help_text=help_text,
    )


def reason_field(help_text: str) -> forms.CharField:
    return forms.CharField(label="Why", max_length=200, help_text=help_text, error_messages={"required": "Say why."})


def check_day(form: forms.Form, name: str) -> date | None:
    """A day a session can have; otherwise says so at the field."""
    day = form.cleaned_data.get(name)
    if day is not None and not EARLIEST < day < LATEST:
        form.add_error(name, f"No session starts in {day.year}. Check the year.")
        return None
    return day


class PowerField(forms.DecimalField):
    """Rated kW; a decimal comma is taken for a point."""

    def __init__(self, label: str) -> None:
        super().__init__(
            label=label,
            required=False,
            max_digits=7,
            decimal_places=2,
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            error_messages={
                "invalid": "This is no number. Write it like 50.",
                "max_digits": "No connector has so much power. Give kW.",
                "max_whole_digits": "No connector has so much power. Give kW.",
                "max_decimal_places": "At most two digits behind the point.",
            },
        )

    def to_python(self, value: Any) -> Decimal | None:
        if isinstance(value, str) and value.count(",") == 1 and "." not in value:
            value = value.replace(",", ".")
        return super().to_python(value)


class AssignmentForm(forms.Form):
    """Of one company. Only what belongs to the chosen who, where and power counts; the rest may be left in the form."""

    tariff = forms.ModelChoiceField(label="Tariff", queryset=Tariff.objects.none(), empty_label="Choose a tariff")
    who = forms.ChoiceField(label="Who pays it?", choices=WHO.items(), widget=forms.RadioSelect)
    customer_kind = forms.ChoiceField(
        label="Kind of customer", required=False, choices=[("", "Choose"), *((k.value, k.label) for k in CustomerKind)]
    )
    group = forms.ModelChoiceField(label="Group", required=False, queryset=CustomerGroup.objects.none(), empty_label="Choose")
    customer = PickerField("customer", label="Customer")
    token = PickerField("token", label="Token")
    where = forms.ChoiceField(label="Where?", choices=WHERE.items(), widget=forms.RadioSelect)
    location = PickerField("location", label="Place")
    evse = PickerField("evse", label="EVSE")
    connector = PickerField("connector", label="Connector")
    power = forms.ChoiceField(label="Which power?", choices=POWER.items(), widget=forms.RadioSelect)
    min_kw = PowerField("From, kW")
    max_kw = PowerField("To below, kW")
    first_day = date_field("First day", "Empty: since ever, earlier sessions too.")
    last_day = date_field("Last day", "Empty: no end.")

    def __init__(self, *args: Any, entity: LegalEntity, assignment: Assignment | None = None, **kwargs: Any) -> None:
        self.entity = entity
        initial = initial_of(assignment) if assignment else first_initial(entity)
        super().__init__(*args, **{**kwargs, "initial": {**initial, **kwargs.get("initial", {})}})
        self.fields["tariff"].queryset = Tariff.objects.filter(entity=entity).order_by("name")
        self.fields["group"].queryset = CustomerGroup.objects.filter(entity=entity).order_by("name")
        for field in self.fields.values():
            if isinstance(field, PickerField):
                field.entity = entity

    @property
    def who_choices(self) -> list[tuple[Any, forms.BoundField | None]]:
        """Each way to say who, with the field that says which."""
        return self._with_fields("who")

    @property
    def where_choices(self) -> list[tuple[Any, forms.BoundField | None]]:
        return self._with_fields("where")

    def _with_fields(self, name: str) -> list[tuple[Any, forms.BoundField | None]]:
        return [(radio, self[value] if value in self.fields else None) for radio in self[name] for value in [radio.data["value"]]]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for choice in ("who", "where"):
            name = cleaned.get(choice)
            for other in {*(WHO if choice == "who" else WHERE)} - {name}:
                # What belongs to another choice is hidden, and must not be in the way.
                self.errors.pop(other, None)
            if name in self.fields and not cleaned.get(name) and name not in self.errors:
                self.add_error(name, f"Say which {in_words(str(self.fields[name].label))}.")
        if cleaned.get("power") == "band":
            if not self.errors.keys() & {"min_kw", "max_kw"} and not cleaned.get("min_kw") and not cleaned.get("max_kw"):
                self.add_error("min_kw", "Give at least one of the two bounds, above 0.")
        else:
            for name in ("min_kw", "max_kw"):
                self.errors.pop(name, None)
        first, last = check_day(self, "first_day"), check_day(self, "last_day")
        if first and last and last < first:
            self.add_error("last_day", "The last day is before the first. Exchange the two.")
        return cleaned

    def terms(self) -> Terms:
        """What the operations take; what can't be read is left out, so that it can be shown while somebody types."""
        cleaned = self.cleaned_data
        terms: dict[str, Any] = {}
        for choice in ("who", "where"):
            if (name := cleaned.get(choice)) in self.fields and cleaned.get(name):
                terms[name] = cleaned[name]
        if cleaned.get("power") == "band":
            terms |= {name: cleaned.get(name) for name in ("min_kw", "max_kw")}
        terms["valid_from"] = cleaned.get("first_day")
        last = cleaned.get("last_day")
        terms["valid_until"] = last + timedelta(days=1) if last else None
        return Terms(**terms)  # type: ignore[typeddict-item]


def in_words(label: str) -> str:
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def first_initial(entity: LegalEntity) -> dict[str, Any]:
    """A company's first assignment is for everything there is; later ones change prices from tomorrow on."""
    initial: dict[str, Any] = {"who": "everyone", "where": "everywhere", "power": "any"}
    if Assignment.objects.filter(entity=entity).exists():
        initial["first_day"] = today_of(entity, timezone.now()) + timedelta(days=1)
    tariffs = list(Tariff.objects.filter(entity=entity).values_list("pk", flat=True)[:2])
    if len(tariffs) == 1:
        initial["tariff"] = tariffs[0]
    return initial


def initial_of(assignment: Assignment) -> dict[str, Any]:
    who = next((name for name in list(WHO)[1:] if getattr(assignment, name)), "everyone")
    where = next((name for name in list(WHERE)[1:] if getattr(assignment, name) is not None), "everywhere")
    initial: dict[str, Any] = {"tariff": assignment.tariff_id, "who": who, "where": where}
    if who in ("customer", "token"):
        initial[who] = value_of(who, getattr(assignment, who))
    elif who == "group":
        initial["group"] = assignment.group_id
    else:
        initial["customer_kind"] = assignment.customer_kind
    if where != "everywhere":
        initial[where] = value_of(where, getattr(assignment, where))
    initial["power"] = "any" if assignment.min_kw is None and assignment.max_kw is None else "band"
    for name in ("min_kw", "max_kw"):
        if (kw := getattr(assignment, name)) is not None:
            initial[name] = f"{kw.normalize():f}"
    initial["first_day"] = assignment.valid_from
    initial["last_day"] = assignment.valid_until - timedelta(days=1) if assignment.valid_until else None
    return initial


class EndForm(forms.Form):
    """The last day on which an assignment applies, and why it ends."""

    last_day = date_field("Last day", "The last day on which sessions that start get this price. Empty: no end any more.")
    reason = reason_field("Kept in its history. Such as: new prices from September.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        check_day(self, "last_day")
        return cleaned

    @property
    def valid_until(self) -> date | None:
        last = self.cleaned_data["last_day"]
        return last + timedelta(days=1) if last else None


class DeleteForm(forms.Form):
    reason = reason_field("Kept in the audit trail. Such as: entered twice.")
