"""Text files in any encoding, with any line end and delimiter, and with stray quotes."""

import csv
import io
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from section54.engine.ledgers.text import clean, decode, find_delimiter, lines_of, records


POUNDS = "Supplier,Amount\nCafé Fenland,£5.00\n"


def split(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(records(lines_of(text), delimiter))


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (POUNDS.encode("utf-8"), "utf-8"),
        (POUNDS.encode("utf-8-sig"), "utf-8-sig"),
        (POUNDS.encode("cp1252"), "windows-1252"),
        (POUNDS.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + POUNDS.encode("utf-16-be"), "utf-16"),
        (POUNDS.encode("utf-16-le"), "utf-16-le"),
        (POUNDS.encode("utf-16-be"), "utf-16-be"),
        (b"Supplier,Amount\n", "utf-8"),
        (b"", "utf-8"),
    ],
)
def test_an_encoding_is_known_and_gives_the_same_text(data: bytes, encoding: str) -> None:
    text, found = decode(data)
    assert found == encoding
    assert text == (POUNDS if len(data) > 20 else data.decode())


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_file_of_two_encodings_is_read_line_by_line(mark: bytes) -> None:
    lines = ["Café Ely,£1", "Café March,£2", "Café Wisbech,£3"]
    data = b"\n".join([lines[0].encode(), lines[1].encode("cp1252"), lines[2].encode()])
    text, encoding = decode(mark + data)
    assert text.split("\n") == lines
    assert encoding == "utf-8 with windows-1252 lines"


def test_bytes_that_windows_1252_lacks_are_kept() -> None:
    text, encoding = decode(b"caf\xe9 \x81\x8d \xa35")
    assert (text, encoding) == ("café \x81\x8d £5", "windows-1252")


@given(st.binary(max_size=200))
def test_any_bytes_become_text(data: bytes) -> None:
    text, encoding = decode(data)
    assert isinstance(text, str)
    assert encoding


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_any_way(end: str) -> None:
    assert split(end.join(["a,b", "c,d", ""])) == [["a", "b"], ["c", "d"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    rows = [["Payments over £500"], ["Payee", "Date", "Amount"]]
    rows += [[f"Ouse, Nene & Co {n}", "01/04/2025", f"{n},000.00"] for n in range(12)]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    assert find_delimiter(out.getvalue()) == delimiter
    assert split(out.getvalue(), delimiter) == rows


def test_a_quoted_newline_does_not_end_a_record() -> None:
    assert split('"Ouse\nHouse",5\nNene,6\n') == [["Ouse\nHouse", "5"], ["Nene", "6"]]


def test_a_blank_line_is_a_record() -> None:
    assert split("a,b\n\nc,d\n") == [["a", "b"], [], ["c", "d"]]


def test_an_inch_mark_inside_a_cell_is_only_a_character() -> None:
    assert split('5" pipe,10\nrope,20\n') == [['5" pipe', "10"], ["rope", "20"]]


@pytest.mark.parametrize("after", [0, 1, 5, 39, 60])
def test_a_quote_that_is_never_closed_swallows_no_line(after: int) -> None:
    rows = split('"Ouse Ltd,100.00,x\n' + "Nene,5.00,y\n" * after)
    assert rows == [["Ouse Ltd", "100.00", "x"], *[["Nene", "5.00", "y"]] * after]


def test_an_unclosed_quote_before_a_well_quoted_cell_swallows_no_line() -> None:
    text = 'March,1.00,a\n"Ouse Ltd,2.00,b\nEly,"3,000.00",c\n"Soham, Ltd",4.00,d\n'
    assert [row[0] for row in split(text)] == ["March", "Ouse Ltd", "Ely", "Soham, Ltd"]
    assert [row[1] for row in split(text)] == ["1.00", "2.00", "3,000.00", "4.00"]


def test_a_line_with_an_unclosed_quote_keeps_the_cells_that_are_well_quoted() -> None:
    rows = split('a,1,x\n"Soham, Ltd",4.00,"rent\nb,2,y\n')
    assert rows == [["a", "1", "x"], ["Soham, Ltd", "4.00", "rent"], ["b", "2", "y"]]


def test_thousands_of_unclosed_quotes_are_read_one_by_one_and_soon() -> None:
    start = monotonic()
    rows = split('"Ouse,1\n' * 5_000)
    assert rows == [["Ouse", "1"]] * 5_000
    assert monotonic() - start < 10


def test_a_cell_of_a_million_characters_ends_nothing() -> None:
    rows = split('"' + "x" * 1_000_001 + "\nNene,5\n")
    assert rows[-1] == ["Nene", "5"]


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), max_size=8)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=8))
def test_what_a_program_writes_is_read_back(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    assert split(out.getvalue()) == rows


@given(st.lists(st.text(alphabet='ab",1', max_size=10), max_size=12))
def test_no_line_is_lost_whatever_its_quotes(lines: list[str]) -> None:
    rows = split("".join(f"{line}\n" for line in lines))
    assert len(rows) <= len(lines)
    letters = sum(line.count("a") + line.count("1") for line in lines)
    assert sum(cell.count("a") + cell.count("1") for row in rows for cell in row) == letters


@pytest.mark.parametrize(
    ("cell", "tidy"),
    [
        ("  Ouse   Ltd ", "Ouse Ltd"),
        ("Ouse\xa0Ltd", "Ouse Ltd"),
        ("Ouse\n Ltd", "Ouse Ltd"),
        ("Ouse\u200bLtd\ufeff", "OuseLtd"),
        ("CafÃ© Nene", "Café Nene"),
        ("Â£5.00", "£5.00"),
        ("Ouse â€“ Nene", "Ouse – Nene"),
        ("Café Nene", "Café Nene"),
        ("MÂCHE", "MÂCHE"),
        ("", ""),
    ],
)
def test_a_cell_reads_as_a_person_would_read_it(cell: str, tidy: str) -> None:
    assert clean(cell) == tidy


@given(st.text())
def test_a_tidy_cell_is_on_one_line_without_outer_spaces(cell: str) -> None:
    tidy = clean(cell)
    assert tidy == tidy.strip()
    assert "\n" not in tidy
    assert "  " not in tidy
