"""The value of every pixel: equivalent factors, adjusted by productivity, rain and soil conservation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..land_cover_maps import class_indices
from ..raster.classes import ClassIndex
from ..raster.engine import Block, Result
from ..raster.tally import Sums, sum_by_class

TOTAL = "total"
SERVICES = "services"
STRIP_PIXELS = 1 << 15
PLAIN = ""  # the factor of services that nothing adjusts


@dataclass(frozen=True, eq=False)
class AdjustedFactor:
    """One adjustment: `value / reference`, at most `cap`.

    Attributes:
        sources: the source of each year.
        references: the reference of each year, in the unit of the rasters.
        needed: per class, whether a service that this factor adjusts has an equivalent; shape (classes,).
        ones: per class, whether a missing value counts as 1; shape (classes,).
        cap: the largest adjustment; None for no limit.
    """

    sources: tuple[str, ...]
    references: tuple[float, ...]
    needed: np.ndarray
    ones: np.ndarray
    cap: float | None = None


@dataclass(frozen=True, eq=False)
class ValuationKernel:
    """Values of several years in one pass.

    Per service f, class k and pixel x: ``V_f(x) = E_kf adj_f(x) D``, with the adjustment of the service's factor group
    (1 where nothing adjusts it). Because V is linear in the adjustment, sums of the adjusting raster by class are
    enough for every total; they are taken in float64 from the stored values.

    Attributes:
        land_cover: source name of each year.
        index: land-cover codes to class indices.
        coefficients: value per hectare and year, shape (years, services, classes).
        factor_of: the factor of each service.
        factors: the adjustments in use, by factor.
        common: whether a pixel must be valid in every year.
        maps: which outputs are wanted, of `TOTAL` and `SERVICES`.

    Source: Xie et al. 2015, J. Nat. Resour. 30(8):1243-1254 (factors by service group).
    """

    land_cover: tuple[str, ...]
    index: ClassIndex
    coefficients: np.ndarray
    factor_of: tuple[str, ...]
    factors: dict[str, AdjustedFactor]
    common: bool
    maps: tuple[str, ...]

    def __call__(self, block: Block) -> Result:
        years = range(len(self.land_cover))
        classes = [class_indices(block, name, self.index) for name in self.land_cover]
        masks = self.masks(block, classes)
        shape = block.gate.shape
        bands = {TOTAL: len(years), SERVICES: len(years) * len(self.factor_of)}
        maps = {name: np.empty((bands[name], *shape), dtype=np.float32) for name in self.maps}
        sums = self._empty_sums()
        for year in years:
            for rows in strips(shape):
                self._value_strip(block, year, rows, classes[year][rows], masks[year][rows], maps, sums)
        valid = {TOTAL: masks[0], SERVICES: masks[0]}
        if not self.common:
            valid = {TOTAL: np.stack(masks), SERVICES: np.repeat(masks, len(self.factor_of), axis=0)}
        return Result({name: (maps[name], valid[name]) for name in self.maps}, Sums(sums))

    def masks(self, block: Block, classes: list[np.ndarray]) -> list[np.ndarray]:
        """Where each year has a value; with a common mask where all years have one."""
        covered = [block.gate if self.common else block.valid[name] for name in self.land_cover]
        masks = [self._valued(block, year, classes[year], covered[year]) for year in range(len(classes))]
        return [np.logical_and.reduce(masks)] * len(masks) if self.common else masks

    def _valued(self, block: Block, year: int, index: np.ndarray, covered: np.ndarray) -> np.ndarray:
        """Where land cover and every adjustment that the pixel needs are there."""
        valued = covered
        for factor in self.factors.values():
            present = block.valid[factor.sources[year]]
            if not present.all():
                dispensable = np.append(~factor.needed | factor.ones, True)
                valued = valued & (present | dispensable.take(index))
        return valued

    def _empty_sums(self) -> dict[str, np.ndarray]:
        """Per year: pixels, area and area-weighted sums of the adjusting rasters by class; the last one is left out."""
        classes = self.index.unknown + 1
        sums: dict[str, np.ndarray] = {}
        for year in range(len(self.land_cover)):
            sums[f"pixels:{year}"] = np.zeros(classes, dtype=np.int64)
            for name in ("area", *self.factors):
                sums[f"{name}:{year}"] = np.zeros(classes)
        return sums

    def _value_strip(
        self,
        block: Block,
        year: int,
        rows: slice,
        index: np.ndarray,
        mask: np.ndarray,
        maps: dict[str, np.ndarray],
        sums: dict[str, np.ndarray],
    ) -> None:
        """Adds up and maps a few rows of one year."""
        areas = block.areas_ha[rows]
        raw = {name: self.adjusting(block, name, year, rows, index) for name in self.factors}
        counted = index if mask.all() else np.where(mask, index, self.index.unknown)
        counts = sum_by_class(counted, self.index.unknown + 1)
        sums[f"pixels:{year}"] += counts
        if (areas == areas[0]).all():
            sums[f"area:{year}"] += counts * areas[0, 0]
            for name, values in raw.items():
                sums[f"{name}:{year}"] += sum_by_class(counted, len(counts), values) * areas[0, 0]
        else:
            sums[f"area:{year}"] += sum_by_class(counted, len(counts), areas)
            for name, values in raw.items():
                sums[f"{name}:{year}"] += sum_by_class(counted, len(counts), values * areas)
        if TOTAL in maps:
            self.map_total(year, index, raw, maps[TOTAL][year, rows])
        if SERVICES in maps:
            adjustment = self._adjustment(year, raw)
            for service, factor in enumerate(self.factor_of):
                layer = maps[SERVICES][year * len(self.factor_of) + service, rows]
                self._map_layer(self.coefficients[year, service], index, adjustment.get(factor), layer)

    def adjusting(self, block: Block, name: str, year: int, rows: slice, index: np.ndarray) -> np.ndarray:
        """The adjusting raster, with the reference where a missing value counts as 1, and capped.

        Where it differs from the stored values it is float64, because a rounded reference would show in the totals.
        """
        factor = self.factors[name]
        raw, present = block.values[factor.sources[year]][rows], block.valid[factor.sources[year]][rows]
        reference = factor.references[year]
        if factor.ones.any() and not present.all():
            one = np.append(factor.ones, False).take(index) & ~present
            raw = np.where(one, reference, raw.astype(np.float64))
        if factor.cap is not None:
            raw = np.minimum(raw.astype(np.float64, copy=False), factor.cap * reference)
        return raw

    def _adjustment(self, year: int, raw: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {
            name: values.astype(np.float32, copy=False) * np.float32(1 / self.factors[name].references[year])
            for name, values in raw.items()
        }

    def map_total(self, year: int, index: np.ndarray, raw: dict[str, np.ndarray], layer: np.ndarray) -> None:
        """Writes the value of all services per hectare and year into a layer of float32.

        All services of a factor share its adjustment, so their coefficients are added first.

        Args:
            year: its position.
            index: class indices, shape of the layer.
            raw: the adjusting rasters of the year, from `adjusting`.
            layer: what is filled.
        """
        adjustment = self._adjustment(year, raw)
        parts = sorted(set(self.factor_of))
        for number, factor in enumerate(parts):
            of_factor = [i for i, name in enumerate(self.factor_of) if name == factor]
            part = layer if number == 0 else np.empty_like(layer)
            self._map_layer(self.coefficients[year, of_factor].sum(axis=0), index, adjustment.get(factor), part)
            if number > 0:
                layer += part

    @staticmethod
    def _map_layer(
        coefficients: np.ndarray, index: np.ndarray, adjustment: np.ndarray | None, layer: np.ndarray
    ) -> None:
        np.append(coefficients, 0).astype(np.float32).take(index, out=layer, mode="clip")
        if adjustment is not None:
            np.multiply(layer, adjustment, out=layer)


def strips(shape: tuple[int, ...]) -> Iterator[slice]:
    """Slices of a few rows each, small enough to stay in the processor's cache through all steps of a kernel."""
    rows = max(1, STRIP_PIXELS // shape[1])
    for start in range(0, shape[0], rows):
        yield slice(start, min(start + rows, shape[0]))
