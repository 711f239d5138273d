"""Zoning of a real region in one model that the real `qgis_process` runs.

`models/zoning.model3` goes from rain, soil, relief and land cover of two years to soil retention, carbon and habitat,
from soil and carbon to importance, conservation and restoration zones, and to the plan by planning units of 5 km, of
which the cheapest that hold half of the soil retention and 30 % of the carbon are selected. It opens in the model
designer.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, ogr

MODEL = Path(__file__).parent / "models" / "zoning.model3"
OUTPUTS = {
    "soil:retention": "retention.tif",
    "importance:zones": "zones.tif",
    "importance:importance": "importance.tif",
    "importance:efficiency": "efficiency.csv",
    "restore:reasons": "reasons.tif",
    "plan:plan": "plan.tif",
    "plan:polygons": "polygons.gpkg",
    "plan:table": "table.csv",
    "select:selected": "selected.gpkg",
    "select:targets": "targets.csv",
}
PIXEL_HA = 0.99980165928735587**2
SOIL = 1  # the first band of importance


def by_class(table, column, header):
    """A table of the region as `code,header`."""
    with open(table, encoding="utf-8-sig") as lines:
        rows = [f"{row['ID']},{row[column]}" for row in csv.DictReader(lines)]
    return "\n".join([f"code,{header}", *rows]) + "\n"


@pytest.fixture(scope="module")
def made(shared_data, call_qgis_process, tmp_path_factory):
    """The folder with everything that one run of the model wrote."""
    region, folder = shared_data / "bungo", tmp_path_factory.mktemp("zoning")
    tables = region / "tables"
    (folder / "c.csv").write_text(by_class(tables / "c_factor_bungo_usda1972.csv", "C_factor", "c"))
    (folder / "carbon.csv").write_text(by_class(tables / "carbon_bungo.csv", "CARBON", "carbon"))
    # Through links, because QGIS leaves statistics beside the rasters that it loads.
    rasters = {
        "COVER_BEFORE": region / "lulc" / "bungo_landcover_1990r.tif",
        "COVER_AFTER": region / "lulc" / "bungo_landcover_2005r.tif",
        "RAIN": region / "climate" / "clim_precipitation_tot.tif",
        "SAND": region / "soil" / "bungo_sand_0-5cm_mean.tif",
        "SILT": region / "soil" / "bungo_silt_0-5cm_mean.tif",
        "CLAY": region / "soil" / "bungo_clay_0-5cm_mean.tif",
        "CARBON": region / "soil" / "bungo_soc_0-5cm_mean.tif",
        "DEM": region / "terrain" / "bungo_elev_srtm.tif",
    }
    for path in rasters.values():
        (folder / path.name).symlink_to(path)
    given = {
        **{name: folder / path.name for name, path in rasters.items()},
        "CLASSES": tables / "classes_ecoassets.csv",
        "C_TABLE": folder / "c.csv",
        "CARBON_TABLE": folder / "carbon.csv",
        **{name: folder / file for name, file in OUTPUTS.items()},
    }
    outcome = call_qgis_process("run", str(MODEL), "--", *(f"{name}={value}" for name, value in given.items()))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return folder


def read(path, band=1):
    """A band as float64, NaN where there is no value."""
    dataset = gdal.Open(str(path))  # must outlive its band
    opened = dataset.GetRasterBand(band)
    values = opened.ReadAsArray().astype(float)
    return np.where(values == opened.GetNoDataValue(), np.nan, values)


def rows_of(path):
    with open(path, encoding="utf-8-sig") as lines:
        return list(csv.DictReader(lines))


def features_of(path):
    """Fields and area in hectares of each feature."""
    dataset = ogr.Open(str(path))
    return [(feature.items(), feature.GetGeometryRef().Area() / 1e4) for feature in dataset.GetLayer(0)]


def test_importance_is_that_of_sorting_all_pixels(made):
    """Gong et al. 2017: a class by the share of the total before it, equal amounts together."""
    amounts, found = read(made / "retention.tif", 2), read(made / "importance.tif", SOIL)
    inside = np.isfinite(found)
    held = np.maximum(amounts[inside], 0)
    assert inside.sum() > 400_000
    values, entry, counts = np.unique(held, return_inverse=True, return_counts=True)
    total = held.sum()
    with_larger = (np.cumsum((values * counts)[::-1])[::-1] - values * counts)[entry] / total
    expected = 1 + sum((with_larger >= share - 1e-9).astype(int) for share in (0.5, 0.75, 0.9))
    expected[held <= 0] = 4
    # Where a break falls within the rounding of single precision, one value may go either way.
    assert (expected != found[inside]).sum() <= 2


def test_the_plan_is_the_two_zones_laid_over_each_other(made):
    plan, zones, reasons = (read(made / f"{name}.tif") for name in ("plan", "zones", "reasons"))
    conserve, restore = zones == 1, reasons > 0
    assert conserve.sum() > 50_000 and restore.sum() > 1000
    there = np.isfinite(zones) | np.isfinite(reasons)
    assert np.isfinite(plan)[there].all()
    assert (plan[there] == (conserve + 2 * restore)[there]).all()


def test_efficiency_is_the_share_kept_over_the_share_of_area(made):
    rows = {row["service"]: row for row in rows_of(made / "efficiency.csv")}
    assert list(rows) == ["soil", "carbon"]
    zones, amounts = read(made / "zones.tif"), np.maximum(read(made / "retention.tif", 2), 0)
    inside = np.isfinite(zones)
    kept = np.nansum(amounts[zones == 1]) / np.nansum(amounts[inside]) * 100
    assert float(rows["soil"]["kept_pct"]) == pytest.approx(kept, rel=1e-5)
    region = np.isfinite(read(made / "bungo_landcover_2005r.tif")).sum()  # some of it has no service
    assert float(rows["soil"]["area_pct"]) == pytest.approx((zones == 1).sum() / region * 100, rel=1e-9)
    ratio = float(rows["soil"]["kept_pct"]) / float(rows["soil"]["area_pct"])
    assert float(rows["soil"]["ratio"]) == pytest.approx(ratio, rel=1e-9)


def test_polygons_are_one_for_each_unit_and_plan_and_add_up(made):
    features = features_of(made / "polygons.gpkg")
    whole = dict.fromkeys((1, 2, 3), 0.0)
    for fields, area_ha in features:
        assert fields["area_ha"] == pytest.approx(area_ha, rel=1e-9)
        whole[fields["plan"]] += area_ha
    parts = {(fields["zone"], fields["plan"]) for fields, _ in features}
    assert len(parts) == len(features) > 100
    plan = read(made / "plan.tif")
    assert whole == pytest.approx({code: (plan == code).sum() * PIXEL_HA for code in whole}, rel=1e-9)
    in_table = sum(float(row["area_ha"]) for row in rows_of(made / "table.csv") if row["zone"] != "all")
    assert in_table == pytest.approx(np.isfinite(plan).sum() * PIXEL_HA, rel=1e-9)


def test_selected_units_hold_what_was_asked_for(made):
    targets = {row["service"]: row for row in rows_of(made / "targets.csv")}
    assert float(targets["soil_sum"]["held_pct"]) >= 50 and float(targets["carbon_sum"]["held_pct"]) >= 30
    units = features_of(made / "selected.gpkg")
    assert 0 < len(units) < 100
    held = sum(fields["soil_sum"] for fields, _ in units)
    assert held == pytest.approx(float(targets["soil_sum"]["held"]), rel=1e-9)
