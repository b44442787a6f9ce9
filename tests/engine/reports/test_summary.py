from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console
from tests.engine.reports import make_review as made

from section54.engine.reports.summary import summary_lines, summary_text


REPORT = Path("out/review.html")


@pytest.mark.parametrize(
    "shape",
    [
        *(made.fenland, made.first_year, made.everything_unknown, made.no_high_risk),
        *(made.nothing_read, made.hostile, made.big),
    ],
    ids=lambda shape: shape.__name__,
)
def test_every_summary_fits_one_screen(shape):
    lines = summary_lines(shape(), REPORT)
    assert len(lines) <= 24
    assert max(cell_len(line) for line in lines) <= 80
    assert not set("".join(lines)) & set("\x1b\x07\u202e\u200f\n")


def test_the_summary_accounts_for_the_rows_and_names_five_to_call():
    text = "\n".join(summary_lines(made.fenland(), REPORT))
    assert "£15,691,759 paid to 22 payees" in text
    assert "707 rows = 692 read + 3 rejected + 8 blank + 4 headings" in text
    assert "1 Whittlesey Builders" in text
    assert "industry 6 + business model 1 = 7 High" in text
    assert "  6 " not in text.partition("Call these first")[2]
    assert text.endswith(f"Report: {REPORT}")


def test_what_was_set_aside_is_called_a_sheet_or_file():
    assert "1 sheet or file set aside" in "\n".join(summary_lines(made.fenland()))


def test_no_known_risk_is_not_called_a_pass():
    assert "Unknown is not a pass" in "\n".join(summary_lines(made.everything_unknown()))


def test_people_are_not_named_on_the_screen():
    review = made.review_of([made.payee("Mary Hidden", made.PERSON, "individuals_redacted")])
    assert "Hidden" not in "\n".join(summary_lines(review))


def test_a_body_without_a_name_gets_a_plain_title():
    assert summary_lines(replace(made.fenland(), body=""))[0].startswith("Risk review of spend")


def test_names_cannot_carry_markup_into_a_rich_console():
    out = StringIO()
    payee = made.payee("[bold red]markup[/]", amount="9000.00")
    Console(file=out, width=80).print(summary_text(made.review_of([payee])))
    assert "[bold red]markup[/]" in out.getvalue()
