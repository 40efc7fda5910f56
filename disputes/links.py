"""The driver's page of a case, as a mail names it: made above, where pages are, and asked for here."""

from collections.abc import Callable

from disputes.models import Case

LinkTo = Callable[[Case], str]
_makers: list[LinkTo] = []


def makes_links(make: LinkTo) -> LinkTo:
    """Registers who makes them; the last one counts."""
    _makers.append(make)
    return make


def link_to(case: Case) -> str:
    """The address of a case's page as it is reached from outside; "": nobody knows it here.

    Once it was known, mail goes on saying the address it said before.
    """
    made = _makers[-1](case) if _makers else ""
    return made or case.mails.exclude(mail__link="").order_by("-pk").values_list("mail__link", flat=True).first() or ""
