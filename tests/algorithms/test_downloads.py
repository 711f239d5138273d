"""The workflows on a folder of downloads alone: years and boundary are all that the user gives."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingException, QgsProcessingFeedback, QgsProject

from ecoassets.core.tools.practice.region import build_region, write_region
from ecoassets.tests.algorithms.helpers import files_in, read_csv, run, write_text
from ecoassets.tests.downloads import hwsd
from ecoassets.tests.rasters import read_raster
from ecoassets.tests.region_downloads import RegionDownloads

YEARS = (2015, 2020)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A region of 13 km with pixels of 200 m, and its downloads."""
    place = tmp_path_factory.mktemp("place")
    region = build_region(64, years=YEARS, pixel_m=200.0)
    write_region(region, place / "region")
    RegionDownloads(region, place / "downloads").write_all()
    return place


def parameters(place: Path, folder: Path) -> dict[str, str]:
    return {
        "DOWNLOADS": str(place / "downloads"),
        "YEARS": ", ".join(map(str, YEARS)),
        "BOUNDARY": str(place / "region" / "boundary.gpkg"),
        "FOLDER": str(folder),
        "OUTPUT_TABLE": str(folder / "headlines.csv"),
    }


class Told(QgsProcessingFeedback):
    """Keeps what the log would show."""

    def __init__(self) -> None:
        super().__init__(False)
        self.told: list[str] = []

    def pushInfo(self, text):
        self.told.append(text)

    def pushWarning(self, text):
        self.told.append(text)


def follow(name: str, place: Path, folder: Path, context: Any = None, feedback: Any = None, **more):
    """The rows of the headlines."""
    run(f"ecoassets:{name}", {**parameters(place, folder), **more}, context=context, feedback=feedback)
    return read_csv(folder / "headlines.csv")


def number(rows: list[dict[str, str]], figure: str, year: int) -> float:
    return next(float(row["value"]) for row in rows if (row["figure"], row["year"]) == (figure, str(year)))


@pytest.fixture(scope="module")
def zoning(place, tmp_path_factory):
    folder = tmp_path_factory.mktemp("zoning")
    return folder, follow("zoningworkflow", place, folder, QUALITY_METHOD="eqi")


def test_downloads_alone_give_the_zones(zoning, place):
    folder, rows = zoning
    assert {"water_retention", "soil_conservation", "natural_habitat"} <= {row["subject"] for row in rows}
    inputs = {
        "land_cover",
        "precipitation",
        "evapotranspiration",
        "sand",
        "silt",
        "clay",
        "organic_carbon",
        "dem",
        "ndvi",
    }
    inputs |= {"lai", "gpp", "fvc"}  # of the quality
    assert {f"{name}.tif" for name in inputs} == {name for name in files_in(folder / "inputs") if name.endswith(".tif")}
    quality = read_raster(folder / "ecosystem_quality.tif")
    assert quality.shape[0] == 2 and 20 < np.nanmean(quality) < 100
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "clcd_v01_2015_albert.tif" in report.lower()
    line = (
        "Data: Land cover: CLCD, annual land cover of China (Yang and Huang) (Wuhan University, Zenodo, 2015, 2020); "
    )
    assert line in report, "page one tells the products"
    assert "https://data.tpdc.ac.cn/en/data/faae7605-a0f2-4d18-b28f-5cee413766a2/" in report


def on_region(path: Path, place: Path, year: int | None) -> tuple[np.ndarray, np.ndarray]:
    """What the region holds and what was imported, on the pixels of the region that both have."""
    own = place / "region" / f"{path.stem}{f'_{year}' if year else ''}.tif"
    grid = gdal.Open(str(own))
    target = gdal.GetDriverByName("MEM").Create("", grid.RasterXSize, grid.RasterYSize, 1, gdal.GDT_Float64)
    target.SetGeoTransform(grid.GetGeoTransform())
    target.SetProjection(grid.GetProjection())
    target.GetRasterBand(1).SetNoDataValue(-1e9)
    target.GetRasterBand(1).Fill(-1e9)
    gdal.Warp(target, gdal.Translate("", str(path), format="MEM", bandList=[1]), resampleAlg="bilinear")
    imported, held = target.ReadAsArray(), np.squeeze(read_raster(own))
    both = (imported > -1e9) & np.isfinite(held)
    return held[both], imported[both]


@pytest.mark.parametrize(
    ("name", "year", "off", "alike"),
    [
        ("precipitation", 2015, 4, 0.97),
        ("evapotranspiration", 2015, 25, 0.6),  # pixels of 463 m over land of 200 m
        ("dem", None, 4, 0.97),
        ("clay", None, 1, 0.97),
    ],
)
def test_imports_hold_what_the_region_holds(zoning, place, name, year, off, alike):
    """Twelve months, tiles, percents: through projections, scales and fill codes the land stays what it is."""
    held, imported = on_region(zoning[0] / "inputs" / f"{name}.tif", place, year)
    assert len(held) > 1000
    assert np.median(np.abs(held - imported)) < off
    assert np.corrcoef(held, imported)[0, 1] > alike


def test_land_cover_keeps_its_years_and_tells_its_product(zoning):
    folder, _ = zoning
    cover = gdal.Open(str(folder / "inputs" / "land_cover.tif"))
    assert [cover.GetRasterBand(n).GetDescription() for n in (1, 2)] == ["2015", "2020"]
    assert "clcd" in str(cover.GetMetadata()).lower()


def test_assets_and_what_is_given_by_hand_wins(place, tmp_path):
    static = follow("assetsworkflow", place, tmp_path / "adjusted", CELL_SIZE=1000)
    assert number(static, "assets_total", 2020) > 0
    flat = tmp_path / "flat"
    npp = [str(place / "region" / f"npp_{year}.tif") for year in YEARS]
    other = follow("assetsworkflow", place, flat, CELL_SIZE=1000, NPP=npp)
    assert "npp.tif" not in files_in(flat / "inputs") and "precipitation.tif" in files_in(flat / "inputs")
    # towns have no NPP in MOD17, but they have in what is given by hand; they are worth nothing either way
    assert number(other, "assets_total", 2020) == pytest.approx(number(static, "assets_total", 2020), rel=0.1)


def test_land_cover_by_hand_is_the_grid(place, tmp_path):
    cover = [str(place / "region" / f"land_cover_{year}.tif") for year in YEARS]
    context, project = QgsProcessingContext(), QgsProject()
    context.setProject(project)
    given = {"LAND_COVER": cover, "SCHEME": "cnlucc", "CELL_SIZE": 1000, "BOUNDARY": None}
    follow("esvworkflow", place, tmp_path, context, **given)
    shown = {Path(source).name for source in context.layersToLoadOnCompletion()}
    assert "value_change.tif" in shown and "composite_2015.tif" not in shown, "inputs would hide the main map"
    assert "land_cover.tif" not in files_in(tmp_path / "inputs")
    assert {"composite_2015.tif", "composite_2020.tif", "rsei.tif"} <= set(files_in(tmp_path))
    index = read_raster(tmp_path / "rsei.tif")
    images = [read_raster(place / "region" / f"landsat_{year}.tif") for year in YEARS]
    red, near_infrared = (images[0][band] * 2.75e-5 - 0.2 for band in (2, 3))
    green = (near_infrared - red) / (near_infrared + red)
    both = np.isfinite(index[0]) & np.isfinite(green)
    assert both.sum() > 500 and np.corrcoef(index[0][both], green[both])[0, 1] > 0.5, (
        "the tars of both years became RSEI"
    )
    own, rain = gdal.Open(cover[0]), gdal.Open(str(tmp_path / "inputs" / "precipitation.tif"))
    assert own.GetGeoTransform() == rain.GetGeoTransform()


def test_the_account_takes_downloads_where_it_has_a_use_for_them(place, tmp_path):
    """Carbon has a table, soil has no density: NPP is imported, texture is not; the unit is that of the import."""
    codes = "".join(f"{code},4,1,80,0.5\n" for code in range(1, 10))
    stocks = write_text(tmp_path / "carbon.csv", f"code,above,below,soil,dead\n{codes}")
    given = {"CARBON_TABLE": stocks, "NEP_RATIO": 0.25, "NPP_UNIT": "tc_ha", "PRESET": "garze2010"}
    follow("gepworkflow", place, tmp_path / "out", **given)
    made = {name for name in files_in(tmp_path / "out" / "inputs") if name.endswith(".tif")}
    assert made == {"land_cover.tif", "precipitation.tif", "evapotranspiration.tif", "npp.tif"}
    flux = [row for row in read_csv(tmp_path / "out" / "carbon_flux.csv") if row["year"] == "2015"]
    npp = read_raster(tmp_path / "out" / "inputs" / "npp.tif")
    area = read_raster(tmp_path / "out" / "study_area.tif").reshape(-1, *npp.shape[1:])[0]
    inside = np.isfinite(npp).all(axis=0) & (area == 1)
    assert sum(float(row["npp_t"]) for row in flux) == pytest.approx(npp[0][inside].sum() * 0.04, rel=1e-6), (
        "g/m2 on pixels of 4 ha are 0.04 t each"
    )
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "MOD17A3HGF" in report


def test_without_land_cover_nothing_starts(place, tmp_path):
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    for file in (place / "downloads").glob("pre_*.nc"):
        (downloads / file.name).symlink_to(file)
    (downloads / "gis_osm_roads_free_1.shp").touch()
    log = Told()
    with pytest.raises(QgsProcessingException) as refused:
        follow("assetsworkflow", place, tmp_path / "out" / "new", feedback=log, DOWNLOADS=str(downloads))
    reason = str(refused.value)
    assert "LAND_COVER" in reason and "zenodo.org" in reason and "NPP" not in reason
    named = "".join([reason, *log.told])
    assert [named.count(f"({name}) is not among") for name in ("LAND_COVER", "NPP", "DEM")] == [1, 1, 1], "told once"
    assert sum("gis_osm_roads_free_1.shp holds roads" in line for line in log.told) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.names_as_written
def test_what_the_chain_cannot_do_without_is_asked_before_the_first_import(place, tmp_path):
    """Only land cover is there: there is nothing to zone by, and a wrong quantile is told at once."""
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    for file in (place / "downloads").glob("CLCD*"):
        (downloads / file.name).symlink_to(file)
    log = Told()
    with pytest.raises(QgsProcessingException, match="nothing to zone by.*PRECIPITATION"):
        follow("zoningworkflow", place, tmp_path / "out", feedback=log, DOWNLOADS=str(downloads))
    assert sum("data.tpdc.ac.cn" in line for line in log.told if "(PRECIPITATION)" in line) == 1
    with pytest.raises(QgsProcessingException, match="uantile"):
        follow("assetsworkflow", place, tmp_path / "out", DOWNLOADS=str(downloads), QUANTILES="2")
    assert not (tmp_path / "out").exists()


def test_results_among_downloads_are_refused(place, tmp_path):
    with pytest.raises(QgsProcessingException, match="lies within DOWNLOADS"):
        follow("zoningworkflow", place, place / "downloads" / "out")


def test_neither_land_cover_nor_downloads(place, tmp_path):
    with pytest.raises(QgsProcessingException, match="Give land cover"):
        follow("zoningworkflow", place, tmp_path, DOWNLOADS=None)


@pytest.mark.parametrize("left_out", ["YEARS", "BOUNDARY"])
def test_years_and_boundary_are_asked_before_the_folder_is_looked_through(place, tmp_path, left_out):
    with pytest.raises(QgsProcessingException, match=left_out):
        follow("assetsworkflow", place, tmp_path, **{left_out: None})


def downloads_of(place: Path, folder: Path, *patterns: str) -> str:
    """A folder with some of the downloads."""
    folder.mkdir()
    for file in (file for pattern in patterns for file in (place / "downloads").glob(pattern)):
        (folder / file.name).symlink_to(file)
    return str(folder)


@pytest.mark.names_as_written
def test_what_an_earlier_run_left_is_told_and_stays(place, tmp_path):
    out = tmp_path / "out"
    (out / "inputs" / "scenes").mkdir(parents=True)
    kept = [out / "inputs" / name for name in ("soil_group.tif", "scenes/composite_1990.tif", "npp.tif", "notes.txt")]
    for file in kept:
        file.write_bytes(b"of before")
    downloads = downloads_of(place, tmp_path / "downloads", "CLCD*", "pre_*", "MOD17*")
    follow("assetsworkflow", place, out, DOWNLOADS=downloads, CELL_SIZE=1000)
    report = (out / "report.html").read_text(encoding="utf-8")
    assert f"do not rest on: {Path('scenes') / 'composite_1990.tif'}, soil_group.tif." in report
    assert [file.read_bytes() == b"of before" for file in kept] == [True, True, False, True]


@pytest.mark.names_as_written
def test_soils_of_hwsd_are_joined_with_their_table(place, tmp_path):
    """Its dominant soil has 40 % sand to 20 cm and 20 % from there to 40 cm: (20 x 40 + 10 x 20) / 30 to 30 cm."""
    downloads = tmp_path / "downloads"
    downloads_of(place, downloads, "CLCD*", "pre_*", "Copernicus*", "MOD13A1*")
    hwsd(downloads, *corner_of(place))
    follow("zoningworkflow", place, tmp_path / "out", DOWNLOADS=str(downloads))
    sand = read_raster(tmp_path / "out" / "inputs" / "sand.tif")
    assert np.unique(sand[np.isfinite(sand)]) == pytest.approx([100 / 3])
    assert "soil_conservation.tif" in files_in(tmp_path / "out")
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Sand: Harmonized World Soil Database 2.0" in report


def corner_of(place: Path) -> tuple[float, float]:
    """Longitude and latitude beyond the upper left corner of the region."""
    land = gdal.Info(str(place / "region" / "land_cover_2015.tif"), format="json")
    ring = land["wgs84Extent"]["coordinates"][0]
    return min(x for x, _ in ring) - 0.02, max(y for _, y in ring) + 0.02


@pytest.mark.parametrize("step", ["Step 1 of", "Step 3 of"])
def test_a_cancel_in_the_middle_of_an_import(place, tmp_path, step):
    """What is whole by then stays, the step that was at work leaves nothing."""
    told: list[str] = []
    cancelled: list[float] = []

    class Impatient(QgsProcessingFeedback):
        def pushInfo(self, text):
            told.append(text)
            if "to the grid of the study" in text and any(step in one for one in told):  # pixels come next
                cancelled.append(time.monotonic())
                self.cancel()

        def pushWarning(self, text):
            told.append(text)

    out, feedback = tmp_path / "out", Impatient(False)
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("ecoassets:assetsworkflow")
    given = {**parameters(place, out), "CELL_SIZE": 1000}
    results, _ = algorithm.run(given, QgsProcessingContext(), feedback)
    assert results == {} and cancelled
    assert time.monotonic() - cancelled[0] < 2
    made = [path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()]
    if step == "Step 1 of":
        assert made == [] and not out.exists()
    else:
        assert sorted(name for name in made if name.endswith(".tif")) == ["inputs/land_cover.tif", "inputs/npp.tif"]
        assert not [name for name in made if ".ecoassets-" in name]
        assert f"What the steps that had finished made stays in {out}." in told
