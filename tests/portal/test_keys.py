"""Keys in addresses: what only looks like a number is nobody's key, and no page breaks on it."""

import pytest
from django.test import Client

from chargebill.core.keys import key_in
from tests.portal.network import Fact

# str.isdigit() is true of the first two; the database takes neither for a number. The last is beyond 64 bits.
NO_KEYS = ["²", "①", "-1", "1 or 1", "", "9" * 19]
ADDRESSES = [
    "/?location=",
    "/review/?entity=",
    "/silent/?location=",
    "/stations/session/?entity=",
    "/stations/quarantinedrow/?entity=",
    "/stations/importbatch/?entity=",
    "/imports/layouts/new/?layout=",
    "/billing/tariff/?company=",
    "/billing/assignment/add/?tariff=",
    "/billing/month/?entity=",
    "/journal/?entity=",
    "/open-documents/?entity=",
    "/payments/?q=",
    "/bank/matching/?entity=",
]


@pytest.mark.parametrize("raw", NO_KEYS)
def test_it_is_no_key(raw: str) -> None:
    assert key_in(raw) is None


def test_a_key_is_a_number_of_plain_digits() -> None:
    assert [key_in(raw) for raw in ("0", "7", "0042", "9" * 18)] == [0, 7, 42, 10**18 - 1]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_says_or_leaves_out_what_is_no_key(address: str, network: list[Fact], signed_in: Client) -> None:
    for raw in NO_KEYS:
        assert signed_in.get(address + raw, follow=True).status_code == 200, raw


@pytest.mark.parametrize("model", ["stations/session", "stations/quarantinedrow", "stations/importbatch", "billing/document"])
def test_no_record_has_such_a_key(model: str, network: list[Fact], signed_in: Client) -> None:
    for raw in ("²", "9" * 19):
        assert signed_in.get(f"/{model}/{raw}/change/").status_code in (302, 404), raw
