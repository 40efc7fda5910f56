"""Keeps templates of replies."""

from datetime import datetime

from django.db import transaction

from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from disputes.replies import LONGEST_BODY, LONGEST_NAME, problem_of
from disputes.template_models import ReplyTemplate

LANGUAGES = ("en", "de")
MOST_PER_COMPANY = 200


def keep_template(
    *,
    entity: LegalEntity,
    name: str,
    language: str,
    body: str,
    actor: User | None,
    at: datetime,
    template: ReplyTemplate | None = None,
) -> ReplyTemplate:
    """Adds a template, or changes the one given. The same words again change nothing.

    Raises UserError, changing nothing: name, language, body, name_taken, too_many.
    """
    given = {
        "name": " ".join(name.replace("\x00", "").split()),
        "language": language,
        "body": body.replace("\x00", "").replace("\r\n", "\n").strip(),
    }
    _check(given)
    with transaction.atomic():
        # Two who keep one of the same name queue up here.
        bulk.lock_alone(LegalEntity, entity.pk)
        others = ReplyTemplate.objects.filter(entity=entity)
        if template is not None:
            others = others.exclude(pk=template.pk)
        elif others.count() >= MOST_PER_COMPANY:
            problem = f"A company has at most {MOST_PER_COMPANY} templates. Delete one first. Nothing was changed."
            raise UserError("too_many", problem, "name")
        if others.filter(name__iexact=given["name"], language=language).exists():
            problem = "There is a template of this name in this language. Choose another name. Nothing was changed."
            raise UserError("name_taken", problem, "name")
        kept = template or ReplyTemplate(entity=entity)
        changes: dict[str, object] = {
            key: [getattr(kept, key), value] for key, value in given.items() if getattr(kept, key) != value
        }
        if not changes:
            return kept
        for key, value in given.items():
            setattr(kept, key, value)
        kept.save()
        _record("disputes.template", f"Template “{kept.name}” kept", kept, actor, at, changes)
    return kept


def delete_template(*, template: ReplyTemplate, actor: User | None, at: datetime) -> None:
    """Deletes a template; what was said with it stays."""
    with transaction.atomic():
        _record("disputes.template.delete", f"Template “{template.name}” deleted", template, actor, at, {"body": template.body})
        template.delete()


def _record(action: str, summary: str, kept: ReplyTemplate, actor: User | None, at: datetime, changes: dict[str, object]) -> None:
    events.record(action=action, subject=kept, summary=summary, actor=actor, at=at, entity=kept.entity, changes=changes)


def _check(given: dict[str, str]) -> None:
    if not given["name"] or len(given["name"]) > LONGEST_NAME:
        raise UserError("name", f"Give it a name of at most {LONGEST_NAME} letters. Nothing was changed.", "name")
    if given["language"] not in LANGUAGES:
        raise UserError("language", "Choose the language it is written in. Nothing was changed.", "language")
    if not given["body"] or len(given["body"]) > LONGEST_BODY:
        raise UserError("body", f"Write the text, at most {LONGEST_BODY:,} characters. Nothing was changed.", "body")
    if problem := problem_of(given["body"]):
        raise UserError("placeholder", f"{problem} Nothing was changed.", "body")
