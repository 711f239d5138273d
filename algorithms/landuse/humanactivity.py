"""Human activity index."""

from __future__ import annotations

from ...core.inputs.needs import Rows, scheme_asked
from ...core.landuse.pressure.coefficients import HUMAN_ACTIVITY, human_activity_coefficients
from ...core.landuse.pressure.factors import read_factors
from ...core.landuse.pressure.human_activity import HumanActivityInputs, run_human_activity
from ...core.progress import Progress
from ..base import Results
from ..given import Given
from .pressure import PressureAlgorithm


class HumanActivity(PressureAlgorithm):
    """How hard people press on the land, 0 to 1: by land cover, and by night light or population where given."""

    NAME = "humanactivity"
    NEEDS = (
        *PressureAlgorithm.NEEDS,
        Rows(
            "COEFFICIENT_TABLE",
            lambda table, asked: human_activity_coefficients(asked.choice("COEFFICIENTS"), scheme_asked(asked), table),
            "codes, 0 to 1",
        ),
    )

    def declare(self) -> None:
        self.add_coefficients(HUMAN_ACTIVITY)
        self.add_rasters("FACTORS", quantity="pressure_factor", optional=True)
        self.add_text("NAMES", "", optional=True)
        self.add_text("WEIGHTS", "", optional=True)
        self.add_unit(window=1000)
        self.add_outputs("human_activity")

    def compute(self, given: Given, progress: Progress) -> Results:
        scheme = given.scheme()
        of_cover, factors = read_factors(given.rasters("FACTORS"), given.text("NAMES"), given.text("WEIGHTS"))
        inputs = HumanActivityInputs(
            given.rasters("LAND_COVER"),
            given.years(),
            scheme,
            human_activity_coefficients(given.choice("COEFFICIENTS"), scheme, given.table("COEFFICIENT_TABLE")),
            self.unit(given),
            factors,
            of_cover,
        )
        path = given.output("OUTPUT")
        settings, metadata = self.raster_settings(given), self.provenance()
        result = run_human_activity(inputs, path, settings, progress.part(0, 92), metadata)
        return self.publish(result, given, path, progress)
