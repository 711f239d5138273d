"""Composites of scenes from the toolbox: folder, archives and metadata files; maps, tables and report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import QgsProcessingException

from ecoassets.tests.algorithms.helpers import read_csv, run
from ecoassets.tests.rasters import read_raster
from ecoassets.tests.scene_files import CLEAR, TM, landsat_numbers, write_landsat

COMPOSITE = "ecoassets:scenecomposite"
SHAPE = (20, 30)


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    folder = tmp_path / "downloads"
    for seed, day in enumerate(("20000601", "20000703", "20000719")):
        numbers = landsat_numbers(seed, SHAPE, TM)
        numbers["QA_PIXEL"][seed] = CLEAR | 1 << 3
        write_landsat(folder, f"LT05_L2SP_123032_{day}_20200901_02_T1", numbers, tar=True)
    write_landsat(folder, "LC08_L2SP_123032_20200625_20200901_02_T1", landsat_numbers(9, SHAPE))
    return folder


def test_years_of_a_folder_become_composites(downloads, tmp_path):
    out = {name: str(tmp_path / name) for name in ("scenes.csv", "years.csv", "report.html", "count.tif")}
    found = run(
        COMPOSITE,
        {"SCENES": str(downloads), "SEASON": "06-01..09-30", "FOLDER": str(tmp_path / "made"),
         "OUTPUT_SCENES": out["scenes.csv"], "OUTPUT_TABLE": out["years.csv"], "OUTPUT_HTML": out["report.html"],
         "OUTPUT_COUNT": out["count.tif"]},
    )  # fmt: skip
    assert [Path(path).name for path in found["COMPOSITES"]] == ["composite_2000.tif", "composite_2020.tif"]
    assert found["CLEAR_PCT"] == 100
    first = gdal.Open(found["COMPOSITES"][0])
    assert [first.GetRasterBand(n).GetDescription() for n in range(1, 8)] == list(TM)
    assert "ecoassets:scenecomposite" in first.GetMetadataItem("ECOASSETS_METHOD")
    counts = read_raster(out["count.tif"])
    assert (counts[0, :3] == 2).all() and (counts[0, 3:] == 3).all() and (counts[1] == 1).all()
    rows = read_csv(out["scenes.csv"])
    assert [row["used"] for row in rows] == ["1"] * 4 and rows[0]["clear_pct"] == "95"
    assert [row["sensor"] for row in read_csv(out["years.csv"])] == ["landsat5", "landsat8"]
    assert "LT05_L2SP_123032_20000601" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_several_places_and_choices(downloads, tmp_path):
    first, second = sorted(downloads.glob("*.tar"))[:2]
    given = {
        "SCENES": f"{first}; {second}",
        "FOLDER": str(tmp_path / "made"),
        "STATISTIC": "medoid",
        "MASK": ["shadow"],
    }
    found = run(COMPOSITE, {**given, "THERMAL": "without", "YEARS": "2000"})
    assert read_raster(found["COMPOSITES"][0]).shape == (6, *SHAPE)
    assert np.isfinite(read_raster(found["COMPOSITES"][0])).all()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"SCENES": "/nowhere/at/all"}, "no file and no folder"),
        ({"YEARS": "2010, 2020"}, "No scene can be used of 2010. There are scenes of 2020"),
        ({"SEASON": "13-01..14-01"}, "SEASON"),
        ({"SENSORS": "spot"}, "SENSORS names spot"),
        ({"CRS": "EPSG:32650"}, "CELL_SIZE"),
        ({"MINIMUM_CLEAR": 9}, "2000 (3 scenes)"),
    ],
)
def test_what_cannot_be_is_told_and_leaves_nothing(downloads, tmp_path, change, told):
    given = {"SCENES": str(downloads), "FOLDER": str(tmp_path / "made"), **change}
    with pytest.raises(QgsProcessingException) as failed:
        run(COMPOSITE, given)
    assert told in str(failed.value)
    assert not list((tmp_path / "made").glob("*"))
