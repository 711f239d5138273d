"""What every algorithm that values land asks for: land cover, equivalent factors, and what adjusts them."""

from __future__ import annotations

from ...core.assets.equivalents import EQUIVALENTS, Equivalents, load_equivalents
from ...core.assets.valuation.price_level import price_level_of, require_levels
from ...core.assets.valuation.run import FACTOR_QUANTITIES, Adjustment, Adjustments, ValuationInputs
from ...core.errors import TableError
from ...core.inputs.needs import Columns, Need, Rows
from ..base import EcoAlgorithm
from ..given import Given
from ..translation import tr

# factor of the equivalents tables: the parameter that adjusts it, and that of its reference
SERIES = {
    "NPP": ("NPP", "NPP_REFERENCE"),
    "PREC": ("PRECIPITATION", "PRECIPITATION_REFERENCE"),
    "SOIL": ("SOIL_RETENTION", "SOIL_REFERENCE"),
}


class ValuingAlgorithm(EcoAlgorithm):
    """Declares and reads the inputs of a valuation.

    Attributes:
        ADJUSTED: whether values follow NPP, precipitation and soil retention.
        COVER_OPTIONAL: whether downloads may hold the land cover.
    """

    ADJUSTED = False
    COVER_OPTIONAL = False
    NEEDS: tuple[Need, ...] = (
        Columns("PRICE_INDEX", ("year", "index")),
        Rows("PRICE_INDEX", lambda table, asked: require_levels(price_level_of(table), asked.years()), "every year"),
        Rows(
            "EQUIVALENTS_TABLE",
            lambda table, asked: load_equivalents(asked.choice("EQUIVALENTS"), table),
            "services, ecosystems and numbers",
        ),
    )

    def add_valuation(self) -> None:
        """Land cover, adjusting rasters, equivalents and the fine choices about them."""
        self.add_land_cover(optional=self.COVER_OPTIONAL)
        if self.ADJUSTED:
            for factor, (raster, _) in SERIES.items():
                self.add_series(raster, quantity=FACTOR_QUANTITIES[factor], optional=True, ratio=True)
        self.add_choice("EQUIVALENTS", EQUIVALENTS, "xie2015")
        self.add_table("EQUIVALENTS_TABLE")
        self.add_number("STANDARD_VALUE", minimum=0)
        self.add_text("CURRENCY", "CNY", advanced=True)
        self.add_flag("SPLIT_WETLAND", False, optional=True)
        if self.ADJUSTED:
            self._add_fine_adjustments()

    def _add_fine_adjustments(self) -> None:
        self.add_choice("REFERENCE", ("all_years", "base_year", "per_year"), "all_years", advanced=True)
        for _, reference in SERIES.values():
            self.add_number(reference, advanced=True)
        self.add_choice("WATER_ADJUSTMENT", ("one", "leave_out"), "one", advanced=True)
        self.add_number("CAP", minimum=0, advanced=True)
        self.add_table("PRICE_INDEX", advanced=True)

    def service_names(self, given: Given, language: str) -> dict[str, str]:
        """Names of the valued services by id."""
        services = load_equivalents(given.choice("EQUIVALENTS"), given.table("EQUIVALENTS_TABLE")).services
        return {s.id: s.name_zh if language == "zh" and s.name_zh else s.name for s in services}

    def valuation_inputs(self, given: Given) -> ValuationInputs:
        """The core's inputs from the parameters of `add_valuation`."""
        equivalents = load_equivalents(given.choice("EQUIVALENTS"), given.table("EQUIVALENTS_TABLE"))
        prices = given.table("PRICE_INDEX") if self.ADJUSTED else None
        return ValuationInputs(
            land_cover=given.rasters("LAND_COVER"),
            years=given.years(),
            scheme=given.scheme(),
            equivalents=equivalents,
            standard_value=_standard_value(given, equivalents),
            currency=given.text("CURRENCY") or "CNY",
            adjustments=_adjustments(given) if self.ADJUSTED else Adjustments(),
            price_level={} if prices is None else price_level_of(prices),
            split_wetland=given.flag("SPLIT_WETLAND"),
        )


def _adjustments(given: Given) -> Adjustments:
    series = {
        factor: Adjustment(given.rasters(raster), given.number(reference), *given.limits(raster))
        for factor, (raster, reference) in SERIES.items()
        if given.rasters(raster)
    }
    return Adjustments(series, given.choice("REFERENCE"), given.choice("WATER_ADJUSTMENT"), given.number("CAP"))


def _standard_value(given: Given, equivalents: Equivalents) -> float:
    number = given.number("STANDARD_VALUE")
    if number is not None:
        return number
    if equivalents.standard_value is None:
        raise TableError(
            tr(
                "A custom table of equivalents has no value of one equivalent of its own. Give STANDARD_VALUE, the "
                "value of one equivalent per hectare and year (the algorithm ecoassets:standardequivalent computes it)."
            )
        )
    return equivalents.standard_value.cny_per_ha
