"""Fractional vegetation cover, and the C of RUSLE."""

from __future__ import annotations

from ...core.errors import InputError
from ...core.inputs.needs import Columns, Rows
from ...core.progress import Progress
from ...core.services.soil.cover_factor import own_factors
from ...core.services.soil.reports import vegetation_report
from ...core.services.soil.vegetation_cover import (
    C_SOURCES,
    FACTOR,
    VegetationInputs,
    VegetationOutputs,
    run_class_cover_factor,
    run_vegetation_cover,
)
from ..base import Results
from ..given import Given
from ..translation import tr
from .service import ServiceAlgorithm

PERCENT = 100


class VegetationCover(ServiceAlgorithm):
    """Cover from NDVI with one pair of end members for all years, and C by the method of choice."""

    NAME = "vegetationcover"
    NEEDS = (
        Columns("C_TABLE", ("code", "c")),
        Rows("C_TABLE", lambda table, _: own_factors(table, "c"), "codes, 0 to 1"),
    )

    def declare(self) -> None:
        self.add_series("NDVI", quantity="ndvi", optional=True)
        self.add_years()
        self.add_choice("METHOD", ("percentile", "fixed"), "percentile")
        self.add_choice("C_METHOD", tuple(C_SOURCES), "table")
        self.add_cover(optional=True)
        self.add_table("C_TABLE", advanced=True)
        self.add_number("LOW_PERCENTILE", 5, 0, PERCENT, advanced=True)
        self.add_number("HIGH_PERCENTILE", 95, 0, PERCENT, advanced=True)
        self.add_number("SOIL", 0.05, -1, 1, advanced=True)
        self.add_number("VEGETATION", 0.86, -1, 1, advanced=True)
        self.add_number("NDVI_SCALE", 1, 0, advanced=True)
        self.add_flag("LEAVE_OUT_WATER", True)
        self.add_raster_settings()
        self.add_raster_output("OUTPUT", quantity="vegetation_cover", default=True)
        self.add_raster_output("OUTPUT_C", quantity="cover_factor")
        self.add_table_output("OUTPUT_TABLE")
        self.add_report_output()
        self.add_number_output("MEAN", "MEAN_C", "NDVI_SOIL", "NDVI_VEGETATION")

    def compute(self, given: Given, progress: Progress) -> Results:
        return self._of_ndvi(given, progress) if given.rasters("NDVI") else self._of_classes(given, progress)

    def _of_classes(self, given: Given, progress: Progress) -> Results:
        """C by class alone, where there is no NDVI."""
        if not given.rasters("LAND_COVER") or given.table("C_TABLE") is None:
            raise InputError(
                tr(
                    "There is no NDVI. Give NDVI, or LAND_COVER and C_TABLE for a C by class alone (then only OUTPUT_C "
                    "is mapped)."
                )
            )
        path = given.required_output("OUTPUT_C")
        outputs = VegetationOutputs(factor=path, metadata=self.provenance())
        sums = run_class_cover_factor(
            self.cover(given),
            given.required_table("C_TABLE"),
            outputs,
            given.optional_years(),
            self.raster_settings(given),
            progress,
        )
        results = self.publish_map("OUTPUT_C", path, sums.years)
        results.update(self.publish_numbers(MEAN_C=sums.mean(FACTOR)[-1]))
        return results

    def _of_ndvi(self, given: Given, progress: Progress) -> Results:
        wanted = given.output("OUTPUT_C")
        inputs = VegetationInputs(
            ndvi=self.series(given, "NDVI"),
            years=given.optional_years(),
            method=given.choice("METHOD"),
            fractions=(_fraction(given, "LOW_PERCENTILE"), _fraction(given, "HIGH_PERCENTILE")),
            soil=given.required_number("SOIL"),
            vegetation=given.required_number("VEGETATION"),
            scale=given.required_number("NDVI_SCALE"),
            c_method=given.choice("C_METHOD") if wanted else None,
            cover=self.optional_cover(given),
            c_table=given.table("C_TABLE"),
            leave_out_water=given.flag("LEAVE_OUT_WATER"),
        )
        outputs = VegetationOutputs(given.output("OUTPUT"), wanted, self.provenance())
        result = run_vegetation_cover(inputs, outputs, self.raster_settings(given), progress.part(0, 95))
        results = self.publish_map("OUTPUT", outputs.cover, result.years, limits=(0.0, 1.0))
        results.update(self.publish_map("OUTPUT_C", wanted, result.years))
        results.update(
            self.publish_report(given, lambda language: vegetation_report(result, inputs, outputs, language))
        )
        results.update(self.publish_table("OUTPUT_TABLE", result.table()))
        numbers = {"MEAN_C": result.mean_factor[-1]} if wanted else {}
        results.update(
            self.publish_numbers(
                MEAN=result.mean_cover[-1], NDVI_SOIL=result.soil, NDVI_VEGETATION=result.vegetation, **numbers
            )
        )
        return results


def _fraction(given: Given, name: str) -> float:
    return given.required_number(name) / PERCENT
