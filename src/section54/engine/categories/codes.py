"""Published category codes: CPV and SIC numbers, read by their first digits."""

import re
from collections.abc import Iterable, Mapping


# "72000000-5 IT services", "CPV 90911200", "90911200-8". Eight digits are CPV; five are SIC only
# where the field says so, because so many account codes have five digits.
_CPV = re.compile(r"(?<!\d)(\d{8})(?:-\d)?(?!\d)")
_SIC = re.compile(r"\bsic\b\D{0,20}(\d{5})(?!\d)", re.IGNORECASE)


class CodeBook:
    """Which category a published code stands for; the longest prefix in the table wins."""

    def __init__(self, rows: Iterable[Mapping[str, str]]) -> None:
        self._rows = {(row["scheme"], row["prefix"]): row for row in rows}

    def find(self, text: str) -> Mapping[str, str] | None:
        """Return the table row for the code in a text, or None where it has none that we know."""
        for scheme, pattern in (("cpv", _CPV), ("sic", _SIC)):
            match = pattern.search(text)
            if match is None:
                continue
            code = match.group(1)
            for size in range(len(code), 1, -1):
                row = self._rows.get((scheme, code[:size]))
                if row is not None:
                    return row
        return None
