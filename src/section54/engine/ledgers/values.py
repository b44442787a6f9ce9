"""The distinct cells of a column made tidy and typed, the plain ones all at once.

Most cells are plain: printable ASCII with single spaces, or an amount like ``£1,234.50``. Arrow
does those; every other cell goes through ``text.clean`` and ``amounts.parse_amount``, one by one,
which say what is right for all.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from section54.engine.ledgers.amounts import parse_amount
from section54.engine.ledgers.lines import MONEY
from section54.engine.ledgers.text import clean


# What ``parse_amount`` reads as it stands: at most twelve digits of pounds and two of pence.
_PLAIN_AMOUNT = r"^-?£?(?:[0-9]{1,3}(?:,[0-9]{3}){1,3}|[0-9]{1,12})(?:\.[0-9]{1,2})?$"
_SPACE = 0x20


def tidied(values: pa.Array) -> pa.Array:
    """Return distinct cells as ``text.clean`` makes them."""
    odd = _untidy(values)
    if not len(odd):
        return values
    cleaned = [clean(text) for text in values.take(pa.array(odd)).to_pylist()]
    return _put(values, odd, pa.array(cleaned, pa.string()))


def amounts_of(values: pa.Array) -> pa.Array:
    """Return the pounds that tidy cells say (``amounts.parse_amount``); null where none."""
    plain = np.asarray(pc.match_substring_regex(values, _PLAIN_AMOUNT))
    quick = values.filter(pa.array(plain))
    digits = pc.replace_substring(pc.replace_substring(quick, "£", ""), ",", "")
    pounds = digits.cast(MONEY)
    slow = np.flatnonzero(~plain)
    if not len(slow):
        return pounds
    further = [parse_amount(text) for text in values.take(pa.array(slow)).to_pylist()]
    both = pa.concat_arrays([pounds, pa.array(further, MONEY)])
    places = np.empty(len(values), dtype=np.int64)
    places[plain] = np.arange(len(pounds))
    places[slow] = len(pounds) + np.arange(len(slow))
    return both.take(pa.array(places))


def pennies_of(amounts: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Return amounts without nulls (``MONEY``) as whole pennies."""
    if isinstance(amounts, pa.ChunkedArray):
        parts = [pennies_of(chunk) for chunk in amounts.chunks]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
    # A decimal is kept as 128 bits, the low half first; MONEY's sixteen digits fit in that half.
    halves = np.frombuffer(amounts.buffers()[1], dtype=np.int64) if len(amounts) else np.zeros(0)
    start = amounts.offset * 2
    return halves[start : start + len(amounts) * 2 : 2].astype(np.int64)


def with_letters(values: pa.Array) -> np.ndarray:
    """Return the places of cells that hold a letter of the English alphabet."""
    letters, offsets = _letters(values)
    small = letters | _SPACE
    return _holders((small >= ord("a")) & (small <= ord("z")), offsets)


def _untidy(values: pa.Array) -> np.ndarray:
    """Return the places of cells that cleaning may change."""
    letters, offsets = _letters(values)
    if not len(letters):
        return np.zeros(0, dtype=np.int64)
    space = letters == _SPACE
    odd = (letters < _SPACE) | (letters > 0x7E)
    # A pound sign is two bytes, and nothing that cleaning minds.
    pound = np.flatnonzero((letters[:-1] == 0xC2) & (letters[1:] == 0xA3))
    odd[pound] = odd[pound + 1] = False
    # Two spaces in a row, or one at either end of a cell.
    odd[1:] |= space[1:] & space[:-1]
    filled = offsets[:-1] < offsets[1:]
    first, last = offsets[:-1][filled], offsets[1:][filled] - 1
    odd[first] |= space[first]
    odd[last] |= space[last]
    return _holders(odd, offsets)


def _letters(values: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return the bytes of all cells, and where each cell's bytes start and end among them."""
    if not len(values) or values.buffers()[2] is None:
        return np.zeros(0, dtype=np.uint8), np.zeros(len(values) + 1, dtype=np.int64)
    offsets = np.frombuffer(values.buffers()[1], dtype=np.int32)
    offsets = offsets[values.offset : values.offset + len(values) + 1].astype(np.int64)
    letters = np.frombuffer(values.buffers()[2], dtype=np.uint8)[offsets[0] : offsets[-1]]
    return letters, offsets - offsets[0]


def _holders(marked: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return the places of the cells that hold a marked byte."""
    at = np.flatnonzero(marked)
    return np.unique(np.searchsorted(offsets, at, side="right") - 1)


def _put(values: pa.Array, places: np.ndarray, others: pa.Array) -> pa.Array:
    """Return values with others at some places."""
    order = np.arange(len(values), dtype=np.int64)
    order[places] = len(values) + np.arange(len(others))
    return pa.concat_arrays([values, others]).take(pa.array(order))
