"""Soil erodibility, the K of RUSLE."""

from __future__ import annotations

from ...core.progress import Progress
from ...core.services.soil.erodibility import (
    SOURCES,
    UNITS,
    ErodibilityInputs,
    ErodibilityOutputs,
    run_soil_erodibility,
)
from ...core.services.soil.reports import erodibility_report
from ..base import Results
from ..given import Given
from .service import ServiceAlgorithm

SOIL = ("SAND", "SILT", "CLAY", "ORGANIC_CARBON")


class SoilErodibility(ServiceAlgorithm):
    """K from texture and organic carbon of the topsoil."""

    NAME = "soilerodibility"

    def declare(self) -> None:
        for name in SOIL:
            self.add_raster(name, quantity=name.lower(), ranges=True, unit_from="UNITS")
        self.add_choice("METHOD", tuple(SOURCES), "epic_china")
        self.add_choice("UNITS", tuple(UNITS), "percent")
        self.add_raster_settings(several_years=False, classes=False)
        self.add_raster_output("OUTPUT", quantity="erodibility", optional=False)
        self.add_report_output()
        self.add_number_output("MEAN")

    def compute(self, given: Given, progress: Progress) -> Results:
        texture_unit, carbon_unit = UNITS[given.choice("UNITS")]
        sand, silt, clay, carbon = (self.series(given, name) for name in SOIL)
        inputs = ErodibilityInputs(sand, silt, clay, carbon, given.choice("METHOD"), texture_unit, carbon_unit)
        path = given.required_output("OUTPUT")
        outputs = ErodibilityOutputs(path, self.provenance())
        result = run_soil_erodibility(inputs, outputs, self.raster_settings(given), progress.part(0, 95))
        results = self.publish_map("OUTPUT", path, (None,))
        results.update(self.publish_report(given, lambda language: erodibility_report(result, inputs, path, language)))
        results.update(self.publish_numbers(MEAN=result.mean))
        return results
