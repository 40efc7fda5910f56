"""How a chargeback moves, as a table: pure, and never what the case it belongs to does."""

from enum import StrEnum


class Status(StrEnum):
    INQUIRY = "INQUIRY"
    NEEDS_RESPONSE = "NEEDS_RESPONSE"
    UNDER_REVIEW = "UNDER_REVIEW"
    WON = "WON"
    LOST = "LOST"
    PREVENTED = "PREVENTED"
    CLOSED_INQUIRY = "CLOSED_INQUIRY"


_S = Status
# From each status (None: no letter yet) to those that may follow. A lost one may still be won: banks think again.
TABLE: dict[Status | None, tuple[Status, ...]] = {
    None: (_S.INQUIRY, _S.NEEDS_RESPONSE),
    _S.INQUIRY: (_S.NEEDS_RESPONSE, _S.PREVENTED, _S.CLOSED_INQUIRY),
    _S.NEEDS_RESPONSE: (_S.UNDER_REVIEW, _S.WON, _S.LOST),
    _S.UNDER_REVIEW: (_S.WON, _S.LOST),
    _S.LOST: (_S.WON,),
    _S.WON: (),
    _S.PREVENTED: (),
    _S.CLOSED_INQUIRY: (),
}
WORDS = {
    _S.INQUIRY: "Inquiry",
    _S.NEEDS_RESPONSE: "Needs an answer",
    _S.UNDER_REVIEW: "Under review",
    _S.WON: "Won",
    _S.LOST: "Lost",
    _S.PREVENTED: "Prevented",
    _S.CLOSED_INQUIRY: "Inquiry closed",
}
# We owe the acquirer an answer.
OWED = (_S.INQUIRY, _S.NEEDS_RESPONSE)
OVER = (_S.WON, _S.LOST, _S.PREVENTED, _S.CLOSED_INQUIRY)


def may_follow(now: Status | None, wanted: Status) -> bool:
    return wanted in TABLE[now]
