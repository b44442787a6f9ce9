"""One-page prompt sheets: what a buyer in a high-risk trade should notice, ask and do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from section54.engine.reference import load_table
from section54.engine.reports.wording import day
from section54.engine.result import Review
from section54.engine.risk.model import Tier


EVERY_TRADE = "*"


@dataclass(frozen=True, slots=True)
class Question:
    """A question to ask before buying, and what a good answer looks like."""

    text: str
    good_answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSheet:
    """The sheet of one trade. ``worried``: what to do about a worry, common steps first."""

    code: str
    label: str
    why: tuple[str, ...]
    look_out: tuple[str, ...]
    questions: tuple[Question, ...]
    worried: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """A number to call. ``checked`` is words; a number not seen at its source says so."""

    who: str
    number: str
    when: str
    checked: str
    check_before_use: bool

    @property
    def link(self) -> str:
        """The number as a link that a phone can dial."""
        return "tel:" + self.number.replace(" ", "")


def prompt_sheets(labels: Iterable[tuple[str, str]], own: Path | None = None) -> list[PromptSheet]:
    """Return a sheet for each (code, label) that the ``prompts`` table knows, in that order.

    Raises:
        TableError: the table is missing or does not say where it comes from.
    """
    rows = load_table("prompts", own).rows
    sheets = []
    for code, label in labels:
        parts: dict[str, list[Question]] = {}
        for row in rows:
            if row["code"] in {EVERY_TRADE, code}:
                question = Question(row["text"], row["good_answer"])
                parts.setdefault(row["part"], []).append(question)
        if "ask" not in parts:
            continue
        sheets.append(
            PromptSheet(
                code=code,
                label=label,
                why=tuple(line.text for line in parts.get("why", [])),
                look_out=tuple(line.text for line in parts.get("look_out", [])),
                questions=tuple(parts["ask"]),
                worried=tuple(line.text for line in parts.get("worried", [])),
            )
        )
    return sheets


def high_risk_trades(review: Review) -> list[tuple[str, str]]:
    """Return (code, label) of what was bought at high risk, most pounds first.

    A category counts when it is high itself or any payee's part of it is.
    """
    high = {category.code for category in review.categories if category.tier is Tier.HIGH}
    for supplier in review.suppliers:
        high |= {part.code for part in supplier.categories if part.tier is Tier.HIGH}
    spent = sorted(review.categories, key=lambda category: (-category.absolute, category.code))
    return [(category.code, category.label) for category in spent if category.code in high]


def contacts(own: Path | None = None) -> list[Contact]:
    """Return the numbers to call, in the order to try."""
    return [
        Contact(
            who=row["who"],
            number=row["number"],
            when=row["when"],
            checked=day_words(row["retrieved"]),
            check_before_use=row["verify"] == "true",
        )
        for row in load_table("prompts_contacts", own).rows
    ]


def day_words(iso: str) -> str:
    """Return an ISO date of a table in words, or the text as it is."""
    try:
        return day(date.fromisoformat(iso))
    except ValueError:
        return iso
