"""The models that come with the plugin: they load, run on a practice region, mix with native steps, can be copied."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingParameterDefinition

from ecoassets.algorithms.desktop.menu import MODELS, copy_models
from ecoassets.core.tools.practice.region import build_region, write_region
from ecoassets.tests.algorithms.helpers import read_csv
from ecoassets.tests.rasters import read_raster
from ecoassets.tests.region_downloads import RegionDownloads

YEARS = (2000, 2005)
HAN = re.compile(r"[\u4e00-\u9fff]")
SPECIFICATION = yaml.safe_load((Path(__file__).resolve().parents[2] / "tools" / "models.yaml").read_text("utf-8"))
PAPERS = ("ecological_assets", "gross_ecosystem_product", "restoration_and_conservation", "value_profit_and_loss")
OF_DOWNLOADS = {
    "downloads_to_ecological_assets": "assetsworkflow",
    "downloads_to_ecosystem_product": "gepworkflow",
    "downloads_to_service_value": "esvworkflow",
    "downloads_to_zones": "zoningworkflow",
}
NAMES = (*PAPERS, *OF_DOWNLOADS)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_region(build_region(64, years=YEARS), tmp_path_factory.mktemp("region"))


def load(path):
    from qgis.core import QgsProcessingModelAlgorithm

    model = QgsProcessingModelAlgorithm()
    assert model.fromFile(str(path))
    return model


@pytest.fixture
def run_model(files, tmp_path):
    """`run_model(name, **inputs)`: paths of the outputs by their names."""
    shapes = {shape.name: shape.path for shape in files.shapes}

    def by_year(name):
        return [files.raster(f"{name}_{year}").path for year in YEARS]

    def run(name, series=(), lasting=(), **inputs):
        model = load(MODELS / "en" / f"{name}.model3")
        given = {
            **{key: by_year(key) for key in ("land_cover", *series)},
            **{key: files.raster(key).path for key in lasting},
            "years": "2000, 2005",
            "scheme": "cnlucc",
            "boundary": shapes["boundary"],
            "districts": shapes["districts"],
            **inputs,
        }
        endings = {"vectorDestination": "gpkg", "sink": "csv", "fileDestination": "html", "rasterDestination": "tif"}
        of_name = {"workbook": "xlsx", "seea_workbook": "xlsx", "gep_by_district": "gpkg"}
        outputs = {
            d.name(): str(tmp_path / f"{(n := d.name().split(':')[1])}.{of_name.get(n, endings[d.type()])}")
            for d in model.destinationParameterDefinitions()
        }
        context, feedback = QgsProcessingContext(), QgsProcessingFeedback(False)
        _, ok = model.run({**given, **outputs}, context, feedback)
        assert ok, feedback.textLog()
        return {key.split(":")[1]: Path(path) for key, path in outputs.items()}

    return run


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_paper_and_every_workflow_on_downloads_has_a_model(language):
    assert sorted(path.stem for path in (MODELS / language).glob("*.model3")) == sorted(NAMES)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", NAMES)
def test_a_model_ends_in_the_report_and_its_ids_read_well(name, language):
    model = load(MODELS / language / f"{name}.model3")
    children = model.childAlgorithms()
    last = list(SPECIFICATION[name]["steps"])[-1]
    assert children[last].algorithmId() == f"ecoassets:{OF_DOWNLOADS.get(name, 'reportbundle')}"
    assert all(child.algorithm() is not None for child in children.values())
    assert all(key.isidentifier() and key.islower() for key in children)
    assert f"{last}:report" in {d.name() for d in model.destinationParameterDefinitions()}
    # Else the modeler paints the steps red.
    assert model.validate() == (True, [])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", NAMES)
def test_inputs_come_in_the_order_of_the_story_steps_have_names_and_help_is_told(name, language):
    model = load(MODELS / language / f"{name}.model3")
    inputs = [d for d in model.parameterDefinitions() if not d.isDestination()]
    assert [d.name() for d in inputs] == list(SPECIFICATION[name]["inputs"])
    children = model.childAlgorithms()
    named = [children[step].description() for step in SPECIFICATION[name]["steps"]]
    assert [text.split(".")[0] for text in named] == [str(number) for number in range(1, len(named) + 1)]
    assert len({text.split(". ")[1] for text in named}) == len(named)
    told = [model.displayName(), *named, *(d.description() for d in inputs), *model.helpContent().values()]
    assert set(d.name() for d in inputs) <= set(model.helpContent())
    spoken = [text for text in told if HAN.search(str(text))]
    assert len(spoken) >= (0.9 * len(told) if language == "zh" else 0)
    assert language == "zh" or spoken == []


def test_assets(run_model):
    made = run_model(
        "ecological_assets", ("npp", "precipitation", "soil_retention"), ("dem",), cell_size=120,
    )  # fmt: skip
    assert read_raster(made["assets"]).shape[0] == len(YEARS)
    page = made["report"].read_text(encoding="utf-8")
    assert "Ecological assets" in page and "hemeroby" in page


def test_zoning(run_model, files):
    made = run_model(
        "restoration_and_conservation",
        ("precipitation", "evapotranspiration", "ndvi", "biomass"),
        ("sand", "silt", "clay", "organic_carbon", "dem"),
        last_land_cover=files.raster("land_cover_2005").path,
        storms="100",
    )
    plan = read_raster(made["plan"])[0]
    assert set(plan[plan == plan]) <= {0, 1, 2, 3}
    assert made["plan_polygons"].is_file() and made["report"].is_file()


def test_value(run_model, files):
    images = [files.raster(f"landsat_{year}").path for year in YEARS]
    made = run_model(
        "value_profit_and_loss", ("night_light",), ("dem",),
        images=images, image_years="2000, 2005", sensor="landsat5", cell_size=120,
    )  # fmt: skip
    value, change = (read_raster(made[name]) for name in ("value", "profit_and_loss"))
    both = (change[0] == change[0]) & (value[0] == value[0])
    assert (value[1] - value[0])[both] == pytest.approx(change[0][both], abs=1)  # single precision of CNY/ha


def test_accounts(run_model, files):
    tables = {table.name: table.path for table in files.tables}
    made = run_model(
        "gross_ecosystem_product", ("precipitation", "evapotranspiration"), district_name="name", days=40,
        statistics=tables["gep_statistics"], prices=tables["gep_prices"], context=tables["gep_context"],
    )  # fmt: skip
    assert made["workbook"].is_file() and made["seea_workbook"].is_file() and made["gep_by_district"].is_file()
    assert "water_retention" in made["report"].read_text(encoding="utf-8")
    cells = read_csv(made["seea_tables"])
    assert {row["table"] for row in cells} == {"4.1", "4.2", "7.1a", "7.1b", "9.1a", "9.1b", "10.1"}


@pytest.mark.parametrize("name", OF_DOWNLOADS)
def test_a_model_of_downloads_needs_a_folder_years_and_a_boundary(name):
    """Each of these has a workflow that takes it; what else there is may stay empty."""
    model = load(MODELS / "en" / f"{name}.model3")
    optional = QgsProcessingParameterDefinition.Flag.FlagOptional
    inputs = [d for d in model.parameterDefinitions() if not d.isDestination()]
    asked = {d.name() for d in inputs if not d.flags() & optional and d.defaultValue() is None}
    assert asked == {"downloads", "years", "boundary"}
    assert {"results", "headlines", "report"} <= {
        d.name().split(":")[1] for d in model.destinationParameterDefinitions()
    }


def test_downloads_become_zones_in_a_model(tmp_path):
    region = build_region(48, years=(2015, 2020), pixel_m=250.0)
    shapes = {shape.name: shape.path for shape in write_region(region, tmp_path / "region").shapes}
    downloads = RegionDownloads(region, tmp_path / "downloads")
    downloads.land_cover()
    downloads.climate()
    downloads.evapotranspiration()
    made = {
        "look:downloads_found": str(tmp_path / "found.csv"),
        "workflow:results": str(tmp_path / "results"),
        "workflow:headlines": str(tmp_path / "headlines.csv"),
        "workflow:report": str(tmp_path / "report.html"),
    }
    given = {"downloads": str(downloads.folder), "years": "2015, 2020", "boundary": shapes["boundary"]}
    context, feedback = QgsProcessingContext(), QgsProcessingFeedback(False)
    _, ok = load(MODELS / "en" / "downloads_to_zones.model3").run({**given, **made}, context, feedback)
    assert ok, feedback.textLog()
    assert {"clcd", "peng_1km", "mod16a3gf"} == {row["product"] for row in read_csv(tmp_path / "found.csv")}
    assert "Data: Land cover: CLCD" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert (tmp_path / "results" / "plan.tif").is_file()


def test_ours_and_native_steps_in_one_model(files, tmp_path):
    """Clip with GDAL, value with ours, statistics by district with QGIS."""
    from qgis.core import (
        QgsProcessingModelAlgorithm,
        QgsProcessingModelChildAlgorithm,
        QgsProcessingModelChildParameterSource,
        QgsProcessingModelOutput,
        QgsVectorLayer,
    )

    source = QgsProcessingModelChildParameterSource
    shapes = {shape.name: shape.path for shape in files.shapes}
    steps = {
        "clip": ("gdal:cliprasterbymasklayer", {"INPUT": files.raster("land_cover_2005").path,
                                                "MASK": shapes["boundary"], "KEEP_RESOLUTION": True}),
        "value": ("ecoassets:ecosystemservicevalue", {"LAND_COVER": source.fromChildOutput("clip", "OUTPUT"),
                                                      "YEARS": "2005", "SCHEME": "cnlucc"}),
        "zones": ("native:zonalstatisticsfb", {"INPUT": shapes["districts"], "COLUMN_PREFIX": "v_", "STATISTICS": [2],
                                               "INPUT_RASTER": source.fromChildOutput("value", "OUTPUT")}),
    }  # fmt: skip
    model = QgsProcessingModelAlgorithm("mix", "test")
    for key, (name, parameters) in steps.items():
        child = QgsProcessingModelChildAlgorithm(name)
        child.setChildId(key)
        for parameter, value in parameters.items():
            child.addParameterSources(
                parameter, [value if isinstance(value, source) else source.fromStaticValue(value)]
            )
        if key == "zones":
            output = QgsProcessingModelOutput("means", "means")
            output.setChildId(key)
            output.setChildOutputName("OUTPUT")
            child.setModelOutputs({"means": output})
        model.addChildAlgorithm(child)
    model.updateDestinationParameters()
    context, feedback = QgsProcessingContext(), QgsProcessingFeedback(False)
    _, ok = model.run({"zones:means": str(tmp_path / "means.gpkg")}, context, feedback)
    assert ok, feedback.textLog()
    layer = QgsVectorLayer(str(tmp_path / "means.gpkg"), "means", "ogr")
    assert all(feature["v_mean"] > 0 for feature in layer.getFeatures())


def test_copies_leave_changed_models_alone(tmp_path):
    (tmp_path / "ecological_assets.model3").write_text("mine")
    copied, kept = copy_models(tmp_path)
    assert sorted([*copied, *kept]) == sorted(f"{name}.model3" for name in NAMES)
    assert kept == ["ecological_assets.model3"]
    assert (tmp_path / "ecological_assets.model3").read_text() == "mine"
