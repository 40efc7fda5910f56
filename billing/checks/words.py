"""How sentences write quantities."""

from decimal import ROUND_HALF_UP, Decimal

from chargebill.core.money import minor_digits


def plain(value: Decimal, digits: int = 3) -> str:
    """A number with at most so many decimals and no zeros at its end, thousands apart: 35,012.671."""
    rounded = value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP).normalize()
    return f"{rounded:,f}" if rounded else "0"


def money(value: Decimal, currency: str) -> str:
    return f"{currency} {value:,.{minor_digits(currency)}f}".strip()


def span(seconds: int) -> str:
    """ "4 days 2 h", "1 h 12 min", "3 min", "45 s"."""
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return f"{days} day{'s' if days > 1 else ''}" + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    return f"{minutes} min"


def listed(numbers: list[str]) -> str:
    """The first three of several, and how many more."""
    more = len(numbers) - 3
    return ", ".join(numbers[:3]) + (f" and {more} more" if more > 0 else "")
