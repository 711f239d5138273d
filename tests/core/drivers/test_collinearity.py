"""Drivers that nearly make each other up are named together."""

import numpy as np
import pytest

from ecoassets.core.drivers.collinearity import collinearity_warnings, near_dependences

RANDOM = np.random.default_rng(4)


def centred(*columns):
    values = np.column_stack(columns)
    return values - values.mean(axis=0)


def test_shares_that_add_up_to_a_constant_and_a_stranger():
    shares = np.round(RANDOM.dirichlet([2, 3, 4], 1000) * 100, 2)
    (found,) = near_dependences(centred(shares[:, 0], RANDOM.normal(size=1000), shares[:, 1], shares[:, 2]))
    assert found.drivers == (0, 2, 3)


def test_two_pairs_are_told_apart():
    a, b = RANDOM.normal(size=(2, 500))
    noise = RANDOM.normal(size=(2, 500)) * 1e-3
    columns = centred(a, b, a + noise[0], 5 * b + noise[1])
    assert sorted(found.drivers for found in near_dependences(columns)) == [(0, 2), (1, 3)]


def test_inflation_is_one_over_one_minus_r_squared():
    x = RANDOM.normal(size=300)
    z = x + RANDOM.normal(size=300) * 0.01
    (found,) = near_dependences(centred(x, z))
    assert found.inflation == pytest.approx(1 / (1 - np.corrcoef(x, z)[0, 1] ** 2), rel=1e-6)


def test_drivers_of_very_different_size_are_not_collinear_for_that():
    assert near_dependences(centred(RANDOM.normal(size=100) * 1e9, RANDOM.normal(size=100) * 1e-6)) == []


def test_the_warning_names_them():
    x = RANDOM.normal(size=200)
    (told,) = collinearity_warnings(["rain", "heat", "wet"], centred(x, RANDOM.normal(size=200), 2 * x + 1e-5 * x**2))
    assert told.startswith("rain and wet are collinear")
