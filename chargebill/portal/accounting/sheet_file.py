"""A CSV of another system as a form takes it: whose it is, and its text whatever it was saved as."""

from django import forms

from chargebill.core.models import LegalEntity

MAX_BYTES = 500_000


class SheetForm(forms.Form):
    """``cleaned_data["file"]`` is the text of the file."""

    entity = forms.ModelChoiceField(LegalEntity.objects.order_by("name"), label="Company", empty_label=None)
    file = forms.FileField(
        label="CSV file",
        widget=forms.FileInput(attrs={"accept": ".csv,.txt", "class": "cb-file"}),
        help_text="Nothing is changed before you have seen what the file would do.",
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )

    def clean_file(self) -> str:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(f"The file is bigger than {MAX_BYTES // 1000} kB. Split it.")
        return text_of(file.read())


def text_of(data: bytes) -> str:
    """UTF-8, else what Windows programs write."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def day_field(label: str, help_text: str, *, required: bool = True) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=required,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=help_text,
        error_messages={"invalid": "This is no date. Write it like 2026-09-01.", "required": "Choose the day."},
    )
