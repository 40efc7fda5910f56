"""What a driver writes to complain about a charge, with what is wrong said in their language."""

import re
from decimal import Decimal
from typing import Any

from django import forms

from billing.papers.words import money
from billing.pricing.text import Language
from chargebill.core.money import minor_digits
from chargebill.portal.driver_complaint_words import PHRASES, REASONS
from disputes.operations.opening import LONGEST_STATEMENT

AUTOCOMPLETE = {"contact_name": "name", "contact_email": "email", "claimed_amount": "off"}
# Dots and commas: what groups thousands, and what comes before the cents.
_AMOUNT = re.compile(r"(?P<whole>\d{1,9}|\d{1,3}(?:[.,]\d{3}){1,2})(?:[.,](?P<part>\d{1,2}))?")


def amount_written(raw: str, currency: str) -> Decimal | None:
    """An amount as people write it: "4.94", "4,94 €", "1.234,50", "GBP 12"; None for anything else."""
    bare = re.sub(rf"(?i){re.escape(currency)}|[€£$\s\u00a0]", "", raw)
    found = _AMOUNT.fullmatch(bare)
    return Decimal(f"{re.sub('[.,]', '', found['whole'])}.{found['part'] or 0}") if found else None


class ComplaintForm(forms.Form):
    cause = forms.ChoiceField(widget=forms.RadioSelect)
    statement = forms.CharField(widget=forms.Textarea(attrs={"rows": 6}), max_length=LONGEST_STATEMENT)
    claimed_amount = forms.CharField(required=False, widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    contact_name = forms.CharField(max_length=200)
    contact_email = forms.EmailField(max_length=254)

    use_required_attribute = False

    def __init__(self, *args: Any, language: Language, most: Decimal, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.said, self.language, self.most, self.currency = PHRASES[language], language, most, currency
        named = {"currency": currency, "most": money(most, currency, language)}
        self.fields["cause"].choices = list(REASONS[language].items())  # type: ignore[attr-defined]
        self.fields["cause"].error_messages.update(dict.fromkeys(("required", "invalid_choice"), self.said["cause_missing"]))
        for name, field in self.fields.items():
            if name == "cause":
                continue
            field.label = self.said[name]
            field.help_text = self.said.get(f"{name}_help", "").format(**named)
            field.error_messages.update(
                required=self.said["required"], invalid=self.said["email_wrong"],
                null_characters_not_allowed=self.said["no_control"],
            )  # fmt: skip
            if name in AUTOCOMPLETE:
                field.widget.attrs["autocomplete"] = AUTOCOMPLETE[name]
            if longest := getattr(field, "max_length", None):
                # A browser that cut silently would send half a story: it is said instead.
                field.widget.attrs.pop("maxlength", None)
                for validator in field.validators:
                    if getattr(validator, "code", "") == "max_length":
                        validator.message = self.said["too_long"].format(longest=longest)

    def clean_claimed_amount(self) -> Decimal | None:
        raw = self.cleaned_data["claimed_amount"].strip()
        if not raw:
            return None
        found = amount_written(raw, self.currency)
        if found is None or found % Decimal(1).scaleb(-minor_digits(self.currency)):
            example = money(self.most / 2, self.currency, self.language)
            raise forms.ValidationError(self.said["amount_wrong"].format(example=example))
        if not 0 < found <= self.most:
            raise forms.ValidationError(self.said["amount_most"].format(most=money(self.most, self.currency, self.language)))
        return found
