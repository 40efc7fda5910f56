"""Whether a VAT id is written like one of its country: length, letters and check digits. Nobody is asked whether it exists."""

import re

from stdnum import get_cc_module
from stdnum.exceptions import ValidationError

_LOOKS_LIKE_ONE = re.compile(r"\A[A-Z]{2}[A-Z0-9+*.]{2,18}\Z", re.ASCII)
# Written with EL, whose country is GR; Northern Ireland has numbers of Great Britain.
_MODULES = {"EL": "gr", "XI": "gb"}


def compact(text: str) -> str:
    """Without spaces, points and hyphens, in capitals: as documents keep it."""
    return re.sub(r"[\s./-]", "", text).upper()


def is_vat_id(text: str) -> bool:
    """True for a compact VAT id with its country; of countries nobody here knows, for what looks like one."""
    if not _LOOKS_LIKE_ONE.match(text):
        return False
    country = text[:2]
    rules = get_cc_module(_MODULES.get(country, country.lower()), "vat")
    if rules is None:
        return True
    # Some of the rules know the number only without its country.
    for number in (text, text[2:]):
        try:
            rules.validate(number)
        except ValidationError:
            continue
        return True
    return False
