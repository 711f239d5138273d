"""Rank rasters and performance curves. A pixel is 1 ha."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import InputError
from ecoassets.core.progress import Progress
from ecoassets.core.raster.area import pixel_areas_ha
from ecoassets.core.raster.grid import Grid
from ecoassets.core.zoning.ranking.run import RankingInputs, RankingOutputs, curve_table, run_priority_ranking
from ecoassets.core.zoning.services import Service
from ecoassets.tests.rasters import read_raster, write_raster

NOTHING = -9999.0


@pytest.fixture
def rank(raster, pixels, tmp_path):
    """Ranks services given as arrays by name; returns result and ranks."""

    def run(progress=None, cost=None, **given):
        arrays = {name: given.pop(name) for name in list(given) if isinstance(given[name], (list, np.ndarray))}
        services = tuple(Service(name, raster(np.array(a, dtype=float), name)) for name, a in arrays.items())
        path = None if cost is None else raster(np.array(cost, dtype=float), "cost")
        out = RankingOutputs(str(tmp_path / "rank.tif"))
        result = run_priority_ranking(RankingInputs(services, cost=path, **given), out, progress=progress or Progress())
        dataset = gdal.Open(out.rank)
        band = dataset.GetRasterBand(1)
        ranks = band.ReadAsArray()
        return result, np.where(ranks == band.GetNoDataValue(), np.nan, ranks)

    return run


def test_the_last_to_go_has_rank_one_and_nodata_none(rank):
    result, ranks = rank(water=[[5, 1], [NOTHING, 3]])
    assert ranks[0, 0] == 1 and ranks[0, 1] == pytest.approx(1 / 3) and ranks[1, 1] == pytest.approx(2 / 3)
    assert np.isnan(ranks[1, 0])
    assert result.cells == 3 and result.area_ha == 3


def test_ties_go_in_row_major_order(rank):
    _, ranks = rank(water=[[2, 2], [2, 2]])
    assert ranks.ravel().tolist() == [0.25, 0.5, 0.75, 1]


def test_curves_tell_what_the_best_area_keeps(rank):
    result, _ = rank(water=[[50, 30, 20, 0]], soil=[[0, 0, 10, 10]])
    rows = {(row[0], row[1]): row[2] for row in curve_table(result).rows}
    assert rows[0, "water"] == 0 and rows[100, "water"] == rows[100, "soil"] == pytest.approx(100)
    # the cell of 50 and the one of 20 and 10 are worth most: after half of the area 70 % and 50 % are kept
    assert rows[50, "water"] == pytest.approx(70) and rows[50, "soil"] == pytest.approx(50)


def test_a_service_that_is_missing_at_a_cell_counts_as_none_there(rank):
    _, ranks = rank(water=[[5, NOTHING, NOTHING]], soil=[[NOTHING, 2, NOTHING]])
    assert np.isnan(ranks[0, 2]) and ranks[0, :2].tolist() == [0.5, 1]  # each holds all of one service


@pytest.mark.parametrize(("rule", "memory_values"), [("additive", 10**6), ("core_area", 10**6), ("additive", 0)])
def test_large_cells_cost_more_in_degrees(tmp_path, rule, memory_values):
    """Cell by cell with the cost of each its area over that of the mean cell; the rank is the area that has gone."""
    where = {"epsg": 4326, "pixel": 1.0, "top_left": (100.0, 60.0), "nodata": -1}
    values = np.random.default_rng(3).gamma(1.0, 1.0, (2, 30, 5)).astype(np.float32)
    services = tuple(
        Service(str(k), write_raster(tmp_path / f"{k}.tif", v, "float32", **where)) for k, v in enumerate(values)
    )
    out = RankingOutputs(str(tmp_path / "rank.tif"))
    run_priority_ranking(RankingInputs(services, rule=rule, memory_values=memory_values), out)
    areas = pixel_areas_ha(Grid.of_dataset(gdal.Open(services[0].path))).repeat(5)
    amounts = values.reshape(2, -1) * areas
    shares, costs = amounts / amounts.sum(axis=1, keepdims=True), areas / areas.mean()
    left, here, expected, gone = np.ones(2), list(range(150)), np.zeros(150), 0.0
    while here:
        if rule == "additive":
            loss = (left[:, None] ** 0.25 - (left[:, None] - shares[:, here]).clip(0) ** 0.25).sum(axis=0)
        else:
            loss = (shares[:, here] / left[:, None]).max(axis=0)
        cell = here.pop(int(np.argmin(loss / costs[here])))
        left = left - shares[:, cell]
        gone += areas[cell]
        expected[cell] = gone / areas.sum()
    found = read_raster(out.rank)[0].ravel()
    # cells that go in one step share the rank of the last of them
    assert found == pytest.approx(expected, abs=1e-6 if memory_values else 0.05)


def test_locked_areas_go_first_and_last(rank, polygons):
    _, ranks = rank(
        water=[[1, 2, 3, 4]],
        locked_in=polygons([(0, 0, 1, 1, {})], "reserve"),
        locked_out=polygons([(3, 0, 1, 1, {})], "town"),
    )
    assert ranks.ravel().tolist() == [1, 0.5, 0.75, 0.25]


def test_costs_divide_losses_and_bound_the_cells(rank):
    _, ranks = rank(water=[[4, 4, 4]], cost=[[1, 2, NOTHING]])
    assert ranks[0, :2].tolist() == [1, 0.5] and np.isnan(ranks[0, 2])


@pytest.mark.parametrize("rule", ["additive", "core_area"])
def test_streaming_over_the_rasters_agrees_with_memory(rank, rule):
    random = np.random.default_rng(8)
    water, soil = random.gamma(1.0, 1.0, (2, 40, 50))
    water[:5] = NOTHING
    soil[:4] = NOTHING
    steps = {"water": water, "soil": soil, "rule": rule, "warp": 90}  # of 1800 cells: 20 steps
    kept, in_memory = rank(**steps)
    streamed, by_step = rank(**steps, memory_values=0)
    assert streamed.streamed and not kept.streamed
    # cells of a step share the rank of its last one
    expected = np.ceil(in_memory * 1800 / 90 - 1e-3) * 90 / 1800
    valid = ~np.isnan(in_memory)
    assert (np.isnan(by_step) == ~valid).all()
    np.testing.assert_allclose(by_step[valid], expected[valid], atol=1e-6)
    np.testing.assert_allclose(streamed.kept_pct[:, ::5], kept.kept_pct[:, ::5], atol=1e-9)


def test_streaming_keeps_the_tiers_and_ends_where_all_cells_are_alike(rank, polygons):
    _, ranks = rank(water=np.ones((4, 5)), memory_values=0, locked_in=polygons([(0, 0, 5, 2, {})], "reserve"))
    assert ranks[2:].ravel().tolist() == [0.5] * 10 and ranks[:2].ravel().tolist() == [1] * 10


def test_a_service_without_amount_is_told_and_left_out(rank):
    warnings = []
    listener = Progress()
    listener.warn = warnings.append
    result, _ = rank(water=[[1, 2]], soil=[[0, -3]], progress=listener)
    assert any("soil is zero or negative" in message for message in warnings)
    assert np.isnan(result.kept_pct[1]).all()


def test_what_cannot_be_used_is_named(rank, polygons):
    with pytest.raises(InputError, match="nothing to rank by"):
        rank(water=[[0, -1]])
    with pytest.raises(InputError, match="holds the cost 0"):
        rank(water=[[1, 2]], cost=[[0, 1]])
    with pytest.raises(InputError, match="2 weights are given for 1"):
        rank(water=[[1, 2]], weights=(1.0, 2.0))
    with pytest.raises(InputError, match="WARP is 0"):
        rank(water=[[1, 2]], warp=0)
    with pytest.raises(InputError, match="exponent z is 2"):
        rank(water=[[1, 2]], exponent=2)
    with pytest.raises(InputError, match="overlap"):
        both = {"locked_in": polygons([(0, 0, 1, 1, {})], "a"), "locked_out": polygons([(0, 0, 2, 1, {})], "b")}
        rank(water=[[1, 2]], **both)
