"""The form of a tax rule: what it is about, the tax, from when on and where it comes from."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from billing.models import TaxRule
from billing.operations.taxes import ON_DOCUMENTS, since_of, subject_of
from billing.tax_queries import documented
from billing.taxes import COLUMNS
from chargebill.core.audited import AuditedForm

# What an empty choice means, where Django would draw dashes.
EVERY = {"category": "Every category", "component": "Every part of the price", "customer_kind": "Every customer"}
LABELS = {
    "country": "Country of supply",
    "category": "Tax category",
    "component": "Part of the price",
    "customer_kind": "Customer",
    "legal_sentence": "Sentence on documents",
}


class TaxRuleForm(AuditedForm):
    """One tax from a day on. What it is about and its first day are fixed once it is saved: another is another rule."""

    rate = forms.DecimalField(
        label="Rate, %",
        min_value=0,
        max_value=100,
        decimal_places=3,
        error_messages={
            "min_value": "A tax rate can't be negative. Enter 0 to 100.",
            "max_value": "A tax rate is at most 100 %%. Enter 20 for 20 %%.",
            "max_digits": "Enter a rate in percent, such as 20 or 8.875.",
            "max_decimal_places": "Enter at most three digits behind the point, such as 8.875.",
        },
        help_text="In percent. Prices that include tax contain it at this rate. 0 is a rate, too.",
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    class Meta:
        model = TaxRule
        fields = ("entity", *COLUMNS, "valid_from", *ON_DOCUMENTS, "source")
        labels = LABELS
        help_texts = {
            "country": "Two letters, such as DE: where the place is. Empty: every country.",
            "category": "What the tariff says about its prices.",
            "component": "Reservation is the fee for it and the reserved time.",
            "customer_kind": "Who pays.",
            "code": "What your books call it, such as VAT20.",
            "account": "Account of your books the tax is posted on. May stay empty.",
            "legal_sentence": "Where the law asks for one, such as why there is no tax. May stay empty.",
            "valid_from": "First day it applies, by the place's own calendar. Empty: since ever. It ends where the next begins.",
            "source": "Where you have the rate from: the law, your tax adviser, when.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, words in EVERY.items():
            if name in self.fields:
                self.fields[name].choices = [("", words), *list(self.fields[name].choices)[1:]]
        if self.instance.pk and "rate" in self.fields:
            self.initial["rate"] = f"{self.instance.rate.normalize():f}"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.instance.pk is None:
            self._refuse_the_same_day(cleaned)
        elif any(name in ON_DOCUMENTS for name in self.changed_data) and documented(self.instance).exists():
            self.add_error(None, "Meanwhile a session on a document was taxed by this rule. Add a rule from a later day instead.")
        return cleaned

    def _refuse_the_same_day(self, cleaned: dict[str, Any]) -> None:
        """A new rule never replaces one by accident."""
        entity = cleaned.get("entity")
        if entity is None or any(name in self.errors for name in (*COLUMNS, "valid_from")):
            return
        key = {name: cleaned.get(name) or "" for name in COLUMNS}
        same = TaxRule.objects.filter(entity=entity, valid_from=cleaned.get("valid_from"), **key).first()
        if same:
            about = "" if subject_of(same) == "everything" else f" for {subject_of(same)}"
            self.add_error(
                "valid_from",
                f"{entity} already has {same}{about} {since_of(same)}. Open that one to change it, or give another day.",
            )

    def validate_constraints(self) -> None:
        """Said above in words."""
