"""Finds a charge for a driver without a link, /charge/: place, day, amount, last four characters of the card.

It answers with one charge or with none: nothing that fits and several that fit are one answer after the same work. What it
leads to is a signed link for an hour, to the bill and the form for a complaint, without a name or an address.
"""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from billing.pricing.text import Language
from chargebill.core.errors import UserError
from chargebill.portal.client_address import client_address
from chargebill.portal.document_links import Turnstile
from chargebill.portal.document_links import path_to as path_to_document
from chargebill.portal.driver_complaint import Charge, complain
from chargebill.portal.driver_complaint_form import amount_written
from chargebill.portal.driver_find_query import charge_found
from chargebill.portal.driver_find_words import PHRASES
from chargebill.portal.driver_frame import answer, come_back, language_in, private
from chargebill.portal.signed_links import SignedLinks
from disputes.subjects import Subject, subjects_of_session
from stations.evse_names import normalized_evse_id
from stations.models import Session

GOOD_FOR = timedelta(hours=1)
_links = SignedLinks("portal.charge", GOOD_FOR)
# Guesses: of one address, about one place and day whoever asks, and of all together.
_of_address, _of_place, _of_all = Turnstile(10, every_s=600), Turnstile(20, every_s=3600), Turnstile(60)
_reading, _writing = Turnstile(60), Turnstile(10)


class FindForm(forms.Form):
    place = forms.CharField(max_length=100)
    day = forms.DateField(input_formats=["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y"], widget=forms.DateInput(attrs={"type": "date"}))
    amount = forms.CharField(max_length=30, widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    digits = forms.CharField(max_length=4, required=False)

    use_required_attribute = False

    def __init__(self, *args: Any, language: Language, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.said = PHRASES[language]
        for name, field in self.fields.items():
            field.label, field.help_text = self.said[name], self.said.get(f"{name}_help", "")
            field.widget.attrs["autocomplete"] = "off"
            wrong = self.said.get(f"{name}_wrong", self.said["check"])
            field.error_messages.update(required=self.said["required"], invalid=wrong, null_characters_not_allowed=wrong)
            for validator in field.validators:
                if getattr(validator, "code", "") == "max_length":
                    validator.message = self.said.get(f"{name}_wrong", self.said["too_long"])

    def clean_amount(self) -> Decimal:
        found = amount_written(re.sub(r"[A-Za-z]{3}", "", self.cleaned_data["amount"]), "€")
        if found is None:
            raise forms.ValidationError(self.said["amount_wrong"])
        return found

    def clean_digits(self) -> str:
        found: str = self.cleaned_data["digits"]
        if found and not (len(found) == 4 and found.isprintable()):
            raise forms.ValidationError(self.said["digits_wrong"])
        return found


def _page(request: HttpRequest, name: str, language: Language, status: int = 200, **context: Any) -> HttpResponse:
    return answer(request, f"portal/driver_find/{name}.html", language, PHRASES[language], status, **context)


def _busy(request: HttpRequest, language: Language, seconds: int) -> HttpResponse:
    said = PHRASES[language]["busy"].format(minutes=seconds // 60)
    return come_back(_page(request, "busy", language, 429, busy=said), seconds)


@private
def find(request: HttpRequest) -> HttpResponse:
    """The form, and what came of it."""
    language = language_in(request)
    if request.method != "POST":
        form = FindForm(language=language, initial={"place": request.GET.get("evse", "")[:100]})
        return _page(request, "form", language, form=form, problem="")
    # Counted before anything is looked at: what is refused costs no query.
    if not _of_all.passes(""):
        return _busy(request, language, 60)
    if not _of_address.passes(client_address(request)):
        return _busy(request, language, 600)
    form = FindForm(request.POST, language=language)
    if not form.is_valid():
        return _page(request, "form", language, 400, form=form, problem=PHRASES[language]["check"])
    given = form.cleaned_data
    if not _of_place.passes(f"{normalized_evse_id(given['place'])} {given['day']}"):
        return _busy(request, language, 3600)
    session_id = charge_found(**given)
    if session_id is None:
        return _page(request, "form", language, form=form, problem=PHRASES[language]["not_found"])
    return HttpResponseRedirect(f"{reverse('charge', args=[_links.token_of(Session(pk=session_id))])}?lang={language}")


def _session_in(token: str) -> Session | None:
    return _links.row_in(token, Session.objects.select_related("location", "entity", "connector__evse"))


@private
def found(request: HttpRequest, token: str) -> HttpResponse:
    """The bill of a charge that was found, and the form for a complaint about it."""
    session, language = _session_in(token), language_in(request)
    if session is None:
        return _page(request, "gone", language, 404)
    if not _reading.passes(str(session.pk)) or (request.method == "POST" and not _writing.passes(str(session.pk))):
        return _busy(request, language, 60)
    try:
        subjects = subjects_of_session(session)
    except UserError:
        subjects = []
    line = subjects[0].line if subjects else None
    charge = Charge(
        session=session,
        billed=line.cdr if line else None,
        gross=sum((one.line.gross_amount if one.line else one.gross_amount for one in subjects), Decimal(0)),
        subjects=subjects,
        back="",
        receipt=_receipt(session, subjects, language),
    )
    return complain(request, charge, language)


def _receipt(session: Session, subjects: list[Subject], language: Language) -> str:
    """The way to the receipt of somebody unknown who named their card. A document with a name on it is not shown for that."""
    document = subjects[0].document if subjects else None
    if document is None or document.customer_id or document.buyer or not (session.card_last4 or session.token_uid):
        return ""
    return f"{path_to_document(document)}?lang={language}"


urlpatterns = [
    # No cookie tells who somebody is here, so none can be misused.
    path("charge/", csrf_exempt(require_http_methods(["GET", "HEAD", "POST"])(find)), name="find_charge"),
    path("charge/<str:token>", csrf_exempt(require_http_methods(["GET", "HEAD", "POST"])(found)), name="charge"),
]
