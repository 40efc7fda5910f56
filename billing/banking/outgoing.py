"""What a movement names of refunds and payout lists, by the references they went out under."""

import re
from dataclasses import dataclass

# Banks write references in capitals or not, and drop hyphens; "CBR-000012" is refund 12, "CBL-000003" list 3.
_REFERENCE = re.compile(r"(?<![A-Z0-9])CB([RL])[- ]?0{0,5}(\d{1,18})(?![0-9])", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Named:
    """Keys of refunds and of payout lists, as a text names them."""

    refunds: frozenset[int]
    lists: frozenset[int]

    def __bool__(self) -> bool:
        return bool(self.refunds or self.lists)


def named_in(text: str) -> Named:
    found = [(kind.upper(), int(number)) for kind, number in _REFERENCE.findall(text)]
    return Named(
        frozenset(number for kind, number in found if kind == "R"), frozenset(number for kind, number in found if kind == "L")
    )
