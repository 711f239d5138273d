"""Which pixels became worse, stayed or became better between two dates, and how degraded they are by HJ 1174."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from ...raster.passes.radix_search import Sample
from ...raster.tally import Sums, sum_by_class
from ...raster.work import Block, Result
from ...tables import resource_table
from ..strata import Land

CLASSES = "classes"
SEVERITY = "severity"
NO_CLASS = -128
DIRECTIONS = 3  # worse, same, better
SEVERITIES = 5  # none, light, moderate, severe, extreme
WETLAND = "wetland"
# A change reaches its threshold this little before it, so that 0.27 after 0.3 is a loss of 10 % in float32 too.
NEARLY = 1 - 1e-6
DECIMALS = 4  # of percent that are compared with bounds: rasters hold single precision


def change_direction(
    before: np.ndarray, after: np.ndarray, threshold: float, relative: bool, smallest: float = 0.0
) -> np.ndarray:
    """-1 where values fell by at least the threshold, 1 where they rose by it, else 0 (int8).

    Relative: ``r = (after - before) / |before| * 100`` in percent; where `before` is 0 any change counts. Absolute:
    ``after - before``. Changes smaller than `smallest`, in the unit of the values, never count, so that percentages of
    next to nothing do not flood the map.
    """
    change = after.astype(np.float64) - before
    enough = (change != 0) & (np.abs(change) >= smallest * NEARLY)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = change / np.abs(before.astype(np.float64)) * 100 if relative else change
        return np.where(enough & (np.abs(size) >= threshold * NEARLY), np.sign(change), 0).astype(np.int8)


def severity_of(degree_pct: np.ndarray, ecosystem: str) -> np.ndarray:
    """Severity 0 (none) to 4 (extreme) by HJ 1174-2021, uint8.

    Args:
        degree_pct: percent of the undegraded value for `forest` (biomass) and `grassland` (cover), where less is
            worse; percent of the area lost for `wetland`, where more is worse. The lower bound is included.
        ecosystem: one of these.
    """
    rows = [row for row in resource_table("degradation_classes").rows if row["scheme"] == f"HJ1174 {ecosystem}"]
    lower = sorted(float(str(row["lower_inclusive"])) for row in rows)
    place = np.searchsorted(lower[1:], np.round(degree_pct, DECIMALS), side="right")
    return (place if ecosystem == WETLAND else SEVERITIES - 1 - place).astype(np.uint8)


def severity_names() -> tuple[str, ...]:
    """From none to extreme, as HJ 1174 names them."""
    rows = resource_table("degradation_classes").rows
    return tuple(str(row["class"]) for row in rows if row["scheme"] == "HJ1174 wetland")


@dataclass(frozen=True)
class LayerSources:
    """One layer: the source names of both dates, and how it is judged.

    Attributes:
        better: whether higher values are better.
        smallest: changes below it do not count.
        standard: the ecosystem by whose standard it is judged, or "".
        references: the undegraded value, for `standard`: of the whole area, then of each ecoregion.
    """

    before: str
    after: str
    better: bool = True
    smallest: float = 0.0
    standard: str = ""
    references: tuple[float, ...] = (1.0,)


@dataclass(frozen=True)
class BeforeSampler:
    """Values of each layer at the earlier date where both dates are valid; the stratum is the layer."""

    layers: tuple[LayerSources, ...]

    def __call__(self, block: Block) -> Iterator[Sample]:
        for number, layer in enumerate(self.layers):
            both = block.valid[layer.before] & block.valid[layer.after]
            yield Sample(block.values[layer.before][both], number, partial(block.areas_of, both))


@dataclass(frozen=True, eq=False)
class DegradationKernel:
    """Directions of all layers and of their union, and their areas by ecosystem.

    The union is worse where any layer is, else better where any layer is; a layer without data is passed over.

    Attributes:
        layers: what is compared.
        threshold: percent, units or classes.
        relative: see `change_direction`.
        land: ecosystems of the areas (all of them), or None.
        wetlands: whether wetland lost and won between two dates of land cover is a layer of its own.
        ecoregions: source of the ecoregions of `standard`, numbered from 1; what lies in none is not judged. None for
            the whole area.
        maps: which outputs are wanted.
    """

    layers: tuple[LayerSources, ...]
    threshold: float
    relative: bool
    land: Land | None
    wetlands: bool
    ecoregions: str | None
    maps: tuple[str, ...]

    def __call__(self, block: Block) -> Result:
        ecosystems = [self.land.ecosystem(block, date) for date in range(len(self.land.cover))] if self.land else []
        directions, severities, valid = [], [], []
        for layer in self.layers:
            direction, severity, counted = self._layer(block, layer, ecosystems)
            directions.append(direction)
            severities.append(severity)
            valid.append(counted)
        if self.wetlands:
            direction, counted = self._wetlands(block, ecosystems)
            directions.append(direction)
            valid.append(counted)
        if len(directions) > 1:
            directions.insert(0, union(directions, valid))
            valid.insert(0, np.logical_or.reduce(valid))
        sums = self._sums(block, directions, severities, valid, ecosystems)
        wanted = {
            CLASSES: lambda: (np.stack(directions).astype(np.int16), np.stack(valid)),
            SEVERITY: lambda: (np.stack(severities), np.stack(self._of_layers(valid))),
        }
        return Result({name: wanted[name]() for name in self.maps}, Sums(sums))

    def _layer(
        self, block: Block, layer: LayerSources, ecosystems: list[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        before, after = block.values[layer.before], block.values[layer.after]
        counted = block.valid[layer.before] & block.valid[layer.after]
        if not layer.standard:
            sign = 1 if layer.better else -1
            direction = sign * change_direction(before, after, self.threshold, self.relative, layer.smallest)
            return direction, np.zeros(direction.shape, dtype=np.uint8), counted
        if self.land is None:
            raise TypeError("self.land is not as expected")
        counted = block.valid[layer.after] & (ecosystems[-1] == self.land.ecosystems.index(layer.standard))
        undegraded = np.array(layer.references[0])
        if self.ecoregions is not None:
            region = block.values[self.ecoregions].astype(np.intp)
            counted = counted & (region > 0)
            undegraded = np.array(layer.references).take(region)
        severity = severity_of(after / undegraded * 100, layer.standard)
        return -(severity > 0).astype(np.int8), severity, counted

    def _wetlands(self, block: Block, ecosystems: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Wetland lost (-1), kept (0) and won (1); only where there was or is wetland."""
        if self.land is None:
            raise TypeError("self.land is not as expected")
        was, now = (ecosystem == self.land.ecosystems.index(WETLAND) for ecosystem in ecosystems)
        return now.astype(np.int8) - was.astype(np.int8), self._known(block) & (was | now)

    def _known(self, block: Block) -> np.ndarray:
        """Where every date has land cover."""
        if self.land is None:
            raise TypeError("self.land is not as expected")
        return block.all_valid(self.land.cover)

    def _of_layers(self, valid: list[np.ndarray]) -> list[np.ndarray]:
        """Without the union in front and the wetlands behind."""
        start = len(valid) - len(self.layers) - self.wetlands
        return valid[start : start + len(self.layers)]

    def _sums(
        self,
        block: Block,
        directions: list[np.ndarray],
        severities: list[np.ndarray],
        valid: list[np.ndarray],
        ecosystems: list[np.ndarray],
    ) -> dict[str, np.ndarray]:
        """Areas by layer, ecosystem and direction, and by layer and severity; wetland of each date; land."""
        areas = np.broadcast_to(block.areas_ha, block.gate.shape)
        kinds = len(self.land.ecosystems) + 1 if self.land else 1
        ecosystem = ecosystems[-1] if ecosystems else np.zeros(block.gate.shape, dtype=np.intp)
        sums = {}
        for number, (direction, inside) in enumerate(zip(directions, valid)):
            counted = inside & block.gate
            cell = ecosystem[counted] * DIRECTIONS + direction[counted] + 1
            sums[f"area:{number}"] = sum_by_class(cell, kinds * DIRECTIONS, areas[counted]).reshape(kinds, DIRECTIONS)
        for number, (severity, inside) in enumerate(zip(severities, self._of_layers(valid))):
            counted = inside & block.gate
            sums[f"severity:{number}"] = sum_by_class(severity[counted], SEVERITIES, areas[counted])
        if self.wetlands and self.land:
            place, known = self.land.ecosystems.index(WETLAND), self._known(block)
            sums["wetland"] = np.array([areas[known & (at_date == place)].sum() for at_date in ecosystems])
        if self.land:
            covered = block.valid[self.land.cover[-1]]
            sums["land"] = sum_by_class(np.where(covered, ecosystem, kinds), kinds + 1, block.areas_ha)[:-1]
        return sums


def union(directions: list[np.ndarray], valid: list[np.ndarray]) -> np.ndarray:
    """-1 where any layer is worse, else 1 where any is better, else 0; layers count where they are valid."""
    worse = np.logical_or.reduce([inside & (direction < 0) for direction, inside in zip(directions, valid)])
    better = np.logical_or.reduce([inside & (direction > 0) for direction, inside in zip(directions, valid)])
    return np.where(worse, -1, better.astype(np.int8)).astype(np.int8)
