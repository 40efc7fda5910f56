"""Outside requests in bulk, one about each case."""

from datetime import timedelta
from typing import Any

from billing.journal_models import SigningKey
from disputes.evidence_models import EvidenceManifest
from disputes.models import Case
from disputes.outside_models import OutsideLink, OutsideRequest
from tests.rows_base import NOON, company, more


def requests_about(cases: list[Case]) -> list[Any]:
    """Of a regulator; every third is closed. Their evidence is signed by nobody."""
    about = {"public_key": "0" * 64, "fingerprint": "0" * 64, "created_at": NOON}
    key, _ = SigningKey.objects.get_or_create(entity=company(), defaults=about)
    found = more(
        OutsideRequest,
        len(cases),
        lambda n: OutsideRequest(
            entity=cases[n].entity,
            body="Bundesnetzagentur",
            body_kind="REGULATOR",
            reference=f"2026-{n}",
            asks="What happened?",
            received_on=NOON.date(),
            due_on=NOON.date() + timedelta(days=n % 300),
            made_at=NOON,
        ),
    )
    sealed: dict[str, Any] = {"items": 0, "text": "{}", "sha256": "0" * 64, "signature": "0" * 128, "key": key, "made_at": NOON}
    signed = more(EvidenceManifest, len(cases), lambda n: EvidenceManifest(case=cases[n], version=1, **sealed))
    more(OutsideLink, len(cases), lambda n: OutsideLink(request=found[n], case=cases[n], manifest=signed[n], added_at=NOON))
    OutsideRequest.objects.filter(pk__in=[row.pk for row in found[::3]], state="OPEN").update(
        state="CLOSED", reason="They withdrew it.", ended_at=NOON
    )
    return found
