"""Tables whose numbers are of another unit, and rows that sum up the others."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.inputs.finding import Refused
from ecoassets.core.inputs.tables import require_unit, sum_rows


def test_a_row_that_sums_up_the_others():
    assert sum_rows(np.array([[0.3, 0.25], [2.5, 1.9], [2.8, 2.15]])) == (2,)


def test_sums_of_rounded_numbers_may_differ_in_the_last_digit():
    assert sum_rows(np.array([[0.333, 1.5], [0.333, 2.5], [0.333, 3.5], [1.0, 7.5]])) == (3,)


def test_equal_rows_and_small_numbers_are_no_sums():
    assert sum_rows(np.array([[1.0, 2.0], [1.0, 2.0]])) == ()
    assert sum_rows(np.array([[0.001, 0.0], [0.001, 0.001], [0.002, 0.001]])) == ()
    assert sum_rows(np.array([[0.3, 0.25], [2.5, 1.9], [5.0, 5.0]])) == ()


@pytest.mark.parametrize(
    ("meaning", "numbers", "words"),
    [("price_index", [1.05, 1.1], "base 1"), ("crop_yield", [5.0, 6.5], "t/ha")],
)
def test_another_unit_is_refused(meaning, numbers, words):
    with pytest.raises(Refused, match=words):
        require_unit("t.csv", "x", numbers, meaning)


def test_usual_numbers_pass():
    require_unit("t.csv", "index", [100, 105.2], "price_index")
    require_unit("t.csv", "yield_kg_ha", [5000, 6500], "crop_yield")
