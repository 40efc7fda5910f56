"""Evidence of a case: collected when it opens, signed when somebody looks into it, added to and never changed."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from billing.checks import Verdict
from billing.checks.canonical import digest
from billing.investigation.stored import findings_in
from billing.journal_models import SigningKey
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent
from disputes.evidence_models import EvidenceItem, EvidenceManifest
from disputes.evidence_queries import bundle_of, verified_by, verified_here
from disputes.facts import Said
from disputes.models import Case, CaseMessage
from disputes.operations.evidence import collect, seal
from disputes.operations.moves import move, step
from disputes.operations.thread import add_message, assign
from disputes.workflow.states import Role, State
from stations.models import ConnectorStatus, Session
from tests.evidence.conftest import OPENED, Operator, opened

LATER = OPENED + timedelta(hours=1)


def paths(case: Case) -> list[str]:
    return list(case.evidence.order_by("seq").values_list("path", flat=True))


def content(case: Case, path: str) -> bytes:
    return bytes(case.evidence.get(path=path).content)


def triaged(case: Case, actor: Any) -> Case:
    """Given to somebody, which is when it is being sorted."""
    assign(cases=[case], assignee=actor, role=Role.AGENT, actor=actor, at=LATER)
    case.refresh_from_db()
    return case


ONE_SESSION = [
    "README.txt",
    "case.json",
    "sessions/1/record-1.json",
    "sessions/1/findings-1.json",
    "sessions/1/price-1.json",
    "sessions/1/tariff-1.txt",
    "sessions/1/source-1.txt",
]


def test_a_case_that_opens_has_everything_on_record_frozen_with_what_the_checks_say(case: Case) -> None:
    assert paths(case) == [*ONE_SESSION, "dossier-1.pdf"]
    record = content(case, "sessions/1/record-1.json").decode()
    assert json.loads(record)["snapshot"]["record"]["number"] == "M1"
    findings, currency, before_tax = findings_in(content(case, "sessions/1/findings-1.json").decode())
    assert json.loads(content(case, "sessions/1/findings-1.json"))["record_sha256"] == digest(record)
    assert (currency, before_tax) == ("GBP", False)
    assert {finding.check: finding.verdict for finding in findings}["D14"] is Verdict.PASS
    # One case about this EVSE so far: its own.
    assert json.loads(record)["snapshot"]["record"]["evse_cases"] == 1
    # 12.34 kWh at 0.40
    assert json.loads(content(case, "sessions/1/price-1.json"))["gross"] == "4.94"
    assert content(case, "sessions/1/tariff-1.txt").decode().startswith("Energy")
    assert content(case, "sessions/1/source-1.txt").decode().startswith("M1,Hub,EM1,1,2018-09-06T10:00:00+01:00")
    assert content(case, "dossier-1.pdf").startswith(b"%PDF-")
    assert not case.manifests.exists()


def test_the_same_facts_are_collected_once(case: Case) -> None:
    assert collect(case=case, actor=None, at=LATER) == []
    assert AuditEvent.objects.filter(action="case.evidence").count() == 1


def test_what_comes_later_is_added_beside_what_was_there(case: Case) -> None:
    before = {item.path: item.sha256 for item in case.evidence.all()}
    told = Session.objects.get(external_id="M1")
    ConnectorStatus.objects.create(
        source=told.source, external_id="s", connector=told.connector, at=told.started_at, status="Faulted", batch=told.batch,
        line_no=1,
    )  # fmt: skip
    made = collect(case=case, actor=None, at=LATER)
    assert [item.path for item in made] == [
        "sessions/1/record-2.json", "sessions/1/findings-2.json", "sessions/1/price-2.json", "sessions/1/tariff-2.txt",
        "sessions/1/source-2.txt", "dossier-2.pdf",
    ]  # fmt: skip
    assert {item.path: item.sha256 for item in case.evidence.all()}.items() >= before.items()


def test_each_message_is_collected_once_also_when_two_were_said_at_one_moment(case: Case, agent: Any) -> None:
    for number, body in enumerate(("Hello", "Again", "And again"), 1):
        add_message(case=case, kind=CaseMessage.Kind.TO_DRIVER, body=body, role=Role.AGENT, actor=agent, at=LATER)
        made = collect(case=case, actor=agent, at=LATER)
        assert [item.path for item in made] == [f"messages-{number}.json", f"dossier-{number + 1}.pdf"]
        assert [said["text"] for said in json.loads(content(case, f"messages-{number}.json"))] == [body]
    assert collect(case=case, actor=agent, at=LATER) == []


def test_somebody_who_looks_into_it_signs_what_is_on_file(case: Case, agent: Any) -> None:
    triaged(case, agent)
    manifest = case.manifests.get()
    key = SigningKey.objects.get()
    assert (manifest.version, manifest.items, manifest.key, manifest.made_by) == (1, 8, key, agent)
    found = verified_here(bundle_of(case))
    assert (found.problems, found.about["case"], found.items) == ((), case.number, 8)
    assert verified_by(bundle_of(case), key.public_key).holds


def test_each_later_version_contains_the_earlier_ones(case: Case, agent: Any) -> None:
    triaged(case, agent)
    first = bundle_of(case)
    move(case=case, target=State.INVESTIGATING, role=Role.AGENT, actor=agent, at=LATER + timedelta(minutes=1))
    internal = CaseMessage.Kind.INTERNAL
    add_message(case=case, kind=internal, body="between us", role=Role.AGENT, actor=agent, at=LATER + timedelta(minutes=2))
    collect(case=case, actor=agent, at=LATER + timedelta(minutes=3))
    # Nothing was said to the driver or by him, and a note is nobody's evidence.
    assert case.manifests.count() == 1
    assert bundle_of(case) == first
    told = Session.objects.get(external_id="M1")
    Session.objects.filter(pk=told.pk).update(card_last4="4242")
    collect(case=case, actor=agent, at=LATER)
    assert seal(case=case, actor=agent, at=LATER).version == 2
    again = verified_here(bundle_of(case))
    assert (again.problems, again.version) == ((), 2)
    assert json.loads(case.manifests.get(version=2).text)["previous"]["sha256"] == case.manifests.get(version=1).sha256


def test_without_the_private_half_nobody_pretends_to_sign(case: Case, agent: Any) -> None:
    triaged(case, agent)
    for file in Path(settings.SIGNING_KEYS).iterdir():
        file.unlink()
    Session.objects.filter(external_id="M1").update(card_last4="4242")
    with pytest.raises(UserError, match="private half of the signing key") as refused:
        move(case=case, target=State.INVESTIGATING, role=Role.AGENT, actor=agent, at=LATER)
    assert refused.value.code == "signing_key_missing"
    case.refresh_from_db()
    assert (case.state, case.manifests.count(), case.evidence.count()) == (State.TRIAGE, 1, 8)


def test_a_clock_that_moves_a_case_collects_and_leaves_signing_to_people(case: Case, agent: Any) -> None:
    triaged(case, agent)
    case = move(case=case, target=State.INVESTIGATING, role=Role.AGENT, actor=agent, at=LATER)
    case = move(
        case=case, target=State.AWAITING_CUSTOMER, role=Role.AGENT, actor=agent, at=LATER, said=Said(text="Which car was it?")
    )
    for file in Path(settings.SIGNING_KEYS).iterdir():
        file.unlink()
    Session.objects.filter(external_id="M1").update(card_last4="4242")
    with transaction.atomic():
        step(case=case, target=State.INVESTIGATING, role=Role.SYSTEM, actor=None, at=LATER + timedelta(days=14), said=Said())
    assert case.manifests.count() == 1
    # The session's five pieces once more, the question, a dossier.
    assert case.evidence.count() == 8 + 7


def test_evidence_never_changes(case: Case, agent: Any) -> None:
    triaged(case, agent)
    for statement in (
        "UPDATE disputes_evidenceitem SET path = 'x'",
        "DELETE FROM disputes_evidenceitem",
        "UPDATE disputes_evidencemanifest SET text = '{}'",
        "DELETE FROM disputes_evidencemanifest",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert (EvidenceItem.objects.count(), EvidenceManifest.objects.count()) == (8, 1)


def test_a_case_about_several_sessions_has_a_folder_for_each(billed: Operator) -> None:
    case = opened("M1", "M2")
    assert [path for path in paths(case) if "record" in path] == ["sessions/1/record-1.json", "sessions/2/record-1.json"]


def test_the_key_of_another_company_here_signs_nothing_of_this_one(case: Case, agent: Any, tmp_path: Path) -> None:
    triaged(case, agent)
    content = bundle_of(case)
    with connection.cursor() as cursor:
        from chargebill.core.frozen import install_all, remove

        remove()
        other = type(case.entity).objects.create(name="Other")
        cursor.execute("UPDATE billing_signingkey SET entity_id = %s", [other.pk])
        install_all()
    assert verified_here(content).problems == ("It is signed with the key of another company than the one it names.",)


Run = Callable[..., tuple[int, dict[str, Any], dict[str, Any]]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """``run("export_case", ...)``: exit code, what it printed, what it refused."""

    def call(*words: str) -> tuple[int, dict[str, Any], dict[str, Any]]:
        code = 0
        try:
            call_command(*words)
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else {}, json.loads(err.strip().splitlines()[-1]) if err.strip() else {}

    return call


def test_a_case_is_exported_and_verified(case: Case, tmp_path: Path, run: Run) -> None:
    file = tmp_path / "case.zip"
    code, said, _ = run("export_case", case.number, "--out", str(file))
    key = SigningKey.objects.get()
    assert (code, said["case"], said["version"], said["items"], said["key"]) == (0, case.number, 1, 8, key.fingerprint)
    assert said["bytes"] == file.stat().st_size
    holds = {"holds": True, "case": case.number, "company": "Tayside Charging Ltd", "version": 1, "items": 8}
    assert run("verify_case", str(file))[:2] == (0, {**holds, "key": key.fingerprint, "problems": []})
    assert run("verify_case", str(file), "--key", key.public_key)[0] == 0
    (tmp_path / "key.txt").write_text(key.public_key + "\n")
    assert run("verify_case", str(file), "--key", str(tmp_path / "key.txt"))[0] == 0
    # Once more is the same file.
    again = tmp_path / "again.zip"
    run("export_case", case.number, "--out", str(again))
    assert again.read_bytes() == file.read_bytes()


def test_a_bundle_that_does_not_hold_exits_with_1(case: Case, tmp_path: Path, run: Run) -> None:
    file = tmp_path / "case.zip"
    run("export_case", case.number, "--out", str(file))
    code, said, _ = run("verify_case", str(file), "--key", "ab" * 32)
    assert (code, said["problems"]) == (1, ["It is signed with another key than this one."])
    file.write_bytes(file.read_bytes().replace(b"M1,Hub", b"M2,Hub"))
    code, said, _ = run("verify_case", str(file))
    assert (code, said["holds"]) == (1, False)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("export_case", "D-999999", "--out", "x.zip"), "no_case"),
        (("export_case", "CASE", "--out", "/nowhere/x.zip"), "out"),
        (("verify_case", "/nowhere/x.zip"), "file"),
        (("verify_case", "README.md", "--key", "abc"), "key"),
    ],
)
def test_bad_input_exits_with_2(words: tuple[str, ...], code: str, case: Case, run: Run) -> None:
    exit_code, _, refused = run(*(case.number if word == "CASE" else word for word in words))
    assert (exit_code, refused["error"]["code"]) == (2, code)


def test_an_item_is_worth_what_the_check_says_to_the_cent(billed: Operator, agent: Any) -> None:
    """The token was blocked before it charged: 4.94 go back."""
    from memberships.models import Token

    Token.objects.filter(uid="T-Ada").update(blocked_from=OPENED - timedelta(days=300))
    case = opened("M1")
    findings, _, _ = findings_in(content(case, "sessions/1/findings-1.json").decode())
    remedy = next(finding.remedy for finding in findings if finding.check == "D24")
    assert remedy is not None
    assert (remedy.way, remedy.amount) == ("DROP", D("4.94"))
