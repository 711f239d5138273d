"""What human activity and hemeroby share: the unit of averaging, maps, tables."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.inputs.needs import Columns, Need
from ...core.landuse.pressure.levels import map_levels
from ...core.landuse.pressure.report import pressure_report
from ...core.landuse.pressure.run import PressureResult, pressure_table
from ...core.landuse.pressure.units import Unit
from ...core.progress import Progress
from ...core.report.texts import load_texts
from ..base import EcoAlgorithm, Results
from ..compat import user_language
from ..given import Given
from ..looks.canvas import BandLook, Level, Look
from ..translation import tr


class PressureAlgorithm(EcoAlgorithm):
    """Averages class coefficients over windows, zones or the cells of a fishnet."""

    GROUP = "landuse"
    NEEDS: tuple[Need, ...] = (Columns("COEFFICIENT_TABLE", ("code", "coefficient")),)

    def add_coefficients(self, presets: Sequence[str]) -> None:
        self.add_land_cover()
        self.add_choice("COEFFICIENTS", presets, presets[0])
        self.add_table("COEFFICIENT_TABLE")

    def add_unit(self, window: float) -> None:
        self.add_choice("UNIT", ("window", "zones", "grid"), "window")
        self.add_number("WINDOW", window, 0)
        self.add_zones()

    def add_outputs(self, quantity: str) -> None:
        self.add_raster_settings()
        self.add_raster_output("OUTPUT", quantity=quantity, optional=False)
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_report_output()

    def unit(self, given: Given) -> Unit:
        return Unit(given.choice("UNIT"), given.required_number("WINDOW"), given.zones())

    def publish(self, result: PressureResult, given: Given, path: str | None, progress: Progress) -> Results:
        results = self.publish_raster("OUTPUT", path, self._look(result))
        held = "hemeroby" if self.NAME == "hemeroby" else "human_activity"
        results.update(self.publish_report(given, lambda language: pressure_report(result, path, language, held)))
        results.update(self.publish_table("OUTPUT_TABLE", pressure_table(result)))
        for year, mean, left_out in zip(result.inputs.years, result.means, result.left_out_ha):
            progress.info(tr("{year}: mean {mean:.4f}.", year=year, mean=mean))
            if left_out > 0:
                progress.warn(tr("{year}: {area:,.2f} ha of land cover have no result.", year=year, area=left_out))
        return results

    def _look(self, result: PressureResult) -> Look:
        """A ramp over the whole scale, and below it the levels, a layer of each per year."""
        title, inputs = self.displayName(), result.inputs
        chinese = user_language() == "zh"
        levels = tuple(
            Level(level.highest, f"{(chinese and level.name_zh) or level.name} ({level.lower:.4g}–{level.upper:.4g})")
            for level in map_levels(result)
        )
        word = load_texts(user_language())["pressure_level"]
        years = list(enumerate(inputs.years, start=1))
        steps = tuple(BandLook(band, f"{title} {year}: {word}", year, levels=levels, of=word) for band, year in years)
        ramps = tuple(BandLook(band, f"{title} {year}", year) for band, year in years)
        low, high = (bound * inputs.scale for bound in (inputs.coefficients.lowest, inputs.coefficients.highest))
        return Look(title, (*steps, *ramps), low=low, high=high)
