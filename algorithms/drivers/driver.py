"""What all driver algorithms share: the packages they need, a layer's columns, transforms, where cells lie."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
from qgis.core import QgsProcessingUtils

from ...core.progress import Progress
from ...core.results import Column, plain_rows
from ..base import EcoAlgorithm, Results
from ..features import geometries, new_feature, output_crs, output_type, read_features
from ..given import Given
from ..looks.vector_look import FeatureLook

if TYPE_CHECKING:
    from ...core.drivers.feature_table import FeatureTable

DEVIATIONS = 2.5  # of residuals, either way, are coloured apart


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

    def publish_rows(
        self,
        name: str,
        given: Given,
        table: FeatureTable,
        rows: Sequence[int],
        columns: Sequence[Column],
        arrays: Sequence[np.ndarray],
        look: FeatureLook,
    ) -> Results:
        """Gives rows of `INPUT` what was found for them, in their places.

        Args:
            name: of the output.
            given: names the layer.
            table: read from it.
            rows: numbers of its rows, rising.
            columns: of the output.
            arrays: one per column, a value per row.
            look: of the output.
        """
        source = given.source("INPUT")
        features = (
            new_feature(place, cells) for place, cells in zip(geometries(source, table, rows), plain_rows(arrays))
        )
        return self.publish_features(name, columns, features, output_type(source, table), output_crs(source), look)


def residuals_look(name: str, year_field: str = "") -> FeatureLook:
    """Residuals in standard deviations about zero."""
    return FeatureLook(
        name, "standardised", -DEVIATIONS, DEVIATIONS, "diverging", "sd", year_field=year_field, open_ends=True
    )
