"""A virtual raster of unknown origin runs no code and reads nothing that GDAL by itself would not."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import EcoAssetsError
from ecoassets.core.progress import QUIET
from ecoassets.core.raster.engine import run_job
from ecoassets.core.raster.reading.source import Source, fit_to_grid
from ecoassets.core.raster.work import Job

from ..core.raster.conftest import Copy, grid_of, write_raster

PROGRAM = """
import numpy as np
def touch(in_ar, out_ar, *args, **kwargs):
    open({marker!r}, "w").close()
    out_ar[:] = 1
"""


def virtual(tmp_path, band: str, pixel: float = 30.0):
    path = tmp_path / "in.vrt"
    place = f"<SRS>EPSG:32748</SRS><GeoTransform>200000, {pixel}, 0, 9900000, 0, -{pixel}</GeoTransform>"
    path.write_text(f'<VRTDataset rasterXSize="8" rasterYSize="8">{place}{band}</VRTDataset>')
    return str(path)


@pytest.mark.parametrize("pixel", [30.0, 45.0], ids=["as it is", "brought on another grid"])
def test_pixel_functions_in_python_are_not_run(tmp_path, pixel):
    marker = tmp_path / "code was run"
    band = (
        '<VRTRasterBand dataType="Float32" band="1" subClass="VRTDerivedRasterBand">'
        f"<PixelFunctionLanguage>Python</PixelFunctionLanguage><PixelFunctionType>touch</PixelFunctionType>"
        f"<PixelFunctionCode><![CDATA[{PROGRAM.format(marker=str(marker))}]]></PixelFunctionCode></VRTRasterBand>"
    )
    grid = grid_of(write_raster(tmp_path / "reference.tif", np.ones((8, 8), "uint8"), nodata=255))
    with pytest.raises(EcoAssetsError):
        source = fit_to_grid(Source("x", virtual(tmp_path, band, pixel)), grid, QUIET)
        run_job(Job(Copy(), (source,), grid))
    assert not marker.exists()
    assert gdal.GetConfigOption("GDAL_VRT_ENABLE_PYTHON") is None


def test_a_virtual_raster_that_points_nowhere_or_to_a_text_is_an_error(tmp_path):
    for name in ("/etc/passwd", "nowhere.tif", "../../../../etc/hostname"):
        band = (
            '<VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
            f"<SourceFilename>{name}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>"
        )
        path = virtual(tmp_path, band)
        with pytest.raises(EcoAssetsError, match=r"in\.vrt"):
            run_job(Job(Copy(), (Source("x", path),), grid_of(path)))
