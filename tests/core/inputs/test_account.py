"""The chapter on inputs: what a report tells of rasters, classes and coefficients."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.inputs.account import inputs_chapter
from ecoassets.core.inputs.record import Record, recorded
from ecoassets.core.inputs.used import UsedClass
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.progress import Progress
from ecoassets.core.quantities import Words
from ecoassets.core.results import LeftOut, tell_left_out
from ecoassets.core.services.survey import Cover, Rasters
from ecoassets.core.services.water.retention import RetentionInputs, RetentionOutputs, run_water_retention
from ecoassets.core.tables import Table
from ecoassets.tests.rasters import write_raster

FOREST, GRASS, TOWN = 21, 31, 51


@pytest.fixture
def record(tmp_path) -> Record:
    """What a run over three pixels of land has used: rain on a finer grid, with a fill code of its own."""
    land = write_raster(tmp_path / "land.tif", [[FOREST, GRASS, FOREST]], "uint8", nodata=0)
    rain = write_raster(tmp_path / "rain.tif", np.array([[800, 600, -9999.0]]), "float32", nodata=None)
    loss = write_raster(tmp_path / "loss.tif", [[400] * 6] * 2, "float32", nodata=-1, pixel=50)
    rows = [
        {"code": FOREST, "name": "Mangrove <stand>", "ecosystem": "forest"},
        {"code": GRASS, "name": "north", "ecosystem": "grassland"},
        {"code": TOWN, "name": "Town", "ecosystem": "urban"},
    ]
    scheme = load_scheme("custom", Table("classes", ("code", "name", "ecosystem"), tuple(rows)))
    own = Table("own", ("code", "runoff_pct"), ({"code": GRASS, "runoff_pct": 12.5},))
    with recorded() as record:
        record.used.classes = {c.code: UsedClass(Words(c.name, c.named("zh")), c.ecosystem) for c in scheme}
        inputs = RetentionInputs(
            Cover((land,), scheme), Rasters((rain,), 1, 5000), Rasters.of(loss), table=own, coefficients="gong2017"
        )
        run_water_retention(inputs, RetentionOutputs())
    return record


def tables(record: Record, language: str = "en") -> dict[str, list]:
    return {block.title: block.rows for block in inputs_chapter(record, language).blocks}


def test_every_raster_is_told_with_what_it_holds(record):
    land, rain, loss = tables(record)["Rasters"]
    assert land[1:] == ["land.tif", 1, "", "", "21", "", "31", "codes", "", "as it is"]
    assert rain[1:9] == ["rain.tif", 1, "", "", "600", "700", "800", "mm/a"]
    assert rain[9] == "below 1, by the valid range; above 5000, by the valid range"
    assert loss[1:] == [
        "loss.tif",
        1,
        "",
        "",
        "400",
        "400",
        "400",
        "mm/a",
        "above 6552.8, by the valid range",
        "average",
    ]


def test_classes_that_occur_are_told_with_their_coefficients(record):
    found = tables(record)
    assert found["Classes of the land cover"] == [
        [FOREST, "Mangrove <stand>", "Forest"],
        [GRASS, "north", "Grassland"],
    ]
    assert found["Runoff coefficient"] == [
        [FOREST, "Mangrove <stand>", "Forest", pytest.approx(2.7)],
        [GRASS, "north", "Grassland", 12.5],
    ]


def test_the_chapter_is_told_in_chinese(record):
    found = tables(record, "zh")
    assert list(found) == ["栅格", "土地覆被类别", "径流系数"]
    assert found["土地覆被类别"][1] == [GRASS, "north", "草地"]  # what the user calls it stays


def test_fill_codes_are_told_with_their_pixels(tmp_path):
    land = write_raster(tmp_path / "land.tif", [[FOREST] * 3], "uint8", nodata=0)
    rain = write_raster(tmp_path / "rain.tif", np.array([[800, 600, -9999.0]]), "float32", nodata=None)
    scheme = load_scheme("cnlucc")
    with recorded() as record:
        inputs = RetentionInputs(Cover((land,), scheme), Rasters.of(rain), Rasters.of(rain))
        run_water_retention(inputs, RetentionOutputs())
    left_out = [row[9] for row in tables(record)["Rasters"]]
    assert left_out[1:] == ["-9999, a fill code: 1 px", "-9999, a fill code: 1 px; above 6552.8, by the valid range"]


def test_a_run_without_rasters_has_no_chapter():
    assert not inputs_chapter(Record(), "en").blocks


class Heard(Progress):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, message: str) -> None:
        self.warnings.append(message)


def test_years_that_lack_the_same_land_are_told_in_one_line():
    heard = Heard()
    tell_left_out(
        [LeftOut(year, "no rain", 4, 4.0) for year in (2000, 2005)] + [LeftOut(2010, "no rain", 5, 5.0)], heard
    )
    assert heard.warnings == [
        "2000, 2005: 4 pixels (4.00 ha) are left out: no rain.",
        "2010: 5 pixels (5.00 ha) are left out: no rain.",
    ]


def test_years_are_told_with_their_evidence(tmp_path):
    paths = [write_raster(tmp_path / f"land_{year}.tif", [[FOREST] * 3], "uint8", nodata=0) for year in (2000, 2005)]
    rain = write_raster(tmp_path / "rain.tif", [[800] * 3], "float32", nodata=-1)
    with recorded() as record:
        inputs = RetentionInputs(
            Cover(tuple(paths), load_scheme("cnlucc")), Rasters.of(rain), Rasters.of(rain), years=(2000, 2005)
        )
        run_water_retention(inputs, RetentionOutputs())
    years = [row[1:5] for row in tables(record)["Rasters"]]
    assert years[:2] == [["land_2000.tif", 1, 2000, "file name"], ["land_2005.tif", 1, 2005, "file name"]]
    assert all(told_by == "" for *_, told_by in years[2:])
