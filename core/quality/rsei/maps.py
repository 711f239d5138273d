"""The passes that add up and write a remote sensing ecological index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...raster.output import Band, Output
from ...raster.tally import Sums, sum_by_class
from ...raster.work import Block, Result
from ...tables import resource_table
from ..legends import legend
from .components import moments
from .images import Images, IndexModel, reason_areas
from .indicators import INDICATOR_UNITS, INDICATORS

INDEX = "index"
INDICATOR_MAPS = "indicators"
CLASSES = "classes"
CHANGE = "change"
NO_CLASS = 0
NO_CHANGE = -128
LEVELS = 5


@dataclass(frozen=True)
class RseiOutputs:
    """Paths of the maps; None for a map that is not wanted. `change` holds class differences between years."""

    index: str | None = None
    indicators: str | None = None
    classes: str | None = None
    change: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


def rsei_levels(index: np.ndarray) -> np.ndarray:
    """Levels 1 (poor) to 5 (excellent) of the index by steps of 0.2, the lower bound included."""
    lower = resource_table("rsei_classes").numbers("min")
    return np.searchsorted(lower[1:], index, side="right") + 1


@dataclass(frozen=True, eq=False)
class SumKernel:
    """Moments of the normalised indicators by group; count, sums and squares of indicators and reflectance by year.

    All are weighted by the area of the pixels, relative to the largest of the grid: on geographic grids a row of pixels
    covers the less land the nearer to a pole it lies.

    Attributes:
        feeds: the group that each year shapes, or None.
        uses: the group that each year uses.
        models: limits by group; sums of indicators are taken about the middle of their limits.
        largest_ha: pixel.
    """

    images: Images
    feeds: tuple[int | None, ...]
    uses: tuple[int, ...]
    models: tuple[IndexModel, ...]
    largest_ha: float

    def __call__(self, block: Block) -> Result:
        size = len(INDICATORS) + 1
        sums = {f"moments:{group}": np.zeros((size, size)) for group in range(len(self.models))}
        for year, (stack, counted, _) in enumerate(self.images.read(block)):
            values = stack[:, counted].astype(np.float64)
            model, group = self.models[self.uses[year]], self.feeds[year]
            weights = block.areas_of(counted) / self.largest_ha
            centred = values - middle_of(model)[:, np.newaxis]
            sums[f"count:{year}"] = np.array(weights.sum())
            sums[f"sum:{year}"] = centred @ weights
            sums[f"squares:{year}"] = np.einsum("ij,ij,j->i", centred, centred, weights)
            nir = self.images.years[year].reflectance(block, "nir")[counted]
            sums[f"nir:{year}"] = np.array(nir.astype(np.float64) @ weights)
            if group is not None:
                sums[f"moments:{group}"] += moments(model.normalise(values), weights)
        return Result(sums=Sums(sums))


def middle_of(model: IndexModel) -> np.ndarray:
    """The middle between the limits of each indicator, shape (4,)."""
    return (model.low + model.high) / 2


@dataclass(frozen=True, eq=False)
class MapKernel:
    """Index, indicators, classes and class changes of a block, and their areas.

    Attributes:
        pairs: positions of the years that are compared.
        maps: which outputs are wanted.
    """

    images: Images
    uses: tuple[int, ...]
    models: tuple[IndexModel, ...]
    pairs: tuple[tuple[int, int], ...]
    maps: tuple[str, ...]

    def __call__(self, block: Block) -> Result:
        read = self.images.read(block)
        shape = block.gate.shape
        areas = np.broadcast_to(block.areas_ha, shape)
        sums: dict[str, np.ndarray] = {}
        index = np.zeros((len(read), *shape))
        levels = np.zeros((len(read), *shape), dtype=np.int16)
        for year, (stack, counted, reason) in enumerate(read):
            index[year, counted] = self.models[self.uses[year]].index(stack[:, counted])
            levels[year, counted] = rsei_levels(index[year, counted])
            found = levels[year, counted] - 1
            sums[f"area:{year}"] = sum_by_class(found, LEVELS, areas[counted])
            sums[f"index:{year}"] = sum_by_class(found, LEVELS, areas[counted] * index[year, counted])
            sums[f"reasons:{year}"] = reason_areas(block, reason)
        counts = np.stack([counted for _, counted, _ in read])
        changes, both = self._changes(levels, counts, areas, sums)
        wanted = {
            INDEX: lambda: (index.astype(np.float32), counts),
            INDICATOR_MAPS: lambda: (
                np.concatenate([stack for stack, _, _ in read]),
                np.repeat(counts, len(INDICATORS), axis=0),
            ),
            CLASSES: lambda: (levels, counts),
            CHANGE: lambda: (changes, both),
        }
        return Result({name: wanted[name]() for name in self.maps}, Sums(sums))

    def _changes(
        self, levels: np.ndarray, counts: np.ndarray, areas: np.ndarray, sums: dict[str, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Later minus earlier level of each pair, and where both years count; adds the areas from level to level."""
        changes = np.zeros((len(self.pairs), *areas.shape), dtype=np.int16)
        both = np.zeros(changes.shape, dtype=bool)
        for pair, (before, after) in enumerate(self.pairs):
            both[pair] = counts[before] & counts[after]
            changes[pair] = levels[after] - levels[before]
            moves = (levels[before] - 1) * LEVELS + levels[after] - 1
            area = sum_by_class(moves[both[pair]], LEVELS * LEVELS, areas[both[pair]])
            sums[f"change:{pair}"] = area.reshape(LEVELS, LEVELS)
        return changes, both


def map_outputs(outputs: RseiOutputs, years: tuple[int, ...], pairs: tuple[tuple[int, int], ...]) -> tuple[Output, ...]:
    """The maps that are wanted; class changes only where there are two years."""
    indicator_bands = tuple(Band(f"{year}|{name}", INDICATOR_UNITS[name]) for year in years for name in INDICATORS)
    by_year = tuple(Band(str(year)) for year in years)
    made = []
    if outputs.index:
        made.append(Output(INDEX, outputs.index, by_year, metadata=outputs.metadata))
    if outputs.indicators:
        made.append(Output(INDICATOR_MAPS, outputs.indicators, indicator_bands, metadata=outputs.metadata))
    if outputs.classes:
        made.append(Output(CLASSES, outputs.classes, by_year, "uint8", NO_CLASS, legend("rsei"), outputs.metadata))
    if outputs.change and pairs:
        bands = tuple(Band(f"{before}-{after}") for before, after in pairs)
        made.append(Output(CHANGE, outputs.change, bands, "int16", NO_CHANGE, legend("rsei_change"), outputs.metadata))
    return tuple(made)
