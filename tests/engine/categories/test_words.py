"""The words of two ledgers that mean the same become the same words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from section54.engine.categories.words import PhraseBook, Vocabulary, singular
from section54.engine.reference import load_table


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary(load_table("category_abbreviations").rows)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Veh. Maint'nce", "vehicle maintenance"),
        ("REPAIRS & MAINTENANCE", "repair and maintenance"),
        ("R&M", "r & m"),
        ("I.C.T. Equip", "ICT Equipment"),
        ("Accomodation", "accommodation"),
        ("Licences", "Licenses"),
        ("Batteries", "battery"),
        ("Bldg Mgmt", "Building Management"),
        ("Organization", "Organisations"),
    ],
)
def test_spellings_of_the_same_words_are_equal(vocabulary, one, other):
    assert vocabulary.words(one) == vocabulary.words(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gas", "gases"),
        ("cleaning", "cleaner"),
        ("rates", "rating"),
        ("news", "new"),
        ("provisions", "provision"),
    ],
)
def test_different_words_stay_different(vocabulary, one, other):
    assert vocabulary.words(one) != vocabulary.words(other)


def test_the_last_word_of_a_long_text_is_completed_when_cut_short(vocabulary):
    vocabulary.learn(["consultancy", "staffing"])
    assert vocabulary.words("External Staff and Consulta")[-1] == "consultancy"


def test_a_whole_word_is_never_completed_to_a_longer_one(vocabulary):
    vocabulary.learn(["train", "trainers"])
    assert vocabulary.words("A long journey by slow train")[-1] in ("train", "training")


def test_the_longest_phrase_hides_the_shorter_ones_inside_it():
    book = PhraseBook()
    book.put(("vehicle", "cleaning"), "valeting")
    book.put(("cleaning",), "cleaning")
    book.put(("vehicle",), "vehicles")
    assert [found.meaning for found in book.find(("vehicle", "cleaning"))] == ["valeting"]
    words = ("cleaning", "of", "vehicle")
    assert [found.meaning for found in book.find(words)] == ["cleaning", "vehicles"]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_any_text_becomes_words_without_capitals_or_signs(text):
    vocabulary = Vocabulary(())
    for word in vocabulary.words(text):
        assert word.isascii()
        assert word.isalnum()
        assert word == word.lower()


@given(st.from_regex(r"[a-z]{1,12}", fullmatch=True))
def test_singular_keeps_the_start_of_the_word(word):
    assert word.startswith(singular(word).removesuffix("y")[:3])


def test_no_phrase_runs_across_the_join_of_two_columns(vocabulary):
    book = PhraseBook()
    book.put(vocabulary.words("materials and supplies"), "goods")
    assert book.find(vocabulary.words("Materials and Supplies"))
    assert not book.find(vocabulary.words("Materials › Supplies and Services"))
