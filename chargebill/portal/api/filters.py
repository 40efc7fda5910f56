"""How lists are narrowed: typed parameters; what can't be read is refused with the parameter's name."""

from datetime import UTC
from typing import Any, ClassVar

from django import forms
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from drf_spectacular.utils import extend_schema_field

from chargebill.portal.api.pages import LARGEST_ID


class _Described:
    """Puts into the API's document what kind of value a filter takes, and what it is for."""

    described: ClassVar[dict[str, Any]]

    def __init__(self, *args: Any, help_text: str, **kwargs: Any) -> None:
        super().__init__(*args, help_text=help_text, **kwargs)
        extend_schema_field({**self.described, "description": help_text})(self)


class _MomentField(IsoDateTimeField):
    def clean(self, value: Any) -> Any:
        try:
            # In the year 1 or 9999 a moment of another zone may lie outside of the calendar.
            moment = super().clean(value)
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise forms.ValidationError(self.error_messages["invalid"], "invalid") from None


class MomentFilter(_Described, filters.IsoDateTimeFilter):
    """An ISO 8601 moment; without a zone it is UTC."""

    described = {"type": "string", "format": "date-time"}
    field_class = _MomentField


class IdFilter(_Described, filters.Filter):
    described = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=1, max_value=LARGEST_ID, **kwargs)


class YesNoFilter(_Described, filters.TypedChoiceFilter):
    """true or false; any other word is refused, where Django's own would take it for no filter at all."""

    described = {"type": "boolean"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        words = {"true": True, "false": False}
        super().__init__(*args, choices=[(word, word) for word in words], coerce=words.get, **kwargs)


class TextFilter(_Described, filters.CharFilter):
    """Exactly this text, spaces included."""

    def __init__(self, *args: Any, most: int = 200, **kwargs: Any) -> None:
        self.described = {"type": "string", "minLength": 1, "maxLength": most, "pattern": r"^[^\u0000]*$"}
        super().__init__(*args, max_length=most, strip=False, **kwargs)
