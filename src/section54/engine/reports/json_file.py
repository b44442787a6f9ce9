"""The review as one JSON file, for other programs: the same figures as the page.

The keys are described in ``docs/outputs.md`` and checked by ``review.schema.json``. Money is text
with two decimals (a JSON number would be read as a float), shares are numbers between 0 and 1,
dates are ISO. Names of people are left out, because the file may be shared.
"""

import json
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from section54.engine.reports.wording import (
    PENNY,
    shown_because,
    shown_name,
    shown_reasons,
    shown_spellings,
)
from section54.engine.result import (
    CategoryResult,
    ColumnFound,
    Coverage,
    Review,
    SheetRead,
    SupplierResult,
)
from section54.engine.risk.model import Reason


SHARE = Decimal("0.000001")


def money(amount: Decimal | None) -> str | None:
    """Return pounds as text with two decimals, half up; never a minus zero."""
    if amount is None:
        return None
    return str(amount.quantize(PENNY, ROUND_HALF_UP) + Decimal("0.00"))


def _share(share: Decimal) -> float:
    return float(share.quantize(SHARE, ROUND_HALF_UP))


def _day(when: date | None) -> str | None:
    return when.isoformat() if when else None


def _coverage(coverage: Coverage) -> dict[str, float]:
    return {
        "categorised": _share(coverage.categorised),
        "unknown": _share(coverage.unknown),
        "redacted": _share(coverage.redacted),
        "public_bodies": _share(coverage.public_bodies),
        "individuals": _share(coverage.individuals),
        "grouped": _share(coverage.grouped),
    }


def _reasons(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    return [
        {"indicator": reason.indicator, "points": reason.points, "because": reason.because}
        for reason in reasons
    ]


def _category(category: CategoryResult) -> dict[str, Any]:
    return {
        "code": category.code,
        "label": category.label,
        "amount": money(category.amount),
        "absolute": money(category.absolute),
        "lines": category.lines,
        "suppliers": category.suppliers,
        "tier": category.tier.value,
        "reasons": _reasons(category.reasons),
    }


def _supplier(supplier: SupplierResult) -> dict[str, Any]:
    return {
        "id": supplier.id,
        "name": shown_name(supplier),
        "names_seen": list(shown_spellings(supplier)),
        "grouped_because": list(supplier.grouped_because if shown_spellings(supplier) else ()),
        "amount": money(supplier.amount),
        "lines": supplier.lines,
        "tier": supplier.tier.value,
        "points": supplier.assessment.points,
        "reasons": _reasons(shown_reasons(supplier)),
        "next_step": supplier.next_step,
        "kind": supplier.kind.value,
        "kind_because": shown_because(supplier, supplier.kind_because),
        "absolute": money(supplier.absolute),
        "first_paid": _day(supplier.first_paid),
        "last_paid": _day(supplier.last_paid),
        "change": supplier.change,
        "previous_amount": money(supplier.previous_amount),
        "not_known": [shown_because(supplier, text) for text in supplier.assessment.not_known],
        "categories": [
            {
                "code": category.code,
                "label": category.label,
                "variant": category.variant,
                "tier": category.tier.value,
                "amount": money(category.amount),
                "lines": category.lines,
                "because": shown_because(supplier, category.because),
                "confidence": round(category.confidence, 4),
            }
            for category in supplier.categories
        ],
    }


def _columns(columns: Iterable[ColumnFound]) -> dict[str, dict[str, Any]]:
    """Return columns by role; a second column of a role is ``role_2``, in the sheet's order."""
    by_role: dict[str, dict[str, Any]] = {}
    for column in columns:
        role, number = column.role, 1
        while role in by_role:
            number += 1
            role = f"{column.role}_{number}"
        by_role[role] = {
            "header": column.header,
            "confidence": round(column.confidence, 4),
            "why": column.why,
            "index": column.index,
        }
    return by_role


def _source(sheet: SheetRead) -> dict[str, Any]:
    return {
        "sha256": sheet.sha256,
        "file_sha256": sheet.file_sha256,
        "file": sheet.file,
        "sheet": sheet.sheet,
        "columns": _columns(sheet.columns),
        "rows": sheet.rows,
        "read": sheet.read,
        "rejected": sheet.rejected,
        "blank": sheet.blank,
        "headings": sheet.headings,
        "amount": money(sheet.amount),
        "column_total": money(sheet.column_total),
        "gap": money(sheet.column_total - sheet.amount),
        "amount_basis": sheet.amount_basis,
        "dates_missing": sheet.dates_missing,
        "header_record": sheet.header_record,
        "encoding": sheet.encoding,
        "delimiter": sheet.delimiter,
        "notes": list(sheet.notes),
    }


def review_as_json(review: Review) -> dict[str, Any]:
    """Return the review as the dictionary that ``write_json`` writes."""
    totals, concentration = review.totals, review.concentration
    before = review.previous_period
    return {
        "section54": review.section54,
        "body": review.body,
        "period": [_day(when) for when in review.period],
        "totals": {
            "rows": totals.rows,
            "read": totals.read,
            "rejected": totals.rejected,
            "blank": totals.blank,
            "headings": totals.headings,
            "amount": money(totals.amount),
            "absolute": money(totals.absolute),
            "dates_missing": totals.dates_missing,
        },
        "coverage": {
            "amount": _coverage(review.coverage),
            "lines": _coverage(review.coverage_lines),
        },
        "tiers": [
            {
                "tier": tier.tier.value,
                "amount": money(tier.amount),
                "absolute": money(tier.absolute),
                "lines": tier.lines,
                "suppliers": tier.suppliers,
            }
            for tier in review.tiers
        ],
        "categories": [_category(category) for category in review.categories],
        "suppliers": [_supplier(supplier) for supplier in review.suppliers],
        "previous": {
            "period": [_day(when) for when in before] if before else None,
            "amount": money(review.previous_amount),
            "sources": [_source(sheet) for sheet in review.previous_sheets],
            "stopped": [_supplier(supplier) for supplier in review.stopped],
        },
        "concentration": {
            "suppliers": concentration.suppliers,
            "top_1_share": _share(concentration.top_1_share),
            "top_10_share": _share(concentration.top_10_share),
            "suppliers_for_80_percent": concentration.suppliers_for_80_percent,
            "over_50k": concentration.over_50k,
            "over_50k_share": _share(concentration.over_50k_share),
        },
        "monthly": [
            {"month": month, "tier": tier.value, "amount": money(amount)}
            for month, tier, amount in review.monthly
        ],
        "not_known": list(review.not_known),
        "sources": [_source(sheet) for sheet in review.sheets],
        "refused": [{"file": file.file, "because": file.because} for file in review.refused],
        "tables": [dict(table) for table in review.tables],
    }


_quoted = json.encoder.encode_basestring  # of a text: the quick part of json


def _indented(value: Any, line: str) -> str:
    """Return what ``json.dumps(value, ensure_ascii=False, indent=1)`` returns, in half the time.

    Args:
        value: Objects with text keys, lists, texts, whole and finite numbers, true, false, null.
        line: The line end and indent where the value stands.

    Raises:
        ValueError: a number is not finite, which JSON cannot say.
    """
    kind = type(value)
    if kind is str:
        return _quoted(value)
    if value is None:
        return "null"
    if kind is int:
        return str(value)
    inside = f"{line} "
    if kind is dict:
        if not value:
            return "{}"
        pairs = [
            f"{_quoted(key)}: {_quoted(v) if type(v) is str else _indented(v, inside)}"
            for key, v in value.items()
        ]
        return f"{{{inside}{f',{inside}'.join(pairs)}{line}}}"
    if kind is list:
        if not value:
            return "[]"
        items = [_quoted(v) if type(v) is str else _indented(v, inside) for v in value]
        return f"[{inside}{f',{inside}'.join(items)}{line}]"
    return json.dumps(value, allow_nan=False)


def write_json(review: Review, path: Path) -> None:
    """Write the review as UTF-8 JSON, the same bytes for the same review.

    Raises:
        OSError: the file cannot be written.
    """
    text = _indented(review_as_json(review), "\n")
    # A lone surrogate cannot be UTF-8; it can only come from a damaged file, and is replaced.
    path.write_bytes(f"{text}\n".encode("utf-8", "replace"))
