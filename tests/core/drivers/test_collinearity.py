"""Drivers that nearly make each other up are named together."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from ecoassets.core.drivers.autocorrelation import run as autocorrelation
from ecoassets.core.drivers.collinearity import collinearity_warnings, near_dependences
from ecoassets.core.drivers.feature_table import FeatureTable
from ecoassets.core.drivers.local.choice import LocalChoice
from ecoassets.core.drivers.local.run import run_local_regression
from ecoassets.core.drivers.panel.choice import PanelChoice
from ecoassets.core.drivers.panel.run import run_panel_regression
from ecoassets.core.drivers.quantile.run import QuantileChoice, run_quantile_regression
from ecoassets.core.drivers.spatial_regression import run as spatial
from ecoassets.core.errors import InputError
from ecoassets.tests.core.raster.conftest import Telling

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


class TestEveryRegression:
    """The same is told wherever slopes are: two drivers that differ by a hair, on a square of places."""

    PLACES = np.stack(np.meshgrid(np.arange(12.0) * 1000, np.arange(12.0) * 1000), axis=-1).reshape(-1, 2)
    FIRST = RANDOM.normal(size=144)
    COLUMNS: ClassVar = {
        "x": PLACES[:, 0], "y": PLACES[:, 1], "a": FIRST, "b": FIRST + RANDOM.normal(size=144) * 1e-3,
        "value": FIRST + RANDOM.normal(size=144),
    }  # fmt: skip

    @pytest.mark.parametrize("method", ["panel", "quantile", "spatial", "local", "autocorrelation"])
    def test_tells_collinear_drivers(self, method):
        log = Telling()
        self.run(method, self.COLUMNS, log)
        assert any("a and b are collinear" in str(line) for line in log.warnings)

    @pytest.mark.parametrize("method", ["spatial", "local", "autocorrelation"])
    @pytest.mark.parametrize(("size", "told"), [(1e-5, True), (1.0, False), (1e-3, False)])
    def test_tells_places_that_look_like_degrees(self, method, size, told):
        """Thousandths of the metres above are rows and columns, which may stand for places."""
        log = Telling()
        columns = {**self.COLUMNS, "x": self.COLUMNS["x"] * size, "y": self.COLUMNS["y"] * size}
        self.run(method, columns, log)
        assert any("x and y of the table look like degrees" in str(line) for line in log.warnings) == told

    @staticmethod
    def run(method, columns, log):
        table, x = FeatureTable(columns, ("x", "y")), ("a", "b")
        runs = {
            "panel": lambda: run_panel_regression(
                table, PanelChoice("value", x, effects="none", covariance="iid"), log
            ),
            "quantile": lambda: run_quantile_regression(table, QuantileChoice("value", x, (0.5,)), log),
            "spatial": lambda: spatial.run_spatial_regression(
                table, spatial.SpatialChoice("value", x, model="sar", neighbours="knn", k=4), progress=log
            ),
            "local": lambda: run_local_regression(table, LocalChoice("value", x, bandwidths=(100,)), log),
            "autocorrelation": lambda: autocorrelation.run_spatial_autocorrelation(
                table, autocorrelation.SpatialChoice("value", x, neighbours="knn", k=4, permutations=19), progress=log
            ),
        }
        runs[method]()


def test_a_driver_in_two_units_stops_a_local_regression_by_name():
    random = np.random.default_rng(8)
    east, north = (side.ravel() * 1000.0 for side in np.meshgrid(np.arange(12), np.arange(12)))
    metres, slope = random.normal(size=(2, 144))
    columns = {"x": east, "y": north, "gep": metres + random.normal(size=144), "metres": metres, "slope": slope}
    table = FeatureTable({**columns, "feet": metres / 0.3048 + 7}, ("x", "y"))
    with pytest.raises(InputError, match="metres and feet make each other up exactly"):
        run_local_regression(table, LocalChoice("gep", ("metres", "slope", "feet")))


def test_a_driver_of_one_value_is_no_combination_of_the_constant_in_quantiles():
    random = np.random.default_rng(8)
    columns = {"gep": random.normal(size=50), "rain": random.normal(size=50), "const": np.full(50, 3.0)}
    table = FeatureTable(columns, ("x", "y"))
    with pytest.raises(InputError, match=r"Linearly dependent columns: const has the same value in every row\."):
        run_quantile_regression(table, QuantileChoice("gep", ("rain", "const"), (0.5,)))


def test_a_slip_in_a_year_is_named_where_no_cell_has_all_years():
    """COMPLETE would leave out every cell."""
    east, north = (side.ravel() * 1000.0 for side in np.meshgrid(np.arange(5), np.arange(5)))
    random = np.random.default_rng(8)
    cell, year = np.tile(np.arange(25), 3), np.repeat([2000.0, 2010.0, 2020.0], 25)
    year[30] = 20100.0
    columns = {"cell": cell, "year": year, "x": np.tile(east, 3), "y": np.tile(north, 3)}
    table = FeatureTable({**columns, "gep": random.normal(size=75), "rain": random.normal(size=75)}, ("x", "y"))
    choice = spatial.SpatialChoice("gep", ("rain",), model="sar", entity="cell", time="year", effects="entity")
    for complete in (False, True):
        with pytest.raises(InputError, match="in all 4 years; the fewest cells, 1 of 25, have one in 20100"):
            spatial.run_spatial_regression(table, replace(choice, complete=complete))
