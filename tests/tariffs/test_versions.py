"""The life of a version: draft, active, retired; what may change and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models.deletion import ProtectedError

from billing.models import Assignment, Cdr, Chargeable, Tariff, TariffVersion
from billing.operations import (
    activate,
    assign,
    create_tariff,
    discard_draft,
    end_assignment,
    rename_tariff,
    retire,
    save_draft,
    set_tariff,
)
from billing.operations.tariffs import draft_of
from billing.tariff_content import Content, content_of
from billing.tariff_elements import one_price
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, LegalEntity, User
from tests.tariffs.conftest import AT, DAY, documented, energy, spans

InForce = Callable[..., TariffVersion]


def everything() -> list[list[Any]]:
    return [list(model.objects.order_by("pk").values()) for model in (Tariff, TariffVersion, Assignment, AuditEvent)]


def refused(why: str, operation: Callable[..., Any], /, **arguments: Any) -> str:
    """The message of a refusal; nothing may have changed."""
    before = everything()
    with pytest.raises(UserError) as error:
        operation(**arguments)
    assert error.value.code == why
    assert everything() == before
    return error.value.message


# Drafts


def test_a_tariff_begins_as_a_draft_that_applies_to_nothing(night: Tariff, manager: User) -> None:
    assert spans(night) == [(1, "DRAFT", None, None)]
    draft = draft_of(night)
    assert draft is not None
    assert (draft.created_by, draft.created_at, draft.activated_at) == (manager, AT, None)
    assert content_of(draft) == energy("0.49")
    assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True)) == ["tariff.create", "tariff.draft"]


def test_a_draft_is_replaced_and_the_same_again_writes_nothing(night: Tariff, manager: User) -> None:
    changed = energy("0.55", grace_minutes=10, min_price=Decimal("0.50"))
    draft = save_draft(tariff=night, content=changed, actor=manager, at=AT + DAY)
    assert (draft.number, draft.grace_minutes, draft.created_at) == (1, 10, AT)
    event = AuditEvent.objects.first()
    assert event is not None
    assert event.summary == "Draft Night owl v1 changed"
    assert [event.changes[side]["grace_minutes"] for side in ("old", "new")] == [0, 10]
    before = everything()
    save_draft(tariff=night, content=replace(changed, min_price=Decimal("0.5")), actor=manager, at=AT + 2 * DAY)
    assert everything() == before


def test_who_saves_over_another_ones_draft_is_told(night: Tariff, manager: User) -> None:
    seen = energy("0.49").digest
    save_draft(tariff=night, content=energy("0.55"), seen=seen, actor=manager, at=AT)
    message = refused("changed_meanwhile", save_draft, tariff=night, content=energy("0.60"), seen=seen, actor=manager, at=AT)
    assert "Nothing was saved now" in message


def test_a_discarded_draft_takes_a_tariff_along_that_never_was_anything_else(night: Tariff, manager: User) -> None:
    assert discard_draft(tariff=night, actor=manager, at=AT) is None
    assert not Tariff.objects.exists()
    assert AuditEvent.objects.first().changes["elements"] == energy("0.49").elements


def test_a_discarded_draft_leaves_what_is_in_force(night: Tariff, manager: User, in_force: InForce) -> None:
    in_force("0.49", None)
    save_draft(tariff=night, content=energy("0.60"), actor=manager, at=AT)
    assert discard_draft(tariff=night, actor=manager, at=AT) == night
    assert spans(night) == [(1, "ACTIVE", None, None)]
    refused("no_draft", discard_draft, tariff=night, actor=manager, at=AT)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (energy("-0.1"), "negative_price"),
        (Content(tax_included=True, elements=[{"price_components": []}]), "price_components_empty"),
        (energy("1", min_price=Decimal(-1)), "min_price_out_of_range"),
        (energy("1", max_price=Decimal("0.00001")), "max_price_too_exact"),
        (energy("1", parking_cap=Decimal(10) ** 9), "parking_cap_out_of_range"),
        (energy("1", min_price=Decimal(2), max_price=Decimal(1)), "min_above_max"),
        (energy("1", grace_minutes=-1), "grace_out_of_range"),
    ],
)
def test_what_no_tariff_can_say_is_refused(night: Tariff, manager: User, content: Content, code: str) -> None:
    message = refused(code, save_draft, tariff=night, content=content, actor=manager, at=AT)
    assert "nothing was saved" in message.lower()


def test_a_name_and_a_code_name_one_tariff_of_a_company(night: Tariff, nord: LegalEntity, manager: User) -> None:
    new: dict[str, Any] = {"entity": nord, "currency": "EUR", "content": energy("1"), "actor": manager, "at": AT}
    refused("name_taken", create_tariff, name="Night owl", **new)
    refused("name_missing", create_tariff, name=" ", **new)
    rename_tariff(tariff=night, name="Night", code="N1", actor=manager, at=AT)
    refused("code_taken", create_tariff, name="Other", code="N1", **new)
    create_tariff(name="Night owl", **new)
    refused("name_taken", rename_tariff, tariff=night, name="Night owl", code="", actor=manager, at=AT)


# In force


def test_versions_follow_each_other_without_gap_or_overlap(night: Tariff, in_force: InForce) -> None:
    in_force("0.49", None)
    in_force("0.55", AT + 10 * DAY)
    in_force("0.60", AT + 20 * DAY)
    assert spans(night) == [
        (1, "RETIRED", None, AT + 10 * DAY),
        (2, "RETIRED", AT + 10 * DAY, AT + 20 * DAY),
        (3, "ACTIVE", AT + 20 * DAY, None),
    ]


def test_a_version_replaced_before_it_applied_holds_for_no_moment(night: Tariff, in_force: InForce) -> None:
    in_force("0.49", None)
    in_force("0.55", AT + 10 * DAY)
    in_force("0.60", AT + 5 * DAY)
    assert spans(night) == [
        (1, "RETIRED", None, AT + 5 * DAY),
        (2, "RETIRED", AT + 10 * DAY, AT + 10 * DAY),
        (3, "ACTIVE", AT + 5 * DAY, None),
    ]


def test_since_ever_replaces_everything(night: Tariff, in_force: InForce) -> None:
    in_force("0.49", None)
    in_force("0.55", AT + 10 * DAY)
    in_force("0.60", None, AT + DAY)
    assert spans(night) == [
        (1, "RETIRED", AT + DAY, AT + DAY),
        (2, "RETIRED", AT + 10 * DAY, AT + 10 * DAY),
        (3, "ACTIVE", None, None),
    ]


def test_at_any_moment_at_most_one_version_is_in_force(night: Tariff, in_force: InForce) -> None:
    moments = [None, AT, AT + 9 * DAY, AT + 3 * DAY, None, AT + 5 * DAY, AT + 4 * DAY, AT + 4 * DAY, AT + 8 * DAY]
    for number, moment in enumerate(moments):
        in_force(f"0.{number + 1}", moment, AT + timedelta(hours=number))
        found = [
            [n for n, _, begins, ends in spans(night) if (begins is None or begins <= day) and (ends is None or day < ends)]
            for day in (AT + timedelta(hours=12 * half) for half in range(-4, 30))
        ]
        assert max(map(len, found)) == 1
        # From its moment on the newest is the one.
        assert found[-1] == [number + 1]


def test_a_tariff_ends_at_a_moment(night: Tariff, in_force: InForce, manager: User) -> None:
    in_force("0.49", None)
    in_force("0.55", AT + 10 * DAY)
    retire(tariff=night, until=AT + 5 * DAY, actor=manager, at=AT)
    assert spans(night) == [(1, "RETIRED", None, AT + 5 * DAY), (2, "RETIRED", AT + 10 * DAY, AT + 10 * DAY)]
    refused("not_in_force", retire, tariff=night, until=AT + 5 * DAY, actor=manager, at=AT)
    # It may come back, after a time without a price.
    in_force("0.60", AT + 7 * DAY)
    assert spans(night)[2] == (3, "ACTIVE", AT + 7 * DAY, None)


def test_activating_needs_a_draft(night: Tariff, in_force: InForce, manager: User) -> None:
    in_force("0.49", None)
    refused("no_draft", activate, tariff=night, valid_from=None, actor=manager, at=AT)


def test_activating_says_who_and_when(night: Tariff, manager: User) -> None:
    version = activate(tariff=night, valid_from=AT + DAY, actor=manager, at=AT)
    assert (version.activated_by, version.activated_at) == (manager, AT)
    event = AuditEvent.objects.first()
    assert event is not None
    assert (event.action, event.actor) == ("tariff.activate", manager)
    assert event.summary == "Night owl v1 activated, valid from 27 Nov 2026 12:00 UTC on"


def test_an_error_of_the_lint_keeps_a_draft_from_being_activated(night: Tariff, manager: User) -> None:
    never = [{**energy("0.49").elements[0], "restrictions": {"min_kwh": "10", "max_kwh": "5"}}]
    save_draft(tariff=night, content=Content(tax_included=True, elements=never), actor=manager, at=AT)
    message = refused("lint_errors", activate, tariff=night, valid_from=AT, actor=manager, at=AT)
    assert message.startswith("Night owl v1 has 1 error: ")
    assert message.endswith("Correct the draft and activate it then; nothing was changed.")


def test_whether_a_start_fee_is_lawful_depends_on_where_the_tariff_is_assigned(
    night: Tariff, nord: LegalEntity, manager: User
) -> None:
    fee = one_price(start_fee=Decimal("0.35"), energy_per_kwh=Decimal("0.49"))
    save_draft(tariff=night, content=Content(tax_included=True, elements=fee), actor=manager, at=AT)
    fast = assign(entity=nord, tariff=night, min_kw=Decimal(50), actor=manager, at=AT)
    message = refused("lint_errors", activate, tariff=night, valid_from=AT, actor=manager, at=AT)
    assert "start" in message
    end_assignment(assignment=fast, valid_until=AT.date(), reason="", actor=manager, at=AT)
    assign(entity=nord, tariff=night, max_kw=Decimal(50), actor=manager, at=AT)
    assert activate(tariff=night, valid_from=AT, actor=manager, at=AT).state == "ACTIVE"


# Once there are documents


@pytest.mark.parametrize("state", [Chargeable.State.DOCUMENTED, Chargeable.State.CREDITED])
def test_once_a_document_is_issued_no_price_of_the_past_changes(
    night: Tariff, nord: LegalEntity, in_force: InForce, manager: User, state: str
) -> None:
    in_force("0.49", None)
    documented(nord, state)
    save_draft(tariff=night, content=energy("0.60"), actor=manager, at=AT)
    for moment in (None, AT - timedelta(seconds=1)):
        message = refused("past_refused", activate, tariff=night, valid_from=moment, actor=manager, at=AT)
        assert message.startswith("Stadtwerke Nord has issued documents")
    refused("past_refused", retire, tariff=night, until=AT - timedelta(seconds=1), actor=manager, at=AT)
    assert activate(tariff=night, valid_from=AT, actor=manager, at=AT).state == "ACTIVE"
    retire(tariff=night, until=AT + DAY, actor=manager, at=AT)


def test_before_the_first_document_prices_of_the_past_may_change(night: Tariff, in_force: InForce, manager: User) -> None:
    in_force("0.49", AT - 30 * DAY)
    in_force("0.55", AT - 60 * DAY)
    retire(tariff=night, until=AT - 40 * DAY, actor=manager, at=AT)
    assert spans(night)[1] == (2, "RETIRED", AT - 60 * DAY, AT - 40 * DAY)


# In use


def test_a_version_in_use_can_be_neither_edited_nor_discarded(night: Tariff, nord: LegalEntity, manager: User) -> None:
    draft = draft_of(night)
    Cdr.objects.bulk_create([_priced_by(documented(nord), draft)])
    refused("version_in_use", save_draft, tariff=night, content=energy("0.60"), actor=manager, at=AT)
    refused("version_in_use", discard_draft, tariff=night, actor=manager, at=AT)
    with pytest.raises(ProtectedError):
        TariffVersion.objects.all().delete()


def _priced_by(cdr: Cdr, version: TariffVersion | None) -> Cdr:
    cdr.pk, cdr.version, cdr.tariff_version = None, 2, version
    cdr._state.adding = True
    return cdr


# The short way


def flat(entity: LegalEntity, price: str, valid_from: datetime | None = None, **other: Any) -> TariffVersion:
    arguments: dict[str, Any] = {"name": "Standard", "currency": "EUR", "tax_included": True, "at": AT, **other}
    return set_tariff(
        entity=entity,
        start_fee=None,
        energy_per_kwh=Decimal(price),
        charging_per_minute=None,
        idle_per_minute=Decimal("0.1"),
        valid_from=valid_from,
        actor=None,
        **arguments,
    )


def test_the_short_way_activates_one_flat_version_for_everyone(nord: LegalEntity) -> None:
    first = flat(nord, "0.49")
    second = flat(nord, "0.55", AT, name="Standard 2027")
    tariff = Tariff.objects.get()
    assert (tariff.name, second.tariff_id) == ("Standard 2027", first.tariff_id)
    assert spans(tariff) == [(1, "RETIRED", None, AT), (2, "ACTIVE", AT, None)]
    assert second.elements == [
        {
            "price_components": [
                {"type": "ENERGY", "price": "0.55", "step_size": 0},
                {"type": "PARKING_TIME", "price": "6", "step_size": 0},
            ]
        }
    ]
    assignment = Assignment.objects.get()
    assert (assignment.tariff, assignment.entity, assignment.valid_from, assignment.customer_kind) == (tariff, nord, None, "")
    refused("currency_change", flat, entity=nord, price="1", currency="USD")
    refused("negative_price", flat, entity=nord, price="-1")
    save_draft(tariff=tariff, content=energy("0.7"), actor=None, at=AT)
    refused("draft_exists", flat, entity=nord, price="1")


def test_for_everyone_counts_only_where_nothing_is_assigned(night: Tariff, nord: LegalEntity, manager: User) -> None:
    activate(tariff=night, valid_from=None, for_everyone=True, actor=manager, at=AT)
    other = create_tariff(entity=nord, name="Other", currency="EUR", content=energy("1"), actor=manager, at=AT).tariff
    activate(tariff=other, valid_from=None, for_everyone=True, actor=manager, at=AT)
    assert Assignment.objects.get().tariff == night
