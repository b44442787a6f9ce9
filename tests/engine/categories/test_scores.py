"""The scores in docs/categories.md hold on the pairs labelled by hand."""

import csv
import sys
from pathlib import Path

import pytest


sys.path.insert(0, str(Path(__file__).parents[3] / "tools"))
measure = __import__("measure_categories")

TUNING = Path(__file__).with_name("labels_tuning.csv")
TEST = Path(__file__).with_name("labels_test.csv")
# What docs/categories.md says of each part, less a small margin.
LEAST_CATEGORY = 0.90
LEAST_TIER = 0.91
LEAST_SURE = 0.96
LEAST_CATEGORY_UNSEEN = 0.80
LEAST_TIER_UNSEEN = 0.85


@pytest.fixture(scope="module")
def scored():
    with TUNING.open(encoding="utf-8", newline="") as stream:
        return measure.score(csv.DictReader(stream))


def test_the_tuning_pairs_get_the_category_they_were_labelled(scored, figure):
    share = measure.share(scored, lambda s: s.category_right, pounds=False)
    figure("categories right, tuning pairs", round(share, 3))
    assert share >= LEAST_CATEGORY


def test_the_tuning_pairs_get_the_tier_they_were_labelled(scored, figure):
    share = measure.share(scored, lambda s: s.tier_right, pounds=False)
    figure("tiers right, tuning pairs", round(share, 3))
    assert share >= LEAST_TIER


def test_labels_that_were_sure_are_nearly_all_met(scored):
    sure = [s for s in scored if s.row["sure"] == "sure"]
    assert measure.share(sure, lambda s: s.category_right, pounds=False) >= LEAST_SURE


def test_the_surer_we_are_the_oftener_we_are_right(scored):
    low = [s for s in scored if s.decision.confidence < 0.75]
    high = [s for s in scored if s.decision.confidence >= 0.9]
    assert measure.share(high, lambda s: s.category_right, pounds=False) >= 0.95
    assert measure.share(low, lambda s: s.category_right, pounds=False) < 0.9


@pytest.fixture(scope="module")
def unseen():
    with TEST.open(encoding="utf-8", newline="") as stream:
        return measure.score(csv.DictReader(stream))


def test_the_pairs_of_other_publishers_get_their_category_as_often_as_documented(unseen, figure):
    for name, pounds in (("by pair", False), ("by pounds", True)):
        share = measure.share(unseen, lambda s: s.category_right, pounds=pounds)
        figure(f"categories right, test pairs, {name}", round(share, 3))
    assert measure.share(unseen, lambda s: s.category_right, pounds=False) >= LEAST_CATEGORY_UNSEEN


def test_the_pairs_of_other_publishers_get_their_tier_as_often_as_documented(unseen, figure):
    for name, pounds in (("by pair", False), ("by pounds", True)):
        share = measure.share(unseen, lambda s: s.tier_right, pounds=pounds)
        figure(f"tiers right, test pairs, {name}", round(share, 3))
    assert measure.share(unseen, lambda s: s.tier_right, pounds=False) >= LEAST_TIER_UNSEEN


def test_the_two_parts_share_no_publisher(scored, unseen):
    assert not {s.row["publisher"] for s in scored} & {s.row["publisher"] for s in unseen}
    assert len(scored) + len(unseen) >= 300
