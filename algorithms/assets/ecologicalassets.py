"""Ecological assets: values adjusted by NPP, precipitation and soil retention."""

from __future__ import annotations

from ...core.assets.price_level import price_level_of
from ...core.assets.valuation import Adjustment, Adjustments
from ..given import Given
from .valuation import ValuationAlgorithm

# factor of the equivalents tables: the parameter that adjusts it, and that of its reference
SERIES = {
    "NPP": ("NPP", "NPP_REFERENCE"),
    "PREC": ("PRECIPITATION", "PRECIPITATION_REFERENCE"),
    "SOIL": ("SOIL_RETENTION", "SOIL_REFERENCE"),
}


class EcologicalAssets(ValuationAlgorithm):
    """The dynamic model: service groups follow productivity, rain and soil conservation in space and time."""

    NAME = "ecologicalassets"

    def declare_adjustments(self) -> None:
        for raster, _ in SERIES.values():
            self.add_rasters(raster, optional=True)

    def declare_advanced_adjustments(self) -> None:
        self.add_choice("REFERENCE", ("all_years", "base_year", "per_year"), "all_years", advanced=True)
        for raster, reference in SERIES.values():
            self.add_number(reference, advanced=True)
            self.add_number(f"{raster}_MIN", advanced=True)
            self.add_number(f"{raster}_MAX", advanced=True)
        self.add_choice("WATER_ADJUSTMENT", ("one", "leave_out"), "one", advanced=True)
        self.add_number("CAP", minimum=0, advanced=True)
        self.add_table("PRICE_INDEX", advanced=True)

    def adjustments(self, given: Given) -> Adjustments:
        series = {
            factor: Adjustment(
                given.rasters(raster),
                given.number(reference),
                given.number(f"{raster}_MIN"),
                given.number(f"{raster}_MAX"),
            )
            for factor, (raster, reference) in SERIES.items()
            if given.rasters(raster)
        }
        return Adjustments(series, given.choice("REFERENCE"), given.choice("WATER_ADJUSTMENT"), given.number("CAP"))

    def price_level(self, given: Given) -> dict[int, float]:
        table = given.table("PRICE_INDEX")
        return {} if table is None else price_level_of(table)
