"""Folders and grids that tests of preparing share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecoassets.tests.core.prepare.runs import PIXEL, SIZE
from ecoassets.tests.downloads import SINUSOIDAL, modis_corner, write_tif


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "downloads").mkdir()
    return tmp_path / "downloads"


@pytest.fixture
def study(tmp_path: Path) -> str:
    """The grid of the made tile itself, so that nothing is resampled."""
    return str(
        write_tif(
            tmp_path / "study.tif", np.zeros((SIZE, SIZE), "u1"), SINUSOIDAL, modis_corner(28, 5), PIXEL, nodata=255
        )
    )


@pytest.fixture
def degrees(tmp_path: Path) -> str:
    grid = np.zeros((SIZE, SIZE), "u1")
    return str(write_tif(tmp_path / "degrees.tif", grid, "EPSG:4326", (100, 30), 1 / 120, nodata=255))
