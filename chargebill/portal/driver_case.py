"""A case as its driver reads it, /c/<token>: where it stands and by when, what was said; answering, taking it back, more.

No account, no script, no cookie: the signed link is what lets them in. Each form is one operation in the driver's role.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from billing.pricing.text import LANGUAGES, Language
from chargebill.core.errors import UserError
from chargebill.portal import driver_case_offer
from chargebill.portal.case_links import case_in
from chargebill.portal.case_uploads import field_context, uploads_in
from chargebill.portal.document_links import Turnstile
from chargebill.portal.driver_case_shown import shown
from chargebill.portal.driver_case_words import PHRASES
from chargebill.portal.driver_frame import answer, come_back, language_in, private
from disputes.models import Case
from disputes.operations.case_files import FileRefused
from disputes.operations.from_driver import reopen_as_driver, write_as_driver
from disputes.operations.moves import move
from disputes.workflow.moves import targets
from disputes.workflow.states import Role, State

_reading, _writing = Turnstile(60), Turnstile(10)
Deed = Callable[[Case, Mapping[str, str], datetime], object]


def _page(request: HttpRequest, name: str, language: Language, status: int = 200, **context: Any) -> HttpResponse:
    return answer(request, f"portal/driver_case/{name}.html", language, PHRASES[language], status, **context)


def linked(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view of the case a token is for: (request, token, case, language)."""

    @private
    def respond(request: HttpRequest, token: str) -> HttpResponse:
        found = case_in(token, Case.objects.select_related("entity", "merged_into"))
        if found is None:
            return _page(request, "gone", language_in(request), 404)
        language = _language(request, found)
        if not _reading.passes(str(found.pk)) or (request.method == "POST" and not _writing.passes(str(found.pk))):
            return come_back(_page(request, "busy", language, 429))
        return view(request, token, found, language)

    return respond


def _language(request: HttpRequest, case: Case) -> Language:
    """The one asked for, else the one they complained in."""
    return next(one for word in (request.GET.get("lang"), case.language, "en") for one in LANGUAGES if word == one)


def _write_with_files(request: HttpRequest, case: Case, language: Language) -> str:
    """What kept it from being said, "" where nothing did."""
    try:
        write_as_driver(case=case, body=request.POST.get("text", ""), at=timezone.now(), uploads=uploads_in(request))
    except FileRefused as refused:
        return refused.for_driver(language)
    except UserError as error:
        said = PHRASES[language]
        return said.get(error.code, said["changed"])
    return ""


def _again(case: Case, given: Mapping[str, str], at: datetime) -> object:
    return reopen_as_driver(case=case, new_facts=given.get("text", ""), at=at)


def _withdraw(case: Case, given: Mapping[str, str], at: datetime) -> object:
    return move(case=case, target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=at)


DEEDS: dict[str, Deed] = {"again": _again, **driver_case_offer.DEEDS}


def _show(request: HttpRequest, token: str, case: Case, language: Language) -> HttpResponse:
    here = f"{reverse('case_link', args=[token])}?lang={language}"
    problem, given = "", {}
    if request.method == "POST":
        given = request.POST.dict()
        if given.get("do") == "write":
            problem = _write_with_files(request, case, language)
        else:
            problem = _done(case, DEEDS.get(given.get("do", "")), given, language)
        if not problem:
            return HttpResponseRedirect(f"{here}&sent=1")
        case = Case.objects.select_related("entity", "merged_into").get(pk=case.pk)
    said = PHRASES[language]
    is_new = "new" in request.GET
    context = shown(case, language, timezone.now())
    offer = context["offer"] is not None
    forms = {
        "write": context["may_write"] and not offer, "again": bool(context["again_until"]), "add": offer, "decline": offer,
        "account": context["account"] is not None,
    }  # fmt: skip
    keep = said["keep"].format(email=case.contact_email) if case.contact_email else said["keep_no_email"]
    return _page(
        request,
        "page",
        language,
        400 if problem else 200,
        here=here,
        problem=problem,
        given=given,
        # The form may be gone since: then its problem stands above.
        beside=forms.get(given.get("do", ""), False),
        opened=said["opened"].format(number=case.number) if is_new else "",
        keep=keep,
        is_sent="sent" in request.GET and not problem,
        withdraw=reverse("case_link_withdraw", args=[token]),
        **field_context(language),
        **context,
    )


def _done(case: Case, deed: Deed | None, given: Mapping[str, str], language: Language) -> str:
    """Does what a form asks for; what kept it from it, "" where nothing did."""
    said = {**PHRASES[language], **driver_case_offer.PHRASES[language]}
    if deed is None:
        return said["changed"]
    try:
        deed(case, given, timezone.now())
    except UserError as error:
        return said.get(error.code, said["changed"])
    return ""


def _take_back(request: HttpRequest, token: str, case: Case, language: Language) -> HttpResponse:
    """Asks first; twice is once, for a case that has ended has nothing to take back."""
    here = f"{reverse('case_link', args=[token])}?lang={language}"
    if State.WITHDRAWN not in targets(State(case.state), Role.CUSTOMER):
        return HttpResponseRedirect(here)
    if request.method == "POST":
        # Whatever kept it from it stands on the page it leads to.
        _done(case, _withdraw, {}, language)
        return HttpResponseRedirect(here)
    lead = PHRASES[language]["withdraw_lead"].format(number=case.number)
    return _page(request, "withdraw", language, case=case, here=here, lead=lead)


urlpatterns = [
    path("c/<str:token>", csrf_exempt(require_http_methods(["GET", "HEAD", "POST"])(linked(_show))), name="case_link"),
    path(
        "c/<str:token>/withdraw",
        csrf_exempt(require_http_methods(["GET", "HEAD", "POST"])(linked(_take_back))),
        name="case_link_withdraw",
    ),
]
