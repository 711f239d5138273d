"""The value of every pixel: equivalent factors, adjusted by productivity, rain and soil conservation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...land_cover_maps import class_indices
from ...raster.classes import ClassIndex
from ...raster.tally import Sums, sums_over_area
from ...raster.validity import all_of, is_everywhere, joined
from ...raster.work import Block, Result

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
        years, services = len(self.land_cover), len(self.factor_of)
        bands = {TOTAL: years, SERVICES: years * services}
        maps = {name: np.empty((bands[name], *block.gate.shape), dtype=np.float32) for name in self.maps}
        sums = self._empty_sums()
        masks_of_strips = []
        row = 0
        for strip in block.strips():
            rows = slice(row, row + strip.window.height)
            row = rows.stop
            classes = [class_indices(strip, name, self.index) for name in self.land_cover]
            masks = self.masks(strip, classes)
            masks_of_strips.append(masks)
            for year, (index, mask) in enumerate(zip(classes, masks)):
                raw = {name: self.adjusting(strip, name, year, index) for name in self.factors}
                self._add_sums(strip, year, index, mask, raw, sums)
                if TOTAL in maps:
                    self.map_total(year, index, raw, maps[TOTAL][year, rows])
                if SERVICES in maps:
                    self._map_services(year, index, raw, maps[SERVICES][year * services : (year + 1) * services, rows])
        valid = [joined(of_year) for of_year in zip(*masks_of_strips)]
        shown = {TOTAL: valid[0], SERVICES: valid[0]}
        if not self.common:
            shown = {TOTAL: np.stack(valid), SERVICES: np.repeat(valid, services, axis=0)}
        return Result({name: (maps[name], shown[name]) for name in self.maps}, Sums(sums))

    def masks(self, block: Block, classes: list[np.ndarray]) -> list[np.ndarray]:
        """Where each year has a value; with a common mask where all years have one."""
        covered = [block.gate if self.common else block.valid[name] for name in self.land_cover]
        masks = [self._valued(block, year, classes[year], covered[year]) for year in range(len(classes))]
        return [all_of(masks)] * len(masks) if self.common else masks

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

    def _add_sums(
        self,
        strip: Block,
        year: int,
        index: np.ndarray,
        mask: np.ndarray,
        raw: dict[str, np.ndarray],
        sums: dict[str, np.ndarray],
    ) -> None:
        counted = index if is_everywhere(mask) else np.where(mask, index, self.index.unknown)
        pixels, area, of_factors = sums_over_area(counted, self.index.unknown + 1, strip.areas_ha, list(raw.values()))
        for name, added in zip(("pixels", "area", *raw), (pixels, area, *of_factors)):
            sums[f"{name}:{year}"] += added

    def _map_services(self, year: int, index: np.ndarray, raw: dict[str, np.ndarray], layers: np.ndarray) -> None:
        """Fills a layer per service."""
        adjustment = self._adjustment(year, raw)
        for service, factor in enumerate(self.factor_of):
            self._map_layer(self.coefficients[year, service], index, adjustment.get(factor), layers[service])

    def adjusting(self, block: Block, name: str, year: int, index: np.ndarray) -> np.ndarray:
        """The adjusting raster, with the reference where a missing value counts as 1, and capped.

        Where it differs from the stored values it is float64, because a rounded reference would show in the totals.
        """
        factor = self.factors[name]
        raw, present = block.values[factor.sources[year]], block.valid[factor.sources[year]]
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

    def exact_total(self, year: int, index: np.ndarray, raw: dict[str, np.ndarray]) -> np.ndarray:
        """The value of all services per hectare and year in float64, as the sums by class hold it; as `map_total`."""
        total = np.zeros(index.shape)
        for factor in dict.fromkeys(self.factor_of):
            of_factor = [i for i, name in enumerate(self.factor_of) if name == factor]
            part = np.append(self.coefficients[year, of_factor].sum(axis=0), 0.0).take(index)
            if factor in raw:
                part *= raw[factor].astype(np.float64) / self.factors[factor].references[year]
            total += part
        return total

    @staticmethod
    def _map_layer(
        coefficients: np.ndarray, index: np.ndarray, adjustment: np.ndarray | None, layer: np.ndarray
    ) -> None:
        np.append(coefficients, 0).astype(np.float32).take(index, out=layer, mode="clip")
        if adjustment is not None:
            np.multiply(layer, adjustment, out=layer)
