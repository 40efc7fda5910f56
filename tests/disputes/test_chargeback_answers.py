"""The answer to an acquirer: what goes along for which reason, a draft, a second person, and a ZIP that never changes."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from pypdf import PdfReader

from billing.document_models import Document
from billing.operations.papers import paper_of
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, User
from disputes.answer_models import ChargebackAnswer, ChargebackSubmission
from disputes.chargeback_answers import has_moved_on
from disputes.chargeback_models import Chargeback
from disputes.chargebacks.fields import Field, Reason
from disputes.evidence_models import EvidenceItem
from disputes.models import CaseMessage
from disputes.operations.chargeback_answers import stage_answer, submit_answer
from disputes.operations.chargebacks import move_chargeback
from disputes.operations.settings import change_dispute_settings
from disputes.operations.thread import add_message
from disputes.workflow.states import Role
from stations.models import Session
from tests.disputes.test_chargebacks import AT, TODAY, S, ada, clean, written
from tests.documents.conftest import Operator, session
from tests.payments.conftest import of

__all__ = ["ada"]
LATER = AT + timedelta(hours=1)
WORDS = {Field.UNCATEGORIZED_TEXT: "The car took 12.34 kWh."}


@pytest.fixture
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def made(ada: Document, media: None) -> Chargeback:
    return written(ada)


@pytest.fixture
def finance(staff: Callable[[str], User]) -> User:
    return staff("Finance")


def staged(chargeback: Chargeback, by: User, reason: Reason = Reason.GENERAL, **more: Any) -> ChargebackAnswer:
    given: dict[str, Any] = {"typed": WORDS, "at": AT, **more}
    return stage_answer(chargeback=chargeback, reason=reason, actor=by, **given)


def submitted(
    answer: ChargebackAnswer, by: User, way: str = "PORTAL", note: str = "", at: datetime = LATER
) -> ChargebackSubmission:
    return submit_answer(answer=answer, way=way, note=note, actor=by, at=at)


def say(chargeback: Chargeback, kind: str, body: str, actor: User | None = None) -> None:
    role = Role.CUSTOMER if kind == "FROM_DRIVER" else Role.AGENT
    add_message(case=chargeback.case, kind=CaseMessage.Kind(kind), body=body, role=role, actor=actor, at=AT)


def entries(answer: ChargebackAnswer) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bytes(answer.content))) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info) for info in archive.infolist()}


def words(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_the_papers_are_numbered_in_the_order_and_the_index_has_their_hashes(
    made: Chargeback, agent: User, ada: Document
) -> None:
    say(made, "FROM_DRIVER", "That was not me.")
    change_dispute_settings(
        entity=made.entity, values={"refund_policy_en": "Refunds within 14 days."}, holidays=[], actor=None, at=AT
    )  # fmt: skip
    answer = staged(made, agent, Reason.GENERAL)
    found = entries(answer)
    assert list(found) == [
        "00-cover-letter.pdf", "01-product_description.pdf", "02-service_documentation.pdf", "03-access_activity_log.pdf",
        "04-receipt.pdf", "05-customer_communication.pdf", "06-refund_policy.pdf", "07-uncategorized_text.pdf", "index.json",
    ]  # fmt: skip
    assert found["04-receipt.pdf"] == paper_of(document=ada, at=AT)
    dossier = EvidenceItem.objects.filter(case=made.case, kind="DOSSIER").latest("seq")
    assert found["02-service_documentation.pdf"] == bytes(dossier.content)
    index = json.loads(found["index.json"])
    assert index["chargeback"] == {
        "acquirer": "Worldline", "reference": "CB-1", "reason_code": "10.4", "reason": "general", "amount": "5.07",
        "currency": "GBP", "document": ada.number,
    }  # fmt: skip
    listed = {one["path"]: one for one in [index["cover_letter"], *index["fields"]] if "path" in one}
    assert set(listed) == set(found) - {"index.json"}
    for path, one in listed.items():
        assert (one["bytes"], one["sha256"]) == (len(found[path]), hashlib.sha256(found[path]).hexdigest())
    assert "missing" not in found["index.json"].decode()
    assert {one["field"]: one["missing"] for one in answer.index["fields"] if "missing" in one} == {
        "refund_policy_disclosure": "Nobody wrote it yet.",
        "refund_refusal_explanation": "Nobody wrote it yet.",
    }
    assert index["evidence"] == {
        "version": answer.manifest.version, "sha256": answer.manifest.sha256, "key": answer.manifest.key.fingerprint,
    }  # fmt: skip
    assert answer.sha256 == hashlib.sha256(bytes(answer.content)).hexdigest()
    cover = " ".join(words(found["00-cover-letter.pdf"]).split())
    for said in ("Worldline", "CB-1", "GBP 5.07", "6 September 2018 to 20 September 2018", "03-access_activity_log.pdf"):
        assert said in cover
    assert "12.34 kWh at Hub, EM1-1, from 2018-09-06 10:00 Europe/London" in " ".join(
        words(found["01-product_description.pdf"]).split()
    )
    assert "Refunds within 14 days." in words(found["06-refund_policy.pdf"])
    assert "That was not me." in words(found["05-customer_communication.pdf"])


def test_the_same_facts_give_the_same_bytes(made: Chargeback, agent: User) -> None:
    first, second = staged(made, agent), staged(made, agent)
    assert (first.version, second.version) == (1, 2)
    assert bytes(first.content) == bytes(second.content)


def test_internal_notes_and_names_of_colleagues_stay_here(made: Chargeback, agent: User) -> None:
    User.objects.filter(pk=agent.pk).update(username="zz-secret-colleague", first_name="Zacharias", last_name="Zuckmayer")
    agent.refresh_from_db()
    say(made, "TO_DRIVER", "We look into it.", agent)
    say(made, "INTERNAL", "He lies, says our lawyer.", agent)
    found = entries(staged(made, agent))
    said = "\n".join(words(content) if path.endswith(".pdf") else content.decode() for path, content in found.items())
    assert "We look into it." in said
    for secret in ("zz-secret", "Zacharias", "Zuckmayer", "lawyer"):
        assert secret not in said


def test_each_reason_asks_for_its_own_papers(made: Chargeback, agent: User) -> None:
    def fields(reason: Reason) -> set[str]:
        return {one["field"] for one in staged(made, agent, reason).index["fields"]}

    always = {
        "service_date", "product_description", "service_documentation", "receipt", "customer_communication", "uncategorized_text",
    }  # fmt: skip
    log, refunds = {"access_activity_log"}, {"refund_policy", "refund_policy_disclosure", "refund_refusal_explanation"}
    twice = {"duplicate_charge_id", "duplicate_charge_explanation", "duplicate_charge_documentation"}
    assert fields(Reason.FRAUDULENT) == always | log
    assert fields(Reason.CREDIT) == always | refunds
    assert fields(Reason.DUPLICATE) == always | log | twice
    assert fields(Reason.UNACCEPTABLE) == fields(Reason.GENERAL) == always | log | refunds


def test_what_is_missing_says_why(made: Chargeback, agent: User) -> None:
    answer = staged(made, agent, Reason.DUPLICATE, typed={})
    missing = {one["field"]: one["missing"] for one in answer.index["fields"] if "missing" in one}
    assert set(missing) == {
        "customer_communication", "duplicate_charge_id", "duplicate_charge_explanation", "duplicate_charge_documentation",
        "uncategorized_text",
    }  # fmt: skip
    assert missing["customer_communication"] == "Nothing was said yet."
    assert "No other charge" in missing["duplicate_charge_id"]
    policy = next(one for one in staged(made, agent).index["fields"] if one["field"] == "refund_policy")
    assert policy["missing"].startswith("No text set:")
    log = next(one for one in answer.index["fields"] if one["field"] == "access_activity_log")
    assert log["hint"].startswith("No authorization is on record")
    for path, content in entries(answer).items():
        said = words(content) if path.endswith(".pdf") else content.decode()
        assert ("import them" in said, "Nobody wrote" in said) == (False, False)


def test_a_second_person_submits_once_and_nothing_changes_afterwards(
    made: Chargeback, agent: User, supervisor: User, finance: User
) -> None:
    answer = staged(made, agent)
    with pytest.raises(UserError, match="somebody else submits it") as refused:
        submitted(answer, agent)
    assert refused.value.code == "own_draft"
    with pytest.raises(UserError, match="Say how it goes"):
        submitted(answer, supervisor, way="PIGEON")
    assert not ChargebackSubmission.objects.exists()
    given = submitted(answer, supervisor, note="portal case 77")
    made.refresh_from_db()
    made.case.refresh_from_db()
    assert (made.status, made.case.chargeback_due_at) == ("UNDER_REVIEW", None)
    assert (given.answered, given.submitted_by, given.submitted_at, given.sent_note) == (
        "NEEDS_RESPONSE", supervisor, LATER, "portal case 77",
    )  # fmt: skip
    with pytest.raises(UserError, match="submitted the answer before"):
        submitted(answer, finance)
    with pytest.raises(UserError, match="no answer is owed"):
        staged(made, agent)
    audit = AuditEvent.objects.get(action="chargeback.submit")
    assert audit.reason.endswith(f"SHA-256 {answer.sha256}")
    assert (ChargebackSubmission.objects.count(), [event.kind for event in made.events.all()]) == (
        1, ["MOVED", "STAGED", "ANSWERED", "MOVED"],
    )  # fmt: skip
    for model, change in (
        (ChargebackAnswer, {"content": b"x"}), (ChargebackAnswer, {"sha256": "x"}), (ChargebackSubmission, {"way": "FAX"}),
    ):  # fmt: skip
        with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
            model._default_manager.update(**change)  # type: ignore[attr-defined]
        with pytest.raises(DatabaseError, match="never deleted"), transaction.atomic():
            model._default_manager.all()._raw_delete("default")  # type: ignore[attr-defined]
    assert clean()


def test_the_database_refuses_the_author_and_a_second_submission(made: Chargeback, agent: User, supervisor: User) -> None:
    answer, other = staged(made, agent), staged(made, agent)
    row = {"chargeback": made, "answered": "NEEDS_RESPONSE", "way": "FAX", "submitted_at": AT}
    with pytest.raises(DatabaseError, match="somebody else"), transaction.atomic():
        ChargebackSubmission.objects.create(answer=answer, submitted_by=agent, **row)
    ChargebackSubmission.objects.create(answer=answer, submitted_by=supervisor, **row)
    with pytest.raises(IntegrityError), transaction.atomic():
        ChargebackSubmission.objects.create(answer=other, submitted_by=supervisor, **row)


def test_an_answered_inquiry_owes_nothing_until_it_becomes_a_claim(
    ada: Document, media: None, agent: User, supervisor: User
) -> None:
    made = written(ada, is_inquiry=True)
    submitted(staged(made, agent), supervisor)
    made.refresh_from_db()
    made.case.refresh_from_db()
    assert (made.status, made.is_answered, made.case.chargeback_due_at) == ("INQUIRY", True, None)
    with pytest.raises(UserError, match="answered already"):
        staged(made, agent)
    assert clean()
    move_chargeback(chargeback=made, target=S.NEEDS_RESPONSE, text="", on=TODAY, actor=None, at=AT)
    made.case.refresh_from_db()
    assert made.case.chargeback_due_at == made.due_by - timedelta(hours=48)
    submitted(staged(made, agent), supervisor)
    assert list(ChargebackSubmission.objects.values_list("answered", flat=True)) == ["INQUIRY", "NEEDS_RESPONSE"]
    assert clean()


def test_a_draft_is_out_of_date_once_its_case_has_moved(made: Chargeback, agent: User, supervisor: User) -> None:
    answer = staged(made, agent)
    assert not has_moved_on(answer)
    say(made, "INTERNAL", "Between us.", agent)
    assert not has_moved_on(answer)
    say(made, "FROM_DRIVER", "Here is my receipt.")
    assert has_moved_on(answer)
    pieces = EvidenceItem.objects.count()
    with pytest.raises(UserError, match="changed since: stage it again") as refused:
        submitted(answer, supervisor)
    assert (refused.value.code, EvidenceItem.objects.count()) == ("out_of_date", pieces)
    newer = staged(made, agent)
    with pytest.raises(UserError, match="a newer draft"):
        submitted(answer, supervisor)
    values = {"refund_policy_en": "None.", "refund_policy_de": ""}
    change_dispute_settings(entity=made.entity, values=values, holidays=[], actor=None, at=AT)
    with pytest.raises(UserError, match="stage it again"):
        submitted(newer, supervisor)
    assert submitted(staged(made, agent), supervisor).answer.version == 3


def test_a_record_that_changed_makes_a_draft_out_of_date(made: Chargeback, agent: User, supervisor: User) -> None:
    answer = staged(made, agent)
    session = answer.chargeback.document.lines.first().session  # type: ignore[union-attr]
    type(session).objects.filter(pk=session.pk).update(card_last4="9999")
    assert not has_moved_on(answer)
    with pytest.raises(UserError, match="stage it again"):
        submitted(answer, supervisor)


@pytest.mark.parametrize("name", ["uncategorized_text", "refund_policy_disclosure", "refund_refusal_explanation"])
def test_a_text_that_is_too_long_is_refused_and_nothing_is_kept(made: Chargeback, agent: User, name: str) -> None:
    with pytest.raises(UserError, match=r"20,001 characters.*Shorten it by 1\. Nothing was changed") as refused:
        staged(made, agent, typed={Field(name): "x" * 20_001})
    assert (refused.value.where, ChargebackAnswer.objects.count(), made.events.count()) == (name, 0, 1)
    assert staged(made, agent, typed={Field(name): "x" * 20_000}).version == 1


HOSTILE = (
    '#import "/etc/passwd": *\n#read("/etc/passwd")\n$ x^2 $ *bold* _it_ `raw` <label> @ref \\u{41} // comment /* */\n'
    '</script><script>alert(1)</script>\n=HYPERLINK("http://x")\n\u202egnp.exe\n' + "A" * 5000
)


def test_hostile_words_are_set_as_they_are(made: Chargeback, agent: User) -> None:
    say(made, "FROM_DRIVER", HOSTILE)
    found = entries(staged(made, agent, typed={Field.UNCATEGORIZED_TEXT: HOSTILE}))
    for path in ("05-customer_communication.pdf", "06-uncategorized_text.pdf"):
        said = words(found[path])
        assert '#read("/etc/passwd")' in said
        assert "root:" not in said
        reader = PdfReader(io.BytesIO(found[path]))
        assert ("/OpenAction" in reader.trailer["/Root"], "/Names" in reader.trailer["/Root"]) == (False, False)
        assert all("/Annots" not in page for page in reader.pages)


def test_what_was_charged_is_the_document_s_amount_whatever_the_letter_is_about(ada: Document, media: None, agent: User) -> None:
    answer = staged(written(ada, amount=Decimal("1.00")), agent)
    assert answer.index["chargeback"]["amount"] == "1"
    sold = next(one for one in answer.index["fields"] if one["field"] == "product_description")
    assert sold["text"].startswith(f"Charging of an electric vehicle, {ada.number}, GBP 5.07:")


def test_another_customer_s_charge_with_the_same_last_four_digits_is_no_second_charge(
    operator: Operator, media: None, agent: User
) -> None:
    """Four digits are many people's: somebody nobody knows may be her, the brewery is not, however near its charge is."""
    operator.bring(
        session("M1", token="T-Ada"),
        session("B1", day="2018-09-06", start="12:00", end="13:00", token="T-Brewery"),
        session("A1", day="2018-09-10"),
    )
    operator.issue()
    Session.objects.update(card_last4="4242")
    hers, theirs, nobody = of("Ada"), of("Brewery"), Document.objects.get(customer=None)
    assert {hers.gross_amount, theirs.gross_amount, nobody.gross_amount} == {Decimal("4.00")}
    made = written(hers, amount=hers.gross_amount)

    def second() -> str | None:
        fields = staged(made, agent, Reason.DUPLICATE).index["fields"]
        return next(one.get("text") for one in fields if one["field"] == "duplicate_charge_id")

    assert second() == nobody.number
    Session.objects.filter(external_id="A1").update(card_last4="1881")
    assert second() is None
