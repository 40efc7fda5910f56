"""Writes the answer pack of an outside request to a file."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from chargebill.core.commands import JsonCommand
from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from disputes.operations.outside_answers import make_pack, note_download
from disputes.outside_models import OutsidePack, OutsideRequest
from disputes.outside_queries import pack_bytes


class Command(JsonCommand):
    help = "Write the answer pack of an outside request as a ZIP: cover, each case's signed evidence, the SHA-256 of each."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("request", help="Their reference, or our number of the request, as its page says.")
        parser.add_argument("--out", type=Path, required=True, help="The ZIP to write.")

    def answer(self, *, request: str, out: Path, **options: Any) -> Any:
        found = _found(request)
        now = timezone.now()
        pack = make_pack(request=found, actor=None, at=now) if found.is_open else _sent(found)
        content = pack_bytes(pack)
        try:
            out.write_bytes(content)
        except OSError as problem:
            raise UserError("out", f"{out} can't be written: {problem.strerror}. The pack is kept.", "--out") from None
        note_download(pack=pack, actor=None, at=now)
        return {
            "request": found.pk,
            "body": found.body,
            "reference": found.reference,
            "state": found.state,
            "cases": len(pack.contents),
            "out": str(out),
            "bytes": len(content),
            "sha256": pack.sha256,
        }


def _found(said: str) -> OutsideRequest:
    requests = OutsideRequest.objects.select_related("entity")
    rows = list(requests.filter(reference=said).order_by("pk")[:2])
    if len(rows) > 1:
        raise UserError(
            "several_requests", f"Several requests have the reference {said}: give our number. Nothing was written.", "request"
        )
    found: OutsideRequest | None = rows[0] if rows else row_in(requests, said)
    if found is None:
        raise UserError("no_request", f"There is no outside request {said}. Nothing was written.", "request")
    return found


def _sent(request: OutsideRequest) -> OutsidePack:
    if request.pack is None:
        raise UserError("no_pack", f"{request} has ended without a pack. Nothing was written.", "request")
    return request.pack
