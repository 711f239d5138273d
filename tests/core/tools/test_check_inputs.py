"""Check inputs: every fault is a row that says what was found and how to mend it; nothing raises."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import Cancelled, InputError
from ecoassets.core.report import Report, render_report
from ecoassets.core.tables import Table, read_table
from ecoassets.core.tools.check.inputs import CheckResult, check_table, run_check_inputs
from ecoassets.core.tools.check.report import check_inputs_report
from ecoassets.tests.core.raster.conftest import Telling, write_raster

CODES = np.array([[11, 21, 31], [41, 43, 52], [11, 21, 255]], "uint8").repeat(4, 0).repeat(4, 1)
HILLS = np.linspace(100, 900, 144, dtype="float32").reshape(12, 12)


@pytest.fixture
def cover(tmp_path) -> str:
    """Land cover in CNLUCC codes without a fault."""
    return write_raster(tmp_path / "cover_2000.tif", CODES, nodata=255)


@pytest.fixture
def build(tmp_path):
    """Writes a raster under a name in the folder of the test."""
    return lambda name, values, **how: write_raster(tmp_path / name, values, **{"nodata": -9999, **how})


def found(result: CheckResult, check: str, verdict: str | None = None) -> str:
    """What was found by a check, of all rasters together; "" when there is no such row."""
    rows = [row for row in result.rows if row.check == check and verdict in (None, row.result)]
    assert all(row.mend for row in rows if row.result != "ok"), "each fault tells how to mend it"
    return "; ".join(row.found for row in rows)


def test_good_inputs_have_no_problem(cover, build):
    rain = build("precipitation.tif", HILLS)
    result = run_check_inputs([cover, rain], scheme="cnlucc")
    assert (result.problems, result.warnings) == (0, 0)
    assert found(result, "codes", "ok") == "6 classes, all known in CNLUCC"
    assert found(result, "grid", "ok") == "the grid of cover_2000.tif"
    assert "97.2 %" not in found(result, "values")
    assert "100 to 900, 100 % of the pixels valid" in found(result, "values")
    assert "a pixel has 0.09 ha" in found(result, "crs")


def test_files_that_cannot_be_used(tmp_path, cover):
    (tmp_path / "notes.txt").write_text("no raster")
    result = run_check_inputs([cover, str(tmp_path / "none.tif"), str(tmp_path / "notes.txt"), cover])
    told = found(result, "file", "problem")
    assert "No such file" in told
    assert "supported file format" in told
    assert found(result, "file", "warning") == "the same file was given before", "a run goes on, and warns"
    assert result.problems == 2


def test_a_tile_that_cannot_be_read(tmp_path, build):
    whole = build("whole.tif", np.random.default_rng(1).normal(size=(700, 700)))
    content = Path(whole).read_bytes()
    (tmp_path / "cut.tif").write_bytes(content[: len(content) // 2])
    result = run_check_inputs([str(tmp_path / "cut.tif")])
    assert "2 part(s) cannot be read, the first: Cannot read cut.tif at column 0, row 0" in found(result, "tiles")


def test_crs_and_position(build):
    def rotate(dataset):
        dataset.SetGeoTransform((0, 30, 5, 0, 5, -30))

    def flip(dataset):
        dataset.SetGeoTransform((500_000, 30, 0, 9_000_000, 0, 30))

    assert found(run_check_inputs([build("a.tif", HILLS, crs=None)]), "crs", "problem") == "none"
    assert "rotated" in found(run_check_inputs([build("b.tif", HILLS, finish=rotate)]), "position", "problem")
    assert "south to north" in found(run_check_inputs([build("c.tif", HILLS, finish=flip)]), "position", "warning")
    mercator = build("d.tif", HILLS, crs=3857, origin=(1e7, 4_865_942.0))
    assert "errs by up to 71 % of the area" in found(run_check_inputs([mercator]), "crs", "warning")
    degrees = build("e.tif", HILLS, crs=4326, pixel=0.01, origin=(100.0, 30.0))
    assert "on the ellipsoid row by row" in found(run_check_inputs([degrees]), "crs", "ok")


def test_other_grids(cover, build):
    shifted = build("cover_2005.tif", CODES, nodata=255, pixel=31)
    far = build("far.tif", HILLS, origin=(700_000.0, 9_000_000.0))
    half = build("half.tif", HILLS, origin=(200_180.0, 9_900_000.0))
    result = run_check_inputs([cover, shifted, far, half])
    assert found(result, "grid", "problem") == "pixel size 31 x -31, the reference has 30 x -30"
    assert any("ecoassets:aligntogrid" in row.mend for row in result.rows)
    assert found(result, "overlap", "problem") == "it does not overlap cover_2000.tif"
    assert found(result, "overlap", "warning") == "its frame covers 50 % of cover_2000.tif"


def test_a_raster_shifted_by_whole_pixels_is_no_problem_as_in_a_run(cover, build):
    """A run takes the pixels that both have, whatever they hold."""
    column, row = 200_000 + 4 * 30, 9_900_000 - 2 * 30
    result = run_check_inputs(
        [cover, build("cover_2005.tif", CODES, nodata=255, origin=(column, row))], "2000, 2005", "cnlucc"
    )
    assert found(result, "grid", "ok").endswith("the same pixels, of which a run takes those of the first raster")
    assert found(result, "overlap", "warning").startswith("its frame covers 55.6 %")
    assert result.problems == 0


def test_only_land_cover_is_paired_with_years_and_compared_by_its_mask(cover, build):
    later = build("cover_2005.tif", CODES, nodata=255)
    texture = np.where(HILLS < 200, 255, 300).astype("uint16")
    result = run_check_inputs([cover, later, build("texture.tif", texture, nodata=255)], "2000, 2005", "cnlucc")
    assert found(result, "years") == "2000 = cover_2000.tif; 2005 = cover_2005.tif"
    assert found(result, "mask") == ""


def test_nodata(build):
    framed = HILLS.copy()
    framed[[0, -1], :] = 0
    result = run_check_inputs([build("a.tif", framed, nodata=None)])
    told = found(result, "nodata", "warning")
    assert "the four corners hold 0, which may stand for nodata" in told
    assert "declares no nodata value: every pixel is taken as a value" in told
    result = run_check_inputs([build("b.tif", CODES, nodata=-9999)])
    assert found(result, "nodata", "warning") == "-9999 is declared, which the type Byte cannot hold"
    result = run_check_inputs([build("c.tif", np.full((4, 4), -9999, "float32"))])
    assert found(result, "values", "problem") == "no pixel is valid"


def test_signed_bytes_are_understood(build):
    stored = np.array([[-128, 7, 10, 12]], "int8")
    result = run_check_inputs([build("s.tif", stored, nodata=-128)], scheme="igbp")
    assert "signed bytes" in found(result, "type", "ok")
    assert found(result, "codes", "ok") == "3 classes, all known in IGBP"
    assert result.problems == 0


@pytest.mark.parametrize(
    ("fill", "dtype", "told"),
    [
        (65533, "uint16", "65533, a fill value of MODIS unsigned 16-bit products, which the file does not declare"),
        (
            -3.4028234663852886e38,
            "float32",
            "the lowest Float32 (ESRI and the raster package), which the file does not",
        ),
        (-999, "float32", "-999, the usual -999, which the file does not declare: these pixels are left out"),
    ],
)
def test_fill_values_that_are_not_declared(build, fill, dtype, told):
    values = HILLS.astype(dtype)
    values[3] = fill
    result = run_check_inputs([build("x.tif", values, nodata=1)])
    assert told in found(result, "fill", "warning")


def test_an_end_that_stands_apart_is_shown(build):
    values = HILLS.copy()
    values[3] = 5000
    told = found(run_check_inputs([build("x.tif", values)]), "apart", "warning")
    assert told == "holds 5000 (12 px), which stands apart: the next value is 900."


def test_codes_without_a_class_are_counted(build):
    codes = CODES.copy()
    codes[:2, :2] = 99
    result = run_check_inputs([build("cover.tif", codes, nodata=None)], scheme="cnlucc")
    assert "does not know: 255 (16 px), 99 (4 px)" in found(result, "codes", "problem")


def test_a_class_table_knows_more_and_a_faulty_one_is_told(build):
    codes = build("cover.tif", np.array([[11, 99]], "uint8"), nodata=255)
    table = Table.of_rows("mine.csv", [{"code": 99, "name": "Quarry", "ecosystem": "bare"}])
    assert run_check_inputs([codes], scheme="cnlucc", class_table=table).problems == 0
    faulty = Table.of_rows("mine.csv", [{"code": 99, "ecosystem": "moon"}])
    result = run_check_inputs([codes], scheme="cnlucc", class_table=faulty)
    assert "'moon'" in found(result, "class table", "problem")


def test_fractions_and_floats_in_a_class_raster(build):
    mixed = CODES.astype("float32")
    mixed[0, 0] = 15.5
    told = found(run_check_inputs([build("a.tif", mixed, nodata=255)]), "codes", "problem")
    assert told.startswith("1 px hold fractions")
    whole = build("b.tif", CODES.astype("float32"), nodata=255)
    assert "floating-point" in found(run_check_inputs([whole]), "codes", "warning")


def test_too_many_values(build):
    many = build("b.tif", np.arange(1000, dtype="int16").reshape(10, 100), nodata=-1)
    assert "too many" in found(run_check_inputs([many], scheme="cnlucc"), "codes", "problem")


def test_only_one_class(build):
    result = run_check_inputs([build("cover.tif", np.full((4, 4), 11, "uint8"), nodata=255)])
    assert found(result, "values", "warning") == "only one class occurs: 11 (16 px)"


@pytest.mark.parametrize(
    ("name", "low", "high", "dtype", "told"),
    [
        ("npp_2005.tif", 500, 9000, "uint16", "the integers of MODIS, 0.1 g C/m2"),
        ("NDVI.tif", -2000, 9000, "int16", "an index times 10 000"),
        ("slope.tif", 0, 156.5, "float32", "percent: degrees end at 90"),
        ("slope.tif", 0, 1.2, "float32", "radians or a fraction"),
        ("temp_mean.tif", 280, 300.5, "float32", "kelvin"),
        ("precipitation.tif", 0.2, 2.4, "float32", "looks like metres"),
        ("rain.tif", 2000, 24000, "uint16", "tenths of a millimetre"),
        ("sand_0-5cm.tif", 150, 700, "uint16", "g/kg (SoilGrids)"),
        ("clay.tif", 0.1, 0.45, "float32", "fractions of 1"),
        ("soc_0-5cm.tif", 41, 4593, "uint16", "dg/kg"),
        ("fvc.tif", 0, 99.5, "float32", "percent"),
        ("srtm_dem.tif", 0, 12000, "float32", "feet: the highest mountain has 8 849 m"),
    ],
)
def test_ranges_hint_at_units(build, name, low, high, dtype, told):
    values = np.linspace(low, high, 400).reshape(20, 20).astype(dtype)
    result = run_check_inputs([build(name, values, nodata=-9999 if dtype != "uint16" else 65535)])
    assert told in found(result, "unit", "warning")


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("slope.tif", 0, 48.5),
        ("terrain_p.tif", 0.1, 1.0),
        ("ndvi.tif", -0.1, 0.9),
        ("rain.tif", 300, 2900),
        ("x.tif", 0, 9e5),
    ],
)
def test_usual_units_are_not_doubted(build, name, low, high):
    values = np.linspace(low, high, 400, dtype="float32").reshape(20, 20)
    assert found(run_check_inputs([build(name, values)]), "unit") == ""


def test_a_declared_scale_is_honoured(build):
    def scaled(dataset):
        dataset.GetRasterBand(1).SetScale(0.0001)

    values = np.linspace(500, 9000, 400).reshape(20, 20).astype("uint16")
    result = run_check_inputs([build("gpp_kg.tif", values, nodata=65535, finish=scaled)])
    assert found(result, "scale", "ok") == "values are the stored numbers x 0.0001 + 0"
    assert "0.05 to 0.9" in found(result, "values")
    assert "looks like kg C/m2" in found(result, "unit", "warning")


def test_years(cover, build, tmp_path):
    later = build("cover_2005.tif", CODES, nodata=255)
    told = run_check_inputs([cover, later], "2000, 2005")
    assert found(told, "years", "ok") == "2000 = cover_2000.tif; 2005 = cover_2005.tif"
    assert "must rise" in found(run_check_inputs([cover, later], "2005, 2000"), "years", "problem")
    assert "3 years" in found(run_check_inputs([cover, later], "2000, 2005, 2010"), "years", "problem")
    swapped = found(run_check_inputs([later, cover], "2000, 2005"), "years", "problem")
    assert "cover_2005.tif 2005 → 2000" in swapped
    stack = build("all.tif", np.stack([CODES, CODES[::-1]]), nodata=255)
    assert "a band per year" in found(run_check_inputs([stack], "2000, 2005"), "years", "ok")
    with_rain = run_check_inputs([cover, later, build("rain.tif", HILLS)], "2000, 2005")
    assert with_rain.problems == 0, "land cover is paired with the years, rain stands beside it"


def test_masks_that_differ_are_counted(cover, build):
    other = CODES.copy()
    other[0] = 255
    told = found(run_check_inputs([cover, build("cover_2005.tif", other, nodata=255)]), "mask", "warning")
    assert "cover_2000.tif 128 px, cover_2005.tif 116 px" in told


def test_complex_numbers_do_not_stop_the_check(tmp_path, cover):
    dataset = gdal.GetDriverByName("GTiff").Create(str(tmp_path / "c.tif"), 2, 2, 1, gdal.GDT_CFloat32)
    del dataset
    result = run_check_inputs([str(tmp_path / "c.tif"), cover])
    assert "complex" in found(result, "type", "problem")
    assert found(result, "grid") == "", "the first raster with a grid is the reference"


def test_no_raster_and_cancel(cover):
    with pytest.raises(InputError, match="No raster was given"):
        run_check_inputs([])
    with pytest.raises(Cancelled):
        run_check_inputs([cover], progress=Telling(checks=0))


def test_table_and_report_hold_every_row(cover, tmp_path):
    result = run_check_inputs([cover, str(tmp_path / "none.tif")], "2000", "cnlucc")
    table = check_table(result)
    assert [column.name for column in table.columns] == ["raster", "band", "check", "result", "found", "mend"]
    assert len(table.rows) == len(result.rows)
    page = render_report(Report("Check", [check_inputs_report(result, "en")]))
    assert "Problems: mend these first" in page
    assert "No such file" in page


def test_the_traps_of_bungo(shared_data):
    bungo = shared_data / "bungo"
    years = (1990, 2000, 2005)
    covers = [str(bungo / "lulc" / f"bungo_landcover_{year}r.tif") for year in years]
    others = [str(bungo / name) for name in ("lulc/bungo_zone.tif", "terrain/bungo_slope.tif")]
    others.append(str(bungo / "soil" / "bungo_soc_0-5cm_mean.tif"))
    table = read_table(str(bungo / "tables" / "classes_ecoassets.csv"))
    result = run_check_inputs([*covers, *others], "1990, 2000, 2005", "custom", table)
    problems = [(row.raster, row.check) for row in result.rows if row.result == "problem"]
    assert problems == [("bungo_zone.tif", "grid")]
    assert "438 829 px" in found(result, "mask", "warning")
    assert "percent" in found(result, "unit")
    assert "dg/kg" in found(result, "unit")
    assert "0.9996" in found(result, "crs")


def test_the_traps_of_assaba(shared_data):
    assaba = shared_data / "assaba"
    rasters = [
        assaba / "Modis_Land_Cover_Data" / "2010LCT.tif",
        assaba / "MODIS_Gross_Primary_Production_GPP" / "2010_GP.tif",
        assaba / "Climate_Precipitation_Data" / "2010R.tif",
    ]
    result = run_check_inputs([str(path) for path in rasters], scheme="igbp")
    assert found(result, "type") == "signed bytes (-128 to 127), understood as such"
    assert found(result, "fill", "warning").startswith("holds 65533, a fill value of MODIS unsigned")
    assert "the integers of MODIS" in found(result, "unit")
    assert found(result, "grid", "warning").startswith("CRS EPSG:4326")
    assert result.problems == 0, "a run leaves 65533 out, and only ratios of GPP may enter"
