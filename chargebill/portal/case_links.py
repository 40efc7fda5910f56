"""Signed links to cases: who has one is the driver of the case, reads it and answers in it, until the link ends.

A document's link never leads on to one: documents are forwarded, to an accountant or an employer, and whoever has the
link of a case may take it back or take money for it.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from chargebill.portal.signed_links import SignedLinks
from disputes.links import makes_links
from disputes.models import Case

# The longest a case runs by the default deadlines: 288 days from the opening to the last payment (final position 56,
# deadlock 28, mediation 30, arbitration 90, deadlock again 28, answer to the award 28, execution 28), three times with
# two reopenings of at most 30 days between: 924 days. Every letter brings a new link.
GOOD_FOR = timedelta(days=1000)
_links = SignedLinks("disputes.case", GOOD_FOR)


def token_of(case: Case) -> str:
    return _links.token_of(case)


def path_to(case: Case) -> str:
    return reverse("case_link", args=[token_of(case)])


@makes_links
def address_of(case: Case) -> str:
    """The page as it is reached from outside; "" while nobody has said where that is (PUBLIC_URL)."""
    return settings.PUBLIC_URL and settings.PUBLIC_URL + path_to(case)


def case_in(token: str, cases: QuerySet[Case]) -> Case | None:
    """The case a token is for; None for one that is forged or has ended."""
    return _links.row_in(token, cases)
