"""Money as ledgers write it: pounds signs, commas, brackets, trailing minus, CR and DR."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation


PENNY = Decimal("0.01")
LARGEST = Decimal(10) ** 15  # decimal(18,2) holds 16 digits of pounds; nobody spends a quadrillion

_SIGNS = str.maketrans({"−": "-", "–": "-", "—": "-", "‑": "-", "﹣": "-", "－": "-", "’": "'"})
# A pound sign that lost its encoding on the way arrives as œ, ú, ? or a replacement character.
_CURRENCY = re.compile(
    r"Â?[£$€œ\ufffd]|(?<![A-Z])(?:GBP|EUR|USD)(?![A-Z])|(?:^|(?<=[-+(]))[?ú](?=[\d.])",
    re.IGNORECASE,
)
# "CR" glued before a number is a credit only if pennies follow: "CR1234" is a credit note's number.
_CREDIT = re.compile(r"\s*(?<![A-Z])CR\.?$|^CR\b\.?\s*|^CR(?=[\d£,]+\.\d\d$)", re.IGNORECASE)
_DEBIT = re.compile(r"\s*(?<![A-Z])DR\.?$|^DR\b\.?\s*|^DR(?=[\d£,]+\.\d\d$)", re.IGNORECASE)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?$")
_SPACED = re.compile(r"\d{1,3}(?: \d{3})+(?:\.\d*)?$")
_AFTER_COMMA = re.compile(r"(?<=\d) ?, ?(?=\d{3}(?!\d))")  # "1, 234.50", as out of a PDF
_PLAIN = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:E[+-]\d{1,2})?$", re.IGNORECASE)


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
    # Any one sign makes a credit; two of them, as in "(-5.00)" or "-5.00 CR", say it twice.
    credit = _CREDIT.sub("", value)
    negative = credit != value
    value = _DEBIT.sub("", credit).strip()
    for _ in range(2):  # the sign may stand outside the brackets or inside them
        if value.startswith("(") and value.endswith(")"):
            negative, value = True, value[1:-1].strip()
        if value.endswith("-") and not value.startswith("-"):
            negative, value = True, value[:-1].strip()
        value = _CURRENCY.sub("", value).strip()
        if value.startswith(("-", "+")):
            negative |= value[0] == "-"
            value = value[1:].strip()
    value = _AFTER_COMMA.sub(",", value)
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
