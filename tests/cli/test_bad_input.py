"""Bad input stops `qgis_process` with an exit code and a message that names what, where, which value and the remedy."""

from __future__ import annotations

import pytest

from ecoassets.tests.rasters import write_raster

VALUE = "ecoassets:ecosystemservicevalue"
FOREST, PADDY = 21, 11


@pytest.fixture
def region(tmp_path):
    """Two good maps in a folder of inputs, and an empty folder for outputs."""
    inputs, outputs = tmp_path / "inputs", tmp_path / "outputs"
    inputs.mkdir()
    outputs.mkdir()
    for year in (2000, 2005):
        write_raster(inputs / f"{year}.tif", [[FOREST, PADDY], [FOREST, FOREST]])
    return inputs, outputs


@pytest.fixture
def refuse(qgis_process, region):
    """Runs the two maps with some parameters changed, and asserts that nothing comes of it but the message."""
    inputs, outputs = region

    def run(*fragments, **changes):
        parameters = {
            "LAND_COVER": [str(inputs / "2000.tif"), str(inputs / "2005.tif")],
            "YEARS": "2000, 2005",
            "OUTPUT": str(outputs / "value.tif"),
            "OUTPUT_SERVICES": str(outputs / "services.tif"),
            "OUTPUT_TABLE": str(outputs / "value.csv"),
            "OUTPUT_CHANGE": str(outputs / "change.csv"),
            "OUTPUT_HTML": str(outputs / "report.html"),
            **changes,
        }
        outcome = qgis_process(VALUE, **parameters)
        told = outcome.stdout + outcome.stderr
        assert outcome.returncode != 0, told
        for fragment in fragments:
            assert fragment in told
        assert "Traceback" not in told
        assert sorted(path.name for path in outputs.rglob("*")) == []

    return run


def table(region, text):
    path = region[0] / "classes.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_more_years_than_rasters(refuse):
    refuse("Land cover: 2 rasters given for 3 year(s) (2000, 2005, 2010). Give one", YEARS="2000, 2005, 2010")


def test_years_that_do_not_rise(refuse):
    refuse("YEARS must rise: 2000 follows 2005 in '2005, 2000'. Sort the years", YEARS="2005, 2000")


def test_a_year_in_words(refuse):
    refuse("YEARS holds 'first', which is no year of four digits. Write it like 2000, 2005", YEARS="first, 2005")


def test_a_raster_without_crs(refuse, region):
    bare = write_raster(region[0] / "bare.tif", [[FOREST, PADDY]], epsg=None)
    refuse(
        "Land cover 2000 (bare.tif) has no coordinate reference system, so areas cannot be computed. Assign",
        LAND_COVER=bare,
        YEARS="2000",
    )


def test_rasters_that_do_not_overlap(refuse, region):
    far = write_raster(region[0] / "far.tif", [[FOREST, PADDY]], top_left=(900_000, 4_400_000))
    refuse(
        "Land cover 2005 (far.tif) does not overlap the reference grid: in EPSG:32650 it covers x 900000 to 900200",
        "the reference covers x 500000 to 500200",
        "Check that both rasters show the same region",
        LAND_COVER=[str(region[0] / "2000.tif"), far],
    )


def test_classes_on_another_grid(refuse, region):
    shifted = write_raster(region[0] / "shifted.tif", [[FOREST, PADDY]] * 2, top_left=(500_050, 4_400_000))
    refuse(
        "Land cover 2005 (shifted.tif) lies on another grid: origin 500050, 4400000",
        "the reference has 500000, 4400000",
        "ecoassets:aligntogrid",
        LAND_COVER=[str(region[0] / "2000.tif"), shifted],
    )


def test_codes_that_the_scheme_does_not_know(refuse, region):
    strange = write_raster(region[0] / "strange.tif", [[98, 99], [99, FOREST]])
    refuse(
        "Land cover 2005 (strange.tif) holds codes that scheme CNLUCC does not know: 99 (2 px), 98 (1 px).",
        "A code that stands for",
        LAND_COVER=[str(region[0] / "2000.tif"), strange],
    )


def test_an_empty_class_table(refuse, region):
    refuse(
        "Table classes.csv has no row for the land-cover scheme custom. Add a row per class.",
        SCHEME="custom",
        CLASS_TABLE=table(region, "code,name,ecosystem\n"),
    )


def test_a_class_table_without_codes(refuse, region):
    refuse(
        "Table classes.csv lacks the column code. It has number, ecosystem. Add or rename the column.",
        CLASS_TABLE=table(region, "number,ecosystem\n21,forest\n"),
    )


def test_weights_that_do_not_add_up(refuse, region):
    refuse(
        "Class 21 (Forest (closed)), column equivalents holds 'shrub:0.5;meadow:0.4': the weights add up to 0.9. "
        "They must add up to 1.",
        CLASS_TABLE=table(region, "code,equivalents\n21,shrub:0.5;meadow:0.4\n"),
    )


def test_custom_classes_without_a_table(refuse):
    refuse("The scheme custom needs a class table with the columns code, name and ecosystem.", SCHEME="custom")


def test_a_missing_raster_does_not_shift_the_years(refuse, region):
    gone = str(region[0] / "gone.tif")
    refuse(
        f"Land cover (one raster per year): {gone} cannot be read. Check the path",
        LAND_COVER=[str(region[0] / "2000.tif"), gone, str(region[0] / "2005.tif")],
        YEARS="2000, 2003, 2005",
    )


def test_an_output_that_is_an_input(refuse, region):
    input_path = region[0] / "2000.tif"
    before = input_path.read_bytes()
    refuse(
        f"{input_path} is also an input (Land cover (one raster per year)). Choose another file (OUTPUT).",
        OUTPUT=str(input_path),
    )
    assert input_path.read_bytes() == before


def test_a_folder_that_cannot_be_written(refuse, region):
    # Not even root can write below a file.
    (region[0] / "file").write_text("no folder")
    below = region[0] / "file" / "value.tif"
    refuse(
        f"cannot write {below}: the folder {below.parent} does not exist. Create it or choose another (OUTPUT).",
        OUTPUT=below,
    )
