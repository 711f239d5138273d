"""Bad input stops a run with a message that names what, where, which value and the remedy; no output is left."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ecoassets.tests.algorithms.helpers import ASSETS, VALUE, all_outputs, files_in, run, write_text
from ecoassets.tests.rasters import write_raster

FOREST, PADDY, TOWN, NONE = 21, 11, 51, 255


@pytest.fixture
def inputs(tmp_path):
    folder = tmp_path / "inputs"
    folder.mkdir()
    write_raster(folder / "2000.tif", [[FOREST, PADDY], [FOREST, TOWN]])
    return folder


@pytest.fixture
def refuse(inputs, tmp_path):
    """Runs a good map of one year with some parameters changed; nothing may come of it but the message."""
    from qgis.core import QgsProcessingException

    outputs = tmp_path / "outputs"
    outputs.mkdir()

    def refused(message, identifier=VALUE, **changes):
        parameters = {"LAND_COVER": [str(inputs / "2000.tif")], "YEARS": "2000", **all_outputs(outputs), **changes}
        with pytest.raises(QgsProcessingException, match=re.escape(message)):
            run(identifier, parameters)
        assert files_in(outputs) == []

    return refused


def raster(inputs, name, values, dtype="float32", **options):
    return write_raster(inputs / name, values, dtype, **{"nodata": -1, **options})


class TestTables:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (
                "code,ecosystem\n21,forest\n21,shrub\n",
                "Table classes.csv, row 2, column code repeats the code 21 of row 1",
            ),
            ("code,ecosystem\nforest,forest\n", "row 1, column code holds 'forest', which is not a class code"),
            ("code,ecosystem\n21.5,forest\n", "row 1, column code holds '21.5', which is not a class code"),
            ("code,ecosystem\n,forest\n", "row 1, column code is blank. Write a code, or remove the row."),
            ("code,ecosystem\n21,jungle\n", "code 21, column ecosystem holds 'jungle'. Write one of forest, shrub"),
            ("code,ecosystem\n77,\n", "code 77 has no ecosystem, and the scheme does not have this code."),
            ("code,ecosystem\n1000000,forest\n", "holds the code 1000000. Class codes go up to 999999"),
            (
                "code,equivalents\n21,jungle:1\n",
                "takes its equivalents from the column jungle, which the table xie2015",
            ),
            ("code,equivalents\n21,shrub\n", "column equivalents holds 'shrub', of which 'shrub' is not understood"),
            ("code,water\n21,1\n", "has water 1 and ecosystem forest"),
        ],
    )
    def test_class_tables(self, refuse, inputs, text, message):
        refuse(message, CLASS_TABLE=write_text(inputs / "classes.csv", text))

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("service_id,service,group\nfood,Food,x\n", "Table mine.csv lacks the column adjust_factor."),
            ("service_id,service,group,adjust_factor,forest\n", "Table mine.csv holds no service."),
            (
                "service_id,service,group,adjust_factor,forest\nfood,Food,x,NPP,much\n",
                "Table mine.csv, row 1, column forest holds 'much', which is not a number. Write a number.",
            ),
            (
                'service_id,service,group,adjust_factor,forest\nfood,Food,x,NPP,"1,5"\n',
                "column forest holds '1,5', which is not a number. Write it with a decimal point.",
            ),
        ],
    )
    def test_tables_of_equivalents(self, refuse, inputs, text, message):
        table = write_text(inputs / "mine.csv", text)
        refuse(message, EQUIVALENTS="custom", EQUIVALENTS_TABLE=table, STANDARD_VALUE=1000)

    def test_custom_equivalents_without_a_table(self, refuse):
        refuse("The equivalents custom need a table with service_id", EQUIVALENTS="custom")

    def test_a_table_that_would_not_be_used(self, refuse, inputs):
        table = write_text(inputs / "mine.csv", "service_id,service\nfood,Food\n")
        refuse("A table of equivalents was given, but xie2015 was chosen. Choose custom", EQUIVALENTS_TABLE=table)

    def test_custom_equivalents_without_a_value_of_one_equivalent(self, refuse, inputs):
        text = "service_id,service,group,adjust_factor,forest\nfood,Food,x,NPP,1\n"
        refuse(
            "Give STANDARD_VALUE, the value of one equivalent per hectare",
            EQUIVALENTS="custom",
            EQUIVALENTS_TABLE=write_text(inputs / "mine.csv", text),
        )

    def test_a_price_index_without_the_year(self, refuse, inputs):
        table = write_text(inputs / "prices.csv", "year,index\n2005,120\n")
        refuse("The price index has no row for 2000. Add a row per year", ASSETS, PRICE_INDEX=table)

    def test_a_price_index_of_zero(self, refuse, inputs):
        table = write_text(inputs / "prices.csv", "year,index\n2000,0\n")
        refuse("Table prices.csv, row 1: the index of 2000 is 0. It must be positive.", ASSETS, PRICE_INDEX=table)

    def test_a_missing_table(self, refuse, inputs):
        refuse("Class table (overrides the scheme): ", CLASS_TABLE=str(inputs / "gone.csv"))


class TestRasters:
    def test_nothing_but_nodata(self, refuse, inputs):
        empty = raster(inputs, "empty.tif", [[NONE, NONE]], "uint8", nodata=NONE)
        refuse("No pixel is valid in all rasters at once within the study area (valid pixels: ", LAND_COVER=[empty])

    def test_classes_with_fractions(self, refuse, inputs):
        mean = raster(inputs, "mean.tif", [[FOREST, 21.5]])
        refuse(
            "Land cover 2000 (mean.tif) should hold class codes, but it holds fractions such as 21.5", LAND_COVER=[mean]
        )

    def test_several_bands_where_each_raster_is_a_year(self, refuse, inputs):
        stack = raster(inputs, "stack.tif", [[[FOREST]], [[FOREST]]], "uint8")
        refuse(
            "Land cover: stack.tif has 2 bands, but one raster per year was given, so each must have one band.",
            LAND_COVER=[str(inputs / "2000.tif"), stack],
            YEARS="2000, 2005",
        )

    def test_bands_and_years_of_different_count(self, refuse, inputs):
        stack = raster(inputs, "stack.tif", [[[FOREST]], [[FOREST]]], "uint8")
        refuse("one raster of 2 band(s) given for 3 year(s)", LAND_COVER=[stack], YEARS="2000, 2005, 2010")

    def test_no_years(self, refuse, inputs):
        land = raster(inputs, "land.tif", [[FOREST]], "uint8")
        refuse("YEARS is empty, and nothing tells the year of land.tif.", YEARS="", LAND_COVER=[land])

    def test_a_web_map(self, refuse):
        from qgis.core import QgsRasterLayer

        # A layer that QGIS accepts without asking the server.
        web_map = QgsRasterLayer("type=xyz&url=http://127.0.0.1:9/{z}/{x}/{y}.png&zmax=3", "Street map", "wms")
        assert web_map.isValid()
        refuse("the layer Street map is of type wms, which shows pictures, not values.", LAND_COVER=[web_map])

    def test_a_rotated_raster(self, refuse, inputs):
        from osgeo import gdal

        rotated = raster(inputs, "rotated.tif", [[FOREST]], "uint8")
        gdal.Open(rotated, gdal.GA_Update).SetGeoTransform((500_000, 100, 10, 4_400_000, 10, -100))
        refuse("Land cover 2000 (rotated.tif) is rotated", LAND_COVER=[rotated])

    def test_a_negative_value_of_one_equivalent(self, refuse):
        refuse("Incorrect parameter value for STANDARD_VALUE", STANDARD_VALUE=-5)

    def test_a_boundary_elsewhere(self, refuse, inputs):
        from qgis.core import QgsFeature, QgsGeometry, QgsVectorLayer

        layer = QgsVectorLayer("Polygon?crs=EPSG:4326", "Moon", "memory")
        feature = QgsFeature()
        feature.setGeometry(QgsGeometry.fromWkt("POLYGON((0 0, 1 0, 1 1, 0 1, 0 0))"))
        layer.dataProvider().addFeature(feature)
        refuse("holds no pixel centre of the reference grid. Check that both cover the same region.", BOUNDARY=layer)

    def test_creation_options_that_are_no_pairs(self, refuse):
        refuse("CREATION_OPTIONS holds 'DEFLATE'. Write NAME=VALUE, separated by |.", CREATION_OPTIONS="DEFLATE")

    def test_two_outputs_of_one_name(self, refuse, tmp_path):
        same = str(tmp_path / "outputs" / "same.tif")
        refuse(f"{same} is also the file of another output", OUTPUT=same, OUTPUT_SERVICES=same)


class TestAdjustments:
    def test_a_reference_of_zero(self, refuse, inputs):
        npp = raster(inputs, "npp.tif", [[300, 400], [500, 600]])
        refuse("Net primary production is 0, and values are divided by it.", ASSETS, NPP=[npp], NPP_REFERENCE=0)

    def test_npp_that_is_zero_everywhere(self, refuse, inputs):
        npp = raster(inputs, "npp.tif", [[0, 0], [0, 0]])
        refuse("The reference of Net primary production", ASSETS, NPP=[npp])

    def test_a_valid_range_that_leaves_nothing(self, refuse, inputs):
        npp = raster(inputs, "npp.tif", [[300, 400], [500, 600]])
        refuse("Check the raster's unit, nodata", ASSETS, NPP=[npp], NPP_MAX=100)

    def test_npp_elsewhere(self, refuse, inputs):
        npp = raster(inputs, "npp.tif", [[300, 400]], top_left=(900_000, 4_400_000))
        refuse("(npp.tif) does not overlap the reference grid", ASSETS, NPP=[npp])

    def test_two_rasters_for_three_years(self, refuse, inputs):
        npp = raster(inputs, "npp.tif", [[300, 400], [500, 600]])
        cover = str(inputs / "2000.tif")
        refuse(
            "Net primary production: 2 rasters given for 3 year(s) (2000, 2005, 2010).",
            ASSETS,
            LAND_COVER=[cover] * 3,
            YEARS="2000, 2005, 2010",
            NPP=[npp, npp],
        )


def test_an_old_result_survives_a_run_that_fails(inputs, tmp_path):
    from qgis.core import QgsProcessingException

    outputs = all_outputs(tmp_path)
    cover = str(inputs / "2000.tif")
    run(VALUE, {"LAND_COVER": [cover], "YEARS": "2000", **outputs})
    before = {name: Path(path).read_bytes() for name, path in outputs.items()}
    strange = raster(inputs, "strange.tif", [[99, FOREST]], "uint8")
    empty = raster(inputs, "empty.tif", [[NONE, NONE]], "uint8", nodata=NONE)
    for bad, message in ((strange, "does not know: 99"), (empty, "No pixel is valid")):
        with pytest.raises(QgsProcessingException, match=message):
            run(VALUE, {"LAND_COVER": [bad], "YEARS": "2000", **outputs})
        assert {name: Path(path).read_bytes() for name, path in outputs.items()} == before


class TestDestinations:
    """A destination that cannot be written stops the run before it begins: no map is made that nobody asked alone."""

    @pytest.mark.parametrize("name", ["OUTPUT", "OUTPUT_TABLE", "OUTPUT_HTML"])
    def test_a_folder_that_is_missing(self, refuse, tmp_path, name):
        path = str(tmp_path / "nowhere" / Path(all_outputs(tmp_path)[name]).name)
        refuse(f"cannot write {path}: the folder {tmp_path / 'nowhere'} does not exist.", **{name: path})

    @pytest.mark.parametrize("name", ["OUTPUT_TABLE", "OUTPUT_HTML"])
    def test_a_name_that_is_a_folder(self, refuse, tmp_path, name):
        path = tmp_path / Path(all_outputs(tmp_path)[name]).name
        path.mkdir()
        refuse(f"cannot write {path}: it is a folder. Choose a file name ({name})", **{name: str(path)})
