"""How lists are narrowed: typed parameters; what can't be read is refused with the parameter's name."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from drf_spectacular.utils import extend_schema_field

from chargebill.portal.api.pages import LARGEST_ID

# Far outside of these a moment can't be moved to another zone.
EARLIEST, LATEST = datetime.fromisoformat("1970-01-01T00:00:00+00:00"), datetime.fromisoformat("2999-12-31T00:00:00+00:00")


class _MomentField(IsoDateTimeField):
    default_validators = [MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]

    def clean(self, value: Any) -> Any:
        try:
            return super().clean(value)
        except OverflowError:
            raise forms.ValidationError(self.error_messages["invalid"], "invalid") from None


@extend_schema_field({"type": "string", "format": "date-time"})
class MomentFilter(filters.IsoDateTimeFilter):
    """An ISO 8601 moment; without a zone it is UTC."""

    field_class = _MomentField


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": LARGEST_ID})
class IdFilter(filters.Filter):
    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=1, max_value=LARGEST_ID, **kwargs)


@extend_schema_field({"type": "boolean"})
class YesNoFilter(filters.TypedChoiceFilter):
    """true or false; any other word is refused, where Django's own would take it for no filter at all."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        words = {"true": True, "false": False}
        super().__init__(*args, choices=[(word, word) for word in words], coerce=words.get, **kwargs)


def text(column: str, help_text: str, *, most: int = 200) -> filters.CharFilter:
    """Exactly this text."""
    return filters.CharFilter(field_name=column, max_length=most, help_text=help_text)
