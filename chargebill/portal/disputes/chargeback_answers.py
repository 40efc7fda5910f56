"""The answer to an acquirer: staged as a draft, looked at field by field, submitted by somebody else, downloaded as ZIP."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.portal.case_evidence import may_see
from chargebill.portal.disputes.words import due_to
from chargebill.portal.payment_frame import allow, frame
from chargebill.portal.site import page
from disputes.answer_models import REASONS, ChargebackAnswer, ChargebackSubmission
from disputes.chargeback_answers import has_moved_on, policy_of
from disputes.chargeback_models import Chargeback
from disputes.chargebacks import OWED
from disputes.chargebacks.fields import EACH, TITLES, TOTAL, TYPED, WANTED, Field, Reason, reason_of
from disputes.operations.chargeback_answers import stage_answer, submit_answer

VIEW = "disputes.view_chargebackanswer"
STAGE, SUBMIT = "disputes.add_chargebackanswer", "disputes.add_chargebacksubmission"
HINTS = {
    Field.REFUND_POLICY_DISCLOSURE: "Where the driver saw it: on the display, in the app, on the price page.",
    Field.REFUND_REFUSAL_EXPLANATION: "Only where money was asked back and was not given.",
    Field.UNCATEGORIZED_TEXT: "What the papers show, in a few sentences.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A field of the draft as it is shown. ``wrote``: the beginning of its words, where they stand in no paper."""

    title: str
    path: str
    wrote: str
    missing: str
    note: str


def _chargeback(request: HttpRequest, pk: int) -> Chargeback:
    """Whoever reads answers also sees what the evidence of a case has."""
    if not (request.user.has_perm(VIEW) and may_see(request)):
        raise PermissionDenied
    found: Chargeback | None = row_in(Chargeback.objects.select_related("case__entity", "document", "entity"), str(pk))
    if found is None:
        raise Http404("There is no such chargeback.")
    return found


@page("chargebacks/<int:pk>/answer/", name="chargeback_answer")
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    chargeback = _chargeback(request, pk)
    refusal, given = None, {}
    if request.method == "POST":
        if not (request.user.has_perm(STAGE) or request.user.has_perm(SUBMIT)):
            raise PermissionDenied
        given = request.POST.dict()
        try:
            said = _do(request, chargeback, given)
        except UserError as error:
            refusal = error
            chargeback.refresh_from_db()
        else:
            messages.success(request, said)
            return redirect("admin:chargeback_answer", pk=pk)
    return TemplateResponse(request, "portal/chargebacks/answer.html", _context(request, chargeback, refusal, given))


def _do(request: HttpRequest, chargeback: Chargeback, given: dict[str, str]) -> str:
    """What a form of the page asks for; what it came to, in words. Raises UserError, changing nothing."""
    now = timezone.now()
    if given.get("do") == "stage":
        allow(request, STAGE)
        if given.get("reason") not in set(Reason):
            raise UserError("reason", "Choose what the cardholder says. Nothing was changed.", "reason")
        typed = {name: given.get(name.value, "") for name in TYPED}
        made = stage_answer(chargeback=chargeback, reason=Reason(given["reason"]), typed=typed, actor=request.user, at=now)  # type: ignore[arg-type]
        return f"Draft {made.version} is staged. Somebody else looks at it and submits it."
    if given.get("do") == "submit":
        allow(request, SUBMIT)
        draft: ChargebackAnswer | None = row_in(chargeback.answers.select_related("chargeback__case"), given.get("answer", ""))
        if draft is None:
            raise UserError("answer", "There is no such draft. Nothing was changed.")
        submit_answer(answer=draft, way=given.get("way", ""), note=given.get("note", ""), actor=request.user, at=now)  # type: ignore[arg-type]
        return "Submitted. The ZIP stays as it is, byte by byte: download it and send it."
    raise UserError("unknown_form", "The page has changed since. Nothing was changed: look at it again.")


def _context(request: HttpRequest, chargeback: Chargeback, refusal: UserError | None, given: dict[str, str]) -> dict[str, Any]:
    rows = chargeback.answers.defer("content").select_related("made_by", "manifest", "submission__submitted_by")
    drafts = list(rows.select_related("chargeback__case", "chargeback__entity").order_by("-version"))
    newest = drafts[0] if drafts else None
    submitted = [draft for draft in drafts if hasattr(draft, "submission")]
    owed = chargeback.status in OWED and not chargeback.is_answered
    waits = owed and newest is not None and newest not in submitted
    stale = waits and newest is not None and has_moved_on(newest)
    staged = newest.typed if newest else {}
    filled = {name: given.get(name.value, staged.get(name.value, "")) for name in TYPED}
    reason = given.get("reason") or (newest.reason if newest else reason_of(chargeback.reason_code).value)
    return frame(
        request,
        f"Answer to {chargeback}",
        ("Chargebacks", reverse("admin:disputes_chargeback_changelist")),
        (str(chargeback), reverse("admin:disputes_chargeback_change", args=[chargeback.pk])),
        chargeback=chargeback,
        due=due_to(chargeback, timezone.now()),
        refusal=refusal,
        given=given,
        zone=chargeback.entity.time_zone or "UTC",
        newest=newest,
        lines=_lines(newest) if newest else [],
        drafts=drafts,
        submitted=submitted,
        owed=owed,
        stale=stale,
        policy_is_set=bool(policy_of(chargeback)),
        may_stage=owed and request.user.has_perm(STAGE),
        may_submit=bool(waits and not stale and newest.made_by_id != request.user.pk and request.user.has_perm(SUBMIT)),
        is_own=bool(waits and newest.made_by_id == request.user.pk),
        reasons=REASONS,
        reason=reason,
        texts=[(name.value, TITLES[name], HINTS[name], filled[name], _reasons_wanting(name)) for name in TYPED],
        ways=ChargebackSubmission.Way.choices,
        each=EACH,
        total=TOTAL,
    )


def shown_beside(request: HttpRequest, chargeback: Chargeback) -> dict[str, Any]:
    """What the chargeback's own page says of its answer; nothing for whoever may not read answers. One query."""
    if not (request.user.has_perm(VIEW) and may_see(request)):
        return {}
    rows = chargeback.answers.defer("content").select_related("made_by", "submission__submitted_by")
    newest = rows.order_by("-version").first()
    owed = chargeback.status in OWED and not chargeback.is_answered
    if newest is None:
        state = "Nothing is staged yet." if owed else "None was made here."
    elif hasattr(newest, "submission"):
        state = f"Draft {newest.version} was submitted by {newest.submission.submitted_by}."
    else:
        state = f"Draft {newest.version}, staged by {newest.made_by}, waits for somebody else to submit it."
    may_stage = owed and request.user.has_perm(STAGE)
    return {"may_see_answer": True, "answer_state": state, "is_staged": newest is not None, "may_stage": may_stage}


def _reasons_wanting(name: Field) -> str:
    """For which reasons a text goes into the answer, where it is not for all of them."""
    wanting = [words for value, words in REASONS if name in WANTED[Reason(value)]]
    return "" if len(wanting) == len(REASONS) else " · ".join(wanting)


def _lines(draft: ChargebackAnswer) -> list[Line]:
    found = []
    for one in draft.index["fields"]:
        beside = " ".join(one[name] for name in ("note", "hint") if name in one)
        found.append(Line(one["title"], one.get("path", ""), one.get("text", ""), one.get("missing", ""), beside))
    return found


@page("chargebacks/<int:pk>/answer/<int:version>.zip", name="chargeback_answer_zip")
def download(request: HttpRequest, pk: int, version: int) -> HttpResponse:
    """The ZIP as it was staged. Its name says whether it is the answer or only a draft of it."""
    chargeback = _chargeback(request, pk)
    found = chargeback.answers.filter(version=version).first()
    if found is None:
        raise Http404("There is no such draft.")
    kind = "answer" if ChargebackSubmission.objects.filter(answer=found).exists() else "draft"
    name = f"{chargeback.case.number}-{kind}-{version}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(bytes(found.content), content_type="application/zip", headers=headers)
