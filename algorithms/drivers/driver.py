"""What all driver algorithms share: the packages they need, a layer's columns, transforms, where cells lie."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import TYPE_CHECKING

from qgis.core import QgsProcessingUtils

from ...core.progress import Progress
from ..base import EcoAlgorithm
from ..features import read_features
from ..given import Given

if TYPE_CHECKING:
    from ...core.drivers.feature_table import FeatureTable


class DriverAlgorithm(EcoAlgorithm):
    """Statistics that need SciPy. It is imported when they run, so that they stay in the toolbox without it."""

    GROUP = "drivers"

    @staticmethod
    def folder_of_maps() -> str:
        """A new folder for the rasters of a report. QGIS removes it at its end, for a workflow writes reports later."""
        return os.path.dirname(QgsProcessingUtils.generateTempFilename("map.tif"))

    def read(
        self, given: Given, names: Collection[str | None], progress: Progress, numbers: Collection[str] = ()
    ) -> FeatureTable:
        """The fields of `INPUT` that were chosen."""
        return read_features(given.source("INPUT"), [name for name in names if name], progress, numbers)
