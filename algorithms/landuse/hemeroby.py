"""Hemeroby."""

from __future__ import annotations

from ...core.inputs.needs import Asked, Rows, scheme_asked
from ...core.landuse.pressure.coefficients import HEMEROBY, HEMEROBY_LEVELS, Coefficients, hemeroby_coefficients
from ...core.landuse.pressure.hemeroby import HemerobyInputs, run_hemeroby
from ...core.progress import Progress
from ...core.tables import Table
from ..base import Results
from ..given import Given
from .pressure import PressureAlgorithm


def _levels(table: Table, asked: Asked) -> Coefficients:
    levels = int(float(asked.text("LEVELS") or HEMEROBY_LEVELS))
    return hemeroby_coefficients(asked.choice("COEFFICIENTS"), scheme_asked(asked), table, levels)


class Hemeroby(PressureAlgorithm):
    """How far people have led the vegetation away from its natural state."""

    NAME = "hemeroby"
    NEEDS = (*PressureAlgorithm.NEEDS, Rows("COEFFICIENT_TABLE", _levels, "codes, whole levels"))

    def declare(self) -> None:
        self.add_coefficients(HEMEROBY)
        self.add_number("LEVELS", HEMEROBY_LEVELS, 2, integer=True, advanced=True)
        self.add_choice("FORM", ("normalised", "raw"), "normalised")
        self.add_unit(window=800)
        self.add_outputs("hemeroby")

    def compute(self, given: Given, progress: Progress) -> Results:
        scheme = given.scheme()
        coefficients = hemeroby_coefficients(
            given.choice("COEFFICIENTS"), scheme, given.table("COEFFICIENT_TABLE"), given.integer("LEVELS")
        )
        inputs = HemerobyInputs(
            given.rasters("LAND_COVER"), given.years(), scheme, coefficients, self.unit(given), given.choice("FORM")
        )
        path = given.output("OUTPUT")
        settings, metadata = self.raster_settings(given), self.provenance()
        result = run_hemeroby(inputs, path, settings, progress.part(0, 92), metadata)
        return self.publish(result, given, path, progress)
