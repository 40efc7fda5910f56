"""Templates of replies: the page that keeps them, and their words filled in for a case."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from billing.pricing.text import Language, money, words
from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.core.models import LegalEntity
from chargebill.portal.month_choice import company_in
from chargebill.portal.payment_frame import frame
from chargebill.portal.session_page import zone_of
from chargebill.portal.site import page
from disputes.models import Case, ContestedItem
from disputes.operations.reply_templates import delete_template, keep_template
from disputes.replies import PLACEHOLDERS, filled
from disputes.template_models import ReplyTemplate

READ, ADD, CHANGE, DELETE = (f"disputes.{verb}_replytemplate" for verb in ("view", "add", "change", "delete"))
LANGUAGES = (("en", "English"), ("de", "Deutsch"))
# Of a driver whose name nobody knows.
NAMELESS = {"en": "driver", "de": "Kundin, sehr geehrter Kunde"}
# The fields a template can be put into: the form it belongs to -> the name of its text.
FIELDS = {"message": "body", "ask": "text"}


@dataclass(frozen=True, slots=True)
class Ready:
    """A template with its words filled in for one case."""

    pk: int
    name: str
    language: str
    text: str


def ready_for(case: Case, items: Sequence[ContestedItem]) -> list[Ready]:
    """The company's templates for this case, those in the driver's language first. One query."""
    rows = ReplyTemplate.objects.filter(entity=case.entity_id)
    ordered = sorted(rows, key=lambda one: (one.language != case.language, one.name.casefold()))
    return [Ready(one.pk, one.name, one.language, filled(one.body, values_of(case, items, one.language))) for one in ordered]


def values_of(case: Case, items: Sequence[ContestedItem], raw_language: str) -> dict[str, str]:
    """What the placeholders become; several sessions are told one after the other, each place and day once."""
    language: Language = "de" if raw_language == "de" else "en"
    sessions = [item.session for item in items]
    days = [words(language).day(one.started_at.astimezone(ZoneInfo(zone_of(one))).date()) for one in sessions]
    return {
        "case": case.number,
        "driver": case.contact_name or (case.customer.name if case.customer else "") or NAMELESS[language],
        "amount": money(case.contested_amount, case.currency, language),
        "place": _listed(one.location.name for one in sessions),
        "date": _listed(days),
        "session": _listed(one.external_id for one in sessions),
        "company": case.entity.legal_name or case.entity.name,
    }


def _listed(found: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(found))


def put_in(given: dict[str, str], templates: Sequence[Ready]) -> dict[str, str]:
    """What a form sent, with the chosen template behind what was written."""
    field = FIELDS.get(given.get("do", ""), "body")
    chosen = next((one for one in templates if str(one.pk) == given.get("template", "")), None)
    if chosen is None:
        return given
    written = given.get(field, "").strip()
    return {**given, field: f"{written}\n\n{chosen.text}" if written else chosen.text}


@page("disputes/replies/", name="reply_templates")
def show(request: HttpRequest) -> HttpResponse:
    """The templates of a company, and one of them, or a new one, in a form."""
    if not request.user.has_perm(READ):
        raise PermissionDenied
    entity = company_in(request.POST.get("entity") or request.GET.get("entity", ""))
    asked = request.POST.get("template") or request.GET.get("template", "")
    rows = ReplyTemplate.objects.filter(entity=entity).select_related("entity")
    template: ReplyTemplate | None = row_in(rows, asked) if asked else None
    refusal, given = None, {}
    if request.method == "POST" and entity is not None:
        given = request.POST.dict()
        try:
            said = _do(request, entity, template, asked, given)
        except UserError as error:
            refusal = error
        else:
            messages.success(request, said)
            return redirect(f"{request.path}?entity={entity.pk}")
    shown = given if refusal else {key: getattr(template, key) for key in ("name", "language", "body")} if template else {}
    context = frame(
        request, "Reply templates", ("Cases", reverse("admin:disputes_case_changelist")), entity=entity,
        entities=list(LegalEntity.objects.order_by("name")), templates=list(rows), template=template, shown=shown,
        refusal=refusal, languages=LANGUAGES, placeholders=[(f"{{{name}}}", said) for name, said in PLACEHOLDERS.items()],
        may_write=request.user.has_perm(CHANGE if template else ADD), may_delete=request.user.has_perm(DELETE),
    )  # fmt: skip
    return TemplateResponse(request, "portal/disputes/replies.html", context)


def _do(request: HttpRequest, entity: LegalEntity, template: ReplyTemplate | None, asked: str, given: dict[str, str]) -> str:
    if asked and template is None:
        raise UserError("gone", "This template is gone. Nothing was changed: save it as a new one.", "name")
    deletes = given.get("do") == "delete" and template is not None
    needed = DELETE if deletes else CHANGE if template else ADD
    if not request.user.has_perm(needed):
        raise PermissionDenied
    actor: Any = request.user
    if deletes and template is not None:
        delete_template(template=template, actor=actor, at=timezone.now())
        return f"“{template.name}” is deleted. What was said with it stays."
    kept = keep_template(
        entity=entity, template=template, name=given.get("name", ""), language=given.get("language", ""),
        body=given.get("body", ""), actor=actor, at=timezone.now(),
    )  # fmt: skip
    return f"“{kept.name}” is kept."
