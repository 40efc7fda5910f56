"""What gateways call our customers: what a line of their file says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from billing.takeover.model import Column, Line, Report
from billing.takeover.sheet import Checked, SheetLine, customer_in, read_sheet

COLUMNS = (
    Column("customer", "the customer’s number here", "C-1001"),
    Column("gateway", "small letters, digits and _", "stripe"),
    Column("gateway_customer", "what the gateway calls the customer, its card or mandate", "cus_NffrFeUfNV2Hib"),
)
MOST_LINES = 5000
LONGEST_ID = 100
_NAME = re.compile(r"\A[a-z0-9_]{1,20}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class GatewayId:
    customer_id: int
    gateway: str
    reference: str


def read_gateway_customers(
    text: str,
    *,
    customers: Mapping[str, tuple[int, str]],
    there: Mapping[tuple[int, str], str],
    whose: Mapping[tuple[str, str], str],
    set_up: frozenset[str],
) -> Report:
    """``customers`` are (key, name) by number; ``there`` the ids kept, by (customer, gateway); ``whose`` the customer's name
    by (gateway, id); ``set_up`` the gateways of this installation. Raises UserError as read_sheet does."""
    names = [column.name for column in COLUMNS]
    lines = read_sheet(text, columns=names, needed=names, most=MOST_LINES, code="take_over")
    of_customer: dict[tuple[int, str], int] = {}
    of_id: dict[tuple[str, str], int] = {}
    found = []
    for line in lines:
        checked = Checked(line)
        who = checked.of("customer", lambda cell: customer_in(cell, customers))
        gateway = checked.of("gateway", _gateway)
        reference = checked.of("gateway_customer", _reference)
        if checked.problems or who is None or gateway is None or reference is None:
            found.append(Line(line.number, line.cells, tuple(checked.problems)))
            continue
        kept = there.get((who[0], gateway))
        if (earlier := of_customer.setdefault((who[0], gateway), line.number)) != line.number:
            checked.wrong("customer", f"Line {earlier} has an id of {who[1]} at {gateway} already. Leave one of them out.")
        if (earlier := of_id.setdefault((gateway, reference), line.number)) != line.number:
            checked.wrong("gateway_customer", f"Line {earlier} gives this id to somebody already. An id is one customer’s.")
        if kept is not None and kept != reference:
            checked.wrong("gateway_customer", f"{who[1]} is {kept} at {gateway} already. Leave this line out.")
        elif kept is None and (other := whose.get((gateway, reference))):
            checked.wrong("gateway_customer", f"{reference} is {other} at {gateway} already. An id is one customer’s.")
        found.append(_line(line, checked, GatewayId(who[0], gateway, reference), who[1], kept, set_up))
    new = sum(not line.problems and not line.is_known for line in found)
    return Report(tuple(found), (f"{new:,} id{'' if new == 1 else 's'} of customers at gateways",))


def _line(line: SheetLine, checked: Checked, value: GatewayId, name: str, kept: str | None, set_up: frozenset[str]) -> Line:
    if checked.problems:
        return Line(line.number, line.cells, tuple(checked.problems))
    if kept is not None:
        will = f"{name} is {value.reference} at {value.gateway} already: nothing happens."
        return Line(line.number, line.cells, will=will, value=value, is_known=True)
    later = "" if value.gateway in set_up else " The gateway is not set up here yet: the id waits for it."
    return Line(line.number, line.cells, will=f"{name} is {value.reference} at {value.gateway}.{later}", value=value)


def _gateway(cell: str) -> str:
    if not _NAME.match(cell):
        raise ValueError(f"{cell[:20]!r} is no name of a gateway. Write it in small letters, such as stripe.")
    return cell


def _reference(cell: str) -> str:
    if not cell or len(cell) > LONGEST_ID or not cell.isprintable():
        raise ValueError(f"An id has 1 to {LONGEST_ID} characters.")
    return cell
