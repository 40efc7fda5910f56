"""Chargebacks: the list, a page each, and the page on which a letter of an acquirer is typed in."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import F, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from billing.document_models import Document
from chargebill.core.admin import ReadOnlyAdmin
from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.core.models import LegalEntity
from chargebill.portal import format as written
from chargebill.portal.disputes import chargeback_answers, chargeback_loss
from chargebill.portal.disputes.roles import worker_of
from chargebill.portal.disputes.words import due_to
from chargebill.portal.payment_frame import READ_DOCUMENTS, allow, amount_in, day_in, frame
from chargebill.portal.site import page
from disputes.chargeback_answers import answers_for_second
from disputes.chargeback_models import Chargeback
from disputes.chargeback_queries import find_charges
from disputes.chargebacks import OWED, TABLE, WORDS, Status
from disputes.operations.chargeback_letters import Letter, record_letter
from disputes.operations.chargebacks import decide_late_win, move_chargeback, take_money

ADD, CHANGE, BOOK = "disputes.add_chargeback", "disputes.change_chargeback", "billing.add_chargebackfunds"
FIELDS = (
    "acquirer",
    "reference",
    "reason_code",
    "reason",
    "card_last4",
    "amount",
    "received_on",
    "answer_by",
    "kind",
    "document",
)
# What Finance is asked and what is owed to an acquirer first, the earliest date on top.
URGENT = models.Case(
    When(asks_finance=True, then=Value(0)), When(status__in=OWED, is_answered=False, then=Value(1)), default=Value(2)
)
# These book money.
BY_FINANCE = (Status.WON, Status.LOST)


class AnswerFilter(DropdownFilter):
    title = "answer"
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("waits", "Waits for a second person")]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Chargeback]) -> models.QuerySet[Chargeback]:
        return queryset.filter(pk__in=answers_for_second()) if self.value() == "waits" else queryset


@admin.register(Chargeback)
class ChargebackAdmin(ReadOnlyAdmin):
    """Letters are typed in and moved on pages of their own: the list only shows them."""

    list_display = ["reference_shown", "due", "status_shown", "charged", "reason_code", "held", "case", "document", "entity"]
    list_filter = [("status", ChoicesDropdownFilter), AnswerFilter, "asks_finance", ("entity", RelatedDropdownFilter)]
    search_fields = ["reference", "=case__number", "=document__number", "=card_last4", "acquirer"]
    search_help_text = "The acquirer, its reference, the number of a case or a document, or the last four digits of the card"
    list_select_related = ["case", "document", "entity", "funds"]
    list_display_links = ["reference_shown"]
    sortable_by = ["due", "charged"]
    empty_sentence = "When an acquirer writes about a charge, type its letter in: a case opens by itself."
    change_list_template = "portal/chargebacks/list.html"

    class Media:
        css = {"all": ["css/disputes.css"]}

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return [URGENT.asc(), F("due_by").asc(), "-pk"]

    @display(description="Acquirer and reference", ordering="reference")
    def reference_shown(self, obj: Chargeback) -> str:
        return str(obj)

    @display(description="Answer by", ordering="due_by", empty_value="–")
    def due(self, obj: Chargeback) -> str | None:
        found = due_to(obj, timezone.now())
        return render_to_string("portal/disputes/due_cell.html", {"due": found}) if found else None

    @display(description="Status", ordering="status")
    def status_shown(self, obj: Chargeback) -> str:
        return f"{obj.get_status_display()}, Finance decides" if obj.asks_finance else obj.get_status_display()

    @display(description="Amount", ordering="amount")
    def charged(self, obj: Chargeback) -> str:
        return written.money(obj.amount, obj.currency)

    @display(description="Taken back", empty_value="–")
    def held(self, obj: Chargeback) -> str | None:
        return written.money(obj.funds.amount, obj.currency) if obj.funds else None

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = Chargeback.objects.select_related("case", "document", "entity", "funds__payment", "made_by")
        found: Chargeback | None = row_in(rows, object_id)
        if found is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return _page(request, found)


def _page(request: HttpRequest, chargeback: Chargeback) -> HttpResponse:
    refusal, given = None, {}
    if request.method == "POST":
        given = request.POST.dict()
        try:
            said = _do(request, chargeback, given)
        except UserError as error:
            refusal = error
            chargeback.refresh_from_db()
        else:
            messages.success(request, said)
            return redirect(reverse("admin:disputes_chargeback_change", args=[chargeback.pk]))
    status = Status(chargeback.status)
    works, books = request.user.has_perm(CHANGE), request.user.has_perm(BOOK)
    # What becomes of money the acquirer holds is said on a form of its own.
    may_lose = works and books and chargeback_loss.is_open(chargeback)
    follow = [
        one
        for one in TABLE[status]
        if works and (books or one not in BY_FINANCE) and not (one is Status.LOST and chargeback_loss.is_open(chargeback))
    ]
    context = frame(
        request, f"Chargeback {chargeback}", ("Chargebacks", reverse("admin:disputes_chargeback_changelist")),
        chargeback=chargeback, due=due_to(chargeback, timezone.now()), refusal=refusal, given=given,
        zone=chargeback.entity.time_zone or "UTC",
        events=[(event, _told(event)) for event in chargeback.events.select_related("actor").order_by("-seq")],
        follow=[(one.value, WORDS[one]) for one in follow],
        may_take=books and works and chargeback.funds is None and status in (Status.NEEDS_RESPONSE, Status.UNDER_REVIEW),
        may_decide=books and works and chargeback.asks_finance,
        waits_for_finance=works and not books and any(one in BY_FINANCE for one in TABLE[status]),
        ends=list(chargeback.funds.ends.order_by("pk")) if chargeback.funds else [],
        today=chargeback.entity.day_of(timezone.now()).isoformat(),
        **chargeback_answers.shown_beside(request, chargeback),
        **(chargeback_loss.context_of(chargeback, given) if may_lose else {}),
    )  # fmt: skip
    return TemplateResponse(request, "portal/chargebacks/chargeback.html", context)


def _told(event: Any) -> str:
    if event.kind == "MOVED":
        said = WORDS[Status(event.to_status)]
        return f"The letter came: {said.lower()}" if not event.from_status else said
    return str(event.get_kind_display())


def _do(request: HttpRequest, chargeback: Chargeback, given: dict[str, str]) -> str:
    """What a form of the page asks for; what it came to, in words. Raises UserError, changing nothing."""
    allow(request, CHANGE)
    actor, at = request.user, timezone.now()
    on = _day(given, "on") if given.get("do") in ("move", "take", "lose") else chargeback.entity.day_of(at)
    if given.get("do") == "move":
        if given.get("target") not in Status.__members__:
            raise UserError("target", "Choose where it stands now. Nothing was changed.", "target")
        target = Status(given["target"])
        if target in BY_FINANCE:
            allow(request, BOOK)
        if target is Status.LOST and chargeback_loss.is_open(chargeback):
            raise UserError("right", "Say whether the driver was right, below. Nothing was changed.", "right")
        move_chargeback(chargeback=chargeback, target=target, text=given.get("text", ""), on=on, actor=actor, at=at)  # type: ignore[arg-type]
        return f"It stands at “{WORDS[target]}” now."
    allow(request, BOOK)
    if given.get("do") == "take":
        fee = amount_in(given["fee"]) if given.get("fee", "").strip() else Decimal(0)
        amount = amount_in(given.get("amount", ""))
        take_money(chargeback=chargeback, amount=amount, fee=fee, on=on, actor=actor, at=at)  # type: ignore[arg-type]
        return "Booked. Nothing of the charge is refunded while the acquirer holds the money."
    if given.get("do") == "lose":
        return chargeback_loss.lose(chargeback, given, on, actor, at)  # type: ignore[arg-type]
    if given.get("do") == "decide":
        decide_late_win(chargeback=chargeback, text=given.get("text", ""), actor=actor, at=at)  # type: ignore[arg-type]
        return "Kept. What follows from it is booked where it belongs, by hand."
    raise UserError("unknown_form", "The page has changed since. Nothing was changed: look at it again.")


def _day(given: dict[str, str], name: str) -> date:
    found = day_in(given.get(name, ""))
    if found is None:
        raise UserError(name, "Enter a day. Nothing was changed.", name)
    return found


@page("chargebacks/new/", name="chargeback_letter")
def letter(request: HttpRequest) -> HttpResponse:
    """Finds the charge by what the letter names, then keeps what the letter says."""
    allow(request, ADD, READ_DOCUMENTS)
    asked = request.GET
    entities = list(LegalEntity.objects.order_by("name"))
    entity: LegalEntity | None = row_in(LegalEntity, asked.get("entity", "")) or (entities[0] if len(entities) == 1 else None)
    refusal, problem, charges = None, None, []
    has_asked = any(asked.get(name, "").strip() for name in ("sum", "day", "last4", "number"))
    try:
        charges = _found(request, entity) if has_asked else []
    except UserError as error:
        problem = error
    given = {name: request.POST.get(name, "") for name in FIELDS}
    if request.method == "POST":
        try:
            made, is_new = _kept(request, given)
        except UserError as error:
            refusal = error
        else:
            opened = f"Case {made.case.number} is open. Tell the driver the number." if is_new else ""
            messages.success(
                request, opened or f"The letter is kept with case {made.case.number}, which was open about the charge."
            )
            return redirect(reverse("admin:disputes_chargeback_change", args=[made.pk]))
    else:
        given |= {"card_last4": asked.get("last4", ""), "amount": asked.get("sum", ""), "kind": "claim"}
        given["document"] = str(charges[0].document.pk) if len(charges) == 1 else ""
        if len(charges) == 1 and not given["amount"]:
            given["amount"] = f"{charges[0].document.gross_amount.normalize():f}"
    context = frame(
        request, "A letter from the acquirer", ("Chargebacks", reverse("admin:disputes_chargeback_changelist")),
        entities=entities, entity=entity, asked=asked, has_asked=has_asked, problem=problem, charges=charges, given=given,
        refusal=refusal,
    )  # fmt: skip
    return TemplateResponse(request, "portal/chargebacks/letter.html", context)


def _found(request: HttpRequest, entity: LegalEntity | None) -> list[Any]:
    asked = {name: request.GET.get(name, "").strip() for name in ("sum", "day", "last4", "number")}
    if entity is None:
        raise UserError("entity", "Choose the company the letter was sent to.", "entity")
    try:
        amount = amount_in(asked["sum"]) if asked["sum"] else None
    except UserError:
        raise UserError("sum", f"{asked['sum'][:20]!r} is no amount. Write it like 149.90.", "sum") from None
    day = day_in(asked["day"]) if asked["day"] else None
    if asked["day"] and day is None:
        raise UserError("day", "That is no day. Write it like 2026-11-27.", "day")
    return find_charges(entity=entity, amount=amount, day=day, last4=asked["last4"][:4], reference=asked["number"][:200])


def _kept(request: HttpRequest, given: dict[str, str]) -> tuple[Chargeback, bool]:
    worker = worker_of(request)
    document: Document | None = row_in(Document.objects.select_related("entity", "customer"), given["document"])
    if worker is None or document is None or document.is_credit_note:
        raise UserError("document", "Choose the charge the letter is about. Nothing was changed.", "document")
    if given["kind"] not in ("claim", "inquiry"):
        raise UserError("kind", "Say whether the money is claimed, or the acquirer only asks. Nothing was changed.", "kind")
    said = Letter(
        given["acquirer"], given["reference"], given["reason_code"], given["reason"], given["card_last4"],
        amount_in(given["amount"]), _day(given, "received_on"), _day(given, "answer_by"), is_inquiry=given["kind"] == "inquiry",
    )  # fmt: skip
    return record_letter(document=document, letter=said, role=worker.role, actor=worker.user, at=timezone.now())
