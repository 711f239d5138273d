"""The part of `make demo` about workflows: all three on the practice region, then one project that shows their results.

python -m ecoassets.tools.demo_workflows REGION OUTPUT
"""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)

YEARS = (2000, 2005, 2010, 2015)
SHOWN_FIRST = "zoning"  # the workflow whose map is the figure that a reader wants to see when the project opens
# Figures of the printed table, and at most so many rows of each.
PRINTED = 4


class Told(QgsProcessingFeedback):
    """Prints which step runs, and warnings."""

    def pushInfo(self, info: str) -> None:
        if info.startswith("\n"):
            print(f"  {info.strip()}", flush=True)

    def reportError(self, error: str, fatalError: bool = False) -> None:
        print(f"  {error}", flush=True)


def workflows(region: Path, output: Path) -> dict[str, dict[str, Any]]:
    """Parameters of each workflow; slope length is that of the demo's earlier part, where GRASS routed the water."""

    def by_year(name: str) -> list[str]:
        return [str(region / f"{name}_{year}.tif") for year in YEARS]

    def one(name: str) -> str:
        return str(region / name)

    land = {
        "LAND_COVER": by_year("land_cover"),
        "YEARS": ", ".join(map(str, YEARS)),
        "SCHEME": "cnlucc",
        "BOUNDARY": one("boundary.gpkg"),
        "DEM": one("dem.tif"),
    }
    districts = {"ZONES": one("districts.gpkg"), "ZONE_FIELD": "name"}
    return {
        "assetsworkflow": {
            **land,
            **districts,
            "NPP": by_year("npp"),
            "PRECIPITATION": by_year("precipitation"),
            "SOIL_RETENTION": by_year("soil_retention"),
            "TEMPERATURE": by_year("temperature"),
            "POPULATION": by_year("log_population"),
            "GDP": by_year("gdp"),
            "CELL_SIZE": 300,
        },
        "zoningworkflow": {
            **land,
            **districts,
            "PRECIPITATION": by_year("precipitation"),
            "EVAPOTRANSPIRATION": by_year("evapotranspiration"),
            **{name: one(f"{name.lower()}.tif") for name in ("SAND", "SILT", "CLAY", "ORGANIC_CARBON", "SOIL_GROUP")},
            "NDVI": by_year("ndvi"),
            "LS": [str(output / "slope_length_ls.tif")],
            "STORM_DEPTH": "100",
            "WATER_BODIES": one("water_bodies.gpkg"),
            "INDICATORS": by_year("biomass"),
            "NAMES": ", ".join(["biomass"] * len(YEARS)),
            "MINIMUM_AREA": 1,
        },
        "esvworkflow": {
            **land,
            **districts,
            "NPP": by_year("npp"),
            "PRECIPITATION": by_year("precipitation"),
            "IMAGES": [one(f"landsat_{year}.tif") for year in (YEARS[0], YEARS[-1])],
            "IMAGE_YEARS": f"{YEARS[0]}, {YEARS[-1]}",
            "SENSOR": "landsat5",
            "POPULATION": by_year("population"),
            "GDP": by_year("gdp"),
            "NIGHT_LIGHT": by_year("night_light"),
            "CELL_SIZE": 300,
        },
    }


def run(name: str, parameters: dict[str, Any], folder: Path, project: QgsProject) -> None:
    """Runs a workflow and lays its maps, styled, into the project."""
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"ecoassets:{name}")
    print(f"\n== {algorithm.displayName()}", flush=True)
    context, feedback = QgsProcessingContext(), Told(False)
    context.setProject(project)
    files = {
        "FOLDER": str(folder),
        "OUTPUT_TABLE": str(folder / "headlines.csv"),
        "OUTPUT_HTML": str(folder / "report.html"),
    }
    _, succeeded = algorithm.run({**parameters, **files}, context, feedback)
    if not succeeded:
        raise SystemExit(f"{name} failed; see the messages above.")
    for source, details in context.layersToLoadOnCompletion().items():
        vector = source.endswith(".gpkg")
        layer = QgsVectorLayer(source, details.name, "ogr") if vector else QgsRasterLayer(source, details.name)
        project.addMapLayer(layer)
        details.postProcessor().postProcessLayer(layer, context, feedback)
    project.layerTreeRoot().children()[0].setItemVisibilityChecked(SHOWN_FIRST in name)
    print_headlines(folder / "headlines.csv")


def print_headlines(table: Path) -> None:
    """The first rows of each figure."""
    seen: dict[str, int] = {}
    with open(table, encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            seen[row["figure"]] = seen.get(row["figure"], 0) + 1
            if seen[row["figure"]] <= PRINTED:
                period = "-".join(filter(None, (row["from_year"], row["year"])))
                value = f"{float(row['value']):,.4g}" if row["value"] else "none"
                print(f"    {row['figure']:<24}{row['subject']:<42.40}{period:<11}{value:>12} {row['unit']}")


def main() -> None:
    region, output = (Path(word).resolve() for word in sys.argv[1:3])
    app = QgsApplication([], True)
    app.initQgis()
    sys.path.append(str(Path(QgsApplication.pkgDataPath()) / "python" / "plugins"))
    from processing.core.Processing import Processing

    from ..algorithms.provider import EcoAssetsProvider

    Processing.initialize()
    provider = EcoAssetsProvider()  # QGIS holds only a pointer
    QgsApplication.processingRegistry().addProvider(provider)
    project = QgsProject.instance()
    project.setCrs(QgsRasterLayer(str(region / "dem.tif")).crs())
    for name, parameters in workflows(region, output).items():
        run(name, parameters, output / name, project)
    path = output / "workflows.qgz"
    if not project.write(str(path)):
        raise SystemExit(f"{path} could not be written: {project.error()}")
    print(
        f"\nThe maps of the three workflows are in {path}, their reports in {output}/*workflow/report.html.", flush=True
    )
    os._exit(0)  # the provider would outlive the application


if __name__ == "__main__":
    main()
