"""A company, browsers signed in by role, and (network.py) two months of sessions."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from chargebill.core.models import LegalEntity
from chargebill.core.roles import BILLING_CLERK
from tests.portal.network import bring_in, company, network, session_of, signed_in
from tests.portal.night_owl import night
from tests.portal.parallel_month import bring_amounts, reported

__all__ = ["bring_amounts", "bring_in", "company", "network", "night", "reported", "session_of", "signed_in"]


@pytest.fixture
def entity(db: None) -> LegalEntity:
    return LegalEntity.objects.create(
        name="Stadtwerke Nord", country="DE", base_currency="EUR", time_zone="Europe/Berlin", billing_from=date(2026, 1, 1)
    )


@pytest.fixture
def clerk(client_of: Callable[[str], Client]) -> Client:
    return client_of(BILLING_CLERK)
