"""What the geographical detector takes: missing values, codes, labels, and the words for what it cannot take."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.drivers.geodetector.detector import geographical_detector
from ecoassets.core.errors import Cancelled, InputError
from ecoassets.core.progress import Progress

# Two strata of three: means 2 and 8, sums of squares 2 + 2 of 58 about the mean 5
Y = np.array([1.0, 2, 3, 7, 8, 9])
SIDES = np.array(["west"] * 3 + ["east"] * 3)


def test_missing_values_are_no_stratum():
    y = np.array([*Y, 100, 100, 100, 100, 100, np.nan])
    side = np.array([*SIDES, None, "", "east", "east", " ", "west"], dtype=object)
    rain = np.array([1, 2, 3, 4, 5, 6, 7, 7, np.nan, np.inf, 7, 7.0])
    result = geographical_detector(y, {"side": side, "rain": rain}, methods=["quantile"], classes=[2], y_name="esv")
    assert [row.label for row in result.risk if row.factor == "side"] == ["east", "west"]
    assert {row.n for row in result.factors} == {6}
    assert result.used.tolist() == [True] * 6 + [False] * 6
    assert {(drop.variable, drop.reason, drop.rows) for drop in result.dropped} == {
        ("esv", "missing", 1),
        ("side", "missing", 3),
        ("rain", "missing", 1),
        ("rain", "infinite", 1),
    }


def test_masked_values_are_missing():
    soil = np.ma.masked_equal([1, 1, 1, 2, 2, 2, 255], 255)
    (row,) = geographical_detector([*Y, 50.0], {"soil": soil}, categorical=["soil"]).factors
    assert (row.n, row.strata) == (6, 2)


def test_a_likely_fill_value_is_named():
    result = geographical_detector(Y, {"rain": [-9999, -9999, 3, 3, 5, 5]})
    assert any("'rain' holds -9999 in 2 rows" in warning for warning in result.warnings)


def test_a_factor_is_judged_by_most_of_its_rows_not_by_the_worst_cell():
    rain = [1, 2, 3, 4, 5, 6.5]
    written = [*map(str, rain), "n/a"]
    (clean,) = geographical_detector(Y, {"rain": rain}, methods=["quantile"], classes=[2]).factors
    result = geographical_detector([*Y, 100.0], {"rain": written}, methods=["quantile"], classes=[2])
    assert (result.factors[0].q, result.factors[0].n) == (clean.q, 6)
    assert any("'rain' holds 'n/a' in 1 rows, first in row 7" in warning for warning in result.warnings)
    assert any("'rain' holds numbers stored as text" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    "codes",
    [
        [10.0, 10.0, 10.0, 9.0, 9.0, 9.0],
        np.array([10, 10, 10, 9, 9, 9], dtype="uint8"),
        np.array([10, 10.0, "10", 9, 9, "9"], dtype=object),
        ["10", "10", "10", "9", "9", "9"],
    ],
)
def test_labels_of_codes_are_whole_numbers_in_their_order(codes):
    result = geographical_detector(Y, {"soil": codes}, categorical=["soil"])
    assert [row.label for row in result.risk] == ["9", "10"]
    assert [(row.low, row.high) for row in result.breaks] == [(9, 9), (10, 10)]


def test_listed_codes_are_never_discretised():
    soil = np.repeat(np.arange(20), 3)
    y = np.random.default_rng(0).normal(size=60)
    (listed,) = geographical_detector(y, {"soil": soil}, categorical=["soil"]).factors
    (unlisted,) = geographical_detector(y, {"soil": soil}).factors
    assert (listed.strata, listed.method) == (20, "")
    assert unlisted.strata <= 8


@pytest.mark.parametrize(
    ("y", "factors", "options", "words"),
    [
        ([5] * 6, {"side": SIDES}, {}, "'y' is 5 in all 6 rows"),
        ([0.1 + 0.2] * 6, {"side": SIDES}, {}, "no variance to explain"),
        (["1", "2", "high", "4", "5", "6"], {"side": SIDES}, {}, "'y' must be numbers; it holds 'high'"),
        (Y, {"id": list("abcdef")}, {}, "'id' has 6 categories for 6 rows, more than half"),
        (Y, {"id": list("aabcdd")}, {}, "'id' has 4 categories for 6 rows, more than half"),
        (Y, {"x": [1, 2, 3, 4, 5, 6]}, {"classes": [7]}, "'x' cannot be discretised as asked: more classes than half"),
        (Y, {"side": SIDES[:5]}, {}, "'side' has 5 rows, 'y' has 6"),
        (
            Y,
            {"x": ["1.5", "2", "3", "4", "wet", "6"]},
            {},
            "'x' must be numbers; it holds 'wet'",
        ),
        (Y, {"x": [np.nan] * 6}, {}, "No row of 6 holds 'y' and every factor; most are lost to x"),
        (Y, {}, {}, "at least one factor"),
        (Y, {"y": SIDES}, {}, "'y' cannot explain itself"),
        (Y, {"side": SIDES}, {"categorical": ["soil"]}, "soil are not among the factors side"),
        (Y, {"side": SIDES}, {"rule": "best"}, "rule = 'best' is unknown; choose from loess, max"),
        (Y, {"side": SIDES}, {"singletons": "merge"}, "choose from keep, drop"),
        (Y, {"side": SIDES}, {"variance": "n"}, "choose from sample, population"),
        (Y, {"side": SIDES}, {"confidence": 95}, "between 0 and 1, not 95"),
        (Y, {"side": SIDES}, {"permutations": -1}, "cannot be negative"),
        (Y, {"side": SIDES}, {"permutations": 9, "blocks": [1] * 6}, "All rows are in one block"),
        (
            Y,
            {"side": SIDES},
            {"permutations": 9, "blocks": [1, 1, 1, 2, 2, None]},
            "1 rows of the sample have no block",
        ),
        (Y, {"x": [1, 2, 3, 4, 5, 6]}, {"methods": []}, "at least one method"),
    ],
)
def test_bad_input_is_named(y, factors, options, words):
    with pytest.raises(InputError) as error:
        geographical_detector(y, factors, **options)
    assert words in str(error.value)


class Listener(Progress):
    def __init__(self, stop_at=200.0):
        self.seen, self.said, self.stop_at = [], [], stop_at

    def set(self, percent):
        self.seen.append(percent)

    def warn(self, message):
        self.said.append(message)

    def cancelled(self):
        return bool(self.seen) and self.seen[-1] >= self.stop_at


def test_progress_rises_to_100_and_warnings_are_told():
    listener = Listener()
    result = geographical_detector(Y, {"side": SIDES, "same": [1] * 6}, permutations=5, progress=listener)
    assert listener.seen == sorted(listener.seen)
    assert listener.seen[-1] == 100
    assert listener.said == list(result.warnings) != []


def test_a_run_can_be_stopped_between_permutations():
    with pytest.raises(Cancelled):
        geographical_detector(Y, {"side": SIDES}, permutations=1000, progress=Listener(stop_at=60))
