"""From rain, soil, terrain and NDVI to soil retention and on to the assets, in one model."""

from __future__ import annotations

import math

import pytest

from ecoassets.tests.algorithms.landcover import FOREST, PADDY, TOWN
from ecoassets.tests.rasters import read_raster, write_raster

UNIT_PLOT = 22.13
SCHEME = "cnlucc"
# What the model gives out: an output of a child, and its name.
KEPT = {
    "vegetationcover": ("OUTPUT_C", "cover_c"),
    "soilconservation": ("OUTPUT", "retention"),
    "ecologicalassets": ("OUTPUT", "assets"),
}


@pytest.fixture
def inputs(tmp_path):
    """A plane of 10 percent under 50 mm of rain every month, on loam, half covered: forest, a paddy and a town."""

    def raster(name, *bands, dtype="float32", nodata=-9999):
        return write_raster(tmp_path / f"{name}.tif", list(bands), dtype, nodata=nodata)

    flat = {"sand": 40, "silt": 40, "clay": 20, "carbon": 1.2, "ndvi": 0.45}
    found = {name: raster(name, [[value] * 9] * 7) for name, value in flat.items()}
    found["rain"] = raster("rain", *[[[50] * 9] * 7] * 12)
    found["dem"] = raster("dem", [[10.0 * column for column in range(9)] for _ in range(7)])
    found["cover"] = raster("cover", [[FOREST] * 7 + [PADDY, TOWN]] * 7, dtype="uint8", nodata=255)
    return found


def retention_of_the_forest():
    """R K LS (1 - C P) with the pencil, t/(ha a)."""
    r = 0.1833 * 50**1.9957
    us = (0.2 + 0.3 * math.exp(-0.6144)) * (2 / 3) ** 0.3 * (1 - 0.3 / (1.2 + math.exp(0.18)))
    us *= 1 - 0.42 / (0.6 + math.exp(8.23))
    k = 0.1317 * (-0.01383 + 0.51575 * us)
    ls = 16.8 * math.sin(math.atan(0.1)) - 0.5  # of the length of the unit plot
    c = 0.6508 - 0.3436 * math.log10(50)
    return r * k * ls * (1 - c)


def chain(inputs):
    """A model of seven children, each fed by the ones before it."""
    from qgis.core import (
        QgsProcessingModelAlgorithm,
        QgsProcessingModelChildAlgorithm,
        QgsProcessingModelChildParameterSource,
        QgsProcessingModelOutput,
    )

    fixed = QgsProcessingModelChildParameterSource.fromStaticValue
    of = QgsProcessingModelChildParameterSource.fromChildOutput
    land = {"LAND_COVER": fixed([inputs["cover"]]), "SCHEME": fixed(SCHEME)}
    soil = {"SAND": "sand", "SILT": "silt", "CLAY": "clay", "ORGANIC_CARBON": "carbon"}
    steps = {
        "rainfallerosivity": {"PRECIPITATION": fixed([inputs["rain"]])},
        "soilerodibility": {name: fixed(inputs[key]) for name, key in soil.items()},
        "slopelength": {"DEM": fixed(inputs["dem"]), "METHOD": fixed("constant"), "CONSTANT_LENGTH": fixed(UNIT_PLOT)},
        "vegetationcover": {
            "NDVI": fixed([inputs["ndvi"]]), "METHOD": fixed("fixed"), "VEGETATION": fixed(0.85),
            "C_METHOD": fixed("cai"),
        },
        "supportpractice": {"DEM": fixed(inputs["dem"]), **land},
        "soilconservation": {
            "R": of("rainfallerosivity", "OUTPUT"), "K": of("soilerodibility", "OUTPUT"),
            "LS": of("slopelength", "OUTPUT"), "C": of("vegetationcover", "OUTPUT_C"),
            "P": of("supportpractice", "OUTPUT"), **land,
        },
        "ecologicalassets": {
            "SOIL_RETENTION": of("soilconservation", "OUTPUT"), "YEARS": fixed("2000"), **land,
        },
    }  # fmt: skip
    model = QgsProcessingModelAlgorithm("chain", "test")
    for name, sources in steps.items():
        child = QgsProcessingModelChildAlgorithm(f"ecoassets:{name}")
        child.setChildId(name)
        for parameter, source in sources.items():
            child.addParameterSources(parameter, [source])
        if name in KEPT:
            source, title = KEPT[name]
            output = QgsProcessingModelOutput(title, title)
            output.setChildId(name)
            output.setChildOutputName(source)
            child.setModelOutputs({title: output})
        model.addChildAlgorithm(child)
    model.updateDestinationParameters()
    return model


def test_raw_rasters_become_retention_and_assets(inputs, tmp_path, processing_ready):
    from qgis.core import QgsProcessingContext, QgsProcessingFeedback

    wanted = {f"{child}:{name}": str(tmp_path / f"{name}.tif") for child, (_, name) in KEPT.items()}
    context, feedback = QgsProcessingContext(), QgsProcessingFeedback(False)
    _, succeeded = chain(inputs).run(wanted, context, feedback)
    assert succeeded, feedback.textLog()
    retention = read_raster(tmp_path / "retention.tif")[0]
    assert retention[3, 3] == pytest.approx(retention_of_the_forest(), rel=1e-4)  # slope in single precision
    assert retention[3, 8] == 0  # a town keeps none
    assets = read_raster(tmp_path / "assets.tif")[0]
    # of 22.95 equivalents of a hectare of forest, 2.65 are soil conservation and follow the retention over its mean
    equivalents = 22.95 - 2.65 + 2.65 * retention[3, 3] / retention.mean()
    assert assets[3, 3] == pytest.approx(equivalents * 3406.50, rel=1e-5)
