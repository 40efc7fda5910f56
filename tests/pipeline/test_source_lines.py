"""Every session leads back to the text it came from."""

import json

import pytest

from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity
from stations.imports import local_path
from stations.models import Session
from stations.queries import source_line
from tests.pipeline.conftest import Import, row


def test_a_session_of_a_csv_file_leads_to_its_line(entity: LegalEntity, import_rows: Import) -> None:
    rows = [row("1"), "", row("2"), row("3")]
    import_rows(*rows)
    session = Session.objects.get(external_id="3")
    assert (session.line_no, source_line(session.batch, session.line_no)) == (5, row("3"))


def test_a_session_of_a_json_file_leads_to_its_record(entity: LegalEntity, import_rows: Import) -> None:
    def cdr(id_: str) -> str:
        return json.dumps(
            {
                "id": id_,
                "start_date_time": "2026-09-01T10:00:00Z",
                "end_date_time": "2026-09-01T11:00:00Z",
                "currency": "EUR",
                "cdr_location": {"id": "L1", "evse_uid": "E1", "connector_id": "1", "country": "DEU"},
                "charging_periods": [
                    {"start_date_time": "2026-09-01T10:00:00Z", "dimensions": [{"type": "ENERGY", "volume": 7.5}]}
                ],
                "total_energy": 7.5,
                "total_time": 1,
            }
        )

    import_rows(f"{cdr('A')},", f"{cdr('B')}]", header="[", name="cdrs.json")
    session = Session.objects.get(external_id="B")
    assert json.loads(source_line(session.batch, session.line_no))["id"] == "B"


def test_a_file_that_is_gone_is_said_so(entity: LegalEntity, import_rows: Import) -> None:
    batch = import_rows(row("1"))
    local_path(batch.file).unlink()
    with pytest.raises(UserError, match="no longer there"):
        source_line(batch, 2)
