"""Water routed by GRASS, in memory and through files."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.algorithms.services import flow_accumulation
from ecoassets.tests.rasters import read_raster, write_raster


def test_large_maps_go_through_files_to_the_same_result(tmp_path, monkeypatch, processing_ready):
    from qgis.core import QgsProcessingContext, QgsProcessingFeedback

    name = flow_accumulation.flow_algorithm()
    if name is None:
        pytest.skip("QGIS has no GRASS here")
    dem = write_raster(tmp_path / "dem.tif", np.add.outer(np.arange(40.0), np.hypot(0.3, np.arange(30.0) - 15)))
    found, told = [], []
    for most in (40 * 30, 40 * 30 - 1):
        monkeypatch.setattr(flow_accumulation, "MOST_IN_MEMORY", most)
        folder, feedback = tmp_path / str(most), QgsProcessingFeedback(False)
        folder.mkdir()
        found.append(
            read_raster(flow_accumulation.accumulate_flow(name, dem, str(folder), QgsProcessingContext(), feedback))
        )
        told.append(feedback.textLog())
    assert np.array_equal(*found) and np.abs(found[0]).max() > 100
    assert "memory=2000" not in told[0] and "memory=2000 -m" in told[1]
