"""Words of files and the codes they stand for. Unknown words are left out, never guessed."""

# OCPI ConnectorType by the names in use.
STANDARDS = {
    "IEC_62196_T1": "IEC_62196_T1",
    "TYPE 1": "IEC_62196_T1",
    "J1772": "IEC_62196_T1",
    "SAE J1772": "IEC_62196_T1",
    "IEC_62196_T2": "IEC_62196_T2",
    "TYPE 2": "IEC_62196_T2",
    "IEC_62196_T1_COMBO": "IEC_62196_T1_COMBO",
    "CCS1": "IEC_62196_T1_COMBO",
    "IEC_62196_T2_COMBO": "IEC_62196_T2_COMBO",
    "CCS2": "IEC_62196_T2_COMBO",
    "CHADEMO": "CHADEMO",
    "SAE_J3400": "SAE_J3400",
    "NACS": "SAE_J3400",
    "DOMESTIC_F": "DOMESTIC_F",
    "SCHUKO": "DOMESTIC_F",
    "DOMESTIC_G": "DOMESTIC_G",
    "BS 1363": "DOMESTIC_G",
    "OTHER": "OTHER",
}

POWER_TYPES = {
    "AC": "AC",
    "AC_1_PHASE": "AC",
    "AC_2_PHASE": "AC",
    "AC_2_PHASE_SPLIT": "AC",
    "AC_3_PHASE": "AC",
    "LEVEL 1": "AC",
    "LEVEL 2": "AC",
    "DC": "DC",
    "DC FAST": "DC",
}

# OCPI TokenType.
TOKEN_TYPES = {
    "AD_HOC_USER": "AD_HOC_USER",
    "AD HOC": "AD_HOC_USER",
    "APP_USER": "APP_USER",
    "APP": "APP_USER",
    "EMAID": "EMAID",
    "PLUG & CHARGE": "EMAID",
    "RFID": "RFID",
    "RFID CARD": "RFID",
    "OTHER": "OTHER",
}

PAYMENT_METHODS = {
    "CARD": "CARD",
    "PAYMENT CARD": "CARD",
    "CREDIT CARD": "CARD",
    "DEBIT CARD": "CARD",
    "APP": "APP",
    "RFID": "RFID",
    "CHARGE CARD": "RFID",
    "PLUG_AND_CHARGE": "PLUG_AND_CHARGE",
    "PLUG & CHARGE": "PLUG_AND_CHARGE",
    "ROAMING": "ROAMING",
    "CASH": "CASH",
    "INVOICE": "INVOICE",
    "FREE": "FREE",
    "FREE OF CHARGE": "FREE",
}

# How a session counts as paid where only the kind of its token is known. An ad hoc token may be a card or an app.
PAYMENT_BY_TOKEN = {"RFID": "RFID", "APP_USER": "APP", "EMAID": "PLUG_AND_CHARGE"}


def code(table: dict[str, str], written: str) -> str:
    """The code of a word, "" where it is not known."""
    return table.get(" ".join(written.upper().split()), "")
