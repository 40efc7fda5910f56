"""The editor: a draft is written here, beside what it means. Nothing but saving writes."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from billing.models import Tariff, TariffVersion
from billing.operations import create_tariff, rename_tariff, save_draft
from billing.operations.tariffs import draft_of
from billing.tariff_cards import element_of
from billing.tariff_content import Content, content_of, edited
from chargebill.core.errors import UserError
from chargebill.core.keys import key_in, row_in
from chargebill.core.models import LegalEntity
from chargebill.portal.site import page
from chargebill.portal.tariff_access import link_to, page_context, writable_company, writable_tariff
from chargebill.portal.tariff_form import NOTHING, Editor, opened, posted
from chargebill.portal.tariff_pictures import grids_of
from chargebill.portal.tariff_preview import Preview, of_what_is_typed
from chargebill.portal.tariff_start_pages import FreeHoursForm
from chargebill.portal.tariff_starts import BY_SLUG, Start, free_hours_cards, rules_of_start

STARTS_WITH = "Standard"


@page("tariffs/new/<int:entity_id>/<slug:start>/", name="tariff_new")
def new_tariff(request: HttpRequest, entity_id: int, start: str) -> HttpResponse:
    """A tariff that is not there yet, begun from one of the usual shapes."""
    entity = writable_company(request, entity_id)
    shape = BY_SLUG.get(start)
    if shape is None:
        raise Http404
    if request.method == "POST":
        return _posted(request, entity, None, None)
    return _page(request, _begun(request, entity, shape))


@page("tariffs/<int:pk>/edit/", name="tariff_edit")
def edit_tariff(request: HttpRequest, pk: int) -> HttpResponse:
    """The draft; where there is none, one begun from the version in ``?from=``, else from the newest."""
    tariff = writable_tariff(request, pk)
    draft = draft_of(tariff)
    if request.method == "POST":
        return _posted(request, tariff.entity, tariff, draft)
    if draft:
        content = content_of(draft)
        return _page(request, opened(tariff.entity, tariff, content, name=tariff.name, seen=content.digest), draft)
    asked = request.GET.get("from", "")
    versions = tariff.versions.order_by("-number")
    number = key_in(asked)
    source = versions.first() if number is None else get_object_or_404(versions, number=number)
    content = content_of(source) if source else NOTHING
    editor = opened(tariff.entity, tariff, content, name=tariff.name, seen="", source=source.pk if source else None)
    return _page(request, editor)


@page("tariffs/preview/<int:entity_id>/", name="tariff_preview")
def preview(request: HttpRequest, entity_id: int) -> HttpResponse:
    """What is typed so far, in words, prices and pictures. Saves nothing."""
    entity = writable_company(request, entity_id)
    if request.method != "POST":
        raise Http404
    asked = request.GET.get("tariff", "")
    tariff = row_in(Tariff.objects.filter(entity=entity), asked)
    editor = posted(entity, tariff, draft_of(tariff) if tariff else None, request.POST)
    return TemplateResponse(request, "portal/tariffs/side.html", _side(editor))


def _begun(request: HttpRequest, entity: LegalEntity, start: Start) -> Editor:
    content = Content(tax_included=True, elements=[], grace_minutes=start.grace_minutes)
    if start.slug == "free_hours":
        form = FreeHoursForm(request.GET)
        if form.is_valid():
            cards = free_hours_cards(**{name: form.cleaned_data[name] for name in ("hours", "per_hour", "minimum")})
            content = Content(tax_included=True, elements=[element_of(card) for card in cards])
    name = STARTS_WITH if not Tariff.objects.filter(entity=entity).exists() else start.title
    editor = opened(entity, None, content, name=name, seen="")
    # Nobody says for them whether tax is in the price.
    editor.form.initial["tax_included"] = ""
    editor.form.initial["free_of_charge"] = start.is_free
    if not editor.rules:
        editor.rules = list(rules_of_start(start))
    return editor


def _posted(request: HttpRequest, entity: LegalEntity, tariff: Tariff | None, draft: TariffVersion | None) -> HttpResponse:
    """``do`` says which button: rules are added, removed and moved without a look at what is typed."""
    editor = posted(entity, tariff, draft, request.POST)
    verb, _, key = request.POST.get("do", "save").partition(":")
    if verb in ("add", "remove", "up", "down"):
        if verb == "add":
            key = editor.add()
        elif verb == "remove":
            editor.without(key)
        else:
            editor.move(key, -1 if verb == "up" else 1)
        return _page(request, editor, draft, focus=key, quiet=True)
    if editor.is_valid():
        if verb == "check":
            return _page(request, editor, draft, checked=True)
        if saved := _save(request, editor):
            return redirect("admin:tariff_activate", saved.pk) if verb == "activate" else redirect("admin:tariff_edit", saved.pk)
    return _page(request, editor, draft)


def _save(request: HttpRequest, editor: Editor) -> Tariff | None:
    """Writes the draft, and name and code; None after a refusal, which the form then shows."""
    typed, at = editor.form.cleaned_data, timezone.now()
    who: dict[str, Any] = {"actor": request.user, "at": at}
    try:
        with transaction.atomic():
            if editor.tariff is None:
                draft = create_tariff(
                    entity=editor.entity,
                    name=typed["name"],
                    code=typed["code"],
                    currency=editor.currency,
                    content=editor.content(),
                    **who,
                )
            else:
                rename_tariff(tariff=editor.tariff, name=typed["name"], code=typed["code"], **who)
                content = edited(editor.content(), editor.base, stamp=f"{at:%Y-%m-%dT%H:%M:%SZ}")
                draft = save_draft(tariff=editor.tariff, content=content, seen=typed["seen"], **who)
    except UserError as error:
        editor.show(error)
        return None
    messages.success(request, f"{draft} is saved as a draft. It applies to nothing until it is activated.")
    return draft.tariff


def _page(
    request: HttpRequest,
    editor: Editor,
    draft: TariffVersion | None = None,
    *,
    checked: bool = False,
    focus: str = "",
    quiet: bool = False,
) -> HttpResponse:
    tariff = editor.tariff
    title = f"{tariff.name}: {'draft' if draft else 'new draft'}" if tariff else "New tariff"
    context = {
        **page_context(request, editor.entity, tariff, title),
        "editor": editor,
        "form": editor.form,
        "draft": draft,
        "checked": checked,
        "focus": focus,
        "wrong": not quiet and editor.form.is_bound and (editor.form.errors or any(rule.errors for rule in editor.rules)),
        "leave": link_to(tariff) if tariff else "",
        **_side(editor),
    }
    return TemplateResponse(request, "portal/tariffs/editor.html", context)


def _side(editor: Editor) -> dict[str, Any]:
    """Text, examples, week and findings of what is typed; ``None`` where nothing can be made of it yet."""
    shown = _preview(editor)
    places = dict(enumerate(editor.priced_rules))
    return {
        "preview": shown,
        "grids": grids_of(shown.week, shown.currency) if shown else [],
        "found": [
            (one, rule.key if one.element is not None and (rule := places.get(one.element)) else "")
            for one in (shown.found if shown else ())
        ],
        "errors": sum(one.severity == "ERROR" for one in shown.found) if shown else 0,
    }


def _preview(editor: Editor) -> Preview | None:
    return of_what_is_typed(
        entity=editor.entity,
        tariff=editor.tariff,
        content=editor.content(),
        currency=editor.currency,
        at=timezone.now(),
    )
