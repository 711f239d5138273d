"""Without the packages that QGIS may lack the toolbox is whole, and what needs one says how to install it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ecoassets.tests.algorithms.panels import panel_rows, write_layer

PROGRAM = """
import os, sys
blocked, layer, identifier, parameters = sys.argv[1].split(","), *sys.argv[2:4], eval(sys.argv[4])

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked:
            raise ModuleNotFoundError(f"{name} is blocked", name=name)

sys.meta_path.insert(0, Blocker())
from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback
application = QgsApplication([], False)
application.initQgis()
sys.path.append(os.path.join(QgsApplication.pkgDataPath(), "python", "plugins"))
from ecoassets.algorithms.provider import ALGORITHMS, EcoAssetsProvider
provider = EcoAssetsProvider()
QgsApplication.processingRegistry().addProvider(provider)
assert len(provider.algorithms()) == len(ALGORITHMS), "algorithms are missing from the toolbox"
assert all(algorithm.canExecute()[0] for algorithm in provider.algorithms())
algorithm = provider.algorithm(identifier).create()
feedback = QgsProcessingFeedback(False)
results, ok = algorithm.run({"INPUT": layer, **parameters}, QgsProcessingContext(), feedback)
print("ran" if ok else "failed", feedback.textLog(), flush=True)
os._exit(0)
"""
RUNS = {
    "panelregression": {"Y": "value", "X": ["rain"], "ENTITY": "cell_id", "TIME": "year"},
    "quantileregression": {"Y": "value", "X": ["rain"]},
    "geodetector": {"Y": "value", "FACTORS": ["rain"]},
}


@pytest.fixture
def run_without(tmp_path):
    """Runs an algorithm in a QGIS of its own in which packages cannot be imported; gives what it printed."""

    def run(packages: str, identifier: str) -> str:
        beside = Path(sys.modules["ecoassets"].__file__).parent.parent
        layer = write_layer(tmp_path / "panel.gpkg", panel_rows(noise=1))
        words = [sys.executable, "-c", PROGRAM, packages, layer, identifier, repr(RUNS[identifier])]
        done = subprocess.run(words, cwd=beside, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("identifier", RUNS)
def test_pandas_and_statsmodels_are_not_needed(run_without, identifier):
    assert run_without("pandas,statsmodels", identifier).startswith("ran")


def test_without_scipy_a_regression_says_how_to_install_it(run_without):
    told = run_without("scipy,pandas,statsmodels", "panelregression")
    assert told.startswith("failed")
    assert "Panel regression needs the Python package scipy" in told
    assert "install" in told.split("which is missing here.")[1]
