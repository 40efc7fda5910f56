"""What the codes among a result's notes mean, in words."""

NOTES = {
    "all_charging": "The source gives no charging time: the whole time connected counts as charging.",
    "uniform": "The source gives totals only: charging lasted as long as the car was connected.",
    "uniform_then_parking": "The source gives totals only: charging came first, then the car stood idle.",
    "metered": "Energy is spread over time as the meter's readings say.",
    "metered_all_charging": "Energy is spread over time as the meter's readings say; all of the time counts as charging.",
    "cheapest_price": "Each part of the price is the cheapest that applied while the session lasted.",
    "split_evenly": "The price changed while it lasted; each part has its own price, as if it charged at an even rate.",
    "period_spans_price_change": "The price changed while a charging period lasted; the period is priced as a whole.",
    "tariff_not_in_force": "The tariff was not in force when the session started.",
    "tariff_id_differs": "A charging period names another tariff than the one it is priced with.",
    "limit_not_comparable": "A limit is given on a side of the total that is not known here, so it was not applied.",
    "periods_not_in_order": "The charging periods were not in time order; they were put in order.",
    "period_after_end": "A charging period starts after the session's end.",
    "home_charging_compensation": "This is a compensation for charging at home: an amount to pay out, not to charge.",
    "currency_differs": "The CDR is in another currency than the tariff; the price is in the tariff's.",
}


def in_words(codes: tuple[str, ...]) -> tuple[str, ...]:
    """The sentences of these codes, in order."""
    return tuple(NOTES.get(code, code) for code in codes)
