"""What putting something right means, as staff read it."""

from billing.checks.model import Part, Remedy, Way
from billing.checks.words import money

NOTHING_CHANGES = "No money changes by this alone."
PARTS = {
    Part.FLAT: "start fee",
    Part.ENERGY: "energy",
    Part.TIME: "charging time",
    Part.PARKING_TIME: "idle time",
    Part.RESERVATION: "reservation",
}


def remedy_in_words(remedy: Remedy, currency: str, *, before_tax: bool) -> str:
    """ "Waive idle time: EUR 6.00 less." Amounts of businesses and partners are before tax, but for money that goes back."""
    if remedy.way is Way.RELEASE or not remedy.amount:
        return NOTHING_CHANGES
    amount = money(remedy.amount, currency)
    if remedy.way is Way.REFUND:
        return f"Give back {amount}; the bill stays as it is."
    if remedy.way is Way.CREDIT:
        return f"Credit {amount}."
    side = " before tax" if before_tax else ""
    if remedy.way is Way.DROP:
        return f"Take it back: {amount}{side}."
    what = "Price it anew"
    if remedy.way is Way.WAIVE and remedy.part is not None:
        what = f"Waive {PARTS[remedy.part]}"
    elif remedy.way is Way.READING and remedy.energy_kwh is not None:
        what = f"Price it with {remedy.energy_kwh:,.3f} kWh"
    return f"{what}: {amount} less{side}."
