"""The scores in docs/categories.md hold on the pairs labelled by hand."""

import csv
import sys
from pathlib import Path

import pytest


sys.path.insert(0, str(Path(__file__).parents[3] / "tools"))
measure = __import__("measure_categories")

TUNING = Path(__file__).with_name("labels_tuning.csv")
# What docs/categories.md says of the tuning part, less a small margin.
LEAST_CATEGORY = 0.90
LEAST_TIER = 0.91
LEAST_SURE = 0.96


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
