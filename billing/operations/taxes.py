"""Sets, approves and removes tax rules. One that taxed a document stays as it is: another begins on a later day."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from billing.models import TaxCategory, TaxComponent, TaxRule
from billing.tax_queries import documented
from billing.taxes import COLUMNS
from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User, validate_country
from memberships.models import CustomerKind

# What documents and books carry; the source may be put right at any time.
ON_DOCUMENTS = ("rate", "code", "account", "legal_sentence")
COUNTED = (*ON_DOCUMENTS, "source")
CHOICES: dict[str, list[str]] = {
    "category": TaxCategory.values,
    "component": TaxComponent.values,
    "customer_kind": CustomerKind.values,
}
LONGEST = {"code": 20, "account": 20, "legal_sentence": 300, "source": 200}


def set_tax_rule(
    *,
    entity: LegalEntity,
    country: str,
    category: str,
    component: str,
    customer_kind: str,
    valid_from: date | None,
    rate: Decimal,
    code: str,
    account: str,
    legal_sentence: str,
    source: str,
    actor: User | None,
    at: datetime,
    reason: str = "",
) -> TaxRule:
    """Sets a tax (``rate`` in percent, at most three decimals) from a local day on; ``valid_from`` None: since ever.

    Empty country, category, component and customer kind mean all. Replaces the rule of the same kind from the same
    day, which then needs a new approval; saying the same again changes nothing. Raises UserError, changing nothing:
    tax_rate, tax_code, tax_rule_column, and tax_rule_used when a session on a document was taxed by what it would
    replace. The caller starts the pricing of the sessions it concerns.
    """
    key = {"country": country, "category": category, "component": component, "customer_kind": customer_kind}
    values = {"rate": rate, "code": code.strip(), "account": account, "legal_sentence": legal_sentence, "source": source}
    _check(key | values)
    with transaction.atomic():
        # Chunks being priced hold this row shared: they end first, the ones after see the new rule.
        LegalEntity.objects.select_for_update().get(pk=entity.pk)
        old = TaxRule.objects.filter(entity=entity, valid_from=valid_from, **key).first()
        changed = {name: value for name, value in values.items() if old is None or getattr(old, name) != value}
        if old is not None and not changed:
            return old
        if old is not None and set(changed) & set(ON_DOCUMENTS):
            _refuse_if_used(old, "changed")
        was = {name: _plain(getattr(old, name)) for name in changed} if old else {}
        rule = old or TaxRule(entity=entity, valid_from=valid_from, **key)
        for name, value in changed.items():
            setattr(rule, name, value)
        rule.entered_by, rule.approved_by, rule.approved_at = actor, None, None
        rule.save()
        now = {name: _plain(value) for name, value in changed.items()}
        if old is None:
            now = {name: value for name, value in {**key, "valid_from": _plain(valid_from), **now}.items() if value}
        events.record(
            action="tax_rule.set",
            subject=rule,
            summary=f"Tax of {entity}: {rule} for {subject_of(rule)} {since_of(rule)}",
            actor=actor,
            at=at,
            entity=entity,
            reason=reason,
            changes={"old": was, "new": now},
        )
    return rule


def set_tax_rate(
    *, entity: LegalEntity, rate: Decimal, code: str, valid_from: date | None, source: str, actor: User | None, at: datetime
) -> TaxRule:
    """Sets one tax on everything the entity sells; see set_tax_rule."""
    return set_tax_rule(
        entity=entity,
        country="",
        category="",
        component="",
        customer_kind="",
        valid_from=valid_from,
        rate=rate,
        code=code,
        account="",
        legal_sentence="",
        source=source,
        actor=actor,
        at=at,
    )


def approve_tax_rule(*, rule: TaxRule, seen: str, actor: User, at: datetime) -> TaxRule:
    """Notes that a second person looked at a rule. ``seen`` is what they saw, as ``contents`` writes it.

    Raises UserError, changing nothing: own_tax_rule for whoever entered it, tax_rule_approved, and tax_rule_changed
    when it is no longer what they saw.
    """
    with transaction.atomic():
        LegalEntity.objects.select_for_update().get(pk=rule.entity_id)
        rule = TaxRule.objects.select_related("entity").get(pk=rule.pk)
        if rule.approved_at is not None:
            raise UserError("tax_rule_approved", f"{rule} is approved already. Nothing was changed.")
        if rule.entered_by_id == actor.pk:
            raise UserError(
                "own_tax_rule", f"You entered {rule} yourself. Somebody else has to approve it; nothing was changed.", "approve"
            )
        if contents(rule) != seen:
            raise UserError(
                "tax_rule_changed", f"{rule} was changed since you opened it. Look at it again; nothing was approved.", "approve"
            )
        rule.approved_by, rule.approved_at = actor, at
        rule.save(update_fields=["approved_by", "approved_at"])
        events.record(
            action="tax_rule.approve",
            subject=rule,
            summary=f"Tax of {rule.entity}: {rule} for {subject_of(rule)} {since_of(rule)} approved",
            actor=actor,
            at=at,
            entity=rule.entity,
            changes={name: [None, _plain(getattr(rule, name))] for name in COUNTED if getattr(rule, name) != ""},
        )
    return rule


def delete_tax_rule(*, rule: TaxRule, actor: User | None, at: datetime) -> None:
    """Removes a rule that taxed no document. Raises UserError tax_rule_used, changing nothing.

    The caller starts the pricing of the sessions it concerns: another rule may fit them now, or none, and they wait.
    """
    with transaction.atomic():
        LegalEntity.objects.select_for_update().get(pk=rule.entity_id)
        rule = TaxRule.objects.select_related("entity").get(pk=rule.pk)
        _refuse_if_used(rule, "removed")
        events.record(
            action="tax_rule.delete",
            subject=rule,
            summary=f"Tax of {rule.entity}: {rule} for {subject_of(rule)} {since_of(rule)} removed",
            actor=actor,
            at=at,
            entity=rule.entity,
            changes={
                name: [_plain(getattr(rule, name)), None]
                for name in (*COLUMNS, "valid_from", *COUNTED)
                if getattr(rule, name) not in ("", None)
            },
        )
        rule.delete()


def contents(rule: TaxRule) -> str:
    """What a person approves, in one line: a change of it is another line."""
    return " | ".join(str(_plain(getattr(rule, name)) or "") for name in (*COLUMNS, "valid_from", *COUNTED))


def subject_of(rule: TaxRule) -> str:
    """What a rule is about, in words: "DE, standard rate, energy, business"; "everything" where it names nothing."""
    words = (rule.country, *(getattr(rule, f"get_{name}_display")().lower() for name in COLUMNS[1:]))
    return ", ".join(filter(None, words)) or "everything"


def since_of(rule: TaxRule) -> str:
    return f"from {rule.valid_from:%-d %b %Y} on" if rule.valid_from else "since ever"


def _refuse_if_used(rule: TaxRule, verb: str) -> None:
    if documented(rule).exists():
        raise UserError(
            "tax_rule_used",
            f"Sessions on documents were taxed by {rule} {since_of(rule)}, so it can't be {verb}. "
            "Add a rule from a later day; nothing was changed.",
            "valid_from",
        )


def _check(values: dict[str, Any]) -> None:
    rate: Decimal = values["rate"]
    if not rate.is_finite() or not Decimal(0) <= rate <= Decimal(100) or rate != round(rate, 3):
        raise UserError(
            "tax_rate",
            f"{rate} is no tax rate in percent. Enter a number from 0 to 100 with at most three decimals; nothing was saved.",
            "rate",
        )
    if not values["code"]:
        raise UserError(
            "tax_code", "The tax has no code. Enter what your books call it, such as VAT20; nothing was saved.", "code"
        )
    for name, known in CHOICES.items():
        if values[name] and values[name] not in known:
            raise UserError("tax_rule_column", f"{values[name]!r} is not one of {', '.join(known)}. Nothing was saved.", name)
    if values["country"]:
        try:
            validate_country(values["country"])
        except ValidationError as error:
            raise UserError("tax_rule_column", f"{error.message} Nothing was saved.", "country") from error
    for name, longest in LONGEST.items():
        if len(values[name]) > longest:
            raise UserError("tax_rule_column", f"That is longer than {longest} characters. Nothing was saved.", name)


def _plain(value: Any) -> Any:
    """As an event keeps it: 19 for 19.000."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date) else value
