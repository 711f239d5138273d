"""The correction of Lee and Yu: with few years the interval of rho holds it, without the correction it does not."""

from __future__ import annotations

import numpy as np

from ecoassets.core.drivers.place.neighbours import grid_weights
from ecoassets.core.drivers.spatial_regression.design import make_design
from ecoassets.core.drivers.spatial_regression.lag import SpatialLag
from ecoassets.core.drivers.spatial_regression.likelihood import fit_lag

SIDE, YEARS, RHO, DRAWS = 7, 3, 0.5, 200


def test_years_taken_out_cost_what_the_correction_gives_back():
    places = np.array([(i, j) for i in range(SIDE) for j in range(SIDE)], dtype=float)
    lag = SpatialLag(grid_weights(places), YEARS)
    solve = lag.solver(RHO).solve
    held, off = {"lee_yu": [], "none": []}, {"lee_yu": [], "none": []}
    for draw in range(DRAWS):
        rng = np.random.default_rng(draw)
        n = SIDE**2
        x = rng.normal(size=(n * YEARS, 1))
        effects = np.tile(rng.normal(size=n), YEARS) + np.repeat(rng.normal(size=YEARS), n)
        y = solve(x[:, 0] + effects + rng.normal(size=n * YEARS))
        for correction in held:
            found = fit_lag(make_design(y, x, ("a",), lag, "twoway", correction))
            held[correction].append(abs(found.rho - RHO) < 1.96 * found.std_errors[0])
            off[correction].append(found.rho - RHO)
    corrected, plain = np.mean(held["lee_yu"]), np.mean(held["none"])
    assert abs(corrected - 0.95) < 4 * np.sqrt(0.95 * 0.05 / DRAWS), corrected
    assert plain < 0.91 < corrected, (plain, corrected)
    assert abs(np.mean(off["lee_yu"])) < 0.03 < abs(np.mean(off["none"]))
