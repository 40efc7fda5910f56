"""What a person types into the tariff editor, and what the portal says back."""

from typing import Any

from django.test import Client
from django.urls import reverse

from billing.models import Tariff
from chargebill.core.models import LegalEntity

WHOLE = {
    "name": "Standard",
    "code": "",
    "tax_included": "yes",
    "tax_category": "STANDARD",
    "min_price": "",
    "max_price": "",
    "grace_minutes": "",
    "parking_cap": "",
    "seen": "",
    "rule": "1",
    "rule-1-price_FLAT": "0.35",
    "rule-1-price_ENERGY": "0.5988",
    "rule-1-price_TIME": "",
    "rule-1-price_PARKING_TIME": "0.1",
    "rule-1-per_PARKING_TIME": "minute",
}


def new_url(entity: LegalEntity, start: str = "per_kwh") -> str:
    return reverse("admin:tariff_new", args=[entity.pk, start])


def edit_url(tariff: Tariff) -> str:
    return reverse("admin:tariff_edit", args=[tariff.pk])


def page_of(tariff: Tariff) -> str:
    return reverse("admin:billing_tariff_change", args=[tariff.pk])


def send(client: Client, url: str, do: str = "save", /, **other: Any) -> Any:
    """Sends the editor's form with the button ``do``; dashes of field names are written as double underscores."""
    changes = {name.replace("__", "-"): value for name, value in other.items()}
    return client.post(url, {**WHOLE, **changes, "do": do}, follow=True)


def said(page: Any) -> str:
    return " ".join(str(message) for message in page.context["messages"])


def text(page: Any) -> str:
    """The page's markup with its blanks folded."""
    return " ".join(page.content.decode().split())
