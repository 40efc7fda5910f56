"""The portal's look: unfold's settings. Navigation is by work, not by model (navigation.py)."""

UNFOLD = {
    "SITE_TITLE": "ChargeBill",
    "SITE_HEADER": "ChargeBill",
}
