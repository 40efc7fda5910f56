"""Words that staff keep for answers they give often: what stands in braces is filled in from the case. No Django."""

import re
from collections.abc import Mapping

# Placeholder -> what it becomes, for whoever writes a template.
PLACEHOLDERS: Mapping[str, str] = {
    "case": "the number of the case",
    "driver": "the driver’s name",
    "amount": "what is contested, with its currency",
    "place": "where it was charged",
    "date": "the day it was charged on",
    "session": "the number of the session",
    "company": "the company’s name",
}
LONGEST_NAME, LONGEST_BODY = 80, 10_000
_BRACES = re.compile(r"\{([^{}]*)\}|[{}]")


def problem_of(body: str) -> str:
    """What is wrong with the braces of a template; empty where nothing is."""
    for found in _BRACES.finditer(body):
        name = found.group(1)
        if name is None:
            return f"There is a single {found.group()!r}. Write a placeholder like {{case}}, or leave the brace away."
        if name not in PLACEHOLDERS:
            known = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
            return f"Nothing is known to fill in for {{{name[:40]}}}. There are {known}."
    return ""


def filled(body: str, values: Mapping[str, str]) -> str:
    """The text with every placeholder filled in once: what a value says is not looked at again."""
    return _BRACES.sub(lambda found: values.get(found.group(1) or "", found.group()), body)
