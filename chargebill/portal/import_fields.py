"""What a column of a session file may mean, in words: the choices of the page that describes a layout."""

FIELD_WORDS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("Session", (("external_id", "Its id"), ("token", "Card or account"), ("stop_reason", "Why it ended"))),
    (
        "When",
        (
            ("start", "Start, date and time"),
            ("end", "End, date and time"),
            ("start_date", "Start, date"),
            ("start_time", "Start, time of day"),
            ("end_date", "End, date"),
            ("end_time", "End, time of day"),
            ("duration", "How long it took"),
            ("charging_time", "How long power flowed"),
            ("idle_time", "How long no power flowed"),
            ("zone", "Time zone"),
            ("start_zone", "Time zone of the start"),
            ("end_zone", "Time zone of the end"),
        ),
    ),
    ("Energy", (("energy", "Energy"), ("meter_start", "Meter at the start"), ("meter_stop", "Meter at the end"))),
    (
        "Charge point",
        (
            ("evse", "Charge point"),
            ("evse_id", "Charge point, public id"),
            ("connector", "Connector"),
            ("standard", "Kind of plug"),
            ("power_type", "AC or DC"),
            ("rated_kw", "Rated power (kW)"),
            ("model", "Make and model"),
        ),
    ),
    (
        "Place",
        (
            ("location", "Place"),
            ("location_name", "Name of the place"),
            ("address", "Address"),
            ("postal_code", "Postal code"),
            ("city", "Town"),
            ("country", "Country"),
            ("latitude", "Latitude"),
            ("longitude", "Longitude"),
        ),
    ),
    (
        "Money and driver",
        (
            ("amount", "Amount charged, tax included"),
            ("currency", "Currency"),
            ("payment_method", "How it was paid"),
            ("payment_reference", "Payment reference"),
            ("card_last4", "Last 4 digits of the card"),
            ("announced_tariff", "Price shown"),
            ("token_type", "Kind of card or account"),
            ("token_issuer", "Contract, or issuer"),
        ),
    ),
)
WORD_OF = {field: word for _, fields in FIELD_WORDS for field, word in fields}
DATE_ORDERS = (("YMD", "year, month, day"), ("DMY", "day, month, year"), ("MDY", "month, day, year"))
DURATION_UNITS = (("clock", "h:mm or h:mm:ss"), ("minutes", "minutes"), ("seconds", "seconds"), ("hours", "hours"))
DELIMITER_WORDS = {",": "commas", ";": "semicolons", "\t": "tabs"}
