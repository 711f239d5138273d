"""Quality on a coarser grid belongs to the pixels that it lies over, wherever a window begins."""

from types import SimpleNamespace

import numpy as np
import pytest

from ecoassets.core.errors import InputError
from ecoassets.core.prepare.files.containers import OpenedLayer
from ecoassets.core.prepare.importing.reading import _quality_of
from ecoassets.core.raster.grid import Grid
from ecoassets.core.raster.windows import Window
from ecoassets.tests.rasters import write_raster


def grid(width, height, pixel):
    return Grid(width, height, (0.0, pixel, 0.0, 0.0, 0.0, -pixel), "")


@pytest.mark.parametrize("window", [Window(5, 0, 11, 3), Window(0, 6, 16, 5), Window(3, 3, 1, 1)])
def test_a_pixel_takes_the_quality_over_it(tmp_path, window):
    coarse = np.arange(12).reshape(3, 4)
    path = write_raster(tmp_path / "quality.tif", coarse, nodata=None)
    step = SimpleNamespace(layer=SimpleNamespace(grid=grid(16, 12, 100)), file=SimpleNamespace(name="a.hdf"))
    fine = np.kron(coarse, np.ones((4, 4), int))
    expected = fine[window.row : window.row + window.height, window.column : window.column + window.width]
    found = _quality_of(step, OpenedLayer(path, (1,), grid(4, 3, 400)), window)
    assert (found == expected).all()


def test_a_quality_that_does_not_fit_is_told(tmp_path):
    path = write_raster(tmp_path / "quality.tif", np.ones((5, 5)), nodata=None)
    step = SimpleNamespace(layer=SimpleNamespace(grid=grid(16, 12, 100)), file=SimpleNamespace(name="a.hdf"))
    with pytest.raises(InputError, match="5 x 5 pixels, and the values 16 x 12"):
        _quality_of(step, OpenedLayer(path, (1,), grid(5, 5, 400)), Window(0, 0, 4, 4))
