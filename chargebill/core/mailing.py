"""Where mail goes: as the settings say, and out of the demo never anywhere but a folder."""

from pathlib import Path

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend

from chargebill.core.models import Installation

FOLDER_BACKEND = "django.core.mail.backends.filebased.EmailBackend"


def mail_connection() -> BaseEmailBackend:
    """What mail is sent by. The demo's people are made up, their addresses might be somebody's."""
    if Installation.objects.filter(is_demo=True).exists():
        return get_connection(FOLDER_BACKEND, file_path=str(Path(settings.DATA_DIR) / "mail"))
    return get_connection()


def is_kept_here() -> bool:
    """Whether mail only lands in a folder."""
    return settings.EMAIL_BACKEND == FOLDER_BACKEND or Installation.objects.filter(is_demo=True).exists()
