"""The plan against a ranking and an exact selection that keep as much of every service. A pixel is 1 ha."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.land_cover import load_scheme
from ecoassets.core.zoning.plan.comparison import (
    ComparisonInputs,
    ComparisonOutputs,
    comparison_table,
    run_plan_comparison,
)
from ecoassets.core.zoning.services import Service

HJ1166 = load_scheme("hj1166")
FOREST, URBAN = 11, 61


def test_six_pixels_by_hand(raster, pixels, tmp_path):
    """The plan takes the tops of both services and two more pixels; two pixels in the middle keep as much."""
    services = (
        Service("water", raster([[6.0, 0.0, 5.0, 5.0, 4.0, 0.0]], "water")),
        Service("soil", raster([[0.0, 6.0, 5.0, 5.0, 4.0, 0.0]], "soil"), "depth"),
    )
    plan = raster([[1, 3, 0, 2, 1, 0]], "plan")  # keeps 10 of 20 water and 10 of 20 soil on three pixels
    out = ComparisonOutputs(str(tmp_path / "difference.tif"))
    result = run_plan_comparison(ComparisonInputs(plan, services), out)
    areas = {found.method: found.area_ha for found in result.plans}
    assert areas == {"plan": 3, "ranking": 2, "selection": 2}
    assert result.gap == 0 and result.unit_pixels == 1
    assert pixels(out.difference) == [[1, 1, 6, 6, 1, 0]]
    rows = comparison_table(result).rows
    assert rows[0] == ("plan", 3, 50, 100, "water", 50, 50)
    assert rows[5][0] == "selection" and rows[5][3] == pytest.approx(200 / 3) and rows[5][5:] == (50, 50)
    assert result.plans[0].kept == (10, 100)  # 10 mm on 1 ha are 100 m3


def test_all_choose_among_natural_pixels_and_those_of_the_plan(raster, pixels, tmp_path):
    services = (Service("water", raster([[9.0, 4.0, 3.0, 3.0]], "water")),)
    cover = raster([[URBAN, FOREST, URBAN, FOREST]], "cover")
    out = ComparisonOutputs(str(tmp_path / "difference.tif"))
    inputs = ComparisonInputs(raster([[0, 0, 1, 0]], "plan"), services, cover, HJ1166)
    run_plan_comparison(inputs, out)
    # the town with 9 is out of reach; any of the others keeps 3, the forest with 4 has the highest rank
    assert pixels(out.difference)[0][0] is None and pixels(out.difference)[0][1] & 2


def test_no_method_keeps_less_than_the_plan(raster):
    random = np.random.default_rng(12)
    water, soil = random.gamma(1.0, 10.0, (2, 60, 70))
    services = (Service("water", raster(water, "water")), Service("soil", raster(soil, "soil")))
    plan = raster(((water > 18) | (soil > 18)).astype(int), "plan")
    result = run_plan_comparison(ComparisonInputs(plan, services, max_units=2000))
    of_plan, ranking, selection = result.plans
    assert result.unit_pixels == 2
    for other in (ranking, selection):
        assert all(kept >= target * (1 - 1e-6) for kept, target in zip(other.kept, of_plan.kept))
    pixelwise = run_plan_comparison(ComparisonInputs(plan, services))
    assert pixelwise.unit_pixels == 1
    # at the same resolution nothing is smaller than the exact selection
    assert pixelwise.plans[2].area_ha <= pixelwise.plans[1].area_ha < of_plan.area_ha
