"""The portal's look: unfold's settings. Navigation is by work, not by model (navigation.py)."""

# Petrol: far enough from the green, amber, red and blue of states to be nobody's state.
PRIMARY = {
    "50": "oklch(97.8% .012 205)",
    "100": "oklch(94.8% .028 205)",
    "200": "oklch(89.5% .052 206)",
    "300": "oklch(82% .082 207)",
    "400": "oklch(75% .1 208)",
    "500": "oklch(69% .105 210)",
    "600": "oklch(48% .088 213)",
    "700": "oklch(42% .078 214)",
    "800": "oklch(36% .066 215)",
    "900": "oklch(31% .054 216)",
    "950": "oklch(23% .042 217)",
}

UNFOLD = {
    "SITE_TITLE": "ChargeBill",
    "SITE_HEADER": "ChargeBill",
    "SITE_SYMBOL": "ev_station",
    "SITE_URL": None,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "COLORS": {"primary": PRIMARY},
}
