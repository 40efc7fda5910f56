"""The gateways of this installation: the offline one, and those the setting GATEWAYS names by the path of their class."""

import re
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from billing.gateways import Gateway, OfflineGateway

_NAME = re.compile(r"\A[a-z0-9_]{1,20}\Z", re.ASCII)


def gateways() -> dict[str, Gateway]:
    """By name, the offline one first. Raises ImproperlyConfigured for a class that is none."""
    return _made(tuple(settings.GATEWAYS))


@cache
def _made(paths: tuple[str, ...]) -> dict[str, Gateway]:
    found: dict[str, Gateway] = {OfflineGateway.name: OfflineGateway()}
    for path in paths:
        try:
            made = import_string(path)()
        except ImportError as problem:
            raise ImproperlyConfigured(f"GATEWAYS names {path}, which can't be imported: {problem}.") from problem
        name = str(getattr(made, "name", ""))
        if not _NAME.match(name) or name in found:
            raise ImproperlyConfigured(f"GATEWAYS names {path}, whose name {name!r} is taken or no name of a gateway.")
        found[name] = made
    return found


def collecting() -> list[Gateway]:
    """Those that take money on an order."""
    return [one for one in gateways().values() if one.capabilities.collects]
