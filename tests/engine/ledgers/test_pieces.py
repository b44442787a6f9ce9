"""A text read in pieces gives, record for record, what it gives read one record at a time."""

import io

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from section54.engine.ledgers import pieces, values
from section54.engine.ledgers.amounts import parse_amount
from section54.engine.ledgers.pieces import Stretch, as_utf8, pieces_of
from section54.engine.ledgers.sheet import Grid
from section54.engine.ledgers.text import clean, decode, records


HEAD = "Supplier,Date,Amount\r\n"
PLAIN = 'Ouse Guarding Ltd,01/04/2025,"£1,234.50"\r\n'
ODDITIES = (
    "\r\n",
    ",,\r\n",
    "Total,,9\r\n",
    "a,b\r\n",
    "a,b,c,d,e\r\n",
    '"two\nlines",b,c\r\n',
    '"a ""b"" c",d,e\r\n',
    '"""a""",d,e\r\n',
    '12" pipe,b,c\r\n',
    '"never closed,b,c\r\n',
    'a "b" c,d,e\r\n',
    '"a"b,c,d\r\n',
    'a, "b",c\r\n',
    "a,b,c\n",
    "a\rb,c,d\r\n",
    "Café,b,£5\r\n",
    "nul\x00,b,c\r\n",
    '"",b,c\r\n',
    '"\r\n",b,c\r\n',
)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch):
    """Let a text of some kilobytes be read in many pieces."""
    monkeypatch.setattr(pieces, "FIRST", 64)
    monkeypatch.setattr(pieces, "SMALL", 128)
    monkeypatch.setattr(pieces, "LARGE", 1024)
    monkeypatch.setattr(pieces, "_OPEN_LINES", 200)


def in_pieces(text: str, delimiter: str = ",") -> list[list[str]]:
    grid = Grid.of_pieces(pieces_of(text.encode(), delimiter))
    return [[column.cell(i) for column in grid.columns] for i in range(grid.records)]


def one_by_one(text: str, delimiter: str = ",") -> list[list[str]]:
    found = list(records(iter(io.StringIO(text, newline="")), delimiter))
    width = max((len(record) for record in found), default=0)
    return [[*record, *[""] * (width - len(record))] for record in found]


def test_plain_lines_are_split_by_arrow():
    found = list(pieces_of((HEAD + PLAIN * 200).encode(), ","))
    assert isinstance(found[0], list)
    assert sum(len(piece) for piece in found if isinstance(piece, Stretch)) > 150


@pytest.mark.parametrize("oddity", ODDITIES)
@pytest.mark.parametrize("before", [0, 1, 3, 29, 100])
def test_one_odd_line_among_plain_ones_changes_nothing(oddity, before):
    text = HEAD + PLAIN * before + oddity + PLAIN * 60
    assert in_pieces(text) == one_by_one(text)


@given(
    st.lists(
        st.sampled_from([PLAIN] * 20 + list(ODDITIES))
        | st.text(alphabet='ab,"\r\n £', max_size=12).map(lambda t: f"{t}\r\n"),
        max_size=120,
    ),
    st.booleans(),
)
@example(['"a\r\n'] * 50, False)
@settings(max_examples=300)
def test_any_mixture_of_lines_is_read_as_one_record_at_a_time(lines, ended):
    text = HEAD + "".join(lines) + ("" if ended else PLAIN.rstrip("\r\n"))
    assert in_pieces(text) == one_by_one(text)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_split_alike(delimiter):
    text = (HEAD + PLAIN * 100).replace(",", delimiter)
    assert in_pieces(text, delimiter) == one_by_one(text, delimiter)


@pytest.mark.parametrize(
    "data",
    [
        b"plain",
        "Café £5".encode(),
        b"\xef\xbb\xbfmark",
        "wide £".encode("utf-16"),
        "wide".encode("utf-16-le"),
        b"caf\xe9 \xa35",
        "é\n".encode() * 5 + b"\xa3\n",
        b"\xef\xbb\xbf" + b"\xa3 \n",
        b"",
    ],
)
def test_a_text_in_any_encoding_is_the_same_as_utf_8(data):
    text, encoding = decode(data)
    assert as_utf8(data) == (text.encode(), encoding)


TEXTS = st.text(max_size=12) | st.sampled_from(
    ["£1", "Â£1", "a  b", " a", "a ", "CafÃ©", "\u200b", "-£1,234.50", "1,23", "5.00 CR", "(7)"]
)


@given(st.lists(TEXTS, unique=True))
def test_distinct_cells_are_tidied_together_as_one_by_one(texts):
    column = pa.array(texts, pa.string())
    assert values.tidied(column).to_pylist() == [clean(text) for text in texts]
    # Also where the column is a part of a longer one.
    longer = pa.array(["x", *texts], pa.string()).slice(1)
    assert values.tidied(longer).to_pylist() == [clean(text) for text in texts]


AMOUNTS = (
    st.from_regex(r"\A-?£?[0-9]{1,4}(,[0-9]{3}){0,4}(\.[0-9]{0,3})?\Z")
    | st.from_regex(r"\A[-£(]{0,2}[0-9.,]{1,16}( CR|-|\))?\Z")
    | TEXTS
)


@given(st.lists(AMOUNTS, unique=True))
@example(["-0", "-0.00", "999999999999.99", "1234567890123", "0001", "1,234,567,890.1"])
def test_amounts_are_read_together_as_one_by_one(texts):
    tidy = [clean(text) for text in texts]
    found = values.amounts_of(pa.array(tidy, pa.string()))
    assert found.to_pylist() == [parse_amount(text) for text in tidy]
    whole = found.drop_null()
    hundred = [int(amount.as_py() * 100) for amount in whole]
    assert values.pennies_of(whole).tolist() == hundred
    assert pc.sum(whole).as_py() == (sum(whole.to_pylist()) if len(whole) else None)
