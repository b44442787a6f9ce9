"""Every kind of line that the program writes has its words, so that people read sentences."""

import ast
import re
from pathlib import Path

import pytest

from section54.desk.audit import NOUNS, SENTENCES, kind_words
from section54.post.changes import _DECIDED


SOURCE = Path(__file__).parents[2] / "src" / "section54"
WRITERS = {"record", "Line"}  # of records/changes.py and organisations/reading_changes.py
IMPORTS = re.compile(r"^from section54\.\S+ import [^#]*?\b(record|Line)\b", re.MULTILINE)
# Where the kind is a variable: what it can be.
VARIABLE = {
    "post/changes.py: kind": [kind for _, _, kind in _DECIDED.values()],
    "organisations/reading_changes.py: line.kind": [],  # the kinds of the Lines, found themselves
}


def written():
    """Return each kind that is written, with the place of it; and the places that are variable."""
    found, variable = {}, set()
    for path in sorted(SOURCE.glob("*/**/*.py")):
        text = path.read_text(encoding="utf-8")
        if not re.search(
            r"^from section54\.\S+ import [^#]*?\b(record|Line)\b", text, re.MULTILINE
        ):
            continue
        tree, place = ast.parse(text), str(path.relative_to(SOURCE))
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            if getattr(node.func, "id", "") not in WRITERS:
                continue
            kind = node.args[0]
            if isinstance(kind, ast.Constant):
                found.setdefault(str(kind.value), place)
            elif isinstance(kind, ast.Name) and kind.id.isupper():
                found.setdefault(constant(kind.id), place)
            else:
                variable.add(f"{place}: {ast.unparse(kind)}")
    return found, variable


def constant(name):
    for path in SOURCE.glob("*/**/*.py"):
        match = re.search(rf'^{name} = "(\w+)"', path.read_text(encoding="utf-8"), re.MULTILINE)
        if match:
            return match[1]
    raise AssertionError(f"{name} is no constant with a kind")


FOUND, PLACES = written()


@pytest.mark.parametrize("kind", sorted({*FOUND, *(k for ks in VARIABLE.values() for k in ks)}))
def test_a_kind_of_line_has_words_for_lists_and_a_sentence(kind):
    assert kind in SENTENCES, (
        f"{FOUND.get(kind)} writes {kind}: give it words in SENTENCES of desk/audit.py"
    )
    words, sentence = SENTENCES[kind]
    assert words[0].isupper()
    assert sentence.endswith((".", "}"))
    assert kind_words(kind) == words


def test_every_place_whose_kind_is_a_variable_is_known_here():
    assert set(VARIABLE) == PLACES


def test_a_kind_without_words_would_fail():
    assert len(FOUND) > 50
    assert "tea_made" not in SENTENCES


def test_no_two_kinds_have_the_same_words_in_the_list():
    words = [words for words, _ in SENTENCES.values()]
    assert sorted(words) == sorted(set(words))
    assert all(NOUNS.values())
