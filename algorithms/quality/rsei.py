"""The remote sensing ecological index."""

from __future__ import annotations

from ...core.inputs.needs import AnyOf
from ...core.progress import Progress
from ...core.quality.legends import legend
from ...core.quality.rsei.calibration import TEMPERATURE_UNITS
from ...core.quality.rsei.indicators import INDICATORS
from ...core.quality.rsei.inputs import RseiInputs
from ...core.quality.rsei.maps import RseiOutputs
from ...core.quality.rsei.report import rsei_report
from ...core.quality.rsei.run import MODES, NORMALISATIONS, RseiResult, run_rsei
from ...core.quality.rsei.scenes import IMAGES_NEEDED, compose_images
from ...core.quality.rsei.sensors import LEVELS, SENSORS, parse_bands, wetness_sets
from ...core.quality.rsei.series import HARMONISATIONS
from ...core.quality.rsei.tables import change_table, indicator_table, level_table, loadings_table
from ...core.raster.files import workspace
from ...core.raster.statistics import stored_statistics
from ...core.word_lists import split_words
from ..base import EcoAlgorithm, Results
from ..compat import user_language
from ..given import Given
from ..inputs import paths_in
from ..looks.canvas import BandLook, Look, common_range
from ..translation import tr
from .looks import classes_between, yearly_classes, yearly_ramp

OF_SENSOR = "of_sensor"


class Rsei(EcoAlgorithm):
    """Greenness, wetness, dryness and heat of satellite images as one index per pixel and year."""

    NAME = "rsei"
    GROUP = "quality"
    NEEDS = (AnyOf(("IMAGES", "DOWNLOADS"), IMAGES_NEEDED),)
    TAKES_SCENES = ("IMAGES",)

    def declare(self) -> None:
        self.add_rasters("IMAGES", quantity="reflectance", optional=True)
        self.add_downloads(several=True, optional=True)
        self.add_years()
        self.add_choice("SENSOR", SENSORS, "landsat8")
        self.add_choice("LEVEL", LEVELS, "level2")
        self.add_files("METADATA")
        self.add_rasters("THERMAL", quantity="surface_temperature", optional=True)
        self.add_choice("TEMPERATURE_UNIT", tuple(TEMPERATURE_UNITS), "kelvin")
        self.add_choice("MODE", MODES, "joint")
        self.add_polygons("MASK_POLYGONS")
        self._add_fine_choices()
        self.add_raster_settings(classes=False)
        self.add_raster_output("OUTPUT", quantity="rsei", optional=False)
        self.add_raster_output("OUTPUT_INDICATORS", quantity="any")
        self.add_raster_output("OUTPUT_CLASSES", quantity="rsei_class")
        self.add_raster_output("OUTPUT_CHANGE", quantity="rsei_change")
        self.add_table_output("OUTPUT_TABLE", "OUTPUT_LOADINGS", default=True)
        self.add_table_output("OUTPUT_MOVES", "OUTPUT_STATISTICS")
        self.add_report_output()
        self.add_number_output("MEAN_FIRST", "MEAN_LAST", "CONTRIBUTION")

    def _add_fine_choices(self) -> None:
        self.add_text("SEASON", "", optional=True, advanced=True)
        self.add_text("SENSORS", "", optional=True, advanced=True)
        self.add_choice("HARMONISE", HARMONISATIONS, "roy2016", advanced=True)
        self.add_text("BANDS", "", optional=True, advanced=True)
        self.add_number("QUALITY_BAND", minimum=0, integer=True, advanced=True)
        self.add_number("WATER_THRESHOLD", 0, -1, 1, advanced=True)
        self.add_choice("WETNESS", (OF_SENSOR, *wetness_sets()), OF_SENSOR, advanced=True)
        self.add_choice("NORMALISE", NORMALISATIONS, "percentile", advanced=True)
        self.add_number("PERCENTILE", 1, 0, 49, advanced=True)
        self.add_number("REFERENCE_YEAR", integer=True, advanced=True)
        self.add_number("WATER_VAPOUR", minimum=0, advanced=True)
        self.add_number("OFFSET", advanced=True)
        self.add_number("SCALE", minimum=0, advanced=True)

    def compute(self, given: Given, progress: Progress) -> Results:
        places = [*given.products.scenes("IMAGES"), *paths_in(given.text("DOWNLOADS"))]
        if not places:
            images = given.required_rasters("IMAGES")
            return self._compute(given, self._inputs(given, images, given.years()), progress)
        years = given.years() if given.has("YEARS") else ()
        asked = self._inputs(given, (), years)
        with workspace() as folder:
            settings = self.raster_settings(given)
            composed = compose_images(asked, places, given.text("SEASON"), folder, settings, progress.part(0, 60))
            return self._compute(given, composed, progress.part(60, 100))

    def _inputs(self, given: Given, images: tuple[str, ...], years: tuple[int, ...]) -> RseiInputs:
        wetness = given.choice("WETNESS")
        return RseiInputs(
            images=images,
            years=years,
            sensor=given.choice("SENSOR"),
            level=given.choice("LEVEL"),
            metadata=given.files("METADATA"),
            bands=parse_bands(given.text("BANDS")),
            temperature=given.rasters("THERMAL"),
            temperature_unit=given.choice("TEMPERATURE_UNIT"),
            quality_band=given.optional_integer("QUALITY_BAND"),
            mode=given.choice("MODE"),
            reference_year=given.optional_integer("REFERENCE_YEAR"),
            normalise=given.choice("NORMALISE"),
            clip_pct=given.required_number("PERCENTILE"),
            wetness=None if wetness == OF_SENSOR else wetness,
            water_threshold=given.required_number("WATER_THRESHOLD"),
            mask=given.polygons("MASK_POLYGONS"),
            water_vapour=given.number("WATER_VAPOUR"),
            offset=given.number("OFFSET"),
            sensors=tuple(split_words(given.text("SENSORS"))),
            harmonise=given.choice("HARMONISE"),
            scale=given.number("SCALE") or None,
        )

    def _compute(self, given: Given, inputs: RseiInputs, progress: Progress) -> Results:
        outputs = RseiOutputs(
            given.output("OUTPUT"),
            given.output("OUTPUT_INDICATORS"),
            given.output("OUTPUT_CLASSES"),
            given.output("OUTPUT_CHANGE"),
            self.provenance(),
        )
        result = run_rsei(inputs, outputs, self.raster_settings(given), progress.part(0, 92))
        results = self._publish_maps(result, outputs)
        results.update(self.publish_report(given, lambda language: rsei_report(result, outputs, language)))
        results.update(self.publish_table("OUTPUT_TABLE", level_table(result)))
        results.update(self.publish_table("OUTPUT_LOADINGS", loadings_table(result)))
        results.update(self.publish_table("OUTPUT_MOVES", change_table(result)))
        results.update(self.publish_table("OUTPUT_STATISTICS", indicator_table(result)))
        for year, mean in zip(inputs.years, result.means):
            progress.info(tr("{year}: mean RSEI {mean:.4f}.", year=year, mean=mean))
        numbers = {"MEAN_FIRST": result.means[0], "MEAN_LAST": result.means[-1]}
        if result.components:
            numbers["CONTRIBUTION"] = float(result.components[-1].shares_pct[0])
        results.update(self.publish_numbers(**numbers))
        return results

    def _publish_maps(self, result: RseiResult, outputs: RseiOutputs) -> Results:
        language, years = user_language(), result.inputs.years
        change = classes_between(self.label("OUTPUT_CHANGE"), result.pairs, legend("rsei_change", language))
        levels = yearly_classes(self.label("OUTPUT_CLASSES"), years, legend("rsei", language))
        return {
            **self._publish_indicators(self.label("OUTPUT_INDICATORS"), outputs.indicators, years),
            **self.publish_raster("OUTPUT_CHANGE", outputs.change, change),
            **self.publish_raster("OUTPUT_CLASSES", outputs.classes, levels),
            **self.publish_raster("OUTPUT", outputs.index, yearly_ramp(self.label("OUTPUT"), years, high=1)),
        }

    def _publish_indicators(self, label: str, path: str | None, years: tuple[int, ...]) -> Results:
        """A layer per year and indicator; an indicator has one ramp for all years."""
        if not path:
            return {}
        count = len(INDICATORS)
        found = stored_statistics(path)
        bands = [
            BandLook(
                position * count + number + 1,
                f"{name.upper()} {year}",
                year,
                limits=common_range(found[number::count]),
                of=name.upper(),
            )
            for number, name in enumerate(INDICATORS)
            for position, year in enumerate(years)
        ]
        return self.publish_raster("OUTPUT_INDICATORS", path, Look(label, tuple(bands)))
