"""The gate decides by content, keeps its word on names and hashes, and never breaks."""

import gzip
import hashlib
import io
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.intake import badfiles

from section54.engine.intake.gate import Kind, NotALedger, open_file
from section54.engine.intake.limits import MEGABYTE, OUTSIDERS, OWN_LEDGERS
from section54.engine.intake.packages import Budget, gunzip
from section54.engine.intake.refusal import shown_name
from section54.engine.intake.workbooks import column_letters, column_number


REAL = Path(__file__).parents[3] / "../shared/data"


def opened(tmp_path: Path, name: str, data: bytes, limits=OUTSIDERS):
    path = tmp_path / name
    path.write_bytes(data)
    return open_file(path, limits)


def verdict(tmp_path: Path, name: str, data: bytes) -> str:
    """The kinds let in, or the sentence of the refusal; any other error is the test's failure."""
    try:
        return " ".join(content.kind for content in opened(tmp_path, name, data))
    except NotALedger as refusal:
        return str(refusal)


def test_refusal_is_one_sentence_that_says_what_it_is_and_what_to_do(tmp_path):
    with pytest.raises(NotALedger) as refusal:
        opened(tmp_path, "april.csv", badfiles.PAGE)
    assert str(refusal.value) == (
        "april.csv is a web page, not a ledger: download the file itself and try again."
    )


def test_missing_file_and_folder_are_refused_in_words(tmp_path):
    with pytest.raises(NotALedger, match="is not there"):
        open_file(tmp_path / "none.csv", OUTSIDERS)
    with pytest.raises(NotALedger, match="is a folder"):
        open_file(tmp_path, OUTSIDERS)


def test_content_decides_the_kind_whatever_the_name(tmp_path):
    made = {
        Kind.TEXT: badfiles.CSV,
        Kind.XLSX: badfiles.xlsx(),
        Kind.ODS: badfiles.ods(),
        Kind.XLS: badfiles.xls(),
    }
    for kind, data in made.items():
        (content,) = opened(tmp_path, "april.csv", data)
        assert (content.kind, content.data) == (kind, data)


def test_hash_is_of_the_file_as_given_and_of_what_was_in_it(tmp_path):
    data = gzip.compress(badfiles.CSV)
    (content,) = opened(tmp_path, "april.csv.gz", data)
    assert content.name == "april.csv.gz"
    assert content.sha256 == hashlib.sha256(data).hexdigest()
    assert content.content_sha256 == hashlib.sha256(badfiles.CSV).hexdigest()


def test_zip_members_carry_both_names_and_the_rest_is_listed(tmp_path):
    data = badfiles.zipped(
        ("../../etc/april.csv", badfiles.CSV),
        ("__MACOSX/._april.csv", b"x"),
        ("guide.pdf", b"%PDF-1.7\n"),
        ("may.csv", badfiles.CSV),
    )
    april, may = opened(tmp_path, "year.zip", data)
    assert (april.name, may.name) == ("year.zip/etc/april.csv", "year.zip/may.csv")
    assert april.notes == (
        "year.zip also holds what is not a ledger: __MACOSX/._april.csv, guide.pdf.",
    )
    assert may.notes == ()
    assert april.sha256 == may.sha256


def test_own_ledgers_may_have_macros_and_links_but_they_are_noted(tmp_path):
    for data, words in (
        (badfiles.xlsx(None, ("xl/vbaProject.bin", b"x")), "macros"),
        (badfiles.xlsx(None, ("xl/externalLinks/a.xml", b"<x/>")), "links to other files"),
        (badfiles.xls(_VBA_PROJECT_CUR=b"x"), "macros"),
        (badfiles.ods(badfiles.ODS_ROWS, ("Basic/Standard/M.xml", b"<x/>")), "macros"),
    ):
        (content,) = opened(tmp_path, "april.xlsx", data, OWN_LEDGERS)
        assert content.notes == (
            f"april.xlsx has {words}: they were passed over, never run or opened.",
        )
        with pytest.raises(NotALedger, match=words):
            opened(tmp_path, "april.xlsx", data)


def test_document_types_are_refused_for_own_ledgers_too(tmp_path):
    with pytest.raises(NotALedger, match="document type"):
        opened(tmp_path, "a.xlsx", badfiles.xlsx(sheet_head="<!DOCTYPE x>"), OWN_LEDGERS)


def test_own_ledgers_may_be_long_and_sparse(tmp_path):
    rows = badfiles.rows_xml() + badfiles.rows_xml((badfiles.LINES[0],), first=1_000_000)
    (content,) = opened(tmp_path, "a.xlsx", badfiles.xlsx(rows), OWN_LEDGERS)
    assert content.kind is Kind.XLSX
    far = badfiles.rows_xml() + '<row r="1048576">' + badfiles.cell("XFD1048576", "1") + "</row>"
    with pytest.raises(NotALedger, match="far from its data"):
        opened(tmp_path, "a.xlsx", badfiles.xlsx(far), OWN_LEDGERS)


def test_row_and_column_limits_hold_at_the_limit_and_not_one_beyond(tmp_path):
    limits = replace(OUTSIDERS, rows=5, columns=4)
    assert opened(tmp_path, "a.csv", badfiles.CSV, limits)
    assert opened(tmp_path, "a.xlsx", badfiles.xlsx(), limits)
    with pytest.raises(NotALedger, match="more than 5 rows"):
        opened(tmp_path, "a.csv", badfiles.CSV + b"a,b,c,d\r\n", limits)
    with pytest.raises(NotALedger, match="more than 4 columns"):
        opened(tmp_path, "a.csv", b"a,b,c,d,e\r\n", limits)
    with pytest.raises(NotALedger, match="more than 4 rows"):
        opened(tmp_path, "a.xlsx", badfiles.xlsx(), replace(limits, rows=4))
    with pytest.raises(NotALedger, match="more than 3 columns"):
        opened(tmp_path, "a.ods", badfiles.ods(), replace(limits, columns=3))


def test_line_end_in_quotes_does_not_end_a_row(tmp_path):
    limits = replace(OUTSIDERS, rows=2)
    assert opened(tmp_path, "a.csv", b'a,b\n"one\ntwo\nthree",x\n', limits)


def test_file_of_exactly_the_largest_size_is_let_in(tmp_path):
    limits = replace(OUTSIDERS, bytes=len(badfiles.CSV))
    assert opened(tmp_path, "a.csv", badfiles.CSV, limits)
    with pytest.raises(NotALedger, match="larger than"):
        opened(tmp_path, "a.csv", badfiles.CSV + b"x", limits)


def test_inflated_bytes_are_counted_over_all_levels_together(tmp_path):
    size = len(badfiles.CSV)
    archive = badfiles.zipped(("a.csv", badfiles.CSV), ("b.csv", badfiles.CSV))
    exact = replace(OUTSIDERS, inflated_bytes=2 * size)
    assert len(opened(tmp_path, "a.zip", archive, exact)) == 2
    with pytest.raises(NotALedger, match="unpacks to more than"):
        opened(tmp_path, "a.zip", archive, replace(exact, inflated_bytes=2 * size - 1))
    both = replace(exact, inflated_bytes=2 * size + len(archive))
    assert len(opened(tmp_path, "a.zip.gz", gzip.compress(archive), both)) == 2
    with pytest.raises(NotALedger, match="unpacks to more than"):
        opened(tmp_path, "a.zip.gz", gzip.compress(archive), exact)


def test_budget_ignores_the_ratio_of_small_files():
    budget = Budget("a.gz", given=100, limits=OUTSIDERS)
    budget.spend(10 * MEGABYTE)
    with pytest.raises(NotALedger, match="200 times its size"):
        budget.spend(1)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4))
@settings(deadline=None)
def test_gunzip_agrees_with_the_standard_library(pieces):
    data = b"".join(map(gzip.compress, pieces))
    assert gunzip(data, "a.gz", Budget("a.gz", len(data), OUTSIDERS)) == gzip.decompress(data)


@given(st.integers(min_value=1, max_value=16_384))
@settings(deadline=None)
def test_column_letters_and_numbers_are_inverse(number):
    assert column_number(column_letters(number).encode()) == number


@given(st.text(max_size=200))
@settings(deadline=None)
def test_shown_name_is_never_a_path_out(name):
    shown = shown_name(name)
    assert shown
    assert shown.isprintable() or not name.isprintable()
    assert not shown.startswith(("/", "\\"))
    assert ".." not in shown.split("/")
    assert len(shown) <= 120


GOOD = {
    "a.csv": badfiles.CSV,
    "a.csv.gz": gzip.compress(badfiles.CSV),
    "a.zip": badfiles.zipped(("a.csv", badfiles.CSV), ("b.csv", badfiles.CSV)),
    "a.xlsx": badfiles.xlsx(),
    "a.ods": badfiles.ods(),
    "a.xls": badfiles.xls(),
}


@given(
    st.sampled_from(sorted(GOOD)),
    st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=6)), max_size=4
    ),
    st.floats(0, 1),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_file_is_let_in_or_refused_but_never_breaks_the_gate(tmp_path, name, changes, kept):
    data = bytearray(GOOD[name])
    for where, change in changes:
        at = int(where * len(data))
        data[at : at + len(change)] = change
    if kept < 0.2:
        data = data[: int(kept * 5 * len(data))]
    assert verdict(tmp_path, name, bytes(data))


@given(st.sampled_from(["xl/worksheets/sheet1.xml", "content.xml"]), st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_sheet_is_let_in_or_refused_but_never_breaks_the_gate(tmp_path, part, data):
    source = GOOD["a.ods" if part == "content.xml" else "a.xlsx"]
    with zipfile.ZipFile(io.BytesIO(source)) as archive:
        parts = [(info.filename, archive.read(info)) for info in archive.infolist()]
    sheet = bytearray(dict(parts)[part])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(sheet) - 1))
        sheet[at : at + data.draw(st.integers(0, 8))] = data.draw(
            st.sampled_from(
                [b"<c>", b"</row>", b"<", b"&#88;", b"r='XFD99'", b'"', b"9" * 30, b"\xff"]
            )
        )
    changed = badfiles.zipped(*((n, bytes(sheet) if n == part else d) for n, d in parts))
    assert verdict(tmp_path, "a.xlsx", changed)


@pytest.mark.real_data
def test_every_real_ledger_is_let_in_and_the_web_page_is_not():
    if not REAL.exists():
        pytest.skip("needs ../shared/data")
    refused, kinds = [], Counter()
    for path in sorted((REAL / "spend").rglob("*")):
        if path.suffix not in (".csv", ".xls", ".xlsx"):
            continue
        try:
            kinds.update(content.kind for content in open_file(path, OWN_LEDGERS))
        except NotALedger as refusal:
            refused.append((path.parent.name, str(refusal)))
    assert [folder for folder, _ in refused] == ["not_really_csv"]
    assert "web page" in refused[0][1]
    assert kinds[Kind.TEXT] >= 100
    assert kinds[Kind.XLSX] >= 15
