"""What all tests of the core share."""

from __future__ import annotations

import pytest
from osgeo import gdal


@pytest.fixture(autouse=True)
def side_files_allowed():
    """Category names lie in `.aux.xml` files, which some machines switch off for all of GDAL."""
    before = gdal.GetConfigOption("GDAL_PAM_ENABLED")
    gdal.SetConfigOption("GDAL_PAM_ENABLED", "YES")
    yield
    gdal.SetConfigOption("GDAL_PAM_ENABLED", before)
