"""The value of every pixel: equivalent factors, adjusted by productivity, rain and soil conservation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..land_cover_maps import class_indices
from ..raster.classes import ClassIndex
from ..raster.engine import Block, Result
from ..raster.tally import Sums, sum_by_class

TOTAL = "total"
SERVICES = "services"
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
        classes = [class_indices(block, name, self.index) for name in self.land_cover]
        masks = self.masks(block, classes)
        sums: dict[str, np.ndarray] = {}
        layers: dict[str, list[np.ndarray]] = {name: [] for name in self.maps}
        for year, (index, mask) in enumerate(zip(classes, masks)):
            raw = {name: self.adjusting(block, name, year, index) for name in self.factors}
            self._add_sums(sums, block, year, np.where(mask, index, self.index.unknown), raw)
            self._add_layers(layers, year, index, raw)
        if not self.common:
            stack = np.stack(masks)
            services = len(self.factor_of)
            valid = {TOTAL: stack, SERVICES: np.repeat(stack, services, axis=0)}
        else:
            valid = {TOTAL: masks[0], SERVICES: masks[0]}
        return Result({name: (np.stack(layers[name]), valid[name]) for name in self.maps}, Sums(sums))

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

    def adjusting(self, block: Block, name: str, year: int, index: np.ndarray) -> np.ndarray:
        """The adjusting raster, with the reference where a missing value counts as 1, and capped."""
        factor = self.factors[name]
        source = factor.sources[year]
        raw = block.values[source]
        reference = factor.references[year]
        if factor.ones.any() and not block.valid[source].all():
            one = np.append(factor.ones, False).take(index) & ~block.valid[source]
            raw = np.where(one, raw.dtype.type(reference), raw)
        if factor.cap is not None:
            raw = np.minimum(raw, raw.dtype.type(factor.cap * reference))
        return raw

    def _add_sums(
        self, sums: dict[str, np.ndarray], block: Block, year: int, index: np.ndarray, raw: dict[str, np.ndarray]
    ) -> None:
        """Counts, areas and area-weighted sums of the adjusting rasters by class; the last class is left out."""
        classes = self.index.unknown + 1
        equal_areas = bool((block.areas_ha == block.areas_ha[0]).all())
        counts = sum_by_class(index, classes)
        sums[f"pixels:{year}"] = counts
        area = block.areas_ha[0, 0]
        sums[f"area:{year}"] = counts * area if equal_areas else sum_by_class(index, classes, block.areas_ha)
        for name, values in raw.items():
            weighted = (
                sum_by_class(index, classes, values) * area
                if equal_areas
                else sum_by_class(index, classes, values * block.areas_ha)
            )
            sums[f"{name}:{year}"] = weighted

    def _add_layers(
        self, layers: dict[str, list[np.ndarray]], year: int, index: np.ndarray, raw: dict[str, np.ndarray]
    ) -> None:
        adjustment = self._adjustment(year, raw)
        if TOTAL in layers:
            layers[TOTAL].append(self._total(year, index, adjustment))
        if SERVICES in layers:
            for service, factor in enumerate(self.factor_of):
                layers[SERVICES].append(self._take(self.coefficients[year, service], index, adjustment.get(factor)))

    def _adjustment(self, year: int, raw: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {
            name: values * values.dtype.type(1 / self.factors[name].references[year]) for name, values in raw.items()
        }

    def total(self, year: int, index: np.ndarray, raw: dict[str, np.ndarray]) -> np.ndarray:
        """Value of all services per hectare and year, float32, shape (height, width).

        Args:
            year: its position.
            index: class indices.
            raw: the adjusting rasters of the year, from `adjusting`.
        """
        return self._total(year, index, self._adjustment(year, raw))

    def _total(self, year: int, index: np.ndarray, adjustment: dict[str, np.ndarray]) -> np.ndarray:
        """All services of a factor share its adjustment, so their coefficients are added first."""
        parts = []
        for factor in sorted(set(self.factor_of)):
            of_factor = [i for i, name in enumerate(self.factor_of) if name == factor]
            parts.append(self._take(self.coefficients[year, of_factor].sum(axis=0), index, adjustment.get(factor)))
        total = parts[0]
        for part in parts[1:]:
            np.add(total, part, out=total)
        return total

    @staticmethod
    def _take(coefficients: np.ndarray, index: np.ndarray, adjustment: np.ndarray | None) -> np.ndarray:
        layer = np.append(coefficients, 0).astype(np.float32).take(index, mode="clip")
        if adjustment is not None:
            np.multiply(layer, adjustment, out=layer, casting="same_kind")
        return layer
