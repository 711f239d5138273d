"""Levels as a legend of the map shows them."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.land_cover import load_scheme
from ecoassets.core.landuse.pressure.coefficients import hemeroby_coefficients, human_activity_coefficients
from ecoassets.core.landuse.pressure.levels import map_levels
from ecoassets.core.landuse.pressure.run import PressureInputs, PressureResult

SCHEME = load_scheme("cnlucc")


def levels_of(coefficients, scale=1.0):
    inputs = PressureInputs(("land.tif",), (2000,), SCHEME, coefficients, scale=scale)
    return map_levels(PressureResult((), (), {}, (), inputs))


def test_a_bound_of_human_activity_belongs_to_the_level_below():
    levels = levels_of(human_activity_coefficients("hai_zhao2017", SCHEME))
    assert [level.highest for level in levels] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0], abs=1e-6)
    # in single precision these lie above the bounds
    assert all(np.float32(level.upper) < level.highest for level in levels)
    assert [level.name for level in levels] == ["low", "lower", "medium", "higher", "high"]
    assert levels[0].name_zh == "低"


def test_a_half_of_hemeroby_belongs_to_the_level_above():
    levels = levels_of(hemeroby_coefficients("hemeroby7", SCHEME), scale=100 / 7)
    assert levels[0].upper == pytest.approx(150 / 7)
    assert levels[0].highest < np.float32(levels[0].upper)
    assert levels[-1].highest == pytest.approx(100)
    assert len(levels) == 7
