"""Django's flush, which empties every table, in spite of the triggers that keep frozen rows. It asks first."""

from typing import Any

from django.core.management.commands import flush

from chargebill.core import frozen


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        frozen.remove(options["database"])
        try:
            super().handle(**options)
        finally:
            # Also where it was not confirmed, or was told to leave out what usually runs after it.
            frozen.install_all(options["database"])
