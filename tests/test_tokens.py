"""Whose token is it, and where do new tokens come from."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import close_old_connections, connection, transaction
from django.test.utils import CaptureQueriesContext

from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, LegalEntity
from memberships.models import ContractPrefix, Customer, CustomerGroup, CustomerKind, Token
from memberships.operations import block_token, ensure_tokens, unblock_token
from memberships.queries import NOBODY, Resolved, resolve

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def nord(db: None) -> LegalEntity:
    return LegalEntity.objects.create(name="Stadtwerke Nord")


@pytest.fixture
def sued(db: None) -> LegalEntity:
    return LegalEntity.objects.create(name="Stadtwerke Süd")


def partner(entity: LegalEntity, name: str, *prefixes: str) -> Customer:
    customer = Customer.objects.create(entity=entity, name=name, kind=CustomerKind.PARTNER)
    for prefix in prefixes:
        ContractPrefix.objects.create(entity=entity, prefix=prefix, partner=customer)
    return customer


def test_a_token_with_a_customer_is_that_customers_whatever_its_contract_id_says(nord: LegalEntity) -> None:
    partner(nord, "Roamer", "DE-ABC")
    anna = Customer.objects.create(entity=nord, name="Anna", kind=CustomerKind.MEMBER)
    token = Token.objects.create(entity=nord, uid="04A1", customer=anna)
    key = (nord.pk, "04A1", "DE-ABC-C12345678-X")
    assert resolve([key]) == {key: Resolved(anna.pk, CustomerKind.MEMBER, token.pk)}


def test_the_token_and_the_customers_groups_come_with_it(nord: LegalEntity) -> None:
    residents, fleet = (CustomerGroup.objects.create(entity=nord, name=name) for name in ("Residents", "Fleet"))
    anna = Customer.objects.create(entity=nord, name="Anna")
    anna.groups.add(residents, fleet)
    roamer = partner(nord, "Roamer", "DE-ABC")
    roamer.groups.add(fleet)
    hers = Token.objects.create(entity=nord, uid="04A1", customer=anna)
    foreign = Token.objects.create(entity=nord, uid="04B2", contract_id="DE-ABC-1")
    nobodys = Token.objects.create(entity=nord, uid="04C3")
    keys = [(nord.pk, uid, "") for uid in ("04A1", "04B2", "04C3", "04D4")]
    resolved = resolve(keys)
    assert [resolved[key] for key in keys] == [
        Resolved(anna.pk, CustomerKind.MEMBER, hers.pk, frozenset({residents.pk, fleet.pk})),
        Resolved(roamer.pk, CustomerKind.PARTNER, foreign.pk, frozenset({fleet.pk})),
        Resolved(None, CustomerKind.AD_HOC, nobodys.pk),
        NOBODY,
    ]


def test_the_longest_prefix_decides_and_case_and_separators_do_not_matter(nord: LegalEntity) -> None:
    wide = partner(nord, "Wide", "de-abc")
    narrow = partner(nord, "Narrow", "DE*ABC*C9")
    keys = [
        (nord.pk, "1", "DE*ABC*C12345678"),
        (nord.pk, "2", "deabcc912345678"),
        (nord.pk, "3", "DE-ABD-C1"),
        (nord.pk, "4", "DE"),
    ]
    resolved = resolve(keys)
    assert [resolved[key] for key in keys] == [
        Resolved(wide.pk, CustomerKind.PARTNER),
        Resolved(narrow.pk, CustomerKind.PARTNER),
        NOBODY,
        NOBODY,
    ]


def test_without_a_contract_id_in_the_session_the_stored_one_counts(nord: LegalEntity) -> None:
    roamer = partner(nord, "Roamer", "NL*XYZ")
    Token.objects.create(entity=nord, uid="04B2", contract_id="NL-XYZ-C1")
    assert resolve([(nord.pk, "04B2", "")])[nord.pk, "04B2", ""].customer_id == roamer.pk


def test_another_companys_tokens_and_prefixes_do_not_count(nord: LegalEntity, sued: LegalEntity) -> None:
    partner(nord, "Roamer", "DE-ABC")
    anna = Customer.objects.create(entity=nord, name="Anna")
    Token.objects.create(entity=nord, uid="04A1", customer=anna)
    keys = [(sued.pk, "04A1", ""), (sued.pk, "x", "DE-ABC-1"), (nord.pk, "", ""), (sued.pk, "", "")]
    assert set(resolve(keys).values()) == {NOBODY}


@pytest.mark.parametrize("count", [1, 500])
def test_resolving_takes_three_queries_however_many_tokens(nord: LegalEntity, count: int) -> None:
    roamer = partner(nord, "Roamer", "DE-ABC")
    Token.objects.bulk_create(Token(entity=nord, uid=f"T{n}") for n in range(count))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        resolved = resolve((nord.pk, f"T{n}", f"DE-ABC-{n}") for n in range(count))
    assert len(queries) == 3
    assert {who.customer_id for who in resolved.values()} == {roamer.pk}


def test_unknown_tokens_are_made_once_and_marked_for_review(nord: LegalEntity) -> None:
    known = Token.objects.create(entity=nord, uid="04A1", contract_id="DE-OLD")
    said = [
        ("04C3", "RFID", ""),
        ("04A1", "RFID", "DE-NEW"),
        ("04C3", "RFID", "DE-ABC-1"),
        ("", "RFID", ""),
        ("04B2", "MAGIC", ""),
    ]
    ensure_tokens(entity_id=nord.pk, tokens=said)
    ensure_tokens(entity_id=nord.pk, tokens=iter(said))
    assert list(Token.objects.values_list("uid", "type", "contract_id", "needs_review", "customer_id", "blocked_from")) == [
        (known.uid, "RFID", "DE-OLD", False, None, None),
        ("04B2", "OTHER", "", True, None, None),
        ("04C3", "RFID", "DE-ABC-1", True, None, None),
    ]


@pytest.mark.django_db(transaction=True)
def test_two_imports_that_meet_the_same_new_tokens_make_each_once() -> None:
    entity = LegalEntity.objects.create(name="Stadtwerke Nord")
    uids = [f"T{n:03d}" for n in range(200)]
    start, errors = threading.Barrier(2), []

    def run(order: list[str]) -> None:
        try:
            start.wait()
            for _ in range(5):
                with transaction.atomic():
                    ensure_tokens(entity_id=entity.pk, tokens=[(uid, "RFID", "") for uid in order])
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(order,)) for order in (uids, uids[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close_old_connections()
    assert not errors
    assert list(Token.objects.order_by("uid").values_list("uid", flat=True)) == uids


def test_blocking_needs_a_reason_and_is_kept_with_it(nord: LegalEntity) -> None:
    token = Token.objects.create(entity=nord, uid="04A1")
    with pytest.raises(UserError, match="it was not blocked"):
        block_token(token=token, blocked_from=AT, reason="  ", actor=None, at=AT)
    token.refresh_from_db()
    assert token.blocked_from is None
    assert not AuditEvent.objects.exists()

    block_token(token=token, blocked_from=AT, reason="Card reported stolen", actor=None, at=AT)
    token.refresh_from_db()
    assert (token.blocked_from, token.blocked_reason) == (AT, "Card reported stolen")
    event = AuditEvent.objects.get()
    assert (event.action, event.object_id, event.reason, event.entity) == (
        "token.block",
        str(token.pk),
        "Card reported stolen",
        nord,
    )
    assert event.changes["blocked from"] == [None, "2026-03-01T12:00:00+00:00"]


def test_unblocking_needs_a_blocked_token(nord: LegalEntity) -> None:
    token = Token.objects.create(entity=nord, uid="04A1")
    with pytest.raises(UserError, match="is not blocked"):
        unblock_token(token=token, reason="Found again", actor=None, at=AT)
    block_token(token=token, blocked_from=AT, reason="Lost", actor=None, at=AT)
    unblock_token(token=token, reason="Found again", actor=None, at=AT)
    token.refresh_from_db()
    assert (token.blocked_from, token.blocked_reason) == (None, "")
    assert list(AuditEvent.objects.values_list("action", "reason")) == [("token.unblock", "Found again"), ("token.block", "Lost")]
