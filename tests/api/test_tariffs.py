"""GET tariffs, tariffs/{id} and their versions: as they are stored, in OCPI's words."""

from datetime import UTC, datetime
from decimal import Decimal

from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Tariff, TariffVersion
from chargebill.core.models import LegalEntity
from tests import rows

# The token, its use in this minute, the page, its versions.
QUERIES = 4
JANUARY, JUNE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
NIGHT = [
    {
        "price_components": [{"type": "ENERGY", "price": "0.3900", "step_size": 1}],
        "restrictions": {"start_time": "22:00", "end_time": "07:00"},
    },
    {"price_components": [{"type": "ENERGY", "price": 0.59}, {"type": "PARKING_TIME", "price": "2.4", "step_size": 60}]},
]


def tariff(entity, **more):
    return Tariff.objects.create(**{"entity": entity, "name": "Night owl", "code": "NO", "currency": "EUR", **more})


def version(of, number, **more):
    arguments = {"tax_included": "YES", "elements": NIGHT, "created_at": JANUARY, "activated_at": JANUARY}
    return TariffVersion.objects.create(tariff=of, number=number, **{**arguments, **more})


def test_a_tariff_lists_its_versions_the_latest_first(program):
    owl = tariff(rows.company())
    version(owl, 1, state="RETIRED", valid_until=JUNE)
    version(owl, 2, state="ACTIVE", valid_from=JUNE)
    version(owl, 3, state="DRAFT", activated_at=None)
    asked = program("tariffs:read")
    told = {
        "id": owl.pk,
        "name": "Night owl",
        "code": "NO",
        "currency": "EUR",
        "entity": {"id": owl.entity_id, "name": "Stadtwerke Nord"},
        "versions": [
            {"number": 3, "state": "DRAFT", "valid_from": None, "valid_until": None},
            {"number": 2, "state": "ACTIVE", "valid_from": "2026-06-01T00:00:00Z", "valid_until": None},
            {"number": 1, "state": "RETIRED", "valid_from": None, "valid_until": "2026-06-01T00:00:00Z"},
        ],
    }
    assert asked.get(f"tariffs/{owl.pk}").json() == told
    assert asked.get("tariffs").json() == {"next": None, "results": [told]}


def test_a_version_says_what_is_charged_and_on_which_side_of_tax(program):
    owl = tariff(rows.company(), currency="JPY")
    version(owl, 1, state="ACTIVE", min_price=Decimal(100), parking_cap=Decimal("1500.5"), grace_minutes=30)
    told = program("tariffs:read").get(f"tariffs/{owl.pk}/versions/1").json()
    text = told.pop("text")
    assert told == {
        "number": 1,
        "state": "ACTIVE",
        "valid_from": None,
        "valid_until": None,
        "tariff": {"id": owl.pk, "name": "Night owl"},
        "currency": "JPY",
        "tax_included": "YES",
        "tax_category": "STANDARD",
        "elements": NIGHT,
        "min_price": "100",
        "max_price": None,
        "grace_minutes": 30,
        "parking_cap": "1500.5",
        "created_at": "2026-01-01T00:00:00Z",
        "activated_at": "2026-01-01T00:00:00Z",
    }
    assert text["en"][0].startswith("Energy: 0.39 JPY")
    assert "22:00" in text["en"][0]
    assert set(text) == {"en", "de"}


def test_filters_and_companies_narrow_the_list(program):
    ours, theirs = rows.company(), LegalEntity.objects.create(name="Other")
    owl, yen = tariff(ours), tariff(theirs, name="Yen", code="", currency="JPY")
    version(owl, 1, state="ACTIVE")
    everything, stranger = program(), program(entity=theirs)

    def names(asked, **query):
        return [row["name"] for row in asked.all("tariffs", **query)]

    assert names(everything, limit=1) == ["Night owl", "Yen"]
    assert names(everything, code="NO") == ["Night owl"]
    assert names(everything, currency="JPY") == ["Yen"]
    assert names(everything, entity=theirs.pk) == ["Yen"]
    assert names(stranger) == ["Yen"]
    assert everything.get(f"tariffs/{yen.pk}").json()["code"] is None
    for path in (f"tariffs/{owl.pk}", f"tariffs/{owl.pk}/versions/1"):
        assert everything.get(path).status_code == 200
        assert stranger.get(path).status_code == 404
    assert everything.get(f"tariffs/{owl.pk}/versions/2").status_code == 404
    assert everything.get(f"tariffs/{yen.pk}/versions/1").status_code == 404


def test_a_page_takes_the_same_queries_for_ten_tariffs_and_for_hundreds(program):
    asked = program("tariffs:read")
    for number in (10, 300):
        rows.tariffs(number)
        with CaptureQueriesContext(connection) as captured:
            answer = asked.get("tariffs", limit=500)
        assert len(answer.json()["results"]) == number
        assert QUERIES - 1 <= len(captured) <= QUERIES
