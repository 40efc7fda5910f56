"""The OpenAPI document is valid, tells the truth about every address, and is shown without loading anything from elsewhere."""

import json
import re
from io import StringIO

import pytest
import schemathesis
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.urls import reverse
from hypothesis import HealthCheck, Phase, assume, given
from hypothesis import settings as examples
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from chargebill.wsgi import application

ADDRESSES = {
    ("get", "/api/v1/sessions"),
    ("get", "/api/v1/sessions/{id}"),
    ("get", "/api/v1/cdrs"),
    ("get", "/api/v1/cdrs/{id}"),
    ("get", "/api/v1/tariffs"),
    ("get", "/api/v1/tariffs/{id}"),
    ("get", "/api/v1/tariffs/{id}/versions/{number}"),
    ("post", "/api/v1/estimate"),
}


@pytest.fixture
def document(client):
    answer = client.get(reverse("api:schema"))
    assert answer.status_code == 200
    return json.loads(answer.content)


def test_the_document_is_valid_and_drawn_without_a_warning():
    out, warned = StringIO(), StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, format="openapi-json", stdout=out, stderr=warned)
    assert json.loads(out.getvalue())["openapi"] == "3.1.0"
    assert warned.getvalue() == ""


def operations(document):
    return [(method, path, told) for path, methods in document["paths"].items() for method, told in methods.items()]


def test_every_address_says_what_it_wants_and_what_can_go_wrong(document):
    assert {(method, path) for method, path, _ in operations(document)} == ADDRESSES
    for method, path, told in operations(document):
        assert told["security"] == [{"token": []}], path
        assert "Scope `" in told["description"], path
        wanted = {"200", "400", "401", "403", "406", "429"} | ({"404"} if "{id}" in path else set())
        wanted |= {"404", "409", "413", "415"} if method == "post" else set()
        assert set(told["responses"]) == wanted, path
        for status, answer in told["responses"].items():
            (content,) = answer["content"].values()
            if status != "200":
                assert content["schema"]["$ref"].endswith("/Error"), (path, status)
                assert content["examples"], (path, status)


def test_every_amount_is_text_with_a_currency_beside_it(document):
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        amounts = [key for key in ("net", "tax", "gross", "amount") if key in schema.get("properties", {})]
        for key in amounts:
            kinds = schema["properties"][key]["type"]
            assert "string" in kinds, (name, key)
        if amounts:
            assert "currency" in schema["properties"], name
    assert sum("gross" in schema.get("properties", {}) for schema in schemas.values()) == 5


def test_every_quantity_names_its_unit(document):
    units = {"_kwh": "kWh", "_s": "econds", "_kw": "kW", "_a": "A", "_at": "UTC"}
    for name, schema in document["components"]["schemas"].items():
        for key, told in schema.get("properties", {}).items():
            for ending, unit in units.items():
                if key.endswith(ending) and key != "price_components":
                    assert unit in told.get("description", ""), (name, key)


def test_every_parameter_says_what_it_is(document):
    said = {
        (path, parameter["name"]): parameter.get("description", "")
        for _, path, told in operations(document)
        for parameter in told.get("parameters", ())
    }
    assert len(said) > 30
    assert [place for place, text in said.items() if not text and place[1] not in ("id", "number")] == []


def test_the_documentation_loads_nothing_from_elsewhere(client):
    page = client.get(reverse("api:docs"))
    assert page.status_code == 200
    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(sources) >= 4
    for source in sources:
        assert source.startswith("/"), source
        if source.startswith("/static/"):
            assert finders.find(source.removeprefix("/static/")), source
    # Scripts of its own: the policy forbids those written into the page.
    assert re.findall(r"<script(?![^>]* src=)", page.text) == []
    assert "script-src 'self'" in page["Content-Security-Policy"]


@pytest.fixture
def within_the_test(db):
    """Requests keep the test's own connection open, as Django's client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def ask(operation, *, mode, headers, number, unsaid=()):
    """Asks one address ``number`` things, of the kind the document allows or of the other; returns how many it asked."""
    asked = []

    @given(case=operation.as_strategy(generation_mode=mode))
    @examples(
        max_examples=number,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def one(case):
        if mode is GenerationMode.POSITIVE:
            # Where to go on is known from the page before only.
            case.query.pop("cursor", None)
        assume(all(value not in ([], {}, None) for value in case.query.values()))
        asked.append(case.call_and_validate(headers=headers, excluded_checks=list(unsaid)).status_code)

    one()
    return asked


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_one_the_document_tells_of(mode, program, network, settings, full_size, within_the_test):
    """What the document allows, and what it does not: never a 500, never an answer or a type it does not name."""
    settings.API_RATE = 10**9
    headers = {"Authorization": f"Bearer {program().key}"}
    described = schemathesis.openapi.from_wsgi(reverse("api:schema"), application)
    number, answers = 200 if full_size else 12, []
    for method, path in sorted(ADDRESSES):
        # Which moments and tariffs go together is said in the text only.
        unsaid = [positive_data_acceptance] if method == "post" else []
        answers += ask(described[path][method], mode=mode, headers=headers, number=number, unsaid=unsaid)
    assert len(answers) >= 8 * 12
    assert 500 not in answers
    assert (200 if mode is GenerationMode.POSITIVE else 400) in answers
