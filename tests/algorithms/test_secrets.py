"""Addresses with passwords and tokens: what a run tells and leaves holds none of them, whether it ends well or not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ecoassets.tests.algorithms.helpers import files_in, run
from ecoassets.tests.rasters import write_raster

# A folder over HTTP, whatever stands before or behind the name of a file; a process, for QGIS keeps Python's lock.
SERVER = """
import http.server, os, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path):
        return os.path.join(sys.argv[1], os.path.basename(path.split("?")[0]))
    def log_message(self, *words): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture
def address(tmp_path):
    """Addresses of a raster `before.tif` and one `after.tif`."""
    folder = tmp_path / "served"
    folder.mkdir()
    for name, value in (("before", 0.5), ("after", 0.25)):
        write_raster(folder / f"{name}.tif", [[value, value], [value, 0.75]], "float32", nodata=-1)
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(folder)], stdout=subprocess.PIPE, text=True)
    host = f"127.0.0.1:{server.stdout.readline().strip()}"
    yield lambda name: f"/vsicurl/http://anna:S3cretPW@{host}/{name}.tif?token=S3cretPW&sig=ab/S3cretPW"
    server.terminate()
    server.wait()
    server.stdout.close()


def layer(source):
    from qgis.core import QgsRasterLayer

    found = QgsRasterLayer(source, source)  # as QGIS names what is dragged in
    assert found.isValid()
    return found


def test_maps_and_reports_hold_no_secret_of_their_inputs(address, tmp_path):
    from qgis.core import QgsProcessingFeedback

    folder, feedback = tmp_path / "out", QgsProcessingFeedback(False)
    folder.mkdir()
    run(
        "ecoassets:degradation",
        {
            "BEFORE": [layer(address("before"))],
            "AFTER": [layer(address("after"))],
            "OUTPUT": str(folder / "change.tif"),
            "OUTPUT_TABLE": str(folder / "change.csv"),
            "OUTPUT_HTML": str(folder / "change.html"),
        },
        feedback=feedback,
    )
    assert {"change.tif", "change.html", "change.parameters.json"} <= set(files_in(folder))
    for name in files_in(folder):
        content = (folder / name).read_bytes()
        assert b"S3cret" not in content and b"anna" not in content, name


def test_what_cannot_be_read_is_told_without_its_password(address, tmp_path):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException) as caught:
        run("ecoassets:terrainclasses", {"DEM": address("missing"), "OUTPUT_SLOPE": str(tmp_path / "slope.tif")})
    assert "missing.tif" in str(caught.value)
    assert "S3cret" not in str(caught.value) and "anna" not in str(caught.value)


def test_an_address_of_options_alone_names_no_file_on_the_disk(tmp_path):
    """`/vsicurl?url=...` has no folder behind its prefix."""
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match="no file and no folder"):
        run(
            "ecoassets:identifyproducts",
            {"DOWNLOADS": "/vsicurl?url=http%3A%2F%2Fhost%2Fa.tif", "OUTPUT_HTML": str(tmp_path / "r.html")},
        )
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("name", ["(old) zones", "#1 / north", "-", "/vsicurl/http://anna:S3cretPW@host/z"])
def test_zones_may_be_called_anything(name, tmp_path):
    from qgis.core import QgsFeature, QgsGeometry, QgsVectorLayer

    raster = write_raster(tmp_path / "npp.tif", [[1.0, 2.0], [3.0, 4.0]], "float32", nodata=-1)
    zones = QgsVectorLayer("Polygon?crs=EPSG:32650", name, "memory")
    feature = QgsFeature()
    feature.setGeometry(QgsGeometry.fromWkt("POLYGON((-1e6 -1e7, 9e6 -1e7, 9e6 1e7, -1e6 1e7, -1e6 -1e7))"))
    zones.dataProvider().addFeature(feature)
    table = tmp_path / "zones.csv"
    run("ecoassets:zonesummary", {"VALUES": [str(raster)], "YEARS": "2000", "ZONES": zones, "OUTPUT_TABLE": str(table)})
    content = table.read_text(encoding="utf-8")
    assert ",10,2.5,100," in content and "S3cret" not in content
