"""The same file, row or content again changes nothing; a changed row makes a revision."""

from decimal import Decimal

from billing.models import Cdr, Chargeable
from chargebill.analytics import operations as analytics
from chargebill.core.models import LegalEntity
from stations.models import QuarantinedRow, Session, SessionRevision
from tests.pipeline.conftest import Import, counts, row


def test_the_same_file_again_changes_nothing_and_quarantines_nothing_new(priced_entity: LegalEntity, import_rows: Import) -> None:
    rows = [row("1"), row("2", kwh="-1"), row("3", end=","), row("2", kwh="-1")]
    assert counts(import_rows(*rows)) == (4, 1, 0, 0, 3)
    before = (list(Session.objects.values()), list(Cdr.objects.values()), list(QuarantinedRow.objects.values()))
    assert counts(import_rows(*rows)) == (4, 0, 0, 1, 3)
    assert (list(Session.objects.values()), list(Cdr.objects.values()), list(QuarantinedRow.objects.values())) == before
    assert QuarantinedRow.objects.filter(raw=row("2", kwh="-1")).count() == 2


def test_a_changed_row_makes_a_revision_and_a_new_price(priced_entity: LegalEntity, import_rows: Import) -> None:
    import_rows(row("1", kwh="10"))
    assert counts(import_rows(row("1", kwh="12.5"), name="later.csv")) == (1, 0, 1, 0, 0)
    session = Session.objects.get()
    assert (session.revision, session.energy_kwh) == (2, Decimal("12.5"))
    old = SessionRevision.objects.get()
    assert (old.revision, old.facts["energy_kwh"], old.batch.file_name) == (1, "10.0000", "export.csv")
    # 10 kWh * 0.40 + 60 min * 0.01 = 4.60; 12.5 kWh: 5.60
    assert [(c.version, c.gross_amount) for c in Cdr.objects.order_by("version")] == [(1, Decimal("4.60")), (2, Decimal("5.60"))]
    assert session.chargeable.cdr.version == 2
    assert analytics.differing() == 0


def test_an_older_file_again_does_not_undo_a_newer_one(priced_entity: LegalEntity, import_rows: Import) -> None:
    import_rows(row("1", kwh="10"))
    import_rows(row("1", kwh="12"), name="newer.csv")
    assert counts(import_rows(row("1", kwh="10"))) == (1, 0, 0, 1, 0)
    assert Session.objects.get().energy_kwh == 12


def test_one_id_with_two_contents_in_one_file_settles_on_the_last(priced_entity: LegalEntity, import_rows: Import) -> None:
    rows = [row("1", kwh="10"), row("1", kwh="11"), row("1", kwh="11")]
    assert counts(import_rows(*rows)) == (3, 1, 1, 1, 0)
    assert Session.objects.get().energy_kwh == 11
    assert counts(import_rows(*rows)) == (3, 0, 0, 3, 0)
    assert Session.objects.get().energy_kwh == 11
    assert analytics.differing() == 0


def test_another_mode_is_a_change(priced_entity: LegalEntity, import_rows: Import) -> None:
    import_rows(row("1"), mode="history")
    assert Chargeable.objects.get().reason == "history"
    assert counts(import_rows(row("1"), mode="bill")) == (1, 0, 1, 0, 0)
    assert Chargeable.objects.get().state == "READY"


def test_the_same_key_is_the_same_import(priced_entity: LegalEntity, import_rows: Import) -> None:
    from chargebill import pipeline
    from stations.models import ImportBatch

    first = import_rows(row("1"))
    again = pipeline.start_import(
        entity=priced_entity,
        path=None,  # type: ignore[arg-type]  not looked at
        file_name="x",
        profile="",
        mode="bill",
        time_zone="",
        encoding="",
        actor=None,
        at=first.created_at,
        key=first.job.idempotency_key,
    )
    assert (again.pk, ImportBatch.objects.count()) == (first.pk, 1)


def test_a_number_written_another_way_is_no_change(priced_entity: LegalEntity, import_rows: Import) -> None:
    header = "session_id,location,evse,start,end,energy_kwh,meter_start_kwh,meter_stop_kwh,amount,currency"
    times = "2026-05-01T10:00:00Z,2026-05-01T11:00:00Z"
    import_rows(f"S1,Hub,E1,{times},7.5,100,107.5,5,GBP", header=header)
    again = import_rows(f"S1,Hub,E1,{times},7.50,100.000,107.500,5.00,GBP", header=header, name="later.csv")
    assert counts(again) == (1, 0, 0, 1, 0)
