"""Where results lie: sums by zone against sums by hand, on pixels that are not square, with zones of another grid."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.raster.reading.source import Source
from ecoassets.core.raster.zones.zoning import ZoneLayer
from ecoassets.core.report.texts import load_texts
from ecoassets.core.workflows.places import PlacedPart, PlacedValue, run_places
from ecoassets.core.workflows.places_report import per_ha, place_headlines, places_chapter
from ecoassets.core.zoning.parts import masks_of, part_of
from ecoassets.tests.rasters import write_raster

HA = 200 * 100 / 1e4  # of a pixel


@pytest.fixture
def places(tmp_path):
    """Zone 1 is the left column, zone 2 the right one; a corner is no study area."""

    def written(name, values, dtype="float32", **more):
        return str(write_raster(tmp_path / f"{name}.tif", np.array(values, dtype), dtype, pixel=(200, 100), **more))

    area = Source("area", written("area", [[1, 1], [1, 0]], "uint8", nodata=0), 1, "classes")
    values = written("values", [[[10, 20], [30, 99]], [[20, 20], [40, 99]]])
    masks = written("masks", [[16, 17], [0, 16]], "uint8", nodata=255)
    zones = written("zones", [[1, 2], [1, 2]], "uint8", nodata=0)
    placed = [PlacedPart(part, masks, masks_of(part)) for part in ("low_quality", "degraded")]
    return run_places(
        "district",
        ZoneLayer(zones, kind="raster"),
        area,
        [PlacedValue("", values, (2000, 2010), "CNY/a")],
        placed,
        {"1": "Left", "2": "Right"},
    )


def test_sums_by_zone_add_up_to_the_study_area(places):
    assert places.zones == ("Left", "Right")
    assert places.area_ha.tolist() == [2 * HA, HA] and places.whole_ha == 3 * HA
    assert places.totals[""].tolist() == [[40 * HA, 20 * HA], [60 * HA, 20 * HA]]
    assert places.whole[""].tolist() == [60 * HA, 80 * HA]
    assert places.parts_ha["low_quality"].tolist() == [HA, HA]
    assert places.parts_ha["degraded"].tolist() == [0, HA]


def test_headlines_of_places(places):
    told = {(h.figure, h.subject, h.year): (h.value, h.unit) for h in place_headlines(places)}
    assert told["district_value", "Left", 2000] == (40 * HA, "CNY/a")
    assert told["district_value_share", "Left", 2010] == (75.0, "%")
    assert told["district_value_per_ha", "Left", 2010] == (30.0, "CNY/(ha a)")
    assert told["district_value_growth", "Left", 2010] == (50.0, "%")
    assert told["district_part", "low_quality, Right", None] == (HA, "ha")
    assert told["district_part_share", "degraded, Right", None] == (100.0, "%")


def test_the_chapter_has_a_row_per_zone(places):
    chapter = places_chapter(places, load_texts("en"), lambda name: name)
    tables = [block for block in chapter.blocks if hasattr(block, "rows")]
    assert [row[0] for row in tables[-1].rows] == ["Left", "Right"]
    assert chapter.title == "By district"


def test_units_per_hectare():
    assert (per_ha("CNY/a"), per_ha("m3")) == ("CNY/(ha a)", "m3/ha")


@pytest.mark.parametrize(
    ("mask", "part"), [(0, 0), (1, 1), (1 | 8, 1), (16, 2), (32, 3), (16 | 32, 4), (4 | 16, 4), (64, 5)]
)
def test_reasons_are_read_as_four_parts(mask, part):
    """Several kinds of degradation are one part; two parts are several."""
    assert part_of(mask) == part
