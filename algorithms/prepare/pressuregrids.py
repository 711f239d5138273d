"""People, production, lights and roads on the grid of the study, with their totals kept."""

from __future__ import annotations

from ...core.prepare.pressure.roads import Roads
from ...core.prepare.pressure.run import KINDS, PressureInputs, PressureOutputs, run_pressure_grids
from ...core.progress import Progress
from ...core.raster.output import WriteOptions
from ...core.raster.settings import RasterSettings
from ...core.word_lists import split_words
from ..base import EcoAlgorithm, Results
from ..given import Given
from ..translation import tr


class PressureGrids(EcoAlgorithm):
    """Counts come on the grid by their sum and become numbers per km2; roads become distances and densities."""

    NAME = "pressuregrids"
    GROUP = "prepare"

    def declare(self) -> None:
        self.add_rasters("COUNTS", quantity="any", optional=True)
        self.add_choice("KIND", KINDS, "count")
        self.add_text("YEARS", optional=True)
        self.add_flag("INSIST_ON_YEARS", False, optional=True)
        self.add_lines("ROADS")
        self.add_field("ROAD_FIELD", "ROADS")
        self.add_text("ROAD_CLASSES", optional=True)
        self.add_raster("REFERENCE", quantity="any")
        self.add_polygons("BOUNDARY")
        self.add_text("CREATION_OPTIONS", "", optional=True, advanced=True)
        self.add_flag("OVERVIEWS", True)
        self.add_raster_output("OUTPUT", quantity="any")
        self.add_raster_output("OUTPUT_DISTANCE", quantity="any")
        self.add_raster_output("OUTPUT_ROADS", quantity="any")
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_number_output("ROAD_KM")

    def compute(self, given: Given, progress: Progress) -> Results:
        lines = given.polygons("ROADS")
        roads = None
        if lines is not None:
            roads = Roads(lines, given.field("ROAD_FIELD") or "", tuple(split_words(given.text("ROAD_CLASSES"))))
        names = {"OUTPUT": "raster", "OUTPUT_DISTANCE": "distance", "OUTPUT_ROADS": "roads"}
        paths = {name: given.output(name) or "" for name in names}
        outputs = PressureOutputs(**{names[name]: path for name, path in paths.items()})
        inputs = PressureInputs(
            counts=given.rasters("COUNTS"),
            kind=given.choice("KIND"),
            years=given.optional_years(),
            reference=given.required_raster("REFERENCE"),
            roads=roads,
        )
        write = WriteOptions(given.creation_options(), given.flag("OVERVIEWS"))
        settings = RasterSettings(
            boundary=given.polygons("BOUNDARY"), insist_on_years=given.flag("INSIST_ON_YEARS"), write=write
        )
        result = run_pressure_grids(inputs, outputs, settings, progress)
        for row in result.totals:
            if row.total_before is None:
                continue
            progress.info(
                tr(
                    "{year}: total {before:.6g} on the grid of the input, {after:.6g} on that of the study.",
                    year=row.year or "-",
                    before=row.total_before,
                    after=row.total_after,
                )
            )
        made = {name: path for name, path in paths.items() if path and _is_made(name, result.road_km, inputs)}
        results = {**made, **self.publish_table("OUTPUT_TABLE", result.table())}
        return results if result.road_km is None else {**results, **self.publish_numbers(ROAD_KM=result.road_km)}


def _is_made(output: str, road_km: float | None, inputs: PressureInputs) -> bool:
    """Whether an output can be there: roads without ROADS are not, nor counts without COUNTS."""
    return bool(inputs.counts) if output == "OUTPUT" else road_km is not None
