"""Form fields that forgive how people write codes and zones."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms

# Names people know; the others (Etc/GMT+3, US/Pacific, Cuba) are accepted, but not offered.
_OFFERED_AREAS = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


@cache
def time_zones() -> dict[str, str]:
    """Every IANA name by its case-folded form; read once, since finding them walks the file system."""
    return {zone.casefold(): zone for zone in available_timezones()}


@cache
def offered_time_zones() -> list[str]:
    """IANA names to choose from, sorted."""
    return sorted(zone for zone in time_zones().values() if zone.startswith(_OFFERED_AREAS))


class UpperCaseField(forms.CharField):
    """A code such as DE or EUR, however it was typed. ``advice`` is said of one that is too long."""

    def __init__(self, *, advice: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if advice:
            self.error_messages["max_length"] = advice

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        # A browser that stops typing at two letters makes GE of Germany, which is Georgia.
        return {name: value for name, value in super().widget_attrs(widget).items() if name != "maxlength"}

    def to_python(self, value: Any) -> str:
        return super().to_python(value).upper()


class TimeZoneField(forms.CharField):
    """An IANA zone, found whatever its case and with spaces for underscores: "america/new york" is America/New_York."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        return time_zones().get(text.replace(" ", "_").casefold(), text)
