"""Tariffs and their versions: a draft is written, activated, and never changes again; it only ends.

Every operation locks the company first and then the tariff: chunks of sessions being priced hold the company shared, so
they end before, and the next ones see what is new. Each raises UserError, changing nothing, and says what to do.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max

from billing import tariff_content
from billing.chargeables import has_documents
from billing.models import Assignment, Cdr, Tariff, TariffVersion
from billing.operations.assignments import assign
from billing.tariff_content import Content, content_of
from billing.tariff_elements import one_price
from billing.tariff_findings import errors, findings, settings_of
from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User

State = TariffVersion.State


def create_tariff(
    *, entity: LegalEntity, name: str, currency: str, content: Content, code: str = "", actor: User | None, at: datetime
) -> TariffVersion:
    """A new tariff with its first draft, which is returned. Raises UserError when the company has one of that name or code."""
    with transaction.atomic():
        _lock_company(entity.pk)
        _check_names(entity, name=name, code=code, but=None)
        tariff_content.check(content, currency=currency)
        tariff = Tariff.objects.create(entity=entity, name=name, code=code, currency=currency)
        events.record(
            action="tariff.create",
            subject=tariff,
            summary=f"Tariff {name} made",
            actor=actor,
            at=at,
            entity=entity,
            changes={"name": name, "code": code, "currency": currency},
        )
        return _write_draft(tariff, content, actor=actor, at=at)


def rename_tariff(*, tariff: Tariff, name: str, code: str, actor: User | None, at: datetime) -> Tariff:
    """Name and code may change at any time: prices and documents name the version they were made with."""
    with transaction.atomic():
        tariff = _lock(tariff)
        was = {"name": tariff.name, "code": tariff.code}
        if was == {"name": name, "code": code}:
            return tariff
        _check_names(tariff.entity, name=name, code=code, but=tariff)
        tariff.name, tariff.code = name, code
        tariff.save(update_fields=["name", "code"])
        events.record(
            action="tariff.rename",
            subject=tariff,
            summary=f"Tariff {was['name']} is called {name} now" if was["name"] != name else f"Code of tariff {name} changed",
            actor=actor,
            at=at,
            entity=tariff.entity,
            changes={"old": was, "new": {"name": name, "code": code}},
        )
    return tariff


def save_draft(*, tariff: Tariff, content: Content, seen: str | None = None, actor: User | None, at: datetime) -> TariffVersion:
    """The tariff's one draft, made if missing, else its content replaced. The same content again writes nothing.

    ``seen`` is the digest of the draft the caller began with ("" for none; None: does not matter): if somebody saved
    another one since, UserError.
    """
    with transaction.atomic():
        tariff = _lock(tariff)
        draft = draft_of(tariff)
        if seen is not None and seen != (content_of(draft).digest if draft else ""):
            raise UserError(
                "changed_meanwhile",
                f"The draft of {tariff.name} was changed after you opened this page, by you in another window or by someone"
                " else. Nothing was saved now: open the tariff again and look at what is there.",
            )
        return _write_draft(tariff, content, actor=actor, at=at)


def discard_draft(*, tariff: Tariff, actor: User | None, at: datetime) -> Tariff | None:
    """Deletes the draft; a tariff that never was anything else and is assigned to nobody goes with it (then None)."""
    with transaction.atomic():
        tariff = _lock(tariff)
        draft = _draft(tariff)
        _check_unused(draft)
        events.record(
            action="tariff.discard",
            subject=draft,
            summary=f"Draft {draft} discarded",
            actor=actor,
            at=at,
            entity=tariff.entity,
            changes=_for_the_trail(content_of(draft)),
        )
        draft.delete()
        if tariff.versions.exists() or tariff.assignments.exists():
            return tariff
        tariff.delete()
    return None


def activate(
    *, tariff: Tariff, valid_from: datetime | None, for_everyone: bool = False, actor: User | None, at: datetime
) -> TariffVersion:
    """Puts the draft in force from a moment on (None: since ever) and ends what was in force from then on.

    ``for_everyone``: if nothing is assigned at the company yet, everyone at every place gets this tariff. Raises
    UserError without a draft, for a moment in the past once the company has issued a document, and when the lint finds
    an error. The caller starts the pricing of the sessions it concerns.
    """
    with transaction.atomic():
        tariff = _lock(tariff)
        draft = _draft(tariff)
        _check_not_past(tariff, valid_from, at=at, what="begin")
        core = tariff_content.check(content_of(draft), currency=tariff.currency)
        settings = settings_of(tariff.entity, tariff, day=tariff.entity.day_of(valid_from or at))
        if found := errors(findings(core, settings)):
            raise UserError(
                "lint_errors",
                f"{draft} has {len(found)} error{'s' if len(found) > 1 else ''}: {found[0].message} Correct the draft and"
                " activate it then; nothing was changed.",
                found[0].where,
            )
        _end_from(tariff, valid_from, at=at)
        draft.state, draft.valid_from = State.ACTIVE, valid_from
        draft.activated_by, draft.activated_at = actor, at
        draft.save(update_fields=["state", "valid_from", "activated_by", "activated_at"])
        events.record(
            action="tariff.activate",
            subject=draft,
            summary=f"{draft} activated, valid {_since(valid_from)}",
            actor=actor,
            at=at,
            entity=tariff.entity,
            changes=_for_the_trail(content_of(draft)),
        )
        if for_everyone and not Assignment.objects.filter(entity=tariff.entity).exists():
            assign(entity=tariff.entity, tariff=tariff, actor=actor, at=at)
    return draft


def retire(*, tariff: Tariff, until: datetime, actor: User | None, at: datetime) -> Tariff:
    """Ends the tariff at a moment: from then on it has no price. What would begin later never applies.

    Raises UserError for a moment in the past once the company has issued a document, and when it ends earlier anyway.
    """
    with transaction.atomic():
        tariff = _lock(tariff)
        _check_not_past(tariff, until, at=at, what="end")
        if not _end_from(tariff, until, at=at):
            raise UserError(
                "not_in_force", f"{tariff.name} has no version that is in force then or later. Nothing was changed.", "until"
            )
        events.record(
            action="tariff.retire",
            subject=tariff,
            summary=f"{tariff.name} ends {until:%-d %b %Y %H:%M} UTC",
            actor=actor,
            at=at,
            entity=tariff.entity,
            changes={"until": until.isoformat()},
        )
    return tariff


def set_tariff(
    *,
    entity: LegalEntity,
    name: str,
    currency: str,
    tax_included: bool,
    start_fee: Decimal | None,
    energy_per_kwh: Decimal | None,
    charging_per_minute: Decimal | None,
    idle_per_minute: Decimal | None,
    valid_from: datetime | None,
    actor: User | None,
    at: datetime,
) -> TariffVersion:
    """The short way: one flat version of the entity's first tariff (made if missing), activated at once, for everyone.

    Prices in ``currency``, None = free. ``valid_from`` None: since ever. Raises UserError for a negative price, a change
    of currency, and while somebody works on a draft. The caller starts the pricing of the sessions it concerns.
    """
    content = Content(
        tax_included=tax_included,
        elements=one_price(
            start_fee=start_fee,
            energy_per_kwh=energy_per_kwh,
            charging_per_minute=charging_per_minute,
            idle_per_minute=idle_per_minute,
        ),
    )
    with transaction.atomic():
        _lock_company(entity.pk)
        tariff = Tariff.objects.filter(entity=entity).order_by("pk").first()
        if tariff is None:
            tariff = create_tariff(entity=entity, name=name, currency=currency, content=content, actor=actor, at=at).tariff
        elif tariff.currency != currency:
            raise UserError(
                "currency_change",
                f"{tariff.name} is in {tariff.currency}; a tariff keeps its currency. Nothing was saved.",
                "currency",
            )
        elif draft_of(tariff):
            raise UserError("draft_exists", f"Somebody works on a draft of {tariff.name}. Nothing was saved.", "name")
        else:
            rename_tariff(tariff=tariff, name=name, code=tariff.code, actor=actor, at=at)
            save_draft(tariff=tariff, content=content, actor=actor, at=at)
        return activate(tariff=tariff, valid_from=valid_from, for_everyone=True, actor=actor, at=at)


def draft_of(tariff: Tariff) -> TariffVersion | None:
    return tariff.versions.filter(state=State.DRAFT).first()


def _lock_company(entity_id: int) -> None:
    LegalEntity.objects.select_for_update().get(pk=entity_id)


def _lock(tariff: Tariff) -> Tariff:
    _lock_company(tariff.entity_id)
    return Tariff.objects.select_for_update(of=("self",)).select_related("entity").get(pk=tariff.pk)


def _draft(tariff: Tariff) -> TariffVersion:
    draft = draft_of(tariff)
    if draft is None:
        raise UserError("no_draft", f"{tariff.name} has no draft. Open it and save one first; nothing was changed.")
    draft.tariff = tariff
    return draft


def _check_names(entity: LegalEntity, *, name: str, code: str, but: Tariff | None) -> None:
    others = Tariff.objects.filter(entity=entity)
    if but is not None:
        others = others.exclude(pk=but.pk)
    if not name.strip():
        raise UserError("name_missing", "Give the tariff a name. Nothing was saved.", "name")
    if others.filter(name=name).exists():
        raise UserError(
            "name_taken", f"{entity} already has a tariff called {name}. Choose another name; nothing was saved.", "name"
        )
    if code and others.filter(code=code).exists():
        raise UserError(
            "code_taken", f"Another tariff of {entity} has the code {code}. A code names one tariff; nothing was saved.", "code"
        )


def _check_unused(draft: TariffVersion) -> None:
    """Drafts price nothing; one that a price refers to all the same must stay what that price was computed with."""
    if Cdr.objects.filter(tariff_version=draft).exists():
        raise UserError(
            "version_in_use", f"Prices refer to {draft}: it can be neither changed nor discarded. Nothing was changed."
        )


def _check_not_past(tariff: Tariff, moment: datetime | None, *, at: datetime, what: str) -> None:
    if (moment is None or moment < at) and has_documents(tariff.entity_id):
        raise UserError(
            "past_refused",
            f"{tariff.entity} has issued documents, so no price of the past changes any more. Let it {what} now or later;"
            " nothing was changed.",
            "valid_from" if what == "begin" else "until",
        )


def _write_draft(tariff: Tariff, content: Content, *, actor: User | None, at: datetime) -> TariffVersion:
    tariff_content.check(content, currency=tariff.currency)
    draft = draft_of(tariff)
    was: dict[str, Any] = {}
    if draft is None:
        last = tariff.versions.aggregate(last=Max("number"))["last"] or 0
        draft = TariffVersion(tariff=tariff, number=last + 1, created_by=actor, created_at=at)
    else:
        before = content_of(draft)
        if before == content:
            return draft
        _check_unused(draft)
        was = _for_the_trail(before)
    draft.tariff = tariff
    tariff_content.put(content, draft)
    draft.save()
    events.record(
        action="tariff.draft",
        subject=draft,
        summary=f"Draft {draft} {'changed' if was else 'begun'}",
        actor=actor,
        at=at,
        entity=tariff.entity,
        changes={"old": was, "new": _for_the_trail(content)} if was else _for_the_trail(content),
    )
    return draft


def _end_from(tariff: Tariff, moment: datetime | None, *, at: datetime) -> list[TariffVersion]:
    """Ends every version at ``moment`` (None: since ever); one that would begin then or later holds for no moment."""
    ended = []
    for version in tariff.versions.exclude(state=State.DRAFT).order_by("pk"):
        begins, ends = version.valid_from, version.valid_until
        over = ends is not None and ((moment is not None and ends <= moment) or ends == begins)
        if over:
            continue
        if moment is not None and (begins is None or begins < moment):
            version.valid_until = moment
        else:
            # Nothing is left of it. One that held since ever needs some moment to begin and end at.
            version.valid_until = version.valid_from = begins or at
        version.state = State.RETIRED
        version.save(update_fields=["state", "valid_from", "valid_until"])
        ended.append(version)
    return ended


def _since(moment: datetime | None) -> str:
    return f"from {moment:%-d %b %Y %H:%M} UTC on" if moment else "since ever"


def _for_the_trail(content: Content) -> dict[str, Any]:
    """What the audit trail keeps of a content."""
    amounts = {name: None if (value := getattr(content, name)) is None else str(value) for name in tariff_content.LIMITS}
    return {
        "elements": content.elements,
        "tax_included": content.tax_included,
        "tax_category": str(content.tax_category),
        "grace_minutes": content.grace_minutes,
        **amounts,
    }
