"""`make pictures`: maps of the practice region for the pages of help, drawn by a real QGIS as its canvas shows them.

Run inside QGIS (`qgis --code`), which the Makefile starts on a screen that nobody sees.
"""

from __future__ import annotations

import csv
import os
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsFillSymbol,
    QgsGraduatedSymbolRenderer,
    QgsMapLayer,
    QgsMapRendererCustomPainterJob,
    QgsMapSettings,
    QgsProcessingParameterDefinition,
    QgsProject,
    QgsRasterLayer,
    QgsRendererRange,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QCoreApplication, Qt, QTimer
from qgis.PyQt.QtGui import QColor, QImage, QPainter

TARGET = Path(os.environ["ECOASSETS_PICTURES"])
SIZE = 360  # pixels
YEARS = (2000, 2015)


def runs(region: str, made: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Algorithm, the output that is drawn, and its parameters; a later one takes what an earlier one has made."""

    def of(name: str) -> list[str]:
        return [f"{region}/{name}_{year}.tif" for year in YEARS]

    def out(name: str) -> str:
        return f"{made}/{name}.tif"

    dem, last = f"{region}/dem.tif", f"{region}/land_cover_2015.tif"
    land = {"LAND_COVER": of("land_cover"), "YEARS": "2000, 2015"}
    years = {"YEARS": "2000, 2015"}
    texture = {name.upper(): f"{region}/{name}.tif" for name in ("sand", "silt", "clay", "organic_carbon")}
    adjusted = {"NPP": of("npp"), "PRECIPITATION": of("precipitation"), "SOIL_RETENTION": of("soil_retention")}
    factors = {name: out(f"rusle_{name}") for name in ("R", "K", "LS", "C", "P")}
    indicators = [path for name in ("lai", "fvc", "gpp") for path in of(name)]
    services = {"SERVICES": [out("water"), out("retention")], "NAMES": "water, soil", "KINDS": "depth, density"}
    return [
        ("terrainclasses", "OUTPUT_LANDFORM", {"DEM": dem}),
        ("ecosystemservicevalue", "OUTPUT", land),
        ("ecologicalassets", "OUTPUT", {**land, **adjusted}),
        ("transfermatrix", "OUTPUT", land),
        ("profitloss", "OUTPUT", land),
        ("hemeroby", "OUTPUT", land),
        ("humanactivity", "OUTPUT", land),
        ("rainfallerosivity", "OUTPUT", {**years, "PRECIPITATION": of("precipitation_monthly"), "_": factors["R"]}),
        ("soilerodibility", "OUTPUT", {**texture, "_": factors["K"]}),
        ("slopelength", "OUTPUT", {"DEM": dem, "METHOD": "invest", "_": factors["LS"]}),
        ("vegetationcover", "OUTPUT", {**land, "NDVI": of("ndvi"), "OUTPUT_C": factors["C"]}),
        ("supportpractice", "OUTPUT", {**land, "DEM": dem, "_": factors["P"]}),
        ("soilconservation", "OUTPUT_CLASSES", {**land, **factors, "OUTPUT": out("retention")}),
        (
            "waterretention",
            "OUTPUT",
            {**land, "PRECIPITATION": of("precipitation"), "EVAPOTRANSPIRATION": of("evapotranspiration"),
             "_": out("water")},
        ),
        ("floodmitigation", "OUTPUT", {**land, "STORM_DEPTH": "100", "SOIL_GROUP": f"{region}/soil_group.tif"}),
        ("naturalhabitat", "OUTPUT", land),
        (
            "habitatquality",
            "OUTPUT",
            {**land, "THREATS": [f"{region}/road_threat.tif", f"{region}/town_threat.tif"], "NAMES": "road,town",
             "THREAT_TABLE": f"{region}/threats.csv", "SENSITIVITY_TABLE": f"{region}/sensitivity.csv"},
        ),
        ("carbonstorage", "OUTPUT", {**land, "CARBON_TABLE": f"{region}/carbon.csv"}),
        ("rsei", "OUTPUT", {**years, "SENSOR": "landsat5", "IMAGES": of("landsat")}),
        (
            "ecosystemquality",
            "OUTPUT_CLASSES",
            {**land, "INDICATORS": indicators, "NAMES": "lai,lai,fvc,fvc,gpp,gpp", "OUTPUT": out("quality")},
        ),
        (
            "degradation",
            "OUTPUT",
            {"NAMES": "soil", "BEFORE": of("soil_retention")[:1], "AFTER": of("soil_retention")[1:],
             "LAND_COVER": last, "_": out("degradation")},
        ),
        ("conservationzones", "OUTPUT", {**services, "LAND_COVER": last, "_": out("conservation")}),
        ("priorityranking", "OUTPUT", services),
    ]  # fmt: skip


def wait(seconds: float) -> None:
    """Lets QGIS go on for some time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QCoreApplication.processEvents()
        time.sleep(0.02)


def drawn(layer: QgsMapLayer) -> QImage:
    """The map of a layer. Without a legend, so that one picture serves all languages."""
    return painted(layer).convertToFormat(QImage.Format.Format_Indexed8, Qt.ImageConversionFlag.AvoidDither)


def painted(layer: QgsMapLayer) -> QImage:
    image = QImage(SIZE, SIZE, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setOutputSize(image.size())
    settings.setExtent(layer.extent())
    painter = QPainter(image)
    job = QgsMapRendererCustomPainterJob(settings, painter)
    job.start()
    job.waitForFinished()
    painter.end()
    return image


def detector(region: str, folder: str) -> QImage:
    """What the detector compares: the values of places, and beside them the strata of the factor with the largest q."""
    import processing

    names = ("npp", "precipitation", "elevation", "population")
    rasters = [f"{region}/{name}.tif" for name in ("npp_2015", "precipitation_2015", "dem", "population_2015")]
    cells = f"{folder}/cells.gpkg"
    given = {"RASTERS": rasters, "NAMES": ",".join(names), "CELL_SIZE": 300, "OUTPUT": cells}
    processing.run("ecoassets:samplegrid", given)
    found = processing.run(
        "ecoassets:geodetector",
        {"INPUT": cells, "Y": names[0], "FACTORS": list(names[1:]), "PERMUTATIONS": 0,
         **{f"OUTPUT_{one}": f"{folder}/{one}.csv" for one in ("FACTORS", "BREAKS")}},
    )  # fmt: skip
    factors, breaks = ([*table(found[f"OUTPUT_{one}"])] for one in ("FACTORS", "BREAKS"))
    first = max(factors, key=lambda row: float(row["q"]))["factor"]
    layer = QgsVectorLayer(cells, "cells")
    index = layer.fields().indexOf(names[0])
    low, high = layer.minimumValue(index), layer.maximumValue(index)
    steps = [low + (high - low) * share / 9 for share in range(10)]
    classes = [float(row["low"]) for row in breaks if row["factor"] == first][1:]
    image = QImage(2 * SIZE + 8, SIZE, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    for place, field, bounds in ((0, names[0], steps), (SIZE + 8, first, [-1e30, *classes, 1e30])):
        renderer = QgsGraduatedSymbolRenderer(field)
        for at, (lower, upper) in enumerate(zip(bounds, bounds[1:]), start=1):
            light = 1 - at / len(bounds)
            shade = QColor.fromHsvF(0.33 - 0.21 * light, 0.75, 0.35 + 0.6 * light).name()
            symbol = QgsFillSymbol.createSimple({"color": shade, "outline_style": "no"})
            renderer.addClassRange(QgsRendererRange(lower, upper, symbol, ""))
        layer.setRenderer(renderer)
        painter.drawImage(place, 0, painted(layer))
    painter.end()
    return image.convertToFormat(QImage.Format.Format_Indexed8, Qt.ImageConversionFlag.AvoidDither)


def table(path: str) -> Iterator[dict[str, str]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def main() -> None:
    """Runs one algorithm after the other, draws what it made and ends QGIS."""
    try:
        import processing

        registry = QgsApplication.processingRegistry()

        with tempfile.TemporaryDirectory() as folder:
            region = str(Path(folder, "region"))
            Path(region).mkdir()
            processing.run("ecoassets:practiceregion", {"FOLDER": region, "SIZE": 300})
            detector(region, folder).save(str(TARGET / "geodetector.png"))
            for name, output, parameters in runs(region, folder):
                given = dict(parameters)
                given.setdefault(output, given.pop("_", str(Path(folder, f"{name}_{output}.tif"))))
                wanted = os.path.realpath(given[output])
                for one in registry.algorithmById(f"ecoassets:{name}").destinationParameterDefinitions():
                    if not one.flags() & QgsProcessingParameterDefinition.Flag.FlagOptional:
                        given.setdefault(one.name(), "TEMPORARY_OUTPUT")
                before = set(QgsProject.instance().mapLayers())
                try:
                    processing.runAndLoadResults(f"ecoassets:{name}", given)
                except Exception as error:
                    print(f"{name}: {error}", flush=True)
                    continue
                wait(0.5)
                new = [one for key, one in QgsProject.instance().mapLayers().items() if key not in before]
                maps = [
                    one for one in new if isinstance(one, QgsRasterLayer) and os.path.realpath(one.source()) == wanted
                ]
                if maps:
                    drawn(maps[-1]).save(str(TARGET / f"{name}.png"))
                    print(name, flush=True)
    except Exception:
        traceback.print_exc()
    os._exit(0)


QTimer.singleShot(2500, main)
