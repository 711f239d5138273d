"""`make models`: writes the models of resources/models, one per paper, as QGIS itself saves them.

Child ids are chosen to read well, because outputs are called `child:output` on the command line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import (
    QgsApplication,
    QgsProcessing,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)
from qgis.PyQt.QtCore import QPointF, QSizeF

from ..core.land_cover import SCHEMES

FOLDER = Path(__file__).resolve().parents[1] / "resources" / "models"
GROUP = "EcoAssets"
WIDTH, HEIGHT, COLUMN, ROW = 230.0, 40.0, 290.0, 110.0


@dataclass(frozen=True)
class Given:
    """A value that comes from an input of the model."""

    name: str


@dataclass(frozen=True)
class Made:
    """A value that an earlier step made."""

    step: str
    output: str = "OUTPUT"


@dataclass(frozen=True)
class Step:
    """A child: its id, the algorithm, its parameters, and the outputs that the model shows, by their names.

    An optional output that is shown is made only where the user asks for it, so what a later step needs is not shown.
    """

    id: str
    algorithm: str
    parameters: Mapping[str, Any]
    shown: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """A model: file name, title, inputs in their order, steps in their order."""

    name: str
    title: str
    inputs: Sequence[QgsProcessingParameterDefinition]
    steps: Sequence[Step]


def rasters(name: str, label: str, optional: bool = False) -> QgsProcessingParameterDefinition:
    kind = QgsProcessing.SourceType.TypeRaster
    return QgsProcessingParameterMultipleLayers(name, label, kind, optional=optional)


def raster(name: str, label: str, optional: bool = False) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterRasterLayer(name, label, optional=optional)


def text(name: str, label: str) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterString(name, label)


def number(name: str, label: str, default: float) -> QgsProcessingParameterDefinition:
    """The default must be the child's own: on the command line QGIS takes that where nothing is given."""
    return QgsProcessingParameterNumber(name, label, QgsProcessingParameterNumber.Type.Double, default)


def polygons(name: str, label: str) -> QgsProcessingParameterDefinition:
    kind = [QgsProcessing.SourceType.TypeVectorPolygon]
    return QgsProcessingParameterFeatureSource(name, label, kind, optional=True)


def scheme() -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterEnum(
        "scheme", "Land-cover scheme", list(SCHEMES), defaultValue="cnlucc", usesStaticStrings=True
    )


def land() -> list[QgsProcessingParameterDefinition]:
    """What every model asks for."""
    return [
        rasters("land_cover", "Land cover (one raster per year)"),
        text("years", "Years, such as 2000, 2005, 2010, 2015"),
        scheme(),
        polygons("boundary", "Study boundary"),
    ]


LAND = {
    "LAND_COVER": Given("land_cover"),
    "YEARS": Given("years"),
    "SCHEME": Given("scheme"),
    "BOUNDARY": Given("boundary"),
}
LAST = {
    "LAND_COVER": Given("last_land_cover"),
    "SCHEME": Given("scheme"),
    "BOUNDARY": Given("boundary"),
}


def stack(name: str) -> Step:
    """The years of an input as the bands of one raster, with GDAL, so that one name stands for all of them."""
    return Step(f"stack_{name}", "gdal:buildvirtualraster", {"INPUT": Given(name), "SEPARATE": True, "RESOLUTION": 0})


def report(title: str, tables: Sequence[Made], maps: Sequence[Made]) -> Step:
    parameters = {"TABLES": list(tables), "RASTERS": list(maps), "TITLE": title}
    return Step("report", "ecoassets:reportbundle", parameters, {"OUTPUT_HTML": "report"})


ASSETS = Model(
    "ecological_assets",
    "Ecological assets, terrain and drivers",
    [
        *land(),
        rasters("npp", "NPP (one raster per year)"),
        rasters("precipitation", "Precipitation (one raster per year)"),
        rasters("soil_retention", "Soil retention (one raster per year)"),
        raster("dem", "Elevation (DEM, metres)"),
        number("cell_size", "Cell of the sampling grid (metres)", 1000),
    ],
    [
        Step(
            "assets",
            "ecoassets:ecologicalassets",
            {
                **LAND,
                "NPP": Given("npp"),
                "PRECIPITATION": Given("precipitation"),
                "SOIL_RETENTION": Given("soil_retention"),
            },
            {"OUTPUT": "assets", "OUTPUT_TABLE": "assets_table"},
        ),
        Step(
            "terrain",
            "ecoassets:terrainclasses",
            {"DEM": Given("dem"), "BOUNDARY": Given("boundary")},
            {"OUTPUT_SLOPE": "slope_classes"},
        ),
        Step(
            "slopes",
            "ecoassets:zonesummary",
            {
                "VALUES": Made("assets"),
                "YEARS": Given("years"),
                "ZONES_RASTER": Made("terrain", "OUTPUT_SLOPE"),
                "KIND": "density",
                "ALIGN_CLASSES": True,
            },
        ),
        Step("hemeroby", "ecoassets:hemeroby", LAND, {"OUTPUT": "hemeroby"}),
        stack("precipitation"),
        Step(
            "sample",
            "ecoassets:samplegrid",
            {
                "RASTERS": [Made("assets"), Made("stack_precipitation"), Made("hemeroby"), Given("dem")],
                "NAMES": "assets, precipitation, hemeroby, elevation",
                "YEARS": Given("years"),
                "CELL_SIZE": Given("cell_size"),
                "BOUNDARY": Given("boundary"),
            },
        ),
        Step(
            "panel",
            "ecoassets:panelregression",
            {
                "INPUT": Made("sample"),
                "ENTITY": "cell_id",
                "TIME": "year",
                "Y": "assets",
                "X": ["precipitation", "hemeroby"],
            },
        ),
        Step(
            "quantiles",
            "ecoassets:quantileregression",
            {
                "INPUT": Made("sample"),
                "ENTITY": "cell_id",
                "TIME": "year",
                "Y": "assets",
                "X": ["precipitation", "hemeroby", "elevation"],
            },
        ),
        report(
            "Ecological assets",
            [
                Made("assets", "OUTPUT_CHANGE"),
                Made("slopes", "OUTPUT_TABLE"),
                Made("hemeroby", "OUTPUT_TABLE"),
                Made("panel", "OUTPUT_TABLE"),
                Made("quantiles", "OUTPUT_TABLE"),
            ],
            [Made("assets"), Made("terrain", "OUTPUT_SLOPE"), Made("hemeroby")],
        ),
    ],
)

ZONING = Model(
    "restoration_and_conservation",
    "Restoration and conservation zones",
    [
        *land(),
        raster("last_land_cover", "Land cover of the last year"),
        rasters("precipitation", "Precipitation (mm, one raster per year)"),
        rasters("evapotranspiration", "Evapotranspiration (mm, one raster per year)"),
        rasters("ndvi", "NDVI (one raster per year)"),
        raster("sand", "Sand (%)"),
        raster("silt", "Silt (%)"),
        raster("clay", "Clay (%)"),
        raster("organic_carbon", "Organic carbon (%)"),
        raster("dem", "Elevation (DEM, metres)"),
        rasters("biomass", "Biomass (one raster per year)"),
        text("storms", "Depth of storms (mm), such as 100"),
        polygons("districts", "Districts"),
    ],
    [
        Step(
            "water",
            "ecoassets:waterretention",
            {
                **LAND,
                "PRECIPITATION": Given("precipitation"),
                "EVAPOTRANSPIRATION": Given("evapotranspiration"),
                "CLIMATE": "mean",
            },
            {"OUTPUT": "water_retention"},
        ),
        Step(
            "rain",
            "ecoassets:rainfallerosivity",
            {
                "PRECIPITATION": Given("precipitation"),
                "YEARS": Given("years"),
                "METHOD": "zhang_annual",
                "CLIMATE": "mean",
            },
        ),
        Step(
            "soil",
            "ecoassets:soilerodibility",
            {
                "SAND": Given("sand"),
                "SILT": Given("silt"),
                "CLAY": Given("clay"),
                "ORGANIC_CARBON": Given("organic_carbon"),
            },
        ),
        Step("slope", "ecoassets:slopelength", {"DEM": Given("dem"), "METHOD": "constant"}),
        Step(
            "plants",
            "ecoassets:vegetationcover",
            {"NDVI": Given("ndvi"), "YEARS": Given("years"), "C_METHOD": "cai"},
            {"OUTPUT": "vegetation_cover"},
        ),
        Step(
            "erosion",
            "ecoassets:soilconservation",
            {
                **LAND,
                "R": Made("rain"),
                "K": Made("soil"),
                "LS": Made("slope"),
                "C": Made("plants", "OUTPUT_C"),
            },
            {"OUTPUT": "soil_conservation"},
        ),
        Step(
            "flood",
            "ecoassets:floodmitigation",
            {**LAND, "STORM_DEPTH": Given("storms")},
            {"OUTPUT": "flood_mitigation"},
        ),
        stack("biomass"),
        Step(
            "quality",
            "ecoassets:ecosystemquality",
            {**LAND, "INDICATORS": Made("stack_biomass"), "NAMES": "biomass", "METHOD": "relative_biomass"},
            {"OUTPUT": "quality"},
        ),
        Step("lost_water", "ecoassets:degradation", {"BEFORE": Made("water"), "AFTER": Made("water")}),
        Step("lost_quality", "ecoassets:degradation", {"BEFORE": Made("quality"), "AFTER": Made("quality")}),
        Step(
            "restoration",
            "ecoassets:restorationzones",
            {
                **LAST,
                "DEGRADED_WATER": Made("lost_water"),
                "DEGRADED_QUALITY": Made("lost_quality"),
                "QUALITY_CLASSES": Made("quality", "OUTPUT_CLASSES"),
                "EROSION_CLASSES": Made("erosion", "OUTPUT_CLASSES"),
            },
            {"OUTPUT": "restoration"},
        ),
        Step(
            "conservation",
            "ecoassets:conservationzones",
            {
                **LAST,
                "SERVICES": [Made("water"), Made("erosion"), Made("flood")],
                "NAMES": "water_retention, soil_conservation, flood_mitigation",
                "KINDS": "depth, density, depth",
            },
            {"OUTPUT": "conservation"},
        ),
        Step(
            "plan",
            "ecoassets:zoningplan",
            {
                **LAST,
                "RESTORATION": Made("restoration"),
                "CONSERVATION": Made("conservation"),
                "ZONES": Given("districts"),
                "COMPARE": False,
            },
            {"OUTPUT": "plan", "OUTPUT_VECTOR": "plan_polygons"},
        ),
        report(
            "Restoration and conservation",
            [
                Made("water", "OUTPUT_TABLE"),
                Made("erosion", "OUTPUT_TABLE"),
                Made("flood", "OUTPUT_TABLE"),
                Made("quality", "OUTPUT_TABLE"),
                Made("restoration", "OUTPUT_TABLE"),
                Made("conservation", "OUTPUT_TABLE"),
                Made("conservation", "OUTPUT_EFFICIENCY"),
                Made("plan", "OUTPUT_TABLE"),
            ],
            [
                Made("water"),
                Made("erosion"),
                Made("flood"),
                Made("quality"),
                Made("restoration"),
                Made("conservation"),
                Made("plan"),
            ],
        ),
    ],
)

ESV = Model(
    "value_profit_and_loss",
    "Service value, profit and loss, and their drivers",
    [
        *land(),
        rasters("images", "Satellite images (one per image year)"),
        text("image_years", "Years of the images"),
        QgsProcessingParameterEnum(
            "sensor",
            "Sensor of the images",
            ["landsat5", "landsat7", "landsat8", "landsat9", "sentinel2", "modis"],
            defaultValue="landsat8",
            usesStaticStrings=True,
        ),
        rasters("night_light", "Night-time light (one raster per year)"),
        raster("dem", "Elevation (DEM, metres)"),
        polygons("districts", "Districts"),
        number("cell_size", "Cell of the sampling grid (metres)", 1000),
    ],
    [
        Step(
            "transfer",
            "ecoassets:transfermatrix",
            LAND,
            {"OUTPUT": "land_use_change", "OUTPUT_TABLE": "transfer_table"},
        ),
        Step(
            "value",
            "ecoassets:ecosystemservicevalue",
            LAND,
            {"OUTPUT": "value", "OUTPUT_TABLE": "value_table"},
        ),
        Step(
            "profit",
            "ecoassets:profitloss",
            {**LAND, "ZONES": Given("districts")},
            {"OUTPUT": "profit_and_loss", "OUTPUT_INDEX": "change_index"},
        ),
        Step(
            "rsei",
            "ecoassets:rsei",
            {
                "IMAGES": Given("images"),
                "YEARS": Given("image_years"),
                "SENSOR": Given("sensor"),
                "BOUNDARY": Given("boundary"),
            },
            {"OUTPUT": "rsei", "OUTPUT_LOADINGS": "loadings"},
        ),
        Step(
            "activity",
            "ecoassets:humanactivity",
            LAND,
            {"OUTPUT": "human_activity"},
        ),
        stack("night_light"),
        Step(
            "sample",
            "ecoassets:samplegrid",
            {
                "RASTERS": [Made("value"), Made("activity"), Made("stack_night_light"), Given("dem")],
                "NAMES": "value, human_activity, night_light, elevation",
                "YEARS": Given("years"),
                "CELL_SIZE": Given("cell_size"),
                "BOUNDARY": Given("boundary"),
            },
        ),
        Step(
            "detector",
            "ecoassets:geodetector",
            {"INPUT": Made("sample"), "Y": "value", "FACTORS": ["human_activity", "night_light", "elevation"]},
            {"OUTPUT_RISK": "risk"},
        ),
        report(
            "Ecosystem service value",
            [
                Made("transfer", "OUTPUT_DEGREES"),
                Made("value", "OUTPUT_CHANGE"),
                Made("profit", "OUTPUT_SUMMARY"),
                Made("rsei", "OUTPUT_TABLE"),
                Made("activity", "OUTPUT_TABLE"),
                Made("detector", "OUTPUT_FACTORS"),
                Made("detector", "OUTPUT_INTERACTIONS"),
            ],
            [Made("value"), Made("profit"), Made("rsei"), Made("activity")],
        ),
    ],
)
MODELS = (ASSETS, ZONING, ESV)


def build(model: Model) -> QgsProcessingModelAlgorithm:
    """The model as QGIS holds it: inputs on the left, steps one below the other."""
    built = QgsProcessingModelAlgorithm(model.title, GROUP)
    built.setHelpContent({"ALG_DESC": f"{model.title}. Every step can be changed; the last one writes the report."})
    for row, definition in enumerate(model.inputs):
        component = QgsProcessingModelParameter(definition.name())
        _place(component, 0, row)
        built.addModelParameter(definition, component)
    for row, step in enumerate(model.steps):
        built.addChildAlgorithm(_child(step, row))
    built.updateDestinationParameters()
    return built


def _child(step: Step, row: int) -> QgsProcessingModelChildAlgorithm:
    child = QgsProcessingModelChildAlgorithm(step.algorithm)
    if child.algorithm() is None:
        raise SystemExit(f"There is no algorithm {step.algorithm}.")
    child.setChildId(step.id)
    child.setDescription(child.algorithm().displayName())
    _place(child, 1.3, row)
    for name, value in step.parameters.items():
        child.addParameterSources(name, _sources(value))
    outputs = {}
    for n, (output, name) in enumerate(step.shown.items()):
        shown = QgsProcessingModelOutput(name, name.replace("_", " ").capitalize())
        shown.setChildId(step.id)
        shown.setChildOutputName(output)
        _place(shown, 2.4 + n * 0.85, row + 0.45)
        outputs[name] = shown
    child.setModelOutputs(outputs)
    return child


def _sources(value: Any) -> list[QgsProcessingModelChildParameterSource]:
    source = QgsProcessingModelChildParameterSource
    if isinstance(value, list) and any(isinstance(one, (Given, Made)) for one in value):
        return [part for one in value for part in _sources(one)]
    if isinstance(value, Given):
        return [source.fromModelParameter(value.name)]
    if isinstance(value, Made):
        return [source.fromChildOutput(value.step, value.output)]
    return [source.fromStaticValue(value)]


def _place(component: Any, column: float, row: float) -> None:
    component.setPosition(QPointF(160 + column * COLUMN, 80 + row * ROW))
    component.setSize(QSizeF(WIDTH, HEIGHT))


def main() -> None:
    app = QgsApplication([], True)
    app.initQgis()
    sys.path.append(str(Path(QgsApplication.pkgDataPath()) / "python" / "plugins"))
    from processing.core.Processing import Processing

    from ..algorithms.provider import EcoAssetsProvider

    Processing.initialize()
    provider = EcoAssetsProvider()  # QGIS holds only a pointer
    QgsApplication.processingRegistry().addProvider(provider)
    FOLDER.mkdir(exist_ok=True)
    for model in MODELS:
        path = FOLDER / f"{model.name}.model3"
        if not build(model).toFile(str(path)):
            raise SystemExit(f"{path} could not be written.")
        print(path)
    sys.stdout.flush()
    os._exit(0)  # the provider would outlive the application


if __name__ == "__main__":
    main()
