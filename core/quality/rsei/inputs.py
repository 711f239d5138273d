"""What a remote sensing ecological index is asked for, and its images brought on one grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ...errors import InputError
from ...messages import listed, say
from ...progress import Progress
from ...quantities import ANY, Measure, UnitChoice, Words
from ...raster.dataset import open_raster, short_name
from ...raster.reading.series import yearly_sources
from ...raster.reading.source import Kind, Source
from ...raster.settings import RasterSettings
from ...raster.study import open_study_area
from ...raster.work import Job
from ...raster.zones.polygons import burn_area
from .bands import find_bands
from .calibration import (
    PRODUCT_UNITS,
    REFLECTANCE,
    TEMPERATURE_UNITS,
    ImageCalibration,
    ThermalCalibration,
    metadata_calibration,
    product_calibration,
    temperature_calibration,
)
from .evidence import Kelvin, by_numbers, check_metadata, check_names, is_scaled
from .images import EXCLUDED, Images, YearImage
from .sensors import LEVELS, REFLECTIVE, Sensor
from .series import SensorSeries, sensor_series, tell_sensors

Mode = Literal["joint", "reference", "yearly", "equal_weight"]

# What a Chinese reader calls the bands of an image.
ROLE_WORDS = {
    "blue": "蓝", "green": "绿", "red": "红", "nir": "近红外", "nir2": "近红外 2", "swir1": "短波红外 1",
    "swir2": "短波红外 2", "thermal": "热红外", "quality": "质量",
}  # fmt: skip


@dataclass(frozen=True)
class RseiInputs:
    """Images of the growing season, and how they become an index.

    Attributes:
        images: one multi-band raster per year.
        years: strictly rising.
        sensor: one of `rsei_sensors.SENSORS`.
        sensors: one per year, where they differ; empty takes `sensor` for all.
        harmonise: see `sensor_series`.
        level: `level2` surface reflectance products, `level1` digital numbers, `reflectance` 0 to 1 as it is.
        metadata: MTL files, one per year, for `level1`.
        bands: band numbers by role; blank where names or numbers of bands tell.
        temperature: surface temperature rasters, one per year or one with a band per year, instead of a thermal band.
        temperature_unit: of `temperature`, and of the thermal band of `reflectance` images: one of
            `rsei_calibration.TEMPERATURE_UNITS`.
        quality_band: number of the quality band; None takes the one that the image names, 0 uses none.
        mode: one `joint` component analysis of all years, that of a `reference` year, one each (`yearly`), or
            `equal_weight` without any.
        reference_year: for the mode `reference`; None takes the first.
        normalise: by the percentiles `clip_pct` and 100 - `clip_pct`, or by minimum and maximum (`minmax`).
        clip_pct: see `normalise`.
        wetness: name of the tasselled-cap set; None takes the sensor's default.
        water_threshold: MNDWI above which a pixel is water and does not count.
        mask: path of polygons whose inside does not count.
        water_vapour: g/cm2, for the surface temperature of level 1 by the single-channel method.
        offset: of level 2 reflectance; None takes that of the sensor and year.
        scale: of level 2 reflectance, reflectance per number; None takes that of the sensor.
    """

    images: tuple[str, ...]
    years: tuple[int, ...]
    sensor: str
    level: str = "level2"
    metadata: tuple[str, ...] = ()
    bands: Mapping[str, int] = field(default_factory=dict)
    temperature: tuple[str, ...] = ()
    temperature_unit: str = "kelvin"
    quality_band: int | None = None
    mode: Mode = "joint"
    reference_year: int | None = None
    normalise: Literal["percentile", "minmax"] = "percentile"
    clip_pct: float = 1.0
    wetness: str | None = None
    water_threshold: float = 0.0
    mask: str | None = None
    water_vapour: float | None = None
    offset: float | None = None
    sensors: tuple[str, ...] = ()
    harmonise: str = "roy2016"
    scale: float | None = None

    def series(self) -> SensorSeries:
        """The sensors of all years. Raises InputError as `sensor_series`, or where there is not one per year."""
        names = self.sensors or (self.sensor,) * len(self.years)
        if len(names) != len(self.years):
            raise InputError(
                say(
                    "SENSORS names {count} sensor(s) for {count2} year(s). Give one each, or leave it empty.",
                    count=len(names),
                    count2=len(self.years),
                )
            )
        return sensor_series(names, self.level, self.harmonise, self.wetness)


@dataclass(frozen=True)
class Prepared:
    """Images on one grid, and a job that reads them; its kernel is still to be chosen."""

    images: Images
    job: Job


def prepare(inputs: RseiInputs, settings: RasterSettings, folder: str, progress: Progress) -> Prepared:
    """Finds bands and calibrations of every image and brings all on the grid of the first.

    Raises:
        InputError: a band, a metadata file or the surface temperature is missing or does not fit.
        GridError: an image does not fit the grid.
    """
    series = inputs.series()
    check_names(inputs.years, inputs.images, settings.insist_on_years, progress)
    check_metadata(inputs.years, inputs.metadata, inputs.level, settings.insist_on_years, progress)
    calibrations = _calibrations(inputs, series.sensors, progress)
    numbers = _band_numbers(inputs, series, calibrations)
    given = inputs.offset, inputs.scale
    calibrations = by_numbers(
        inputs.years, inputs.images, inputs.level, series.sensors, numbers, calibrations, given, progress
    )
    sources = [_sources(inputs, position, numbers[position]) for position in range(len(inputs.years))]
    area = open_study_area(
        sources[0]["red"], replace(settings, align_classes=True), folder, progress
    )  # quality bands follow their images by the nearest neighbour
    fitted = [dict(zip(of_year, area.fit_all(list(of_year.values()), progress))) for of_year in sources]
    read = [source for of_year in fitted for source in of_year.values()]
    if inputs.mask:
        read.append(burn_area(inputs.mask, area.grid, folder, EXCLUDED, "Mask", progress))
    years = tuple(
        _image(inputs, position, series, fitted[position], calibrations[position])
        for position in range(len(inputs.years))
    )
    _tell(inputs, series, numbers, progress)
    gate = [of_year["red"].name for of_year in fitted]
    return Prepared(Images(years, area.common), area.reads(read, gate=gate))


def _band_numbers(
    inputs: RseiInputs, series: SensorSeries, calibrations: Sequence[ImageCalibration]
) -> list[dict[str, int]]:
    """By image: band numbers of the roles that are used."""
    found = []
    for position, (path, year) in enumerate(zip(inputs.images, inputs.years)):
        sensor, wetness = series.sensors[position], series.wetness[position]
        needed = [*REFLECTIVE, *(role for role in wetness.weights if role not in REFLECTIVE)]
        bands = find_bands(path, year, sensor, inputs.level, inputs.bands, Kelvin(path, calibrations[position].thermal))
        if inputs.quality_band is not None:
            bands = {**bands, "quality": inputs.quality_band}
        if not bands.get("quality"):
            bands.pop("quality", None)
        if inputs.temperature:
            bands.pop("thermal", None)
        elif "thermal" not in bands:
            raise InputError(
                say(
                    "Image {year} ({path}) has no thermal band, so the index lacks heat. Give rasters of land "
                    "surface temperature as THERMAL, one per year, or name the band as BANDS=thermal:7.",
                    year=year,
                    path=short_name(path),
                )
            )
        missing = [role for role in needed if role not in bands]
        if missing:
            raise InputError(
                say(
                    "Image {year} ({path}) lacks {missing}. Name the band in BANDS, such as {missing2}:1.",
                    year=year,
                    path=short_name(path),
                    missing=", ".join(missing),
                    missing2=missing[0],
                )
            )
        found.append({role: bands[role] for role in (*needed, "thermal", "quality") if role in bands})
    for sensor in dict.fromkeys(series.sensors):
        _require_same_bands(inputs, [p for p, other in enumerate(series.sensors) if other is sensor], found)
    return found


def _require_same_bands(inputs: RseiInputs, positions: Sequence[int], found: Sequence[Mapping[str, int]]) -> None:
    """Raises InputError where images of one sensor have different bands."""
    counts = [open_raster(inputs.images[position]).RasterCount for position in positions]
    if len(set(counts)) > 1 or len({tuple(found[position].items()) for position in positions}) > 1:
        listed = ", ".join(f"{inputs.years[position]} {count}" for position, count in zip(positions, counts))
        raise InputError(
            say(
                "The images have different bands (number of bands: {listed}). Years can only be compared "
                "with the same bands in the same order: stack them alike.",
                listed=listed,
            )
        )


def _calibrations(inputs: RseiInputs, sensors: Sequence[Sensor], progress: Progress) -> list[ImageCalibration]:
    if inputs.level not in LEVELS:
        raise InputError(say("LEVEL is {level}. Choose one of {levels}.", level=inputs.level, levels=", ".join(LEVELS)))
    if inputs.level == "level1":
        if len(inputs.metadata) != len(inputs.years):
            raise InputError(
                say(
                    "{count} metadata file(s) given for {count2} year(s). Level 1 needs the MTL file of each image.",
                    count=len(inputs.metadata),
                    count2=len(inputs.years),
                )
            )
        return [
            metadata_calibration(path, sensor, inputs.water_vapour, progress)
            for path, sensor in zip(inputs.metadata, sensors)
        ]
    if inputs.level == "level2":
        return [product_calibration(sensor, inputs.offset, inputs.scale) for sensor in sensors]
    as_it_is = ImageCalibration({}, temperature_calibration(inputs.temperature_unit))
    return [as_it_is] * len(inputs.years)


def _sources(inputs: RseiInputs, position: int, numbers: Mapping[str, int]) -> dict[str, Source]:
    year, path = inputs.years[position], inputs.images[position]
    sources = {}
    for role, number in numbers.items():
        kind: Kind = "classes" if role == "quality" else "continuous"
        measure = _measure(inputs, role, Source(role, path, number))
        sources[role] = Source(
            f"{role}:{year}",
            path,
            number,
            kind,
            f"Image {year}, {role}",
            measure=measure,
            year=year,
            series=say("Images, {role}", role=Words(role, ROLE_WORDS[role])),
        )
    if inputs.temperature:
        measure = Measure("surface_temperature")
        series = yearly_sources("thermal", inputs.temperature, inputs.years, listed([measure.meant.name], ""))
        sources["thermal"] = replace(series[position], measure=_measure(inputs, "thermal", series[position]))
    return sources


# Digital numbers as Landsat Collection 2 and the other products have them.
_NUMBERS = (UnitChoice("level2", 2.75e-5, -0.2), UnitChoice("level2", 1e-4))


def _measure(inputs: RseiInputs, role: str, source: Source) -> Measure:
    """What a band holds; the digital numbers of the levels 1 and 2 are calibrated by what the sensor says."""
    if role == "thermal" and (inputs.temperature or inputs.level == "reflectance"):
        scaled = inputs.temperature_unit in PRODUCT_UNITS and is_scaled(source)
        unit = temperature_calibration("kelvin" if scaled else inputs.temperature_unit).numbers
        units = tuple(UnitChoice(word, known.gain, known.offset) for word, known in TEMPERATURE_UNITS.items())
        return Measure("surface_temperature", unit.gain, unit.offset, choice="TEMPERATURE_UNIT", units=units)
    if inputs.level == "reflectance" and role != "quality":
        return Measure("reflectance", choice="LEVEL", units=_NUMBERS)
    return ANY


def _image(
    inputs: RseiInputs,
    position: int,
    series: SensorSeries,
    sources: Mapping[str, Source],
    calibration: ImageCalibration,
) -> YearImage:
    bands = {}
    for role, source in sources.items():
        if role not in ("thermal", "quality"):
            of_band = REFLECTANCE if is_scaled(source) else calibration.bands.get(role, REFLECTANCE)
            bands[role] = (source.name, of_band.then(*series.harmonised(position, role)))
    thermal = calibration.thermal
    if thermal is None or inputs.temperature:
        # numbers that the file itself scales have become Kelvin or Celsius already
        scaled = inputs.temperature_unit in PRODUCT_UNITS and is_scaled(sources["thermal"])
        thermal = temperature_calibration("kelvin" if scaled else inputs.temperature_unit)
    elif is_scaled(sources["thermal"]) and thermal.constants is None:
        thermal = ThermalCalibration()
    return YearImage(
        bands=bands,
        thermal=(sources["thermal"].name, thermal),
        quality=sources["quality"].name if "quality" in sources else None,
        fields=series.sensors[position].quality,
        wetness=series.wetness[position].weights,
        water_threshold=inputs.water_threshold,
        excluded=bool(inputs.mask),
    )


def _is_masked(path: str) -> bool:
    """Whether an image was composed of scenes, and of them clouds and shadows are gone already."""
    told = open_raster(path).GetMetadata()
    masked = set((told.get("ECOASSETS_MASK") or "").split(", "))
    return "scenecomposite" in (told.get("ECOASSETS_METHOD") or "") and masked >= {"cloud", "shadow"}


def _tell(inputs: RseiInputs, series: SensorSeries, numbers: Sequence[Mapping[str, int]], progress: Progress) -> None:
    for sensor in dict.fromkeys(series.sensors):
        of_sensor = numbers[series.sensors.index(sensor)]
        listed = ", ".join(f"{role} {number}" for role, number in of_sensor.items())
        progress.info(say("{title}, {level}: bands {listed}.", title=sensor.title, level=inputs.level, listed=listed))
        images = [path for path, other in zip(inputs.images, series.sensors) if other is sensor]
        if "quality" in of_sensor:
            continue
        if all(map(_is_masked, images)):
            progress.info(say("The images are composites: their clouds and shadows were masked scene by scene."))
        else:
            progress.warn(
                say("No quality band is used: clouds and their shadows count as land unless they are nodata.")
            )
    tell_sensors(series, inputs.years, inputs.level, progress)
