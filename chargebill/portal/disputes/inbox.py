"""Mail a person has to look at: what nobody could place, and what came for cases that have ended; all of it on demand."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.portal.disputes.roles import WORK
from chargebill.portal.payment_frame import frame
from chargebill.portal.site import page
from disputes.mail_models import IncomingMail
from disputes.mail_queries import guessed
from disputes.models import Case
from disputes.operations.incoming_mail import attach, put_away

VIEW, CHANGE = "disputes.view_incomingmail", "disputes.change_incomingmail"
PER_PAGE = 25
# So much of a text is shown; the whole mail can be taken along.
SHOWN, LINES = 1_000, 12


@page("disputes/mail/", name="case_mail")
def show(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    refusal, given = None, {}
    if request.method == "POST":
        if not request.user.has_perms((CHANGE, WORK)):
            raise PermissionDenied
        given = request.POST.dict()
        try:
            messages.success(request, _done(request))
            return redirect(request.get_full_path())
        except UserError as error:
            refusal = error
    every = request.GET.get("show") == "all"
    rows = IncomingMail.objects.defer("raw").select_related("case__entity", "looked_by").order_by("-pk")
    waiting = IncomingMail.objects.filter(wants_look=True).count()
    part = Paginator(rows if every else rows.filter(wants_look=True), PER_PAGE).get_page(request.GET.get("p"))
    context: dict[str, Any] = frame(
        request, "Mail to look at", refusal=refusal, given=given, every=every, waiting=waiting, part=part, zone=_zone(part),
        mails=[(mail, guessed(mail), _beginning(mail.text)) for mail in part], may_decide=request.user.has_perms((CHANGE, WORK)),
    )  # fmt: skip
    return TemplateResponse(request, "portal/disputes/inbox.html", context)


def _beginning(text: str) -> str:
    short = "\n".join(text[:SHOWN].split("\n")[:LINES])
    return short if len(short) == len(text) else f"{short} …"


def _zone(part: Any) -> str:
    return next((mail.case.entity.time_zone for mail in part if mail.case and mail.case.entity.time_zone), "UTC")


def _done(request: HttpRequest) -> str:
    """What a form asked for; what it came to, in words. Raises UserError, changing nothing."""
    mail: IncomingMail | None = row_in(IncomingMail, request.POST.get("mail", ""))
    if mail is None:
        raise UserError("mail", "There is no such mail. Nothing was changed: look at the list again.")
    user: Any = request.user
    if request.POST.get("do") == "away":
        put_away(mail=mail, actor=user, at=timezone.now())
        return "Put away. It is kept, under everything that came."
    case = _case(request.POST.get("number", ""))
    placed = attach(mail=mail, case=case, actor=user, at=timezone.now())
    return f"It stands in the thread of {placed.case}, as the driver’s words."


def _case(raw: str) -> Case:
    """Of "D-00001", or "D-00001 Company" where two companies have one. Raises UserError number."""
    number, _, company = raw.strip().partition(" ")
    found = Case.objects.select_related("entity").filter(number__iexact=number[:40])
    cases = list((found.filter(entity__name__iexact=company.strip()[:120]) if company else found)[:2])
    if not number or not cases:
        raise UserError("number", f"There is no case {raw.strip()[:60]!r}. Nothing was changed.", "number")
    if len(cases) > 1:
        names = " or ".join(f"“{case.number} {case.entity.name}”" for case in cases)
        raise UserError(
            "number", f"Several companies have a case {cases[0].number}: write {names}. Nothing was changed.", "number"
        )
    return cases[0]


@page("disputes/mail/<int:pk>/original.eml", name="case_mail_original")
@require_safe
def original(request: HttpRequest, pk: int) -> HttpResponse:
    """The mail as it came, to be kept, never shown by the browser."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    mail: IncomingMail | None = row_in(IncomingMail, str(pk))
    if mail is None:
        raise Http404("There is no such mail.")
    headers = {"Content-Disposition": f'attachment; filename="mail-{mail.pk}.eml"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(bytes(mail.raw), content_type="application/octet-stream", headers=headers)
