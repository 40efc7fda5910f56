"""What the tests of several pages of assignments do."""

import re
from typing import Any

from django.test import Client

from billing.models import Assignment
from billing.operations import assign
from tests.assignments.conftest import AT, World

LIST = "/billing/assignment/"
WHOLE = {
    "who": "everyone",
    "where": "everywhere",
    "power": "any",
    "customer_kind": "",
    "group": "",
    "customer": "",
    "token": "",
    "location": "",
    "evse": "",
    "connector": "",
    "min_kw": "",
    "max_kw": "",
    "first_day": "",
    "last_day": "",
}


def save(client: Client, world: World, **other: Any) -> Any:
    return client.post(f"{LIST}add/", {**WHOLE, "tariff": world.day.pk, **other}, follow=True)


def said(page: Any) -> str:
    return " ".join(str(message) for message in page.context["messages"])


def text(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def give(world: World, **terms: Any) -> Assignment:
    return assign(entity=world.entity, **({"tariff": world.day, "actor": None, "at": AT} | terms))
