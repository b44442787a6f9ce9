"""Text that is safe to put into a spreadsheet's cell, whoever typed it into the ledger."""

import unicodedata


# What a spreadsheet may take for the start of a formula, or may skip to find one.
STARTS_A_FORMULA = frozenset("=+-@\t\r\n\0＝＋－＠")  # noqa: RUF001 (full-width forms are meant)
# Excel's limit is 32,767 characters a cell; the rest of such a text is noise.
LONGEST = 32_000


def _is_skipped(mark: str) -> bool:
    """Return whether a spreadsheet may pass over this mark when it looks for a formula."""
    return mark.isspace() or unicodedata.category(mark) in {"Cc", "Cf"}


def safe_cell(text: str) -> str:
    """Return text that no spreadsheet will run as a formula.

    A ``'`` is put before text whose first character, after spaces, byte order marks and control
    characters, is one of ``= + - @``, a full-width form of these, or which begins with a tab, a
    line end or NUL. All writers use it, also where cells are typed as text: saving such a sheet
    as CSV would bring the formula back to life. What XML cannot hold is left out.

    Example:
        >>> safe_cell('=HYPERLINK("http://bad.example")')
        '\\'=HYPERLINK("http://bad.example")'
        >>> safe_cell("Fenland Contract Cleaning")
        'Fenland Contract Cleaning'
    """
    # Most texts are plain: letters, digits, spaces and ordinary signs, not starting with a sign.
    plain = text[:1].isalnum() and text.isascii() and len(text) <= LONGEST
    if plain and (text.isprintable() or text.replace("\n", "").isprintable()):
        return text
    at_risk = False
    for mark in text:
        if mark in STARTS_A_FORMULA:
            at_risk = True
            break
        if not _is_skipped(mark):
            break
    kept = "".join(
        mark
        for mark in text
        if mark in "\t\n\r"
        or (unicodedata.category(mark) not in {"Cc", "Cs"} and mark not in "\ufffe\uffff")
    )
    if len(kept) > LONGEST:
        kept = kept[:LONGEST] + "…"
    return f"'{kept}" if at_risk else kept
