"""How a company's dispute desk works: opening hours, holidays, lengths of deadlines, outside bodies."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity
from chargebill.portal.disputes.roles import LAST_WORD, SEE_SETTINGS
from chargebill.portal.disputes.words import LENGTHS, unit_words
from chargebill.portal.month_choice import company_in
from chargebill.portal.payment_frame import frame
from chargebill.portal.site import page
from disputes.desk import bodies_of, desk_of, settings_of
from disputes.operations.settings import change_dispute_settings
from disputes.settings_models import Holiday
from disputes.workflow.durations import DEFAULTS
from disputes.workflow.states import Clock

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@page("disputes/settings/", name="dispute_settings")
def show(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(SEE_SETTINGS):
        raise PermissionDenied
    entity = company_in(request.POST.get("entity") or request.GET.get("entity", ""))
    refusal = None
    if request.method == "POST" and entity is not None:
        if not request.user.has_perm(LAST_WORD):
            raise PermissionDenied
        try:
            values, holidays = read(request.POST)
            change_dispute_settings(
                entity=entity,
                values=values,
                holidays=holidays,
                actor=request.user,
                at=timezone.now(),  # type: ignore[arg-type]
            )
        except UserError as error:
            refusal = error
        else:
            messages.success(request, "Saved. The deadlines of open cases were computed anew.")
            return redirect(f"{request.path}?entity={entity.pk}")
    context = frame(
        request, "How disputes are handled", entity=entity, entities=list(LegalEntity.objects.order_by("name")),
        refusal=refusal, may_change=request.user.has_perm(LAST_WORD),
        **(_fields(entity, request.POST if refusal else None) if entity else {}),
    )  # fmt: skip
    return TemplateResponse(request, "portal/disputes/settings.html", context)


def _fields(entity: LegalEntity, posted: QueryDict | None) -> dict[str, Any]:
    """What the form shows: what was sent and refused, else what is stored."""
    desk, settings = desk_of(entity), settings_of(entity)
    holidays = Holiday.objects.filter(entity=entity).values_list("day", "name")
    hours = desk.calendar.hours
    stored: dict[str, str] = {
        "holidays": "\n".join(f"{day.isoformat()} {name}".strip() for day, name in holidays),
        "reminder_days": str(settings.reminder_days),
        "reopening_days": str(settings.reopening_days),
        "outside_bodies": "\n".join(bodies_of(entity, settings)),
        "reply_mailbox": settings.reply_mailbox,
        "refund_policy_en": settings.refund_policy_en,
        "refund_policy_de": settings.refund_policy_de,
        **{f"clock_{clock}": str(desk.durations.of[clock]) for clock in Clock},
        **{f"opens_{day}": _clock(hours[day][0]) if day in hours else "" for day in range(7)},
        **{f"closes_{day}": _clock(hours[day][1]) if day in hours else "" for day in range(7)},
    }
    shown = {name: posted.get(name, value) for name, value in stored.items()} if posted else stored
    return {
        "days": [(day, word, shown[f"opens_{day}"], shown[f"closes_{day}"]) for day, word in enumerate(WEEKDAYS)],
        "clocks": [(c, LENGTHS[c], unit_words(c), shown[f"clock_{c}"], DEFAULTS[c]) for c in Clock],
        "shown": shown,
        "zone": entity.time_zone or "UTC",
    }


def read(posted: QueryDict) -> tuple[dict[str, Any], list[tuple[date, str]]]:
    """The form's values and holidays. Raises UserError with the name of the first that can't be read."""
    hours = {}
    for day, word in enumerate(WEEKDAYS):
        opens, closes = posted.get(f"opens_{day}", "").strip(), posted.get(f"closes_{day}", "").strip()
        if opens or closes:
            hours[str(day)] = [_minutes(opens, f"opens_{day}", word), _minutes(closes, f"closes_{day}", word)]
            if hours[str(day)][0] >= hours[str(day)][1]:
                raise UserError("hours", f"{word} closes before it opens. Nothing was changed.", f"closes_{day}")
    if not hours:
        raise UserError("hours", "Say on which days somebody is there. Nothing was changed.", "opens_0")
    lengths = {clock: _number(posted, f"clock_{clock}", LENGTHS[clock]) for clock in Clock}
    values = {
        "hours": hours,
        "durations": {clock.value: length for clock, length in lengths.items() if length != DEFAULTS[clock]},
        "reminder_days": _number(posted, "reminder_days", "Reminder"),
        "reopening_days": _number(posted, "reopening_days", "Reopened within"),
        "outside_bodies": posted.get("outside_bodies", "").strip()[:2000],
        "reply_mailbox": posted.get("reply_mailbox", "").strip()[:254],
        **{name: _long(posted.get(name, "")) for name in ("refund_policy_en", "refund_policy_de")},
    }
    return values, _holidays(posted.get("holidays", ""))


def _long(raw: str) -> str:
    return raw.replace("\x00", "").replace("\r\n", "\n").strip()


def _number(posted: QueryDict, name: str, word: str) -> int:
    raw = posted.get(name, "").strip()
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 4):
        raise UserError(name, f"{word}: write a whole number. Nothing was changed.", name)
    return int(raw)


def _minutes(raw: str, name: str, word: str) -> int:
    """Minutes after midnight of "9:00"; 24:00 is the end of the day. Raises UserError."""
    hour, _, minute = raw.partition(":")
    if not (hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit() and len(hour) <= 2 and len(minute) == 2):
        raise UserError(name, f"{word}: write the hours like 9:00 and 17:00, or leave both empty. Nothing was changed.", name)
    found = int(hour) * 60 + int(minute)
    if int(minute) > 59 or found > 1440:
        raise UserError(name, f"{word}: there is no {raw}. Nothing was changed.", name)
    return found


def _holidays(raw: str) -> list[tuple[date, str]]:
    found: dict[date, str] = {}
    for line in raw.splitlines():
        day, _, name = line.strip().partition(" ")
        if not day:
            continue
        try:
            found[date.fromisoformat(day)] = name.strip()[:80]
        except ValueError:
            said = f"{day[:20]!r} is no day. Write one a line, like 2026-12-25 Christmas. Nothing was changed."
            raise UserError("holidays", said, "holidays") from None
    return sorted(found.items())


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"
