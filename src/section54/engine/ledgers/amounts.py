"""Money as ledgers write it: pounds signs, commas, brackets, trailing minus, CR and DR."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation


PENNY = Decimal("0.01")
LARGEST = Decimal(10) ** 15  # decimal(18,2) holds 16 digits of pounds; nobody spends a quadrillion

_SIGNS = str.maketrans({"−": "-", "–": "-", "—": "-", "‑": "-", "﹣": "-", "－": "-", "’": "'"})
_CURRENCY = re.compile(r"£|\$|€|œ|\bGBP\b|\bEUR\b|\bUSD\b", re.IGNORECASE)
_CREDIT = re.compile(r"\s*\bCR\.?$|^CR\b\.?\s*", re.IGNORECASE)
_DEBIT = re.compile(r"\s*\bDR\.?$|^DR\b\.?\s*", re.IGNORECASE)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?$")
_SPACED = re.compile(r"\d{1,3}(?: \d{3})+(?:\.\d*)?$")
_PLAIN = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:E[+-]?\d{1,2})?$", re.IGNORECASE)


def parse_amount(text: str) -> Decimal | None:
    """Return the pounds that a cell says, to the penny (half up), or None when it says none.

    Understands ``£1,234.50``, ``(1,234.50)``, ``1,234.50-``, ``-£5``, ``5.00 CR`` (a credit, so
    negative), ``5.00 DR``, ``1 234.50``, ``.97`` and ``1.5E+03``. A dash, a blank, a word, a
    percentage and an amount over a quadrillion are None.

    >>> parse_amount("(£1,234.50)"), parse_amount("5.00 CR"), parse_amount("-")
    (Decimal('-1234.50'), Decimal('-5.00'), None)
    """
    value = text.translate(_SIGNS).replace("\xa0", " ").replace(" ", " ").strip().strip("'\"")
    value = _CURRENCY.sub("", value).strip()
    if not any("0" <= char <= "9" for char in value):
        return None
    negative = False
    credit = _CREDIT.sub("", value)
    if credit != value:
        negative, value = True, credit.strip()
    value = _DEBIT.sub("", value).strip()
    if value.startswith("(") and value.endswith(")"):
        negative, value = not negative, value[1:-1].strip()
    if value.endswith("-") and not value.startswith("-"):
        value = "-" + value[:-1].strip()
    value = _CURRENCY.sub("", value).strip()
    if value.startswith(("-", "+")):
        negative ^= value[0] == "-"
        value = value[1:].strip()
    if _GROUPED.match(value):
        value = value.replace(",", "")
    elif _SPACED.match(value):
        value = value.replace(" ", "")
    elif not _PLAIN.match(value):
        return None
    try:
        pounds = Decimal(value)
    except InvalidOperation:
        return None
    if pounds >= LARGEST:
        return None
    pounds = pounds.quantize(PENNY, rounding=ROUND_HALF_UP)
    return -pounds if negative and pounds else pounds
