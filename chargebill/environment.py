"""Reads typed settings from the environment; a wrong value stops the start and says what to do."""

import os
import threading
from pathlib import Path
from urllib.parse import quote

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

DEVELOPMENT, PRODUCTION = "development", "production"


def sqlite_url(path: Path) -> str:
    """The DATABASE_URL of an SQLite file, whatever its folders are called."""
    return f"sqlite:///{quote(str(path))}"


def write_once(path: Path, secret: str) -> str:
    """Keeps ``secret`` in ``path`` unless something is kept there already; returns what is. Only its owner may read it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Several processes may start at once: link() lets exactly one whole file win, all read that one.
        draft = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
        draft.touch(mode=0o600)
        draft.write_text(secret)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        draft.unlink()
    return path.read_text().strip()


class Environment:
    """The process's environment variables, each read once, by name and type.

    Raises ImproperlyConfigured naming the variable, the value found and what would be accepted.
    """

    def __init__(self) -> None:
        self.env = environ.Env()
        self.mode = self.choice("CHARGEBILL_MODE", (DEVELOPMENT, PRODUCTION), default=DEVELOPMENT)

    @property
    def is_production(self) -> bool:
        return self.mode == PRODUCTION

    def text(self, name: str, default: str = "") -> str:
        return self.env.str(name, default=default) or default

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise ImproperlyConfigured(
                f"{name} is {value!r}. Set it to one of: {', '.join(allowed)}, or leave it out for {default!r}."
            )
        return value

    def whole_number(self, name: str, default: int, minimum: int = 1) -> int:
        raw = self.text(name, str(default))
        try:
            value = int(raw)
        except ValueError:
            value = minimum - 1
        if value < minimum:
            raise ImproperlyConfigured(
                f"{name} is {raw!r}. Set it to a whole number from {minimum} up, or leave it out for {default}."
            )
        return value

    def flag(self, name: str, default: bool) -> bool:
        raw = self.text(name, "yes" if default else "no").lower()
        if raw in ("1", "true", "yes", "on"):
            return True
        if raw in ("0", "false", "no", "off"):
            return False
        raise ImproperlyConfigured(f"{name} is {raw!r}. Set it to yes or no.")

    def words(self, name: str, default: list[str]) -> list[str]:
        return self.env.list(name, default=default)

    def database(self, default: str) -> dict:
        url = self.text("DATABASE_URL", default)
        advice = "Set it to postgres://USER:PASSWORD@HOST:5432/NAME or sqlite:////absolute/path.sqlite3, or leave it out for SQLite in var/."
        try:
            config = self.env.db_url_config(url)
        except Exception as error:
            raise ImproperlyConfigured(f"DATABASE_URL can't be read ({error}). {advice}") from error
        if config.get("ENGINE") not in ("django.db.backends.sqlite3", "django.db.backends.postgresql") or not config.get("NAME"):
            raise ImproperlyConfigured(f"DATABASE_URL names no SQLite file and no PostgreSQL database. {advice}")
        return config

    def secret_key(self, folder: Path) -> str:
        """SECRET_KEY; in development one is made on first use and kept in ``folder``."""
        key = self.text("SECRET_KEY")
        if key:
            return key
        if self.is_production:
            raise ImproperlyConfigured(
                "SECRET_KEY is not set. Production needs one of at least 50 random characters that stays the same: "
                "python -c 'from django.core.management.utils import get_random_secret_key as k; print(k())'"
            )
        return write_once(folder / "secret_key", get_random_secret_key())
