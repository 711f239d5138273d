"""Values by zone, added with a pencil."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.errors import GridError, InputError
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.raster.zones.zoning import ZoneLayer
from ecoassets.core.terrain.zone_summary import ZoneSummaryInputs, run_zone_summary, zone_table

from ..landuse.maps import read, records, write_map

VALUES = np.array([[1, 2, 3], [4, 5, -1]], np.float32)
LATER = np.array([[2, 2, 3], [4, 5, 6]], np.float32)
ZONES = np.array([[1, 1, 2], [1, 2, 255]], np.uint8)


@pytest.fixture
def layers(tmp_path):
    values = [write_map(tmp_path / f"v{i}.tif", v, nodata=-1, pixel=200.0) for i, v in enumerate((VALUES, LATER))]
    return values, ZoneLayer(write_map(tmp_path / "z.tif", ZONES, pixel=200.0), kind="raster")


def rows(layers, kind, **kwargs):
    values, zones = layers
    inputs = ZoneSummaryInputs(tuple(values), (2000, 2005), zones, kind, {"1": "plain"})
    found = run_zone_summary(inputs, **kwargs)
    return {(r["year"], r["zone"]): r for r in records(zone_table(found))}, found


def test_a_density_is_per_hectare(layers):
    found, result = rows(layers, "density")
    # pixels of 4 ha: zone 1 holds 1 + 2 + 4
    assert found[2000, "1"] == {
        "year": 2000, "zone": "1", "name": "plain", "area_ha": 12, "total": 28, "mean": pytest.approx(7 / 3),
        "share_pct": pytest.approx(28 / 60 * 100), "change_pct": None,
    }  # fmt: skip
    assert found[2005, "1"]["change_pct"] == pytest.approx(4 / 28 * 100)
    (lost,) = result.left_out
    assert (lost.year, lost.pixels, lost.area_ha) == (2005, 1, pytest.approx(4))  # the last pixel has no value in 2000


def test_a_quantity_is_per_pixel(layers):
    found, _ = rows(layers, "quantity")
    assert (found[2000, "2"]["total"], found[2000, "2"]["mean"]) == (8, 1)


def test_an_index_has_no_total(layers):
    found, _ = rows(layers, "index")
    assert found[2000, "2"]["total"] is None
    assert found[2000, "2"]["share_pct"] is None
    assert found[2000, "2"]["mean"] == pytest.approx(4)
    assert found[2005, "1"]["change_pct"] == pytest.approx((8 / 7 - 1) * 100)


def test_what_lies_outside_has_a_row(layers):
    found, _ = rows(layers, "density", settings=RasterSettings(mask="yearly"))
    assert found[2005, "outside"]["total"] == 24
    assert found[2000, "outside"] == {**found[2000, "outside"], "area_ha": 0, "mean": None}


@pytest.mark.parametrize("kind", ["density", "quantity"])
def test_zones_add_up_to_the_study_area(tmp_path, kind):
    rng = np.random.default_rng(1)
    values = rng.lognormal(3, 2, (300, 200)).astype(np.float32)
    path = write_map(tmp_path / "v.tif", values, nodata=-1)
    zones = write_map(tmp_path / "z.tif", rng.integers(0, 40, (300, 200)).astype(np.uint8))
    result = run_zone_summary(ZoneSummaryInputs((path,), (2000,), ZoneLayer(zones, kind="raster"), kind))
    assert result.totals.sum() == pytest.approx(read(path).astype(float).sum(), rel=1e-12)


def test_without_zones(layers):
    result = run_zone_summary(ZoneSummaryInputs(tuple(layers[0]), (2000, 2005)))
    assert result.zones == ("all",)
    assert result.totals[:, 0].tolist() == [60, 64]


def test_a_quantity_is_not_resampled(tmp_path, layers):
    other = write_map(tmp_path / "fine.tif", np.ones((4, 6), np.float32), nodata=-1)
    with pytest.raises(GridError, match="quantity per pixel"):
        rows(([layers[0][0], other], layers[1]), "quantity")


def test_an_unknown_kind(layers):
    with pytest.raises(InputError, match="no kind sum"):
        rows(layers, "sum")
