"""Labels with codes to print: the right address on each, for those who may see places, in sheets that stay light."""

import re
from html import unescape
from typing import Any

import pytest
import segno
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chargebill.core.roles import ADMINISTRATOR, ANALYST, AUDITOR, BILLING_CLERK
from stations.models import Evse
from tests.portal.pole import charging_point, operator, pole
from tests.test_lists import FRAME, HTML_MAX_BYTES

__all__ = ["pole"]
URL = reverse("admin:qr_sheet")
# The row it is for, the page's EVSEs counted and read, and two to see whose ids are their own.
QUERIES = FRAME + 5


def modules(svg: str) -> list[list[int]]:
    """The dark modules of a code, read back from the strokes of its SVG: rows of 0 and 1 without the blank border."""
    size = int(re.search(r'viewBox="0 0 (\d+) \1"', svg)[1])
    grid = [[0] * size for _ in range(size)]
    x = y = 0
    for command, first, second in re.findall(
        r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", re.search(r'stroke="#000" d="([^"]+)"', svg)[1]
    ):
        if command == "M":
            x, y = int(first), int(float(second))
        elif command == "m":
            x, y = x + int(first), y + int(second)
        else:
            for column in range(x, x + int(first)):
                grid[y][column] = 1
            x += int(first)
    return [row[4:-4] for row in grid[4:-4]]


def codes(response: Any) -> list[tuple[str, list[list[int]]]]:
    """(address in words, modules) of every label."""
    html = response.content.decode()
    return [
        (unescape(address), modules(svg))
        for address, svg in re.findall(r'(?s)aria-label="QR code of ([^"]+)">(<svg.*?</svg>)', html)
    ]


def test_the_code_of_a_label_is_the_address_of_its_price_page(clerk: Client, pole: Evse) -> None:
    response = clerk.get(f"{URL}?evse={pole.pk}")
    address = "http://testserver/p/DE*SWN*E50914"
    ((shown, code),) = codes(response)
    assert shown == address
    assert code == [list(row) for row in segno.make(address, error="m", micro=False).matrix]
    assert Client().get(address.removeprefix("http://testserver")).status_code == 200
    html = response.content.decode()
    for text in ("Am Kai", "DE*SWN*E50914", "Stadtwerke Nord GmbH", "Was kostet Laden jetzt?", "What does charging cost now?"):
        assert text in html


def test_the_address_begins_as_the_setting_says(clerk: Client, pole: Evse, settings: Any) -> None:
    settings.PUBLIC_URL = "https://laden.example.com/billing"
    response = clerk.get(f"{URL}?evse={pole.pk}")
    assert [address for address, _ in codes(response)] == ["https://laden.example.com/billing/p/DE*SWN*E50914"]
    assert "set PUBLIC_URL" not in response.content.decode()


def test_labels_are_for_an_evse_a_place_or_a_company(clerk: Client, pole: Evse) -> None:
    charging_point(pole.entity, uid="2", evse_id="")
    other = operator("Other")
    charging_point(other, uid="3", evse_id="DE*OTH*E3")

    def addresses(query: str) -> list[str]:
        return [address.removeprefix("http://testserver/p/") for address, _ in codes(clerk.get(f"{URL}?{query}"))]

    assert addresses(f"location={pole.location.pk}") == ["2", "DE*SWN*E50914"]
    assert addresses(f"entity={pole.entity.pk}") == ["2", "DE*SWN*E50914"]
    assert addresses(f"entity={other.pk}") == ["DE*OTH*E3"]
    assert addresses(f"evse={pole.pk}") == ["DE*SWN*E50914"]


def test_every_address_leads_to_its_own_evse(clerk: Client, pole: Evse) -> None:
    """Ids written differently, UIDs that look like another's id, blanks and slashes: a label is right or has no code."""
    other = operator("Other")
    for n, (uid, evse_id) in enumerate(
        [
            ("a b", ""),
            ("x/1", ""),
            ("/y", ""),
            ("de-swn-e50914", ""),
            ("Ümlaut 1", ""),
            ("100%", ""),
            ("q?1#2", ""),
            ("s1", "DE*SWN*E7"),
            ("s2", "de-swn-e7"),
        ]
    ):
        charging_point(other if n % 2 else pole.entity, uid=uid, evse_id=evse_id)
    charging_point(other, uid="same", evse_id="")
    charging_point(pole.entity, uid="same", evse_id="")
    found = {}
    for entity in (pole.entity, other):
        response = clerk.get(f"{URL}?entity={entity.pk}")
        for label in response.context["labels"]:
            if label.address:
                page = Client().get(label.address.removeprefix("http://testserver"))
                assert page.status_code == 200, label.address
                expected = label.evse.evse_id or label.evse.uid
                assert f", {expected}</title>" in unescape(page.content.decode())
            found[label.evse.uid, entity.name] = bool(label.address)
    without = sorted(uid for (uid, _), has_code in found.items() if not has_code)
    # A UID that is another EVSE's id, one with a slash at its end, and one that two have. Two with one id have their UIDs.
    assert without == ["/y", "de-swn-e50914", "same", "same"]
    assert len(found) == 12


def test_a_label_without_an_address_says_what_to_do(clerk: Client, pole: Evse) -> None:
    charging_point(operator("Other"), uid="50914", evse_id="DE-SWN-E50914")
    response = clerk.get(f"{URL}?evse={pole.pk}")
    assert codes(response) == []
    assert "No code: another EVSE has the same id." in response.content.decode()


def test_a_place_without_evses_says_what_to_do(clerk: Client, pole: Evse) -> None:
    pole.connectors.all().delete()
    place = pole.location
    pole.delete()
    assert "No EVSE here yet" in clerk.get(f"{URL}?location={place.pk}").content.decode()


@pytest.mark.parametrize("query", ["", "evse=", "evse=x", "evse=-1", "evse=99999", "location=²", f"entity={'9' * 30}"])
def test_a_sheet_for_nothing_is_not_found(clerk: Client, pole: Evse, query: str) -> None:
    assert clerk.get(f"{URL}?{query}").status_code == 404


def test_only_who_may_see_places_may_print(client_of: Any, pole: Evse) -> None:
    for role in (ADMINISTRATOR, BILLING_CLERK, AUDITOR, ANALYST):
        assert client_of(role).get(f"{URL}?evse={pole.pk}").status_code == 200
    assert Client().get(f"{URL}?evse={pole.pk}").status_code == 302
    nobody = client_of(AUDITOR)
    user = nobody.get(f"{URL}?evse={pole.pk}").context["user"]
    user.groups.clear()
    assert nobody.get(f"{URL}?evse={pole.pk}").status_code == 403


def test_pages_of_labels_are_light_and_take_the_same_queries(clerk: Client, pole: Evse) -> None:
    def queries(url: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            response = clerk.get(url)
        assert len(response.content) < HTML_MAX_BYTES
        return len(captured)

    url = f"{URL}?entity={pole.entity.pk}"
    queries(url)
    few = queries(url)
    Evse.objects.bulk_create(
        Evse(entity=pole.entity, location=pole.location, uid=f"u{n:03}", evse_id=f"DE*SWN*E1000000000000000000{n:03}")
        for n in range(100)
    )
    assert (few, queries(url)) == (QUERIES, QUERIES)
    first, last = clerk.get(url), clerk.get(f"{url}&p=5")
    assert len(codes(first)) == 24
    assert len(codes(last)) == 5
    assert f"?entity={pole.entity.pk}&amp;p=2" in first.content.decode()


def test_the_forms_of_places_lead_to_their_labels(clerk: Client, pole: Evse) -> None:
    for row, query in ((pole, "evse"), (pole.location, "location"), (pole.entity, "entity")):
        label = row._meta.label_lower.replace(".", "_")
        page = clerk.get(reverse(f"admin:{label}_change", args=[row.pk])).content.decode()
        assert f'href="{URL}?{query}={row.pk}"' in page
        assert URL not in clerk.get(reverse(f"admin:{label}_add")).content.decode()
