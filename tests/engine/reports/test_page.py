import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from tests.engine.reports import make_review as made

from section54.engine.reports.charts import length, monthly_columns
from section54.engine.reports.html import page, write_html
from section54.engine.risk.model import Tier


SHAPES = [
    made.fenland,
    made.first_year,
    made.everything_unknown,
    made.no_high_risk,
    made.nothing_read,
    made.hostile,
]
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Collects what the tests ask about, and fails on tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.headings, self.links = [], [], [], []
        self.tags, self.attributes, self.captions, self.tables, self.texts = [], [], 0, 0, []
        self.labels, self.unscoped = [], 0
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        assert len(values) == len(attrs)
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if "id" in values:
            self.ids.append(values["id"])
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "a":
            self.links.append(values["href"])
        if "aria-labelledby" in values:
            self.labels.append(values["aria-labelledby"])
        self.captions += tag == "caption"
        self.tables += tag == "table"
        self.unscoped += tag == "th" and values.get("scope") not in {"row", "col"}
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(params=SHAPES, ids=lambda shape: shape.__name__)
def any_page(request):
    return Page(page(request.param()))


def test_every_shape_of_review_is_well_formed_with_headings_in_order(any_page):
    assert any_page.headings[0] == 1
    assert any_page.headings.count(1) == 1
    steps = zip(any_page.headings, any_page.headings[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps)


def test_ids_are_unique_and_every_link_and_label_inside_the_page_arrives(any_page):
    assert len(any_page.ids) == len(set(any_page.ids))
    targets = {link[1:] for link in any_page.links if link.startswith("#")}
    assert targets <= set(any_page.ids)
    assert set(any_page.labels) <= set(any_page.ids)


def test_every_table_has_a_caption_and_every_heading_cell_a_scope(any_page):
    assert any_page.tables == any_page.captions
    assert any_page.unscoped == 0


def test_nothing_is_fetched_and_nothing_can_run(any_page):
    assert not {"script", "img", "iframe", "object", "form"} & set(any_page.tags)
    for tag, name, value in any_page.attributes:
        assert not name.startswith("on")
        assert name not in {"style", "src", "srcset", "action"}
        if name in {"href", "xlink:href"}:
            assert value.startswith(("#", "tel:")) or (tag == "link" and value == "data:,")


def test_no_style_reaches_out():
    text = page(made.fenland())
    css = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in css
    assert "@import" not in css
    assert "http" not in text.replace("http-equiv", "")


def test_hostile_names_are_shown_as_text_and_not_obeyed():
    text = page(made.hostile())
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "{{ 7 * 7 }}" in text
    assert "&amp;amp; Sons &lt;b&gt;" in text
    assert not set(text) & set("\u202e\u200f\x1b\x07\ufeff")


def test_no_name_of_a_person_is_on_the_page():
    assert "Hidden" not in page(made.hostile())
    assert "Jo Example" not in page(made.fenland())


def test_the_answer_comes_first_with_the_amount_and_how_many_to_call():
    text = Page(page(made.fenland())).text
    # high: 1284310.55+962114+412870.40+688405.12+2231900+301244.87+544020+18420+92440.10+64000
    assert "£6.6m of £15.7m went to 10 suppliers" in text
    assert text.index("£6.6m of £15.7m") < text.index("Call these first")
    assert "Call these five first" in text


def test_the_order_of_the_page_is_the_order_a_reader_needs():
    titles = re.findall(r'<h2 id="([a-z]+)"', page(made.fenland()))
    assert titles == [
        *("contents", "first", "picture", "hot", "unknown", "ranked", "changed"),
        *("concentration", "method", "read", "sheets"),
    ]


def test_reasons_are_shown_as_a_sum_with_the_next_step():
    text = Page(page(made.fenland())).text
    assert "industry 6 + origin not known 1 + supply chain 1 = 8 High" in text
    assert "Next: Ask for the names and addresses of the factories" in text


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (made.everything_unknown, "We could not tell what any of the £1.0m was spent on."),
        (made.everything_unknown, "Nobody to call yet."),
        (made.no_high_risk, "We found no spend where exploitation is a known high risk"),
        (made.no_high_risk, "No category of high risk."),
        (made.nothing_read, "No payment could be read"),
        (made.nothing_read, "No sheet was read."),
        (made.first_year, "No ledger of a previous period was given."),
    ],
)
def test_an_empty_state_says_what_it_means_and_what_to_do(shape, words):
    assert words in Page(page(shape())).text


def test_when_all_is_low_the_page_says_so_without_an_all_clear():
    low = made.review_of([made.payee("Isle Software", code="ict_software_services", before="1")])
    text = Page(page(low)).text
    assert "no spend where exploitation is a known high or medium risk" in text
    assert "does not say that nobody is harmed" in text
    assert "Every payment has a category." in text


def test_a_high_trade_whose_payee_is_withheld_has_nobody_to_call_and_still_says_high():
    withheld = made.payee("REDACTED", made.REDACTED, "cleaning", "70000.00", before="1")
    text = Page(page(made.review_of([withheld]))).text
    assert "£70k of £70k went to no named supplier, but 1 other payee" in text
    assert "Nobody to call yet." in text


def test_a_body_without_a_name_still_has_a_title():
    text = page(replace(made.fenland(), body=""))
    assert "in what <bdi>this body</bdi> buys" in text


def test_changes_say_new_grown_shrunk_and_stopped_with_the_difference():
    text = Page(page(made.fenland())).text
    for words in ("6 new", "3 grown", "1 shrunk", "1 stopped"):
        assert words in text
    assert "Haddenham Guards" in text
    assert "\N{MINUS SIGN}£84,000" in text
    assert "£1,921,900" in text  # Whittlesey Builders: 2,231,900 - 310,000


def test_what_was_read_is_accounted_for_to_the_row_and_the_penny():
    text = Page(page(made.fenland())).text
    assert "707 rows = 692 read + 3 rejected + 8 blank + 4 headings" in text
    assert "£1,840.00" in text
    assert "This is a PDF, not a ledger" in text
    assert "* SUPPLIER FINAL" in text
    assert "A. Head of Procurement" in text


def test_a_sheet_is_printed_for_each_high_trade_present_and_for_no_other():
    text = page(made.fenland())
    assert 'id="sheet-construction"' in text
    assert 'id="sheet-social_care"' not in text
    assert text.count('class="sheet"') == 9
    assert text.count("check before use") == 9  # once a sheet, not at each number
    assert text.count('(<a href="#print-') == 9


def test_suppliers_are_counted_apart_from_other_payees_in_the_headline():
    payees = [made.payee("Fen Clean", before="1"), made.payee("RED", made.REDACTED, number=2)]
    text = Page(page(made.review_of(payees))).text
    others = "1 supplier, and 1 other payee (public bodies, people and withheld names)"
    assert others in text


def test_unknown_payees_shown_and_not_shown_make_the_unknown_total():
    payees = [
        made.payee(f"Fen {n}", made.UNKNOWN_KIND, "unknown", f"{n}00.00", number=n)
        for n in range(1, 13)
    ]
    text = Page(page(made.review_of(payees))).text
    # 100 + ... + 1,200 = 7,800; the two smallest, 100 + 200, are not shown.
    assert "and 2 more payees £300" in text
    assert "All of unknown risk £7,800" in text


def test_a_reason_for_the_category_is_shown_with_how_sure_it_is():
    text = Page(page(made.fenland())).text
    assert "The words of the description of Ouse Guarding say so. (91% sure)" in text


def test_each_named_payee_is_once_among_the_largest_of_a_category():
    one = made.payee("Fen Clean", amount="900.00")
    parts = (one.categories[0], replace(one.categories[0], variant="products"))
    text = Page(page(made.review_of([replace(one, categories=parts)]))).text
    assert "Largest: Fen Clean Next" in text


def test_changes_begin_with_spend_by_tier_and_the_largest_at_high_risk():
    text = Page(page(made.fenland())).text
    changed = text[text.index("What changed since the previous period") :]
    assert changed.index("Spend before and now") < changed.index("The largest changes")
    assert "Whittlesey Builders : £1.9m more (£310k before, £2.2m now)" in changed


def test_every_cell_of_a_table_that_becomes_cards_says_its_heading():
    for table in re.findall(
        r'<table class="[^"]*cards">.*?</table>', page(made.fenland()), re.DOTALL
    ):
        assert re.findall("<td", table)
        assert "<td" not in re.sub(r'<td[^>]* data-label="[^"]+"', "", table)


def test_three_thousand_payees_stay_under_two_megabytes_and_the_rest_is_pointed_to(tmp_path):
    path = tmp_path / "review.html"
    write_html(made.big(), path)
    assert path.stat().st_size < 2_000_000
    text = Page(path.read_text(encoding="utf-8")).text
    assert "The first 100 of 3,000 payees; the rest are in the spreadsheet" in text


def test_the_same_review_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        write_html(made.fenland(), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_bar_is_never_invisible_and_never_longer_than_the_longest():
    assert length(Decimal(50), Decimal(200)) == "25.0"
    assert length(Decimal(-50), Decimal(200)) == "25.0"
    assert length(Decimal(1), Decimal(10**9)) == "0.6"
    assert length(Decimal(0), Decimal(9)) == "0"
    assert length(Decimal(9), Decimal(0)) == "0"


def test_columns_stack_from_high_and_stay_inside_the_picture():
    picture = monthly_columns(
        [
            ("2025-04", Tier.HIGH, Decimal(300)),
            ("2025-04", Tier.LOW, Decimal(100)),
            ("2025-05", Tier.HIGH, Decimal(-50)),
            ("2025-05", Tier.LOW, Decimal(10)),
        ]
    )
    assert picture is not None
    # 400 / 4 = 100 a line, four lines: the tall column fills the room of 300 - 12 - 40 = 248.
    high, low, small = picture.blocks
    assert (high.y + high.height, low.y + low.height) == (260.0, high.y)
    assert high.height == pytest.approx(186)
    assert low.y == pytest.approx(12)
    assert small.tier is Tier.LOW
    assert picture.has_credits
    assert picture.rows[1] == ("May 2025", (Decimal(-50), Decimal(10)), Decimal(-40))
    assert [tick.label for tick in picture.amounts] == ["£0", "£100", "£200", "£300", "£400"]


def test_one_month_is_no_picture():
    assert monthly_columns([("2025-04", Tier.HIGH, Decimal(300))]) is None
    assert monthly_columns([]) is None
