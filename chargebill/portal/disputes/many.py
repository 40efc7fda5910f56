"""Sorts the cases chosen in the queue, or writes one note into all of them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from chargebill.core.errors import UserError
from chargebill.portal.disputes.giving import chosen_cases
from chargebill.portal.disputes.roles import allowed_worker
from chargebill.portal.payment_frame import frame
from chargebill.portal.site import page
from disputes.models import Cause
from disputes.operations.many_cases import note_cases, sort_cases

TITLES = {"sort": "Say what seems wrong in several cases", "note": "Note something in several cases"}


@page("disputes/many/", name="cases_many")
def many(request: HttpRequest) -> HttpResponse:
    worker = allowed_worker(request)
    given = request.POST if request.method == "POST" else request.GET
    do = given.get("do", "") if given.get("do", "") in TITLES else "note"
    cases, refusal = chosen_cases(given.get("cases", "")), None
    if request.method == "POST":
        whose = {"cases": cases, "role": worker.role, "actor": worker.user, "at": timezone.now()}
        try:
            if do == "sort":
                changed = sort_cases(cause=given.get("cause", ""), **whose)
                said = f"{changed} of {len(cases)} cases are sorted anew."
            else:
                said = f"Noted in {note_cases(body=given.get('body', ''), **whose)} cases."
        except UserError as error:
            refusal = error
        else:
            messages.success(request, said)
            return redirect("admin:disputes_case_changelist")
    context = frame(
        request, TITLES[do], ("Cases", reverse("admin:disputes_case_changelist")), cases=cases, do=do, causes=Cause.choices,
        keys=",".join(str(case.pk) for case in cases), refusal=refusal, given=given,
    )  # fmt: skip
    return TemplateResponse(request, "portal/disputes/many.html", context)
