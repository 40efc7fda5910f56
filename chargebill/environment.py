"""Reads typed settings from the environment; a wrong value stops the start and says what to do."""

import os
import threading
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

DEVELOPMENT, PRODUCTION = "development", "production"


class WrongSetting(ImproperlyConfigured):
    """An environment variable that can't be used; the text begins with its ``name`` and says what to do."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name} {message}")
        self.name = name


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

    Raises WrongSetting naming the variable, the value found and what would be accepted.
    """

    def __init__(self) -> None:
        self.mode = self.choice("CHARGEBILL_MODE", (DEVELOPMENT, PRODUCTION), default=DEVELOPMENT)

    @property
    def is_production(self) -> bool:
        return self.mode == PRODUCTION

    def text(self, name: str, default: str = "") -> str:
        """The value as it stands; one that is set but empty counts as left out."""
        return os.environ.get(name, "") or default

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise WrongSetting(name, f"is {value!r}. Set it to one of: {', '.join(allowed)}, or leave it out for {default}.")
        return value

    def whole_number(self, name: str, default: int, minimum: int = 1) -> int:
        raw = self.text(name, str(default))
        try:
            value = int(raw)
        except ValueError:
            value = minimum - 1
        if value < minimum:
            raise WrongSetting(name, f"is {raw!r}. Set it to a whole number from {minimum} up, or leave it out for {default}.")
        return value

    def flag(self, name: str, default: bool) -> bool:
        raw = self.text(name, "yes" if default else "no").lower()
        if raw in ("1", "true", "yes", "on"):
            return True
        if raw in ("0", "false", "no", "off"):
            return False
        raise WrongSetting(name, f"is {raw!r}. Set it to yes or no.")

    def words(self, name: str, default: list[str]) -> list[str]:
        """A comma-separated list."""
        raw = self.text(name)
        return [word.strip() for word in raw.split(",") if word.strip()] if raw else default

    def allowed_hosts(self) -> list[str]:
        """Names the portal may be called by; in production somebody has to say."""
        hosts = self.words(
            "ALLOWED_HOSTS", default=[] if self.is_production else ["127.0.0.1", "localhost", "[::1]", "testserver"]
        )
        if not hosts:
            raise WrongSetting(
                "ALLOWED_HOSTS", "is not set. Production needs the names people reach it by, such as billing.example.com."
            )
        return hosts

    def public_url(self) -> str:
        """Where drivers reach the portal from outside, without a slash at its end; "": wherever a page was asked for."""
        raw = self.text("PUBLIC_URL")
        if not raw:
            return ""
        advice = "Set it to an address such as https://charging.example.com, or leave it out."
        try:
            parts = urlsplit(raw)
            right = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError as error:
            raise WrongSetting("PUBLIC_URL", f"is {raw!r} ({error}). {advice}") from error
        if not right or parts.query or parts.fragment or "@" in parts.netloc or any(char.isspace() for char in raw):
            raise WrongSetting("PUBLIC_URL", f"is {raw!r}. {advice}")
        return raw.rstrip("/")

    def email(self, folder: Path) -> dict[str, Any]:
        """How mail is sent, as Django's settings; without EMAIL_URL it lands in ``folder`` and nobody gets any."""
        raw = self.text("EMAIL_URL")
        if not raw:
            return {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend", "EMAIL_FILE_PATH": str(folder)}
        advice = "Set it to smtp+tls://USER:PASSWORD@mail.example.com:587, or leave it out: mail then lands in a folder."
        try:
            config: dict[str, Any] = environ.Env.email_url_config(raw)
        except Exception as error:
            raise WrongSetting("EMAIL_URL", f"can't be read ({error}). {advice}") from error
        if not config["EMAIL_BACKEND"].endswith("smtp.EmailBackend") or not config.get("EMAIL_HOST"):
            raise WrongSetting("EMAIL_URL", f"names no mail server. {advice}")
        return {**config, "EMAIL_TIMEOUT": 20}

    def inbox_url(self) -> str:
        """The mailbox drivers' answers come to; "": mail is read from a folder."""
        raw = self.text("INBOX_URL")
        if not raw:
            return ""
        advice = "Set it to imaps://USER:PASSWORD@imap.example.com/INBOX, or leave it out: mail is then read from a folder."
        try:
            parts = urlsplit(raw)
            right = bool(parts.scheme == "imaps" and parts.hostname and parts.username and parts.password)
            right = right and (parts.port is None or parts.port > 0) and not parts.query and not parts.fragment
        except ValueError as error:
            raise WrongSetting("INBOX_URL", f"can't be read ({error}). {advice}") from error
        if not right:
            # The password stays out of whatever shows this.
            raise WrongSetting("INBOX_URL", f"names no mailbox with user and password. {advice}")
        return raw

    def database(self, default: str) -> dict[str, Any]:
        advice = (
            "Set it to postgres://USER:PASSWORD@HOST:5432/NAME or sqlite:////absolute/path.sqlite3, "
            "or leave it out for SQLite in var/."
        )
        try:
            with warnings.catch_warnings(action="ignore"):  # what it warns of is refused below, with advice
                config: dict[str, Any] = environ.Env.db_url_config(self.text("DATABASE_URL", default))
        except Exception as error:
            raise WrongSetting("DATABASE_URL", f"can't be read ({error}). {advice}") from error
        if config.get("ENGINE") not in ("django.db.backends.sqlite3", "django.db.backends.postgresql") or not config.get("NAME"):
            raise WrongSetting("DATABASE_URL", f"names no SQLite file and no PostgreSQL database. {advice}")
        return config

    def secret_key(self, folder: Path) -> str:
        """SECRET_KEY; in development one is made on first use and kept in ``folder``."""
        key = self.text("SECRET_KEY")
        if key:
            return key
        if self.is_production:
            raise WrongSetting(
                "SECRET_KEY",
                "is not set. Production needs one of at least 50 random characters that stays the same: "
                "python -c 'from django.core.management.utils import get_random_secret_key as k; print(k())'",
            )
        try:
            return write_once(folder / "secret_key", get_random_secret_key())
        except OSError as error:
            raise WrongSetting(
                "CHARGEBILL_DATA", f"is {str(folder)!r}, where nothing can be written ({error}). Name a folder that can."
            ) from error
