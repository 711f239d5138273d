"""Rasters of several years to a long table of cells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qgis.core import QgsCoordinateReferenceSystem, QgsFeature, QgsGeometry, QgsRectangle, QgsWkbTypes

from ...core.progress import Progress
from ...core.raster.files import workspace
from ...core.results import plain_rows
from ..base import Results
from ..features import new_feature, point
from ..given import Given
from ..looks.vector_look import FeatureLook, named_for
from .sampling import CELL_M, SamplingAlgorithm

if TYPE_CHECKING:
    from ...core.drivers.sampling.sample_grid import SampleGrid

_WRITING = 70  # percent of the run after which rows are written


class SampleGridAlgorithm(SamplingAlgorithm):
    """Exact area-weighted means, sums, majorities or shares of rasters by cell and year."""

    NAME = "samplegrid"

    def declare(self) -> None:
        self.add_variables()
        self.add_number("CELL_SIZE", CELL_M, 0)
        self.add_choice("SHAPE", ("cells", "points"), "cells")
        self.add_cells()
        self.add_features_output("OUTPUT", optional=False)
        self.add_number_output("CELLS", "N")

    def compute(self, given: Given, progress: Progress) -> Results:
        from ...core.drivers.sampling.sample_grid import run_sample_grid

        inputs = self.sample_inputs(given, given.required_number("CELL_SIZE"))
        with workspace() as folder:
            grid = run_sample_grid(inputs, self.raster_settings(given), folder, progress.part(0, _WRITING))
            cells = given.choice("SHAPE") == "cells"
            results = self.publish_features(
                "OUTPUT",
                grid.columns,
                _features(grid, cells, progress.part(_WRITING, 100)),
                QgsWkbTypes.Type.Polygon if cells else QgsWkbTypes.Type.Point,
                QgsCoordinateReferenceSystem.fromWkt(grid.net.crs),
                self._look(grid),
            )
        return results | self.publish_numbers(CELLS=grid.cells, N=grid.rows)

    def _look(self, grid: SampleGrid) -> FeatureLook:
        """The first variable, with the time of its year."""
        field = next(column.name for column in grid.columns[5:])
        low, high = grid.valid_range.get(field, (0.0, 1.0))
        years = grid.inputs.years
        return FeatureLook(
            named_for(self.displayName(), field),
            field,
            low,
            high if high > low else low + 1,
            year_field="year" if years else "",
        )


def _features(grid: SampleGrid, cells: bool, progress: Progress) -> Iterator[QgsFeature]:
    half_width, half_height = grid.net.width / 2, grid.net.height / 2
    names = [column.name for column in grid.columns]
    for done, piece in enumerate(grid.chunks()):
        progress.set(100 * done / len(grid.pieces))
        rows = plain_rows([piece[name] for name in names])
        for x, y, row in zip(piece["x"], piece["y"], rows):
            cell = QgsRectangle(x - half_width, y - half_height, x + half_width, y + half_height)
            yield new_feature(QgsGeometry.fromRect(cell) if cells else point(x, y), row)
