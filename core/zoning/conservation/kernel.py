"""What a pixel is worth: importance classes per service, their composite, and the zone that follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...raster.reading.source import Source
from ...raster.tally import Sums, area_of, sum_by_class
from ...raster.validity import all_of, any_of, is_everywhere
from ...raster.work import Block, Result, in_strips
from ..layers import Ecosystems, Locked
from ..services import ServiceLayer

Composite = Literal["most_important", "count", "weighted"]

STATUS, ZONES, IMPORTANCE, COMPOSITE, CLEANED = "status", "zones", "importance", "composite", "cleaned"
# What may become of a pixel: 0 lies outside the region.
NOT_NATURAL, CANDIDATE, LOCKED_IN, LOCKED_OUT = 1, 2, 3, 4
STATUSES = 5
BEFORE, AFTER = "before", "after"
NO_CLASS = 255


def importance_classes(amounts: np.ndarray, thresholds: Sequence[float]) -> np.ndarray:
    """Importance class of each amount: 1 at or above the first threshold, one more for each threshold missed.

    Args:
        amounts: any shape, the float32 values from which the thresholds were found.
        thresholds: falling, one per break; of `share_thresholds`.

    Returns:
        uint8, 1 to number of thresholds + 1; zero and negative amounts take the last class.
    """
    classes = np.ones(amounts.shape, dtype=np.uint8)
    for threshold in thresholds:
        classes += amounts < threshold
    return classes


def composite_codes(classes: np.ndarray, composite: Composite, breaks: int) -> np.ndarray:
    """Composite of the classes of several services.

    Args:
        classes: shape (services, height, width); `NO_CLASS` where a service has no value, which is ignored.
        composite: `most_important` takes the lowest class, `count` the number of services in class 1 or 2 (in class 1
            where there is one break only).
        breaks: number of breaks.

    Returns:
        Shape (height, width), uint8.
    """
    if composite == "count":
        return np.count_nonzero(classes <= min(2, breaks), axis=0).astype(np.uint8)
    return classes.min(axis=0)


@dataclass(frozen=True, eq=False)
class StatusKernel:
    """Writes what may become of each pixel, and sums the area of each status.

    Attributes:
        ecosystems: of the region.
        natural: per ecosystem, whether it may be conserved.
        locked_in, locked_out: what is decided beforehand.
    """

    ecosystems: Ecosystems
    natural: np.ndarray
    locked_in: Locked | None
    locked_out: Locked | None

    def __call__(self, block: Block) -> Result:
        inside = block.gate & self.ecosystems.valid(block)
        natural = self.natural.take(self.ecosystems.numbers(block))
        status = np.where(natural, np.uint8(CANDIDATE), np.uint8(NOT_NATURAL))
        kept = np.zeros_like(inside) if self.locked_in is None else self.locked_in.inside(block)
        dropped = np.zeros_like(inside) if self.locked_out is None else self.locked_out.inside(block)
        status[kept] = LOCKED_IN
        status[dropped] = LOCKED_OUT
        status[~inside] = 0
        both = np.where(inside & kept & dropped, block.areas_ha, 0.0)
        areas = sum_by_class(status, STATUSES, np.broadcast_to(block.areas_ha, status.shape))
        return Result({STATUS: (status, inside)}, Sums({"areas": areas, "both": np.array(both.sum())}))


@dataclass(frozen=True, eq=False)
class CompositeKernel:
    """Writes the weighted sum of the services, each as its share of the region's total (per hectare where pixels differ
    in size).

    Attributes:
        layers: the services.
        weights: one per service, divided by the service's total; 0 for a service without any.
    """

    layers: tuple[ServiceLayer, ...]
    weights: tuple[float, ...]

    def __call__(self, block: Block) -> Result:
        total = np.zeros(block.gate.shape)
        for layer, weight in zip(self.layers, self.weights):
            total += np.maximum(layer.compared(block), 0) * weight
        return Result({COMPOSITE: (total, block.gate)})


@dataclass(frozen=True, eq=False)
class ConservationKernel:
    """Classes, composite and zones of a block, and what they hold.

    Attributes:
        layers: the services.
        thresholds: per service, falling.
        composite: how services are brought together.
        keep: class up to which a pixel is conserved; with `count` the number of services from which it is.
        ecosystems: what the tables are broken down by.
        status: what may become of each pixel; None where everything may.
        weighted: with the composite `weighted`, its raster.
        weighted_thresholds: falling.
        cleaned: the sieved zones, in the run that follows the sieve.
        maps: which rasters are wanted.
    """

    layers: tuple[ServiceLayer, ...]
    thresholds: tuple[tuple[float, ...], ...]
    composite: Composite
    keep: int
    ecosystems: Ecosystems
    status: Source | None = None
    weighted: Source | None = None
    weighted_thresholds: tuple[float, ...] = ()
    cleaned: Source | None = None
    maps: tuple[str, ...] = ()

    def __call__(self, block: Block) -> Result:
        return in_strips(self._of_strip, block)

    def _of_strip(self, strip: Block) -> Result:
        ranked = [layer.ranked(strip) for layer in self.layers]
        held = [layer.held(strip) for layer in self.layers]
        has_value = [all_of([layer.valid(strip), strip.gate]) for layer in self.layers]
        any_value = any_of(has_value)
        classes = np.stack([importance_classes(r, t) for r, t in zip(ranked, self.thresholds)])
        for of_service, mask in zip(classes, has_value):
            if not is_everywhere(mask):
                of_service[~mask] = NO_CLASS
        composite = self._composite(strip, classes)
        status = self._status(strip)
        locked_in, locked_out = status == LOCKED_IN, status == LOCKED_OUT
        valid = strip.gate & (any_value | locked_in | locked_out)
        chosen = composite >= self.keep if self.composite == "count" else composite <= self.keep
        before = ((chosen & (status == CANDIDATE) & any_value) | locked_in) & valid
        after = before
        if self.cleaned is not None:
            after = ((strip.values[self.cleaned.name] == 1) | locked_in) & ~locked_out & valid
        rasters = {
            ZONES: (after.astype(np.uint8), valid),
            # The sieve must not reach over what is locked out, so it has no value for it.
            CLEANED: (before.astype(np.uint8), valid & ~locked_out),
        }
        if IMPORTANCE in self.maps:
            rasters[IMPORTANCE] = np.stack([*classes, composite]), np.stack([*has_value, any_value])
        sums = {f"class_area:{number}": self._class_areas(strip, codes) for number, codes in enumerate(classes)}
        for stage, zones in ((BEFORE, before), (AFTER, after)):
            sums[f"kept:{stage}"] = self._kept(held, zones)
            sums[f"area:{stage}"] = self._zone_areas(strip, zones)
            if after is before:
                sums |= {f"{name}:{AFTER}": sums[f"{name}:{BEFORE}"] for name in ("kept", "area")}
                break
        return Result({name: rasters[name] for name in self.maps}, Sums(sums))

    def _composite(self, strip: Block, classes: np.ndarray) -> np.ndarray:
        if self.weighted is None:
            return composite_codes(classes, self.composite, len(self.thresholds[0]))
        values = strip.values[self.weighted.name].astype(np.float32, copy=False)
        return importance_classes(values, self.weighted_thresholds)

    def _status(self, strip: Block) -> np.ndarray:
        if self.status is None:
            return np.full(strip.gate.shape, CANDIDATE, dtype=np.uint8)
        return strip.values[self.status.name]

    def _class_areas(self, strip: Block, classes: np.ndarray) -> np.ndarray:
        """Area of each importance class of a service, shape (breaks + 1,)."""
        codes = range(1, len(self.thresholds[0]) + 2)
        return np.array([area_of(classes == code, strip.areas_ha) for code in codes])

    def _kept(self, amounts: list[np.ndarray], zones: np.ndarray) -> np.ndarray:
        """Amount of each service in the zones, from multiples of `ranked_unit`; pixels without value hold 0."""
        inside = zones.reshape(-1).astype(np.float64)
        kept = []
        for layer, values in zip(self.layers, amounts):
            held = values.reshape(-1).astype(np.float64)
            if values.min() < 0:
                np.maximum(held, 0, out=held)
            kept.append(np.einsum("i,i->", held, inside) * layer.ranked_unit)
        return np.array(kept)

    def _zone_areas(self, strip: Block, zones: np.ndarray) -> np.ndarray:
        """Area by zone and ecosystem, shape (2 * ecosystems,)."""
        count = len(self.ecosystems.names)
        if count == 1:
            inside = area_of(zones, strip.areas_ha)
            return np.array([area_of(strip.gate, strip.areas_ha) - inside, inside])
        index = np.where(strip.gate, zones * count + self.ecosystems.numbers(strip), 2 * count)
        return sum_by_class(index, 2 * count + 1, strip.areas_ha)[:-1]
