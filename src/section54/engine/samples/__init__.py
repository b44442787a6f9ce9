"""The ledgers of an invented force, so that a fresh machine has something to review."""

from section54.engine.samples.ledgers import truth, write_samples
from section54.engine.samples.model import (
    BODY,
    PERIOD,
    CategoryTruth,
    LineTruth,
    PayeeTruth,
    SampleTruth,
    SheetTruth,
)


__all__ = [
    "BODY",
    "PERIOD",
    "CategoryTruth",
    "LineTruth",
    "PayeeTruth",
    "SampleTruth",
    "SheetTruth",
    "truth",
    "write_samples",
]
