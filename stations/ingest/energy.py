"""Reads how much energy a session took, from its own column or from the meter's registers."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from stations.ingest import values
from stations.ingest.layout import Profile
from stations.ingest.rows import RowRefused

_CACHED = 50_000
_THOUSAND = Decimal(1000)

Cells = Sequence[str]


def energy_reader(
    profile: Profile, positions: Mapping[str, int], header: Sequence[str], comma: bool
) -> Callable[[Cells], tuple[Decimal | None, Decimal | None, Decimal]]:
    """Meter at start and stop and the energy between, in kWh. The readings give the energy where no column does."""
    unit = profile.energy_unit
    if "energy" in positions:
        at = positions["energy"]
        at_start, at_stop = positions.get("meter_start", -1), positions.get("meter_stop", -1)
        known: dict[str, Decimal] = {}

        def read(cells: Cells) -> tuple[Decimal | None, Decimal | None, Decimal]:
            cell = cells[at]
            energy = known.get(cell)
            if energy is None:
                energy = _energy(cell, header[at], comma, unit)
                if len(known) >= _CACHED:
                    known.clear()
                known[cell] = energy
            return reading(cells, at_start), reading(cells, at_stop), energy

        def reading(cells: Cells, position: int) -> Decimal | None:
            if position < 0:
                return None
            if unit == "kWh":
                return values.optional_number(cells[position], digits=14, places=4, comma=comma)
            register = values.optional_number(cells[position], digits=17, places=4, comma=comma)
            return None if register is None else values.decimal_places(register / _THOUSAND, digits=14)

        return read

    of = "_wh" if "meter_start_wh" in positions else ""
    unit = "Wh" if of else unit
    at_start, at_stop = positions[f"meter_start{of}"], positions[f"meter_stop{of}"]

    def read_meters(cells: Cells) -> tuple[Decimal | None, Decimal | None, Decimal]:
        first = _register(cells[at_start], "start", header[at_start], comma, unit)
        last = _register(cells[at_stop], "end", header[at_stop], comma, unit)
        return first, last, _not_negative(last - first, header[at_stop])

    return read_meters


def _energy(cell: str, field: str, comma: bool, unit: str) -> Decimal:
    if not cell or cell.isspace():
        raise RowRefused("energy_missing", "There is no energy (kWh).", field)
    try:
        energy = values.decimal_places(_kwh(cell, comma, unit), digits=14)
    except ValueError as problem:
        message = f"The energy {values.quoted(cell)} can't be read. {problem}"
        raise RowRefused("energy_unreadable", message, field) from None
    return _not_negative(energy, field)


def _kwh(cell: str, comma: bool, unit: str) -> Decimal:
    """kWh of a number in ``unit``, or in the unit written behind it. Raises ValueError."""
    plain, written = values.without_unit(cell)
    number = values.bounded(values.number(plain, comma=comma))
    return number / _THOUSAND if (written or unit) == "Wh" else number


def _register(cell: str, when: str, field: str, comma: bool, unit: str) -> Decimal:
    """A meter's register, in kWh."""
    if not cell or cell.isspace():
        raise RowRefused("energy_missing", f"There is no meter reading at the {when}.", field)
    try:
        return values.decimal_places(_kwh(cell, comma, unit), digits=14)
    except (ValueError, ArithmeticError) as problem:
        reason = problem if isinstance(problem, ValueError) else "It is too large."
        message = f"The meter reading {values.quoted(cell)} can't be read. {reason}"
        raise RowRefused("energy_unreadable", message, field) from None


def _not_negative(energy: Decimal, field: str) -> Decimal:
    if energy < 0:
        raise RowRefused("energy_negative", f"The energy is negative ({energy.normalize():f} kWh).", field)
    return energy
