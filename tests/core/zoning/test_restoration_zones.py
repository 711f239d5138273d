"""Restoration zones on rasters whose every pixel can be followed. A pixel is 1 ha."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.errors import InputError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.zoning.restoration.tables import cleanup_table, combination_table, priority_table, reason_table
from ecoassets.core.zoning.restoration.zones import RestorationInputs, RestorationOutputs, run_restoration_zones

HJ1166 = load_scheme("hj1166")
FOREST, SHRUB, CROPLAND, URBAN = 11, 21, 51, 61
NOTHING = -9999


def rows_of(table):
    names = [column.name for column in table.columns]
    return [dict(zip(names, row)) for row in table.rows]


def areas(table, key="reason"):
    return {row[key]: row["area_ha"] for row in rows_of(table) if row.get("ecosystem", "all") == "all"}


def test_each_reason_is_a_bit_and_bits_add_up(raster, pixels, tmp_path):
    inputs = RestorationInputs(
        degraded_water=raster([[-1, 0, 1, 0, -1]], "water"),
        degraded_soil=raster([[0, -1, 0, 0, -1]], "soil"),
        degraded_flood=raster([[0, 0, -1, 0, -1]], "flood"),
        degraded_quality=raster([[0, 0, 0, -1, -1]], "quality_change"),
        quality_classes=raster([[5, 3, 2, 1, 2]], "quality"),
        erosion_classes=raster([[4, 3, 1, 6, 5]], "erosion"),
    )
    out = RestorationOutputs(str(tmp_path / "mask.tif"), str(tmp_path / "priority.tif"))
    result = run_restoration_zones(inputs, out)
    # water 1 + erosion 32; soil 2; flood 4 + low quality 16; quality 8 + low 16 + erosion 32; all six
    assert pixels(out.reasons) == [[33, 2, 20, 56, 63]]
    # 2, 1, 2, 3 and 6 reasons: medium, low, medium, high, high
    assert pixels(out.priority) == [[2, 1, 2, 3, 3]]
    assert areas(priority_table(result), "priority") == {0: 0, 1: 1, 2: 2, 3: 2}
    assert result.area_ha == 5 and result.share_pct == 100


def test_parts_overlap_and_union_of_the_paper(raster):
    """760.4 + 4925 + 130.1 = 5815.5 exceeds the union of 5606 by 209.5, on 34.16 % of the area; in tenths of km2."""
    degraded, low, erosion = np.zeros(164_110, int), np.full(164_110, 5), np.ones(164_110, int)
    degraded[:7604] = -1
    low[7604 - 1795 : 7604 - 1795 + 49_250] = 2  # 179.5 km2 of it degraded as well
    erosion[56_060 - 1301 : 56_060] = 4  # 100.1 km2 beyond the low quality, 30 km2 on it
    shape = (385, 427)
    padded = [np.append(a, np.full(385 * 427 - a.size, NOTHING)).reshape(shape) for a in (degraded, low, erosion)]
    paths = [raster(array, name) for array, name in zip(padded, ("degraded", "low", "erosion"))]
    result = run_restoration_zones(
        RestorationInputs(degraded_water=paths[0], quality_classes=paths[1], erosion_classes=paths[2])
    )
    found = {row["reason"]: row["before_ha"] for row in rows_of(cleanup_table(result))}
    expected = {"degraded": 7604, "low_quality": 49_250, "severe_erosion": 1301, "sum": 58_155, "union": 56_060}
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)
    assert found["overlap"] == result.overlap_ha == pytest.approx(2095, rel=1e-12)
    assert round(result.share_pct, 2) == 34.16


def test_exclusive_combinations_add_up_to_the_union(raster):
    random = np.random.default_rng(7)
    result = run_restoration_zones(
        RestorationInputs(
            degraded_water=raster(random.integers(-1, 2, (40, 40)), "water"),
            quality_classes=raster(random.integers(1, 6, (40, 40)), "quality"),
            erosion_classes=raster(random.integers(1, 7, (40, 40)), "erosion"),
        )
    )
    combinations = areas(combination_table(result), "mask")
    reasons = areas(reason_table(result))
    assert sum(combinations.values()) == reasons["union"] == result.area_ha
    with_erosion = sum(area for mask, area in combinations.items() if mask & 32)
    assert with_erosion == reasons["severe_erosion"]


def test_low_quality_counts_on_forest_shrub_and_grassland_only(raster, pixels, tmp_path):
    out = str(tmp_path / "mask.tif")
    inputs = RestorationInputs(
        quality_classes=raster([[1, 1, 1]], "quality"),
        land_cover=raster([[FOREST, SHRUB, CROPLAND]], "cover"),
        scheme=HJ1166,
    )
    run_restoration_zones(inputs, RestorationOutputs(out))
    assert pixels(out) == [[16, 16, 0]]


def test_excluded_ecosystems_are_never_suggested(raster, pixels, tmp_path):
    given = {
        "degraded_water": raster([[-1, -1, -1]], "water"),
        "land_cover": raster([[FOREST, CROPLAND, URBAN]], "cover"),
        "scheme": HJ1166,
    }
    out = RestorationOutputs(str(tmp_path / "mask.tif"))
    everything = run_restoration_zones(RestorationInputs(**given), out)
    assert everything.area_ha == 3
    without = run_restoration_zones(RestorationInputs(**given, exclude=("cropland", "urban")), out)
    assert without.area_ha == 1 and without.study_area_ha == 3
    assert pixels(out.reasons) == [[1, 0, 0]]
    union = [
        (row["ecosystem"], row["area_ha"]) for row in rows_of(reason_table(everything)) if row["reason"] == "union"
    ]
    assert union == [("forest", 1), ("cropland", 1), ("urban", 1), ("all", 3)]


def test_a_layer_without_value_gives_no_reason_and_no_layer_no_result(raster, pixels, tmp_path):
    out = str(tmp_path / "mask.tif")
    inputs = RestorationInputs(
        degraded_soil=raster([[-1, NOTHING, NOTHING]], "soil"),
        erosion_classes=raster([[NOTHING, 6, NOTHING]], "erosion"),
    )
    result = run_restoration_zones(inputs, RestorationOutputs(out))
    assert pixels(out) == [[2, 32, None]]
    assert result.study_area_ha == 2


def test_patch_clean_up_drops_small_patches_fills_holes_and_reports_both(raster, pixels, tmp_path):
    soil = -np.array(
        [
            [1, 1, 1, 0, 0, 0],
            [1, 0, 1, 0, 0, 0],
            [1, 1, 1, 0, 0, 1],
        ]
    )
    out = RestorationOutputs(str(tmp_path / "mask.tif"))
    result = run_restoration_zones(RestorationInputs(degraded_soil=raster(soil, "soil"), minimum_area_ha=2), out)
    assert pixels(out.reasons) == [[2, 2, 2, 0, 0, 0], [2, 64, 2, 0, 0, 0], [2, 2, 2, 0, 0, 0]]
    found = {row["reason"]: (row["before_ha"], row["after_ha"]) for row in rows_of(cleanup_table(result))}
    assert found["degraded"] == (9, 8) and found["filled"] == (0, 1) and found["union"] == (9, 9)


def test_the_clean_up_keeps_off_excluded_and_empty_pixels(raster, pixels, tmp_path):
    soil = np.full((3, 3), -1)
    soil[0, 0] = NOTHING
    soil[1, 1] = 0
    cover = np.full((3, 3), FOREST)
    cover[1, 1] = URBAN
    out = RestorationOutputs(str(tmp_path / "mask.tif"))
    run_restoration_zones(
        RestorationInputs(
            degraded_soil=raster(soil, "soil"),
            degraded_water=raster(np.where(soil == NOTHING, NOTHING, 0), "water"),
            land_cover=raster(cover, "cover"),
            scheme=HJ1166,
            exclude=("urban",),
            minimum_area_ha=3,
        ),
        out,
    )
    assert pixels(out.reasons) == [[None, 2, 2], [2, 0, 2], [2, 2, 2]]


def test_severe_erosion_in_a_water_source_area_is_of_high_priority(raster, polygons, pixels, tmp_path):
    out = RestorationOutputs(None, str(tmp_path / "priority.tif"))
    inputs = RestorationInputs(
        erosion_classes=raster([[6, 6, 1]], "erosion"), water_sources=polygons([(1, 0, 2, 1, {})])
    )
    run_restoration_zones(inputs, out)
    assert pixels(out.priority) == [[1, 3, 0]]


def test_weights_change_the_priority(raster, pixels, tmp_path):
    out = RestorationOutputs(None, str(tmp_path / "priority.tif"))
    inputs = RestorationInputs(erosion_classes=raster([[6, 1]], "erosion"), weights={"severe_erosion": 2})
    run_restoration_zones(inputs, out)
    assert pixels(out.priority) == [[2, 0]]


def test_what_cannot_be_used_is_named(raster):
    with pytest.raises(InputError, match="at least one"):
        run_restoration_zones(RestorationInputs())
    with pytest.raises(InputError, match=r"Quality classes \(quality.tif\) holds codes .*: 7 \(2 px\)\. .*1 to 5"):
        run_restoration_zones(RestorationInputs(quality_classes=raster([[1, 7, 7]], "quality")))
    with pytest.raises(InputError, match="SEVERE is 7"):
        run_restoration_zones(RestorationInputs(erosion_classes="erosion.tif", severe=7))
    with pytest.raises(InputError, match="Give LAND_COVER"):
        run_restoration_zones(RestorationInputs(degraded_soil=raster([[0]], "soil"), exclude=("urban",)))
    with pytest.raises(InputError, match=r"99 \(1 px\)"):
        cover = raster([[99]], "cover")
        run_restoration_zones(RestorationInputs(degraded_soil=raster([[0]], "s"), land_cover=cover, scheme=HJ1166))
    with pytest.raises(InputError, match="-1 ha"):
        run_restoration_zones(RestorationInputs(degraded_soil=raster([[0]], "soil"), minimum_area_ha=-1))
