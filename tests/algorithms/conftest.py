"""One QGIS application with the provider, for all tests of the algorithms."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest

from ecoassets.core.tools.practice.region import build_region, write_region
from ecoassets.tests.algorithms.helpers import YEARS


@pytest.fixture(scope="session")
def qgis_app(tmp_path_factory: pytest.TempPathFactory):
    """A QgsApplication without a screen and with settings of its own, so that nobody's profile is read or written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QT_QPA_PLATFORM", "offscreen")
        patch.setenv("QGIS_CUSTOM_CONFIG_PATH", str(tmp_path_factory.mktemp("profile")))
        if not Path(os.environ.get("XDG_RUNTIME_DIR", "missing")).is_dir():
            runtime = tmp_path_factory.mktemp("runtime")
            runtime.chmod(0o700)
            patch.setenv("XDG_RUNTIME_DIR", str(runtime))

        from qgis.core import QgsApplication

        app = QgsApplication([], True)
        app.initQgis()
        yield app
        # Layers and contexts that exceptions still hold must go before the application, or the interpreter crashes.
        gc.collect()
        app.exitQgis()


@pytest.fixture(scope="session", autouse=True)
def processing_ready(qgis_app):
    """Processing with QGIS's own algorithms and the provider `ecoassets`; gives the provider."""
    from qgis.core import QgsApplication

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(Path(QgsApplication.pkgDataPath()) / "python" / "plugins")])
        from processing.core.Processing import Processing

        from ecoassets.algorithms.provider import EcoAssetsProvider

        Processing.initialize()
        registry = QgsApplication.processingRegistry()
        provider = EcoAssetsProvider()
        assert registry.addProvider(provider), "the provider could not be added"
        yield provider
        # A provider that outlives the application makes the interpreter crash at its end.
        registry.removeProvider(provider)
        Processing.deinitialize()


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    """Paths of the rasters of two years, by name."""
    folder = tmp_path_factory.mktemp("region")
    files = write_region(build_region(64, years=YEARS), folder)
    series = {raster.series for raster in files.rasters if raster.year}
    found = {name: [files.raster(f"{name}_{year}").path for year in YEARS] for name in series - {"landsat"}}
    found |= {raster.name: raster.path for raster in files.rasters if not raster.year}
    found |= {shapes.name: shapes.path for shapes in files.shapes} | {table.name: table.path for table in files.tables}
    found["landsat"] = [files.raster(f"landsat_{year}").path for year in YEARS]
    return found
