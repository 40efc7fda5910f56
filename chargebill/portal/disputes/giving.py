"""Gives the cases chosen in the queue to somebody."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from chargebill.core.errors import UserError
from chargebill.core.keys import key_in, row_in
from chargebill.core.models import User
from chargebill.portal.disputes.case_page import colleagues
from chargebill.portal.disputes.roles import allowed_worker
from chargebill.portal.payment_frame import frame
from chargebill.portal.site import page
from disputes.models import Case
from disputes.operations.thread import MOST_AT_ONCE, assign


def chosen_cases(raw: str) -> list[Case]:
    """The cases whose keys a list sent, those that are there, at most as many as are worked on at once. One query."""
    keys = [key for part in raw.split(",")[:MOST_AT_ONCE] if (key := key_in(part)) is not None]
    return list(Case.objects.filter(pk__in=keys).select_related("entity", "assignee").order_by("pk"))


@page("disputes/give/", name="cases_give")
def give(request: HttpRequest) -> HttpResponse:
    worker = allowed_worker(request)
    cases = chosen_cases(request.POST.get("cases", "") or request.GET.get("cases", ""))
    refusal: UserError | None = None
    if request.method == "POST":
        who: Any = row_in(User, request.POST.get("assignee", ""))
        try:
            if who is None or not cases:
                where = "assignee" if cases else "cases"
                raise UserError(where, "Choose cases, and who looks after them. Nothing was changed.", where)
            changed = assign(cases=cases, assignee=who, role=worker.role, actor=worker.user, at=timezone.now())
        except UserError as error:
            refusal = error
        else:
            messages.success(request, f"{changed} of {len(cases)} cases given to {who}.")
            return redirect("admin:disputes_case_changelist")
    context = frame(
        request, "Give cases to somebody", ("Cases", reverse("admin:disputes_case_changelist")), cases=cases,
        keys=",".join(str(case.pk) for case in cases), colleagues=colleagues(), me=worker.user, refusal=refusal,
        chosen=request.POST.get("assignee", str(worker.user.pk)),
    )  # fmt: skip
    return TemplateResponse(request, "portal/disputes/give.html", context)
