"""The images of a remote sensing ecological index: the four indicators of every year, and where they count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from ...messages import say
from ...raster.passes.radix_search import Sample
from ...raster.tally import Sums
from ...raster.work import Block, Result
from .calibration import Calibration, ThermalCalibration
from .indicators import INDICATORS, dryness, normalised_difference, wetness
from .sensors import REFLECTIVE, BitField

# Why a pixel of an image does not count; the first reason that holds is the one that is told.
REASONS = (
    say("no data, or numbers outside the sensor's valid range"),
    say("cloud or shadow in the quality band"),
    say("no surface temperature"),
    say("inside the mask polygons"),
    say("water"),
    say("an indicator that is not a number, or cannot be"),
    say("left out in another year"),
)
IMPOSSIBLE = 5  # of `REASONS`
EXCLUDED = "excluded"
_BEYOND_NDVI, _BEYOND_WETNESS = 1.0, 1.5


@dataclass(frozen=True, eq=False)
class YearImage:
    """One image.

    Attributes:
        bands: source name and calibration by role.
        thermal: source name and calibration of the surface temperature.
        quality: source name of the quality band, or None.
        fields: bits of the quality band that mask.
        wetness: weights by role.
        water_threshold: MNDWI above which a pixel is water.
        excluded: whether a source marks pixels inside mask polygons.
    """

    bands: Mapping[str, tuple[str, Calibration]]
    thermal: tuple[str, ThermalCalibration]
    quality: str | None
    fields: tuple[BitField, ...]
    wetness: Mapping[str, float]
    water_threshold: float
    excluded: bool

    def indicators(self, block: Block) -> tuple[np.ndarray, list[np.ndarray]]:
        """Indicators, float32, shape (4, height, width), and one mask per reason that takes pixels away."""
        reflectance = {role: self.reflectance(block, role) for role in self.bands}
        ndvi = normalised_difference(reflectance["nir"], reflectance["red"])
        name, calibration = self.thermal
        temperature = calibration(block.values[name], ndvi)
        stack = np.stack(
            [
                ndvi,
                wetness(reflectance, self.wetness),
                dryness(*(reflectance[role] for role in REFLECTIVE[:5])),
                temperature.astype(np.float32, copy=False),
            ]
        ).astype(np.float32, copy=False)
        mndwi = normalised_difference(reflectance["green"], reflectance["swir1"])
        measured = np.logical_and.reduce(
            [block.valid[name] & band.within(block.values[name]) for name, band in self.bands.values()]
        )
        warm = block.valid[name] & calibration.numbers.within(block.values[name]) & np.isfinite(temperature)
        nothing = np.zeros(block.gate.shape, dtype=bool)
        return stack, [
            ~measured,
            self._clouded(block) if self.quality else nothing,
            ~warm,
            block.values[EXCLUDED] != 0 if self.excluded else nothing,
            mndwi > self.water_threshold,
            ~np.isfinite(stack).all(axis=0) | (np.abs(stack[0]) > _BEYOND_NDVI) | (np.abs(stack[1]) > _BEYOND_WETNESS),
        ]

    def reflectance(self, block: Block, role: str) -> np.ndarray:
        """Reflectance of a band, 0 to 1."""
        name, calibration = self.bands[role]
        return calibration(block.values[name])

    def _clouded(self, block: Block) -> np.ndarray:
        if self.quality is None:
            raise TypeError("self.quality is not as expected")
        quality = block.values[self.quality]
        return np.logical_or.reduce([~block.valid[self.quality], *(field.masked(quality) for field in self.fields)])


@dataclass(frozen=True, eq=False)
class Images:
    """All images of a run.

    Attributes:
        years: in order.
        common: whether a pixel must count in every year.
    """

    years: tuple[YearImage, ...]
    common: bool

    def read(self, block: Block) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Per year: indicators (4, height, width), where they count, and the reason by pixel (-1 where they count)."""
        found = []
        for image in self.years:
            stack, masks = image.indicators(block)
            reason = np.full(block.gate.shape, -1, dtype=np.int8)
            for number in reversed(range(len(masks))):
                reason[masks[number]] = number
            found.append((stack, reason))
        counts = [reason < 0 for _, reason in found]
        if self.common:
            counts = [np.logical_and.reduce(counts)] * len(counts)
        read = []
        for (stack, reason), counted in zip(found, counts):
            reason[(reason < 0) & ~counted] = len(REASONS) - 1
            read.append((stack, counted & block.gate, reason))
        return read


@dataclass(frozen=True, eq=False)
class IndexModel:
    """How indicators become the index of the years that share this model.

    Attributes:
        low, high: normalisation limits of each indicator, shape (4,).
        weights: of the normalised indicators, shape (4,).
        least, most: normalisation limits of the weighted sum.
    """

    low: np.ndarray
    high: np.ndarray
    weights: np.ndarray
    least: float = 0.0
    most: float = 1.0

    def normalise(self, indicators: np.ndarray) -> np.ndarray:
        """``(x - low) / (high - low)`` limited to 0 to 1, float64; shape (4, pixels)."""
        low, high = self.low[:, np.newaxis], self.high[:, np.newaxis]
        return np.clip((indicators - low) / (high - low), 0, 1)

    def score(self, indicators: np.ndarray) -> np.ndarray:
        """The weighted sum of the normalised indicators, rounded to float32, in which it is ranked."""
        return (self.weights @ self.normalise(indicators)).astype(np.float32)

    def index(self, indicators: np.ndarray) -> np.ndarray:
        """The index, 0 to 1, shape (pixels,), float64."""
        return np.clip((self.score(indicators).astype(np.float64) - self.least) / (self.most - self.least), 0, 1)


@dataclass(frozen=True, eq=False)
class IndicatorSampler:
    """Values of the indicators, to be ranked; stratum ``4 * group + indicator``.

    Attributes:
        images: all years.
        feeds: the group that each year is ranked with; None for a year that only uses another's.
    """

    images: Images
    feeds: tuple[int | None, ...]

    def __call__(self, block: Block) -> Iterator[Sample]:
        for (stack, counted, _), group in zip(self.images.read(block), self.feeds):
            if group is not None:
                for number, values in enumerate(stack):
                    areas = partial(block.areas_of, counted)
                    yield Sample(values[counted], len(INDICATORS) * group + number, areas)


@dataclass(frozen=True, eq=False)
class ScoreSampler:
    """First principal component before its normalisation, to be ranked; the stratum is the group."""

    images: Images
    feeds: tuple[int | None, ...]
    models: tuple[IndexModel, ...]

    def __call__(self, block: Block) -> Iterator[Sample]:
        for (stack, counted, _), group in zip(self.images.read(block), self.feeds):
            if group is not None:
                scores = self.models[group].score(stack[:, counted])
                yield Sample(scores, group, partial(block.areas_of, counted))


@dataclass(frozen=True)
class ReasonKernel:
    """Counts, per year, the pixels that count and those that each reason takes away."""

    images: Images

    def __call__(self, block: Block) -> Result:
        read = self.images.read(block)
        return Result(sums=Sums({f"reasons:{y}": reason_areas(block, item[2]) for y, item in enumerate(read)}))


def reason_areas(block: Block, reason: np.ndarray) -> np.ndarray:
    """Area in ha by reason, the area that counts last, shape (reasons + 1,)."""
    inside = block.gate
    areas = np.broadcast_to(block.areas_ha, inside.shape)[inside]
    where = np.where(reason < 0, len(REASONS), reason)[inside]
    return np.bincount(where, weights=areas, minlength=len(REASONS) + 1)
