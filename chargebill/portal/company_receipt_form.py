"""What a driver writes to have a receipt issued to a company, with what is wrong said in their language."""

from typing import Any

from django import forms

from billing.operations.reissue import FIELDS
from billing.pricing.text import Language
from billing.vat_ids import compact, is_vat_id
from chargebill.portal.driver_document_words import PHRASES

AUTOCOMPLETE = {
    "company": "organization",
    "vat_id": "off",
    "street": "street-address",
    "postal_code": "postal-code",
    "city": "address-level2",
    "country": "country",
}


class CompanyForm(forms.Form):
    company = forms.CharField()
    vat_id = forms.CharField()
    street = forms.CharField()
    postal_code = forms.CharField(required=False)
    city = forms.CharField()
    country = forms.CharField()

    use_required_attribute = False

    def __init__(self, *args: Any, language: Language, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.said = PHRASES[language]
        for name, field in self.fields.items():
            field.label = self.said[name]
            field.error_messages["required"] = self.said["required"]
            field.error_messages["null_characters_not_allowed"] = self.said["no_control"]
            field.widget.attrs.update({"autocomplete": AUTOCOMPLETE[name], "spellcheck": "false"})
            field.help_text = self.said.get({"vat_id": "vat_help", "country": "country_help"}.get(name, ""), "")

    def clean(self) -> dict[str, Any]:
        found = {name: " ".join(str(value).split()) for name, value in (super().clean() or {}).items()}
        if "vat_id" in found:
            found["vat_id"] = compact(found["vat_id"])
            if not is_vat_id(found["vat_id"]):
                self.add_error("vat_id", self.said["vat_wrong"])
        if "country" in found:
            found["country"] = found["country"].upper()
            if not (len(found["country"]) == 2 and found["country"].isascii() and found["country"].isalpha()):
                self.add_error("country", self.said["country_wrong"])
        for name, value in found.items():
            longest = FIELDS[name][1]
            if name in self._errors:
                continue
            if len(value) > longest:
                self.add_error(name, self.said["too_long"].format(longest=longest))
            elif not value.isprintable():
                self.add_error(name, self.said["no_control"])
        # Named as the operation takes it.
        return {("tax_id" if name == "vat_id" else name): value for name, value in found.items()}
