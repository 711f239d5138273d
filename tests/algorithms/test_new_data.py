"""Lists follow the data: a new land-cover scheme is rows and a name, a new sensor one file, and no code knows them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ecoassets.tests.rasters import write_raster
from ecoassets.tests.scenes import land

CLONE = Path(__file__).resolve().parents[2]
CLASSES = """\
village,7,Orchard,果园,forest,broadleaf_forest:1,forest:1,forest:1,forest,forest,1,0,,,,2,Forest,#2f7d32,
village,8,Pond,池塘,wetland,water_body:1,water:1,water:1,,,1,1,,,,3,Water,#3182bd,
"""
SENSOR = "like: landsat5\ntitle: Kite camera\nspacecraft: KITE\n"

PROGRAM = """
import json, os, sys
from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback
app = QgsApplication([], False)
app.initQgis()
sys.path.append(os.path.join(QgsApplication.pkgDataPath(), "python", "plugins"))
import processing
from ecoassets.algorithms.provider import EcoAssetsProvider
provider = EcoAssetsProvider()
QgsApplication.processingRegistry().addProvider(provider)
offered = {
    name: sorted(
        algorithm.name() for algorithm in provider.algorithms()
        if algorithm.parameterDefinition(name) and (word in algorithm.parameterDefinition(name).options())
    )
    for name, word in (("SCHEME", "village"), ("SENSOR", "kite"))
}
asked = {name: sorted(a.name() for a in provider.algorithms() if a.parameterDefinition(name)) for name in offered}
told = provider.algorithm("rsei").parameterDefinition("SENSOR").help()
def run(name, **parameters):
    return processing.run(provider.algorithm(name).create(), parameters, feedback=QgsProcessingFeedback())
land, image, folder = sys.argv[1:]
value = run("ecosystemservicevalue", LAND_COVER=[land], YEARS="2020", SCHEME="village",
            OUTPUT=os.path.join(folder, "value.tif"))
index = run("rsei", IMAGES=[image], YEARS="2020", SENSOR="kite", LEVEL="reflectance",
            OUTPUT=os.path.join(folder, "rsei.tif"))
print(json.dumps([offered, asked, told, value["TOTAL_FIRST"], index["MEAN_FIRST"]]), flush=True)
os._exit(0)
"""


@pytest.fixture(scope="module")
def plugin(tmp_path_factory) -> Path:
    """Where a copy of the plugin lies that has one scheme and one sensor more."""
    root = tmp_path_factory.mktemp("plugin") / "ecoassets"
    for name in ("core", "algorithms", "resources"):
        shutil.copytree(CLONE / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__init__.py", "metadata.txt"):
        shutil.copy(CLONE / name, root)
    tables = root / "resources" / "tables"
    for name, rows in (("land_cover_classes", CLASSES), ("land_cover_schemes", "village,Village map\n")):
        with (tables / f"{name}.csv").open("a", encoding="utf-8") as file:
            file.write(rows)
    (root / "resources" / "sensors" / "kite.yaml").write_text(SENSOR, encoding="utf-8")
    return root.parent


def test_a_new_scheme_and_a_new_sensor_are_offered_everywhere_and_run(plugin, tmp_path):
    cover = write_raster(tmp_path / "land.tif", [[7, 7, 8, 8]])
    image = write_raster(tmp_path / "image.tif", land(1), "float32", nodata=-9999, pixel=30)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, cover, image, str(tmp_path)],
        cwd=plugin,
        env={"PATH": "/usr/bin:/bin", "QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    offered, asked, told, value, index = json.loads(done.stdout.splitlines()[-1])
    assert offered == asked
    assert {"checkinputs", "zoningworkflow", "zoningplan", "waterretention"} <= set(asked["SCHEME"])
    assert asked["SENSOR"] == ["esvworkflow", "rsei"]
    assert "kite" in told
    assert value > 0 and np.isfinite(value)
    assert 0 < index < 1
