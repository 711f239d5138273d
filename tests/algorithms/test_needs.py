"""What a run needs is told before it starts: by the dialog, and by a workflow for all its steps."""

from __future__ import annotations

import pytest
from osgeo import gdal

from ecoassets.core.inputs.needs import AnyOf
from ecoassets.tests.algorithms.helpers import write_text
from ecoassets.tests.algorithms.landcover import FOREST, PADDY, TOWN
from ecoassets.tests.rasters import WGS_84, write_raster


@pytest.fixture
def dialog():
    """`dialog(name, parameters)`: what a dialog says before Run; "" where it lets the run start."""
    from qgis.core import QgsApplication, QgsProcessingContext

    def ask(name, parameters):
        algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"ecoassets:{name}")
        made = {d.name(): "TEMPORARY_OUTPUT" for d in algorithm.parameterDefinitions() if d.isDestination()}
        fine, message = algorithm.checkParameterValues({**made, **parameters}, QgsProcessingContext())
        assert fine == (message == "")
        return message

    return ask


@pytest.fixture
def land(tmp_path):
    path = write_raster(tmp_path / "land.tif", [[FOREST, PADDY, TOWN]])
    return {"LAND_COVER": [path], "SCHEME": "cnlucc", "YEARS": "2000"}


@pytest.fixture
def plain(tmp_path):
    """`plain(name, value)`: a raster that holds one number."""
    return lambda name, value, **how: write_raster(tmp_path / f"{name}.tif", [[value] * 3], "float32", **how)


def test_lengths_need_metres(dialog, plain):
    degrees = plain("degrees", 10, epsg=WGS_84, pixel=0.001, top_left=(100, 30))
    assert "whose unit is the degree" in dialog("slopelength", {"DEM": degrees})
    assert dialog("slopelength", {"DEM": plain("metres", 10)}) == ""


def test_columns_of_tables(dialog, land, plain, tmp_path):
    water = {**land, "PRECIPITATION": [plain("p", 800)], "EVAPOTRANSPIRATION": [plain("e", 400)]}
    wrong = write_text(tmp_path / "wrong.csv", "code,pct\n21,3\n")
    assert "lacks the column runoff_pct" in dialog("waterretention", {**water, "COEFFICIENT_TABLE": wrong})
    right = write_text(tmp_path / "right.csv", "code,runoff_pct\n21,3\n")
    assert dialog("waterretention", {**water, "COEFFICIENT_TABLE": right}) == ""


def test_rasters_and_years(dialog, land):
    assert "one raster of 1 band" not in dialog("hemeroby", land)
    twice = {**land, "LAND_COVER": land["LAND_COVER"] * 2, "YEARS": "2000, 2005, 2010"}
    assert "2 rasters given for 3 year" in dialog("hemeroby", twice)


def test_at_least_one_of_several(dialog, plain):
    assert "give at least one degradation, quality or erosion raster" in dialog("restorationzones", {})
    assert dialog("restorationzones", {"EROSION_CLASSES": plain("erosion", 4)}) == ""


@pytest.mark.parametrize("name", ["transfermatrix", "profitloss", "esvworkflow"])
def test_what_compares_needs_two_years(dialog, land, tmp_path, name):
    told = dialog(name, {**land, "FOLDER": str(tmp_path / "out")})
    assert told.count("give at least two land-cover rasters") == 1
    twice = {**land, "LAND_COVER": land["LAND_COVER"] * 2, "YEARS": "2000, 2005", "FOLDER": str(tmp_path / "out")}
    assert "give at least two" not in dialog(name, twice)


@pytest.mark.parametrize("name", ["importproduct", "identifyproducts", "soilproperties"])
def test_downloads_are_in_their_folder(dialog, tmp_path, plain, name):
    given = {"DOWNLOADS": str(tmp_path / "downloads"), "REFERENCE": plain("grid", 1)}
    (tmp_path / "downloads").mkdir()
    assert "is empty. Choose the folder that holds the files." in dialog(name, given)
    (tmp_path / "downloads" / "one.tif").write_text("")
    assert dialog(name, given) == ""


def test_a_workflow_asks_its_steps(dialog, land, plain, tmp_path):
    soil = {name: plain(name, 25) for name in ("SAND", "SILT", "CLAY", "ORGANIC_CARBON")}
    degrees = plain("dem", 10, epsg=WGS_84, pixel=0.001, top_left=(100, 30))
    table = write_text(tmp_path / "c.csv", "code,factor\n21,0.1\n")
    given = {**land, **soil, "R": [plain("r", 3000)], "DEM": degrees, "C_TABLE": table, "FOLDER": str(tmp_path / "out")}
    told = dialog("zoningworkflow", given)
    assert "Slope length and steepness (LS): " in told and "whose unit is the degree" in told
    assert "lacks the column c." in told  # everything at once
    assert not (tmp_path / "out").exists()


def test_needs_name_parameters_that_exist():
    from qgis.core import QgsApplication

    for algorithm in QgsApplication.processingRegistry().providerById("ecoassets").algorithms():
        declared = {d.name() for d in algorithm.parameterDefinitions()}
        for need in algorithm.NEEDS:
            optional = not getattr(algorithm, "ADJUSTED", True)  # prices of years go with adjusted values
            named = getattr(need, "raster", "") or getattr(need, "polygons", "") or getattr(need, "table", "")
            every = (
                getattr(need, "names", ()) if isinstance(need, AnyOf) else (named or getattr(need, "folder", "YEARS"),)
            )
            assert declared.issuperset(every) or optional, (algorithm.NAME, need)


def test_rows_of_tables(dialog, land, plain, tmp_path):
    """The words are those of the run, which reads the table in the same way."""
    water = {**land, "PRECIPITATION": [plain("p", 800)], "EVAPOTRANSPIRATION": [plain("e", 400)]}
    twice = write_text(tmp_path / "twice.csv", "code,runoff_pct\n21,3\n21,4\n")
    assert "repeats the code 21" in dialog("waterretention", {**water, "COEFFICIENT_TABLE": twice})
    classes = write_text(tmp_path / "classes.csv", "code,ecosystem\n21,jungle\n")
    assert "column ecosystem holds 'jungle'" in dialog("hemeroby", {**land, "CLASS_TABLE": classes})
    prices = write_text(tmp_path / "prices.csv", "year,index\n2005,105\n2006,107\n")
    assert "has no row for 2000" in dialog("ecologicalassets", {**land, "PRICE_INDEX": prices})
    gdp = write_text(tmp_path / "gdp.csv", "zone,year,gdp\nall,2000,5\nall,2000,6\n")
    two = {**land, "LAND_COVER": land["LAND_COVER"] * 2, "YEARS": "2000, 2005"}
    assert "repeats zone all in 2000" in dialog("profitloss", {**two, "GDP_TABLE": gdp})


def test_names_of_threats_and_their_tables(dialog, land, plain, tmp_path):
    threats = write_text(tmp_path / "threats.csv", "threat,max_distance_km,weight,decay\nroad,3,1,linear\n")
    habitat = write_text(tmp_path / "habitat.csv", "code,habitat,road\n21,1,0.5\n")
    given = {**land, "THREATS": [plain("town", 1)], "THREAT_TABLE": threats, "SENSITIVITY_TABLE": habitat}
    told = dialog("habitatquality", {**given, "NAMES": "town"})
    assert "has no row for the threat town" in told
    assert "has no sensitivity to the threat town" in told
    assert dialog("habitatquality", {**given, "NAMES": "road"}) == ""


def test_zones_and_boundaries(dialog, land, tmp_path):
    shapes = '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "A"}, "geometry": '
    shapes += '{"type": "Polygon", "coordinates": [[[117, 39], [118, 39], [118, 40], [117, 39]]]}}]}'
    zones = write_text(tmp_path / "zones.geojson", shapes)
    two = {**land, "LAND_COVER": land["LAND_COVER"] * 2, "YEARS": "2000, 2005", "ZONES": zones}
    assert "has no field county. It has name." in dialog("transfermatrix", {**two, "ZONE_FIELD": "county"})
    assert dialog("transfermatrix", {**two, "ZONE_FIELD": "name"}) == ""
    nowhere = str(tmp_path / "nowhere.shp")
    gdal.VectorTranslate(nowhere, gdal.OpenEx(zones), format="ESRI Shapefile")
    (tmp_path / "nowhere.prj").unlink()
    assert "(nowhere) has no CRS" in dialog("hemeroby", {**land, "BOUNDARY": nowhere})


def test_the_line_under_the_inputs_tells_what_is_needed_besides(tmp_path):
    from types import SimpleNamespace

    from qgis.core import QgsApplication, QgsProcessingContext
    from qgis.PyQt.QtCore import QObject, pyqtSignal

    from ecoassets.algorithms.dialogs.inputs_line import InputsLine

    class Wrapper(QObject):
        widgetValueHasChanged = pyqtSignal()

        def __init__(self, value):
            super().__init__()
            self.parameterValue = lambda: value

    def needed(name, **values):
        algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"ecoassets:{name}")
        wrappers = {key: Wrapper(value) for key, value in values.items()}
        line = InputsLine(
            SimpleNamespace(algorithm=lambda: algorithm, wrappers=wrappers, processing_context=QgsProcessingContext())
        )
        line._tell()
        return line.text()

    assert "give at least one degradation" in needed("restorationzones", EROSION_CLASSES=None)
    assert "give at least one degradation" not in needed("restorationzones", EROSION_CLASSES="erosion.tif")
    assert "at least two land-cover rasters" in needed("esvworkflow", YEARS="2000")
    assert "at least two land-cover rasters" not in needed("esvworkflow", YEARS="2000, 2005")
    assert "is empty" in needed("importproduct", DOWNLOADS=str(tmp_path))


def test_tables_of_other_codes(dialog, land, plain, tmp_path):
    other = write_text(tmp_path / "other.csv", "code,runoff_pct,coefficient,p\n1,3,0.5,0.5\n2,3,0.5,0.5\n")
    water = {**land, "PRECIPITATION": [plain("p", 800)], "EVAPOTRANSPIRATION": [plain("e", 400)]}
    assert "has none of its codes (1, 2)" in dialog("waterretention", {**water, "COEFFICIENT_TABLE": other})
    assert "has none of its codes (1, 2)" in dialog("hemeroby", {**land, "COEFFICIENT_TABLE": other})
    assert "has none of its codes (1, 2)" in dialog("supportpractice", {**land, "P_TABLE": other})


def test_an_account_asks_for_prices_and_emissions_before_its_first_step(dialog, land, plain, tmp_path):
    prices = write_text(tmp_path / "prices.csv", "service,price,unit\nno_such_service,3,CNY/t\n")
    emissions = write_text(tmp_path / "air.csv", "year,pollutant,emission\n2000,SO2,-5\n")
    given = {**land, "PRICES": prices, "AIR_EMISSIONS": emissions, "FOLDER": str(tmp_path / "out")}
    told = dialog("gepworkflow", given)
    assert "prices.csv lacks the column price_year" in told
    assert "the emission is -5 t" in told
    assert not (tmp_path / "out").exists()
