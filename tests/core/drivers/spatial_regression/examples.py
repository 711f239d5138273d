"""The two cross-sections and the panel that the tests of spatial models share."""

from __future__ import annotations

import numpy as np

from ecoassets.core.drivers.place.neighbours import distance_weights, grid_weights, pair_weights
from ecoassets.core.drivers.spatial_regression.design import Design, make_design
from ecoassets.core.drivers.spatial_regression.lag import SpatialLag
from ecoassets.tests.core.drivers.cases import case


def columbus() -> Design:
    """Crime on income and house values of 49 districts."""
    links = case("columbus_neighbours")
    lag = SpatialLag(pair_weights(np.column_stack([links["i"], links["j"]]).astype(int) - 1, 49))
    rows = case("columbus")
    return make_design(rows["CRIME"], np.column_stack([rows["INC"], rows["HOVAL"]]), ("INC", "HOVAL"), lag)


def grid(kind: str = "queen") -> Design:
    """300 cells, made with rho .5, b 1.2 and -.8."""
    rows = case("grid_sar")
    lag = SpatialLag(grid_weights(np.column_stack([rows["x"], rows["y"]]), kind))
    return make_design(rows["value"], np.column_stack([rows["x1"], rows["x2"]]), ("x1", "x2"), lag)


def panel(effects: str, correction: str) -> Design:
    """56 cells in 5 years."""
    rows = case("panel_lag")
    order = np.lexsort((rows["cell"], rows["year"]))
    places = np.column_stack([rows["x"], rows["y"]])[order][:56]
    lag = SpatialLag(distance_weights(places, 1500), 5)
    drivers = np.column_stack([rows["x1"], rows["x2"]])[order]
    return make_design(rows["value"][order], drivers, ("x1", "x2"), lag, effects, correction)
