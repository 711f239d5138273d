"""What metadata and numbers of the images tell of their year, season, level and offset."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...inputs.finding import Finding, Place
from ...inputs.images import check_level, check_level_numbers, of_crossed_offset, of_offset, offset_by_evidence
from ...inputs.profile import look
from ...inputs.record import current_record, tell
from ...inputs.years import check_acquisition, check_years, evidence_of
from ...progress import Progress
from ...quantities import ANY
from ...raster.dataset import open_raster
from ...raster.reading.source import Source
from .calibration import (
    ImageCalibration,
    ThermalCalibration,
    date_of_metadata,
    level_of_metadata,
    product_calibration,
    read_metadata,
)
from .sensors import REFLECTIVE, Sensor

_BASELINE = re.compile(r"_N(\d{2})(\d{2})(?=_|\.|$)")
_GREEN = 0.5  # NDVI of a typical pixel; the emissivity that it gives moves a temperature by less than 1 K


@dataclass(frozen=True)
class Kelvin:
    """The temperature of a typical pixel of an image, would a band be the thermal one."""

    path: str
    thermal: ThermalCalibration | None

    def __call__(self, band: int) -> float:
        middle = look(self.path, band).percentile(50)
        if self.thermal is None or not np.isfinite(middle):
            return float("nan")
        if is_scaled(Source("band", self.path, band, measure=ANY)) and self.thermal.constants is None:
            return middle
        with np.errstate(invalid="ignore", divide="ignore"):
            return float(self.thermal(np.array([middle]), np.array([_GREEN]))[0])


def check_metadata(years: Sequence[int], metadata: Sequence[str], level: str, insist: bool, progress: Progress) -> None:
    """Compares what MTL files tell, one per year, with years and level. Raises Refused where they contradict."""
    if len(metadata) != len(years):
        return
    entries = [read_metadata(path) for path in metadata]
    places = [Place("Image", path, year=year) for path, year in zip(metadata, years)]
    dates = [(place, date) for place, of_image in zip(places, entries) if (date := date_of_metadata(of_image))]
    found = list(check_acquisition(dates, insist))
    for place, of_image in zip(places, entries):
        told, word = level_of_metadata(of_image)
        found += check_level(place, level, told, word)
    tell(found, progress)


def check_names(years: Sequence[int], images: Sequence[str], insist: bool, progress: Progress) -> None:
    """Compares the years that names and tags of images tell with those given. Raises Refused where they are crossed."""
    record = current_record()
    names = record.layer_names if record else {}
    told = [
        (Place("Images", path, year=year), evidence_of(path, 1, names.get(path, ""), image=True))
        for path, year in zip(images, years)
    ]
    tell(list(check_years(told, insist)), progress)


def by_numbers(
    years: Sequence[int],
    images: Sequence[str],
    level: str,
    sensors: Sequence[Sensor],
    numbers: Sequence[Mapping[str, int]],
    calibrations: Sequence[ImageCalibration],
    given: tuple[float | None, float | None],
    progress: Progress,
) -> list[ImageCalibration]:
    """Compares numbers with the level, and finds the offset of products that changed it.

    Args:
        given: offset and scale of the user; None where the product's hold.

    Raises:
        Refused: the numbers cannot be those of the level.
    """
    found: list[Finding] = []
    taken = []
    offset, scale = given
    for position, (path, sensor) in enumerate(zip(images, sensors)):
        place, bands = Place("Image", path, year=years[position]), numbers[position]
        calibration = calibrations[position]
        if level != "reflectance" and not is_scaled(Source("nir", path, bands["nir"], measure=ANY)):
            if scale is None:
                high = look(path, bands["nir"]).percentile(98)
                found += check_level_numbers(place, level, high, bool(sensor.scaling.get("bits_8")), _first(sensor))
            if level == "level2" and offset is None and scale is None and "newer" in sensor.scaling:
                newer, found_here = _offset(place, path, sensor, bands)
                found.append(found_here)
                calibration = product_calibration(sensor, newer)
        taken.append(calibration)
    tell(found, progress)
    return taken


def is_scaled(source: Source) -> bool:
    """Whether the file itself declares how its numbers become values; the engine then applies that."""
    dataset = open_raster(source.path)  # a band does not outlive its dataset
    band = dataset.GetRasterBand(source.band)
    return band.GetScale() not in (None, 1.0) or band.GetOffset() not in (None, 0.0)


def _first(sensor: Sensor) -> float:
    """The lowest valid number of level 2 where the numbers start far above 0, else 0."""
    return float(sensor.scaling["valid"][0]) if sensor.scaling["offset"] else 0.0


def _offset(place: Place, path: str, sensor: Sensor, bands: Mapping[str, int]) -> tuple[float, Finding]:
    """The offset of a product whose processing baselines differ, by baseline and numbers."""
    since, offset = sensor.scaling["newer"]
    baseline = baseline_of(path)
    darkest = min(look(path, bands[role]).percentile(1) for role in REFLECTIVE)
    taken, agreed = offset_by_evidence(baseline, darkest, since)
    found = float(offset) if taken else 0.0
    if baseline is not None and not agreed:
        return found, of_crossed_offset(place, baseline, darkest, found)
    return found, of_offset(place, found, taken, baseline, darkest)


def baseline_of(path: str) -> float | None:
    """The processing baseline of a Sentinel-2 image, by its metadata or the names of its product; None without."""
    dataset = open_raster(path)
    tags = dataset.GetMetadata() or {}
    told = tags.get("PROCESSING_BASELINE", "")
    if re.fullmatch(r"\d{1,2}\.\d\d", told):
        return float(told)
    found = next((m for text in (path, *(dataset.GetFileList() or ())) if (m := _BASELINE.search(text))), None)
    return float(f"{found[1]}.{found[2]}") if found else None
