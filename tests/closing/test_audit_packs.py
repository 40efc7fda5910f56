"""Audit packs: what is in them against rows and readers of their own, the same bytes again, every tampering found."""

import csv
import hashlib
import io
import json
import re
import zipfile
from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from billing import document_plan
from billing.audit_pack.packing import packed
from billing.audit_pack.verifying import verify
from billing.models import AccountingPeriod, Document, DocumentRun, DocumentTax, JournalEntry, NumberSeries, Posting
from billing.operations.audit_packs import make_pack, months_between
from billing.operations.credits import correct
from billing.operations.documents import issue_documents
from billing.operations.exports import make_batch
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, Job
from chargebill.core.roles import ADMINISTRATOR, AUDITOR, FINANCE, ROLES
from tests.closing.conftest import SEPTEMBER, entry
from tests.documents.conftest import AT, Operator, session
from tests.journal.books import closed, credit, debit, posted
from tests.payments.conftest import of, received

D = Decimal
Files = dict[str, bytes]


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SIGNING_KEYS", tmp_path / "keys")


def pack(operator: Operator, first: date, last: date | None = None) -> bytes:
    return make_pack(months_between(operator.entity, first, last or first)).content


def files(content: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def this_month(operator: Operator) -> date:
    return operator.entity.day_of(timezone.now()).replace(day=1)


def verified(content: bytes, folder: Path) -> tuple[str, ...]:
    path = folder / "pack.zip"
    path.write_bytes(content)
    return verify(path).problems


def test_everything_is_in_it_and_adds_up(complete: Operator) -> None:
    received(complete, "5.07", (of("Ada"), "5.07"))
    correct(document=of("Roamer"), key="1", amounts=None, reason="=cmd", actor=None, at=timezone.now())
    day = complete.entity.day_of(timezone.now())
    other = [debit("6030", "6.00", "GBP"), debit("2100-GB-20", "1.20", "GBP"), credit("1100", "7.20", "GBP")]
    posted(77, entity=complete.entity, legs=other, day=day, at=timezone.now(), source_type="write_off")
    found = files(pack(complete, this_month(complete)))

    documents = table(found["documents.csv"])
    assert [row["number"] for row in documents] == [d.number for d in Document.objects.order_by("kind", "sequence")]
    assert len(table(found["lines.csv"])) == 8
    ledger = table(found["general-ledger_journal_GBP.csv"])
    assert len(ledger) == Posting.objects.filter(entry__period__first_day=this_month(complete)).count()
    assert sum(D(row["debit"] or "0") for row in ledger) == sum(D(row["credit"] or "0") for row in ledger) > 0

    # 4.10 of five documents, the partner's 1.33 taken back; 1.20 of a write-off is explained beside it.
    taxes = table(found["taxes.csv"])
    assert taxes == [
        {
            "account": "2100-GB-20", "country": "GB", "rate": "20", "currency": "GBP", "documents_net": "13.85",
            "documents_tax": "2.77", "books_tax": "1.57", "difference": "-1.20",
        }
    ]  # fmt: skip
    by_documents = sum(
        (t.tax_amount * t.document.sign for t in DocumentTax.objects.select_related("document")), D(0)
    )  # fmt: skip
    assert by_documents == D(taxes[0]["documents_tax"])
    assert [(row["tax"], row["source_type"]) for row in table(found["taxes-other.csv"])] == [("-1.20", "write_off")]

    numbers = {row["kind"]: row for row in table(found["numbers.csv"])}
    assert (numbers["INVOICE"]["first"], numbers["INVOICE"]["last"], numbers["INVOICE"]["documents"]) == ("1", "3", "3")
    assert (numbers["RECEIPT"]["documents"], numbers["CREDIT_NOTE"]["documents"]) == ("2", "1")
    assert {row["missing"] + row["dated_outside"] for row in numbers.values()} == {""}

    changes = table(found["changes.csv"])
    mine = AuditEvent.objects.filter(entity=complete.entity, at__month=timezone.now().month, at__year=timezone.now().year)
    assert len(changes) == mine.count() > 1
    assert "'=cmd" in [row["reason"] for row in changes]
    assert json.loads(found["check_books.json"])["clean"] is True


def test_a_document_dated_outside_and_a_number_that_is_missing_are_said(complete: Operator) -> None:
    def issue(number: str, at: datetime) -> str:
        complete.bring(session(number))
        drafts = document_plan.drafts(complete.entity, SEPTEMBER, at)
        run = DocumentRun.objects.get()
        with transaction.atomic():
            made = issue_documents(entity=complete.entity, run=run, drafts=drafts, actor=None, at=at)
        return made.documents[0].number

    outside = issue("X1", AT)
    # Behind the product's back: its own counter never leaves a number out.
    NumberSeries.objects.filter(kind="RECEIPT").update(next_number=5)
    issue("X2", timezone.now())
    rows = {row["kind"]: row for row in table(files(pack(complete, this_month(complete)))["numbers.csv"])}
    receipts = rows["RECEIPT"]
    assert (receipts["first"], receipts["last"], receipts["documents"], receipts["missing"]) == ("1", "5", "3", "4")
    assert receipts["dated_outside"] == outside
    rows = {row["kind"]: row for row in table(files(pack(complete, date(2018, 10, 1)))["numbers.csv"])}
    assert (rows["RECEIPT"]["first_number"], rows["RECEIPT"]["documents"], rows["INVOICE"]["documents"]) == (outside, "1", "0")


def test_it_can_be_checked_by_hand_from_its_own_words(complete: Operator, tmp_path: Path) -> None:
    entry(complete, date(2018, 9, 15))
    closed(AccountingPeriod.objects.get(first_day=SEPTEMBER))
    content = pack(complete, SEPTEMBER)
    found = files(content)
    manifest = json.loads(found["manifest.json"])
    assert manifest["months"] == {"2018-09": "CLOSED"}
    assert {one["name"]: one["sha256"] for one in manifest["files"]} == {
        name: hashlib.sha256(data).hexdigest() for name, data in found.items() if name != "manifest.json"
    }
    chain = json.loads(found["chain.json"])
    texts = found["entries.jsonl"].splitlines()
    assert [hashlib.sha256(text).hexdigest() for text in texts] == [seal["entry_hash"] for seal in chain["seals"]]
    balances: dict[str, Decimal] = defaultdict(Decimal)
    for text in texts:
        for _, debited, credited, currency, *_ in json.loads(text)["legs"]:
            balances[currency] += D(debited) - D(credited)
    assert balances == {"GBP": D(0)}
    (closing,) = chain["closings"]
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(closing["public_key"]))
    key.verify(bytes.fromhex(closing["signature"]), closing["statement"].encode())
    assert json.loads(closing["statement"])["entries"] == len(texts) == 2
    assert verified(content, tmp_path) == ()


def test_closed_months_are_the_same_bytes_whatever_happens_after(complete: Operator) -> None:
    closed(AccountingPeriod.objects.get(first_day=SEPTEMBER))
    before = pack(complete, SEPTEMBER)
    complete.bring(session("later"))
    make_batch(entity=complete.entity, target="generic", until=date(2018, 9, 30), key="x", actor=None, at=timezone.now())  # type: ignore[arg-type]
    received(complete, "5.07", (of("Ada"), "5.07"))
    assert pack(complete, SEPTEMBER) == before


def _changed(found: Files, name: str, change: Any) -> bytes:
    """Packed anew with a file changed, and a manifest that says so: only what is in the files can tell."""
    about = {key: value for key, value in json.loads(found["manifest.json"]).items() if key not in ("v", "files")}
    kept = {one: data for one, data in found.items() if one != "manifest.json"}
    return packed({**kept, name: change(kept[name])}, about)


def test_every_tampering_is_found(complete: Operator, tmp_path: Path) -> None:
    entry(complete, date(2018, 9, 15))
    closed(AccountingPeriod.objects.get(first_day=SEPTEMBER))
    found = files(pack(complete, SEPTEMBER))

    def of_chain(change: Any) -> Any:
        def does(data: bytes) -> bytes:
            said = json.loads(data)
            change(said)
            return json.dumps(said).encode()

        return does

    def amount(text: str) -> Any:
        return lambda data: data.replace(b'"5"', text.encode(), 1)

    tampered = [
        ("entries.jsonl", amount('"500"')),
        ("entries.jsonl", lambda data: data.split(b"\n", 1)[1]),
        ("chain.json", of_chain(lambda said: said["seals"].pop(0))),
        ("chain.json", of_chain(lambda said: said["seals"][1].update(entry_hash="0" * 64))),
        ("chain.json", of_chain(lambda said: said["closings"][0].update(signature="00" * 64))),
        (
            "chain.json",
            of_chain(
                lambda said: said["closings"][0].update(statement=said["closings"][0]["statement"].replace("petra", "paula"))
            ),
        ),
        ("chain.json", of_chain(lambda said: said["closings"][0].update(key_fingerprint="ab" * 32))),
    ]
    for name, change in tampered:
        assert verified(_changed(found, name, change), tmp_path), name
    # And one whose manifest was left as it was.
    kept = {**found, "documents.csv": found["documents.csv"] + b"x"}
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive:
        for name, data in kept.items():
            archive.writestr(name, data)
    assert verify(tmp_path / "pack.zip").problems == ("documents.csv is not the file that was packed.",)
    (tmp_path / "no.zip").write_bytes(b"PK nothing")
    with pytest.raises(UserError, match="is no audit pack that can be read"):
        verify(tmp_path / "no.zip")


def test_the_command_packs_and_verifies(complete: Operator, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "a.zip"
    call_command("audit_pack", entity=complete.entity.name, period="2018-09", out=out)
    said = json.loads(capsys.readouterr().out)
    assert said == {
        "out": str(out), "bytes": out.stat().st_size, "sha256": hashlib.sha256(out.read_bytes()).hexdigest(), "closed": False,
        "clean": True,
    }  # fmt: skip
    call_command("audit_pack", verify=out)
    assert json.loads(capsys.readouterr().out)["holds"] is True
    for wrong in ({"period": "soon"}, {"period": "2018-09:2018-08"}, {"period": "2018-09", "entity": "Nobody"}, {}):
        with pytest.raises(SystemExit) as ended:
            call_command("audit_pack", **{"out": tmp_path / "b.zip", **wrong})
        assert ended.value.code == 2
        assert re.search("Nothing was (made|changed).$", json.loads(capsys.readouterr().err)["error"]["message"])
    assert not (tmp_path / "b.zip").exists()


def test_the_page_makes_and_gives_packs_to_those_who_read_the_books(complete: Operator, client_of, run_jobs) -> None:
    auditor = client_of(AUDITOR)
    assert "No pack yet" in auditor.get("/audit-packs/").content.decode()
    given = {"entity": complete.entity.pk, "first": "2018-09", "last": "", "form_key": "abc"}
    page = auditor.post("/audit-packs/", {**given, "first": "soon"}).content.decode()
    assert "is no month. Write it as 2026-10." in page
    page = auditor.post("/audit-packs/", {**given, "last": "2018-08"}).content.decode()
    assert "A pack is of 1 to 24 months, the earlier one first. Nothing was made." in page
    assert not Job.objects.filter(kind="audit_pack").exists()
    for _ in range(2):
        assert auditor.post("/audit-packs/", given).status_code == 302
    run_jobs()
    job = Job.objects.get(kind="audit_pack")
    address = f"/audit-packs/{job.pk}/download/"
    answer = auditor.get(address)
    assert hashlib.sha256(b"".join(answer)).hexdigest() == job.result["sha256"]
    assert answer["Content-Disposition"] == 'attachment; filename="audit_tayside-charging_2018-09_draft.zip"'
    for role in (ADMINISTRATOR, *ROLES):
        allowed = 200 if role in (ADMINISTRATOR, FINANCE, AUDITOR) else 403
        assert client_of(role).get("/audit-packs/").status_code == allowed
        answer = client_of(role).get(address)
        assert answer.status_code == allowed
        # Read to its end, the file is closed.
        assert b"".join(answer)
    assert auditor.get("/audit-packs/999/download/").status_code == 404
    assert list(JournalEntry.objects.filter(is_sealed=False).values("key", "posted_at")) == []
