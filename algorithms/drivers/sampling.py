"""What sampling grid and scale check share: rasters by name, their years, the cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..given import Given
from .driver import DriverAlgorithm

if TYPE_CHECKING:
    from ...core.drivers.sampling.sample_grid import SampleInputs

CELL_M = 1000.0


class SamplingAlgorithm(DriverAlgorithm):
    """Samples rasters by the cells of a fishnet."""

    def add_variables(self) -> None:
        self.add_rasters("RASTERS", quantity="any")
        self.add_text("NAMES")
        self.add_years()
        self.add_text("STATISTICS", "mean")

    def add_cells(self) -> None:
        self.add_number("MINIMUM_VALID_PCT", 50, 0, 100)
        self.add_text("ORIGIN", optional=True, advanced=True)
        self.add_text("VALID_RANGES", optional=True, advanced=True)
        self.add_raster_settings(several_years=False, maps=False)

    def sample_inputs(self, given: Given, cell_size_m: float) -> SampleInputs:
        from ...core.drivers.sampling.inputs import parse_point, read_variables
        from ...core.drivers.sampling.sample_grid import SampleInputs

        return SampleInputs(
            read_variables(
                given.rasters("RASTERS"), given.text("NAMES"), given.text("STATISTICS"), given.text("VALID_RANGES")
            ),
            given.optional_years(),
            cell_size_m,
            given.required_number("MINIMUM_VALID_PCT"),
            parse_point(given.text("ORIGIN"), "ORIGIN"),
        )
