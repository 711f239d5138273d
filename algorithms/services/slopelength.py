"""Slope length and steepness, the LS of RUSLE."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingAlgorithm

from ...core.inputs.needs import Metres
from ...core.progress import Progress
from ...core.services.soil.reports import slope_length_report
from ...core.services.soil.slope_factors import EXPONENTS, SLOPE_FACTORS
from ...core.services.soil.slope_length import Accumulate, SlopeLengthInputs, SlopeLengthOutputs, run_slope_length
from ..base import Results
from ..given import Given
from .flow_accumulation import accumulate_flow, flow_algorithm
from .service import ServiceAlgorithm

OF_SLOPE_FACTOR = "of_slope_factor"


class SlopeLength(ServiceAlgorithm):
    """LS from a DEM; flow accumulation is given, or comes from GRASS."""

    NAME = "slopelength"
    NEEDS = (Metres("DEM"),)

    def flags(self) -> Any:
        """GRASS asks for the main thread, so what calls it has to stay there too."""
        return super().flags() | QgsProcessingAlgorithm.Flag.FlagNoThreading

    def declare(self) -> None:
        self.add_raster("DEM", quantity="elevation", ranges=True)
        self.add_raster("FLOW_ACCUMULATION", quantity="flow_accumulation", optional=True)
        self.add_choice("METHOD", ("desmet_govers", "invest", "constant"), "desmet_govers")
        self.add_choice("SLOPE_FACTOR", tuple(SLOPE_FACTORS), "hj1173")
        self.add_choice("EXPONENT", (OF_SLOPE_FACTOR, *EXPONENTS), OF_SLOPE_FACTOR, advanced=True)
        self.add_number("STEEP_FROM", 5, 0, 90, advanced=True)
        self.add_number("VERY_STEEP_FROM", 10, 0, 90, advanced=True)
        self.add_choice("AREA_FORM", ("area", "sqrt"), "area", advanced=True)
        units = ("cells", "cells_above", "square_metres")
        self.add_choice("ACCUMULATION_UNIT", units, "cells", advanced=True)
        self.add_number("MAX_LENGTH", 300, 0)
        self.add_number("MAX_FACTOR", minimum=0, advanced=True)
        self.add_number("STREAM_AREA", minimum=0, advanced=True)
        self.add_number("CONSTANT_LENGTH", minimum=0, advanced=True)
        self.add_raster_settings(several_years=False, classes=False)
        self.add_raster_output("OUTPUT", quantity="slope_length", optional=False)
        self.add_report_output()
        self.add_number_output("MEAN")

    def compute(self, given: Given, progress: Progress) -> Results:
        path = given.required_output("OUTPUT")
        inputs = self._inputs(given)
        outputs = SlopeLengthOutputs(path, self.provenance())
        settings, router = self.raster_settings(given), flow_algorithm()
        accumulate = self._router(router) if router else None
        result = run_slope_length(inputs, outputs, settings, progress.part(0, 95), accumulate)
        results = self.publish_map("OUTPUT", path, (None,))
        results.update(self.publish_report(given, lambda language: slope_length_report(result, inputs, path, language)))
        results.update(self.publish_numbers(MEAN=result.mean))
        return results

    def _router(self, algorithm: str) -> Accumulate:
        """GRASS as the core calls it, within this run."""
        return lambda dem, folder: accumulate_flow(algorithm, dem, folder, self._context, self._feedback)

    def _inputs(self, given: Given) -> SlopeLengthInputs:
        exponent, limited = given.choice("EXPONENT"), given.number("MAX_FACTOR")
        inputs = SlopeLengthInputs(
            dem=self.series(given, "DEM"),
            accumulation=given.raster("FLOW_ACCUMULATION"),
            method=given.choice("METHOD"),
            slope_factor=given.choice("SLOPE_FACTOR"),
            exponent=None if exponent == OF_SLOPE_FACTOR else exponent,
            steep_limits_deg=(given.required_number("STEEP_FROM"), given.required_number("VERY_STEEP_FROM")),
            area_form=given.choice("AREA_FORM"),
            accumulation_unit=given.choice("ACCUMULATION_UNIT"),
            max_length_m=(given.required_number("MAX_LENGTH") or None) if limited is None else None,
            max_factor=limited,
            stream_area_ha=given.number("STREAM_AREA"),
            constant_length_m=given.number("CONSTANT_LENGTH"),
        )
        return inputs.as_invest() if inputs.method == "invest" else inputs
