"""Imports a file of sessions (or status, authorizations, meter values) in this process: the portal's job."""

import sys
import uuid
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from chargebill import pipeline
from chargebill.core.commands import JsonCommand
from chargebill.core.errors import UserError
from chargebill.core.models import validate_time_zone
from stations.imports import resolve_entity
from stations.models import Mode


class Command(JsonCommand):
    help = "Import a file of charging sessions. Prints what became of its rows as one JSON object."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="The file as it was exported; .gz is read as it is.")
        parser.add_argument("--profile", default="", help="Layout of the file; recognized from its header if left out.")
        parser.add_argument(
            "--mode", choices=Mode.values, default=Mode.HISTORY, help="What the sessions are for (default: history)."
        )
        parser.add_argument("--time-zone", default="", help="IANA zone of local times in the file, such as Europe/Berlin.")
        parser.add_argument("--entity", default=None, help="The company; may be left out when there is one.")
        parser.add_argument(
            "--encoding", default="", choices=["", "utf-8", "windows-1252", "utf-16"], help="Detected if left out."
        )

    def answer(
        self, *, file: str, profile: str, mode: str, time_zone: str, entity: str | None, encoding: str, **options: Any
    ) -> dict[str, Any]:
        path = Path(file)
        if not path.is_file():
            raise UserError("file_not_found", f"There is no file {file}. Nothing was imported.", file)
        try:
            validate_time_zone(time_zone)
        except Exception as error:
            raise UserError(
                "time_zone_unknown", f"{time_zone!r} is no IANA time zone. Use a name such as Europe/Berlin.", "--time-zone"
            ) from error
        at = timezone.now()
        batch = pipeline.start_import(
            entity=resolve_entity(entity),
            path=path,
            file_name=path.name,
            profile=profile,
            mode=mode,
            time_zone=time_zone,
            encoding=encoding,
            actor=None,
            at=at,
            key=f"import:{uuid.uuid4()}",
            here=True,
        )
        sys.stderr.write(f"{batch.file_name}: {batch.rows_read} rows read\n")
        return pipeline.result_of(batch)
