"""What a pixel is worth: importance classes per service, their composite, and the zone that follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..raster.engine import Block, Result
from ..raster.source import Source
from ..raster.tally import Sums, sum_by_class
from .layers import Ecosystems, Locked
from .services import ServiceLayer

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
        amounts: any shape, the float32 amounts from which the thresholds were found.
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
    """Writes the weighted sum of the services, each as its share of the region's total.

    Attributes:
        layers: the services.
        weights: one per service, divided by the service's total; 0 for a service without any.
    """

    layers: tuple[ServiceLayer, ...]
    weights: tuple[float, ...]

    def __call__(self, block: Block) -> Result:
        total = np.zeros(block.gate.shape)
        for layer, weight in zip(self.layers, self.weights):
            total += np.maximum(layer.amounts(block), 0) * weight
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

    def __call__(self, block: Block) -> Result:
        amounts = [layer.amounts(block) for layer in self.layers]
        has_value = np.stack([layer.valid(block) for layer in self.layers])
        classes = np.stack([importance_classes(a, t) for a, t in zip(amounts, self.thresholds)])
        classes[~has_value] = NO_CLASS
        composite = self._composite(block, classes)
        status = self._status(block)
        locked_in, locked_out = status == LOCKED_IN, status == LOCKED_OUT
        valid = block.gate & (has_value.any(axis=0) | locked_in | locked_out)
        chosen = composite >= self.keep if self.composite == "count" else composite <= self.keep
        before = (chosen & (status == CANDIDATE) & has_value.any(axis=0)) | locked_in
        after = before
        if self.cleaned is not None:
            after = ((block.values[self.cleaned.name] == 1) | locked_in) & ~locked_out
        rasters = {
            ZONES: (after.astype(np.uint8), valid),
            # The sieve must not reach over what is locked out, so it has no value for it.
            CLEANED: (before.astype(np.uint8), valid & ~locked_out),
            IMPORTANCE: (
                np.concatenate([classes, composite[np.newaxis]]),
                np.concatenate([has_value, has_value.any(axis=0)[np.newaxis]]) & block.gate,
            ),
        }
        sums = self._class_sums(block, classes, amounts, after & valid)
        of_before = sums if self.cleaned is None else self._class_sums(block, classes, amounts, before & valid)
        sums |= {f"area:{AFTER}": self._zone_areas(block, after & valid), f"kept:{AFTER}": sums.pop("kept")}
        areas = sums[f"area:{AFTER}"] if self.cleaned is None else self._zone_areas(block, before & valid)
        sums |= {f"area:{BEFORE}": areas, f"kept:{BEFORE}": of_before.get("kept", sums[f"kept:{AFTER}"])}
        return Result(rasters, Sums(sums))

    def _composite(self, block: Block, classes: np.ndarray) -> np.ndarray:
        if self.weighted is None:
            return composite_codes(classes, self.composite, len(self.thresholds[0]))
        values = block.values[self.weighted.name].astype(np.float32, copy=False)
        return importance_classes(values, self.weighted_thresholds)

    def _status(self, block: Block) -> np.ndarray:
        if self.status is None:
            return np.full(block.gate.shape, CANDIDATE, dtype=np.uint8)
        return block.values[self.status.name]

    def _class_sums(
        self, block: Block, classes: np.ndarray, amounts: list[np.ndarray], zones: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Per service the area and amount of each class, shape (breaks + 1,), and `kept`, the amount in the zones."""
        sums: dict[str, np.ndarray] = {}
        kept = np.zeros(len(self.layers))
        for number, (of_service, amount, layer) in enumerate(zip(classes, amounts, self.layers)):
            count = len(self.thresholds[number]) + 2
            index = np.where(layer.valid(block) & block.gate, of_service, np.uint8(0))
            sums[f"class_area:{number}"] = sum_by_class(index, count, block.areas_ha)[1:]
            # What lies outside the zones, then what lies in them; pixels without value hold 0.
            held = sum_by_class(index + zones * np.uint8(count), 2 * count, np.maximum(amount, 0)).reshape(2, count)
            sums[f"class_amount:{number}"] = held.sum(axis=0)[1:]
            kept[number] = held[1].sum()
        return {**sums, "kept": kept}

    def _zone_areas(self, block: Block, zones: np.ndarray) -> np.ndarray:
        """Area by zone and ecosystem, shape (2 * ecosystems,)."""
        count = len(self.ecosystems.names)
        areas = np.where(block.gate, block.areas_ha, 0.0)
        return sum_by_class(zones * count + self.ecosystems.numbers(block), 2 * count, areas)
