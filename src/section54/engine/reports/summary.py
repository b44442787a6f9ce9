"""A review on one screen of a terminal: at most 24 lines of 80 columns."""

from decimal import Decimal
from pathlib import Path

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from section54.engine.reports.wording import (
    call_first,
    count,
    percent,
    percents,
    period,
    plain,
    pounds,
    pounds_short,
    share_of,
    shown_name,
    spent_at_risk,
    sum_words,
    unknown_spend,
)
from section54.engine.result import CategoryResult, Review
from section54.engine.risk.model import TIER_ORDER, Tier


WIDTH = 80
HOT_SPOTS = 4
SUPPLIERS = 5
SUM_WIDTH = 38
THIS_BODY = "Risk review of spend"
SHORT = {Tier.NOT_APPLICABLE: "n/a"}


def _fit(text: str, width: int) -> str:
    """Return text in exactly ``width`` columns, cut with an ellipsis where it is longer."""
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…"
    return set_cell_size(text, width)


def _line(left: str, right: str = "") -> str:
    """Return one line: ``right`` is kept whole, ``left`` is cut to make room."""
    if not right:
        return _fit(left, WIDTH).rstrip()
    return f"{_fit(left, WIDTH - cell_len(right) - 2)}  {right}"


def hot_spots(review: Review, at_most: int) -> list[CategoryResult]:
    """Return the categories of high, then medium tier, most pounds first."""
    spots = [spot for spot in review.categories if spot.tier in {Tier.HIGH, Tier.MEDIUM}]
    spots.sort(key=lambda spot: (TIER_ORDER.index(spot.tier), -spot.absolute, spot.code))
    return spots[:at_most]


def _tiers(review: Review) -> str:
    by_tier = {tier.tier: tier for tier in review.tiers}
    parts = [
        f"{SHORT.get(tier, tier.label.lower())} {pounds_short(by_tier[tier].amount)}"
        for tier in TIER_ORDER
        if tier in by_tier and by_tier[tier].lines
    ]
    return " · ".join(parts)


def summary_lines(review: Review, report: Path | None = None) -> list[str]:
    """Return the review as lines of at most 80 columns, at most 24 of them.

    Names come from the ledgers, so control characters are taken out and long ones are cut.

    Args:
        review: The review to sum up.
        report: Where the page was written, for the last line.
    """
    totals = review.totals
    accounts = f"{totals.read:,} read"
    for number, words in (
        (totals.rejected, "rejected"),
        (totals.blank, "blank"),
        (totals.headings, "headings"),
    ):
        accounts += f" + {number:,} {words}"
    lines = [
        _line(plain(review.body) or THIS_BODY, period(review.period)),
        _line(f"{pounds(totals.amount)} paid to {count(len(review.suppliers), 'payee')}"),
        _line(f"{count(totals.rows, 'row')} = {accounts}"),
    ]
    if review.refused:
        aside = count(len(review.refused), "sheet or file", "sheets or files")
        lines.append(_line(f"{aside} set aside: the report says why"))
    if not totals.read:
        lines.append(_line("No payment could be read: see 'What was read' in the report."))
    else:
        lines += _findings(review)
    if report is not None:
        # A path that is cut is of no use, so this one line may be longer than the screen.
        lines += ["", f"Report: {plain(str(report))}"]
    return lines


def _findings(review: Review) -> list[str]:
    cover = review.coverage
    known, unknown, withheld = percents((cover.categorised, cover.unknown, cover.redacted))
    lines = [
        _line(f"Of that, {known} could be given a category, {unknown} not, {withheld} withheld"),
        _line(f"Risk to people: {_tiers(review)}"),
        "",
    ]
    spots = hot_spots(review, HOT_SPOTS)
    if spots:
        lines.append("Where people are most at risk")
    else:
        lines.append("No spend found where exploitation is a known risk. Unknown is not a pass.")
    for spot in spots:
        amounts = f"{pounds_short(spot.amount)} {count(spot.suppliers, 'payee')}"
        lines.append(_line(f"  {spot.tier.label:8}{plain(spot.label)}", amounts))
    first = call_first(review.suppliers, SUPPLIERS)
    heading = "Call these first"
    if not first:
        first = call_first(review.suppliers, SUPPLIERS, Tier.MEDIUM)
        heading = "No named supplier is high; of the medium, call these first"
    if first:
        lines += ["", heading]
    for number, supplier in enumerate(first, 1):
        sum_read = sum_words(supplier.assessment)
        if cell_len(sum_read) > SUM_WIDTH:
            sum_read = sum_read.rpartition("= ")[2]
        right = f"{pounds_short(spent_at_risk(supplier)):>7}  {sum_read:{SUM_WIDTH}}"
        lines.append(_line(f"  {number} {shown_name(supplier)}", right).rstrip())
    not_placed = unknown_spend(review.suppliers)
    if not_placed:
        spent = sum((t.absolute for t in review.tiers if t.tier is Tier.UNKNOWN), Decimal(0))
        share = percent(share_of(spent, review.totals.absolute))
        payees = count(len(not_placed), "payee")
        lines += [
            "",
            _line(f"Not known: {share} of spend, to {payees}. Ask finance what it bought."),
        ]
    return lines


def summary_text(review: Review, report: Path | None = None) -> Text:
    """Return the same lines for a rich console, headings in bold; names cannot carry markup."""
    text = Text(no_wrap=True, overflow="ellipsis")
    headings = ("Where people", "Call these", "No named", "No spend found")
    for number, line in enumerate(summary_lines(review, report)):
        bold = number == 0 or line.startswith(headings)
        text.append(line + "\n", style="bold" if bold else "")
    text.rstrip()
    return text
