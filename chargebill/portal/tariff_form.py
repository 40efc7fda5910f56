"""The form of a tariff: four prices, each of which may stay empty, and from when on."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from billing.models import Tariff, TariffVersion
from billing.tariff_prices import Prices
from chargebill.core.errors import UserError
from chargebill.core.fields import UpperCaseField
from chargebill.core.models import LegalEntity, validate_currency

MOST_DECIMALS = 4
PRICES = {
    "start_fee": ("Start fee", "once per session"),
    "energy_per_kwh": ("Energy", "per kWh"),
    "charging_per_minute": ("Charging time", "per minute"),
    "idle_per_minute": ("Idle time, connected after charging", "per minute"),
}


class PriceField(forms.DecimalField):
    """A price, 0 or more; empty is free. A decimal comma is taken for a point."""

    def __init__(self, label: str, unit: str) -> None:
        super().__init__(
            label=label,
            required=False,
            min_value=Decimal(0),
            max_digits=10,
            decimal_places=MOST_DECIMALS,
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            error_messages={
                "invalid": "This is no number. Write it like 0.59.",
                "min_value": "A price can't be negative. Leave it empty if it is free.",
                "max_decimal_places": f"At most {MOST_DECIMALS} digits behind the point, such as 0.5988.",
                "max_digits": "This is too big for a price. Check the decimal point.",
                "max_whole_digits": "This is too big for a price. Check the decimal point.",
            },
        )
        self.unit = unit

    def to_python(self, value: Any) -> Decimal | None:
        if isinstance(value, str) and value.count(",") == 1 and "." not in value:
            value = value.replace(",", ".")
        return super().to_python(value)


class TariffForm(forms.Form):
    """``latest`` is the version in force, whose prices the form begins with. Dates are on the company's own calendar."""

    name = forms.CharField(label="Name", max_length=120, help_text="Drivers see it beside their price.")
    currency = UpperCaseField(label="Currency", max_length=3, validators=[validate_currency], help_text="Such as EUR.")
    tax_included = forms.ChoiceField(
        label="Tax",
        choices=[("yes", "These prices include tax"), ("no", "Tax is added to these prices")],
        widget=forms.RadioSelect,
        error_messages={"required": "Say whether these prices include tax."},
    )
    start_fee = PriceField(*PRICES["start_fee"])
    energy_per_kwh = PriceField(*PRICES["energy_per_kwh"])
    charging_per_minute = PriceField(*PRICES["charging_per_minute"])
    idle_per_minute = PriceField(*PRICES["idle_per_minute"])
    valid_from = forms.DateField(
        label="Valid from",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "This is no date. Write it like 2026-09-01."},
        help_text="From the beginning of that day. Empty: since ever, earlier sessions too.",
    )
    free_of_charge = forms.BooleanField(label="Yes, charging is free of charge", required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, entity: LegalEntity, tariff: Tariff | None, latest: Any, zone: ZoneInfo, at: datetime, **kwargs: Any
    ) -> None:
        self.entity, self.tariff, self.zone = entity, tariff, zone
        super().__init__(*args, initial=self._initial(latest, at), **kwargs)
        if self.known_currency:
            del self.fields["currency"]

    def _initial(self, latest: Any, at: datetime) -> dict[str, Any]:
        if self.tariff is None:
            return {"name": "Standard", "seen": 0}
        initial: dict[str, Any] = {"name": self.tariff.name, "seen": self._last_number()}
        initial["valid_from"] = at.astimezone(self.zone).date() + timedelta(days=1)
        if latest:
            initial["tax_included"] = "yes" if latest.version.tax_included == TariffVersion.TaxIncluded.YES else "no"
            for name in PRICES:
                if price := getattr(latest.prices, name):
                    initial[name] = f"{price.normalize():f}"
        return initial

    @property
    def known_currency(self) -> str:
        """A tariff keeps its currency, and a company bills in its own; "" while neither says."""
        return self.tariff.currency if self.tariff else self.entity.base_currency

    @property
    def price_fields(self) -> list[tuple[forms.BoundField, str]]:
        return [(self[name], unit) for name, (_, unit) in PRICES.items()]

    @property
    def asks_about_free(self) -> bool:
        return "free_of_charge" in self.errors or bool(self.is_bound and self.data.get("free_of_charge"))

    def _last_number(self) -> int:
        last = TariffVersion.objects.filter(tariff=self.tariff).order_by("-number").values_list("number", flat=True).first()
        return last or 0

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        readable = not any(name in self.errors for name in PRICES)
        if readable and self.prices.is_free and not cleaned.get("free_of_charge"):
            self.add_error("free_of_charge", "No price is given. Charging would be free of charge: confirm it, or enter a price.")
        return cleaned

    @property
    def prices(self) -> Prices:
        """What is typed and can be read; the rest counts as free."""
        return Prices(**{name: self.cleaned_data.get(name) for name in PRICES})

    def priced(self) -> dict[str, Any]:
        """What a preview needs."""
        currency = self.known_currency or self.cleaned_data.get("currency") or "XXX"
        return {"prices": self.prices, "currency": currency, "tax_included": self.cleaned_data.get("tax_included") != "no"}

    def check_unchanged(self) -> None:
        """Raises UserError when a version came in since the form was opened: the same click twice, or someone else."""
        tariff = Tariff.objects.filter(entity=self.entity).order_by("pk").first()
        last = TariffVersion.objects.filter(tariff=tariff).order_by("-number").first() if tariff else None
        if (last.number if last else 0) != (self.cleaned_data.get("seen") or 0):
            who = last.created_by if last and last.created_by else "somebody"
            raise UserError(
                "changed_meanwhile",
                f"{last or 'Another version'} was saved by {who} after you opened this form. Nothing was saved now; "
                "look at the versions below, then open the form again.",
            )

    def arguments(self) -> dict[str, Any]:
        """What set_tariff takes."""
        day = self.cleaned_data["valid_from"]
        return {
            "name": self.cleaned_data["name"],
            "currency": self.known_currency or self.cleaned_data["currency"],
            "tax_included": self.cleaned_data["tax_included"] == "yes",
            **{name: self.cleaned_data[name] for name in PRICES},
            "valid_from": datetime.combine(day, time.min, self.zone) if day else None,
        }
