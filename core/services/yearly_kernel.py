"""A formula per pixel over the years of a block, strip by strip, with sums by group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..errors import InputError
from ..land_cover_maps import class_indices
from ..raster.classes import ClassIndex
from ..raster.reading.source import Source
from ..raster.tally import Sums, sum_by_class, sums_over_area
from ..raster.validity import all_of, is_everywhere
from ..raster.work import Block, Result, in_strips

LAND_COVER = "land_cover"


@dataclass(frozen=True, eq=False)
class Pixels:
    """The inputs of one year in one strip of a block; every array has shape (height, width).

    Attributes:
        values: by input name; 0 where not valid.
        valid: by input name.
        classes: index of the land-cover class; zeros without land cover.
    """

    values: Mapping[str, np.ndarray]
    valid: Mapping[str, np.ndarray]
    classes: np.ndarray

    def all_valid(self, *names: str) -> np.ndarray:
        """Where every named input, or every input at all, is valid."""
        return all_of([self.valid[name] for name in names or self.valid])


@dataclass(frozen=True, eq=False)
class Layers:
    """What a formula makes of the pixels of one year.

    Attributes:
        maps: by output name.
        valid: where the maps hold.
        amounts: per hectare, by name; their sums are weighted with the pixels' areas.
        counts: conditions whose pixels are counted, by name.
        group: the group of each pixel for all sums; None puts all in group 0.
    """

    maps: Mapping[str, np.ndarray]
    valid: np.ndarray
    amounts: Mapping[str, np.ndarray] = field(default_factory=dict)
    counts: Mapping[str, np.ndarray] = field(default_factory=dict)
    group: np.ndarray | None = None


Formula = Callable[[Pixels], Layers]


class MissingRows(InputError):
    """Classes that occur have no row in a table; the caller counts them all.

    Args:
        table: what it holds, as a `Message`.
        codes: of the classes without a row, whether they occur or not.
    """

    def __init__(self, table: str, codes: Sequence[int]) -> None:
        super().__init__(table, tuple(codes))
        self.table, self.codes = table, tuple(codes)


@dataclass(frozen=True, eq=False)
class YearlyKernel:
    """Applies a formula to each year and adds up its amounts by group.

    Attributes:
        formula: picklable; looks at each pixel alone.
        inputs: per year, the sources of each input; the mean of several is taken.
        land_cover: source of each year, or empty.
        index: land-cover codes to class indices; None without land cover.
        groups: number of groups of the formula's sums.
        common: whether a pixel must be valid in every year.
        maps: which of the formula's maps are wanted, with their data types.
    """

    formula: Formula
    inputs: tuple[Mapping[str, tuple[Source, ...]], ...]
    land_cover: tuple[Source, ...]
    index: ClassIndex | None
    groups: int
    common: bool
    maps: Mapping[str, str]

    def __call__(self, block: Block) -> Result:
        try:
            return in_strips(self._computed, block)
        except InputError:
            # A strip shows too little to tell another unit from odd pixels: the whole block decides.
            return self._computed(block)

    def _computed(self, strip: Block) -> Result:
        years = self._years(strip)
        masks = self._masks(strip, years)
        sums: dict[str, np.ndarray] = {}
        for year, (layers, mask) in enumerate(zip(years, masks)):
            self._add_sums(sums, strip, year, layers, mask)
        # in common, all years share their masks
        shown = masks[0] if self.common or len(masks) == 1 else np.stack(masks)
        rasters = {}
        for name, dtype in self.maps.items():
            rasters[name] = np.stack([layers.maps[name].astype(dtype, copy=False) for layers in years]), shown
        return Result(rasters, Sums(sums))

    def _years(self, strip: Block) -> list[Layers]:
        seen: dict[tuple[Source, ...], tuple[np.ndarray, np.ndarray]] = {}
        return [self.formula(self._pixels(strip, year, seen)) for year in range(len(self.inputs))]

    def _masks(self, strip: Block, years: list[Layers]) -> list[np.ndarray]:
        masks = [layers.valid for layers in years]
        return [all_of([strip.gate, *masks])] * len(masks) if self.common else masks

    def _pixels(self, strip: Block, year: int, seen: dict[tuple[Source, ...], tuple[np.ndarray, np.ndarray]]) -> Pixels:
        values, valid = {}, {}
        for name, sources in self.inputs[year].items():
            if sources not in seen:
                seen[sources] = _mean_of(strip, sources)
            values[name], valid[name] = seen[sources]
        if self.index is None:
            return Pixels(values, valid, np.zeros(strip.gate.shape, dtype=np.intp))
        key = self.land_cover[year].name
        valid[LAND_COVER] = strip.valid[key]
        return Pixels(values, valid, self._classes(strip, key))

    def _classes(self, strip: Block, key: str) -> np.ndarray:
        """Class indices; 0 where there is no land cover, so that tables by class can be looked up everywhere."""
        if self.index is None:
            raise TypeError("self.index is not as expected")
        classes = class_indices(strip, key, self.index)
        if classes.max() == self.index.unknown:  # the largest
            classes[classes == self.index.unknown] = 0
        return classes

    def _add_sums(self, sums: dict[str, np.ndarray], strip: Block, year: int, layers: Layers, mask: np.ndarray) -> None:
        """Counts, areas and area-weighted amounts by group; what is masked falls into one group more."""
        group = np.zeros(mask.shape, dtype=np.intp) if layers.group is None else layers.group
        if not is_everywhere(mask):
            group = np.where(mask, group, self.groups)
        groups = self.groups + 1
        # a deficit or a water body is rare: nothing is summed where there is none
        some = {name: values for name, values in layers.amounts.items() if values.any()}
        pixels, area, amounts = sums_over_area(group, groups, strip.areas_ha, list(some.values()))
        found = {"pixels": pixels, "area": area}
        found |= dict.fromkeys((f"amount {name}" for name in layers.amounts), np.zeros(groups))
        found |= {f"amount {name}": amount for name, amount in zip(some, amounts)}
        for name, condition in layers.counts.items():
            found[f"count {name}"] = sum_by_class(group[condition], groups)
        for name, by_group in found.items():
            sums[f"{name}:{year}"] = by_group[:-1]


def _mean_of(strip: Block, sources: tuple[Source, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Values and validity of one source, or the mean of several where all are valid."""
    first = sources[0].name
    if len(sources) == 1:
        return strip.values[first], strip.valid[first]
    total = np.zeros(strip.gate.shape, dtype=np.float64)
    for source in sources:
        total += strip.values[source.name]
    return (total / len(sources)).astype(strip.values[first].dtype), strip.all_valid([s.name for s in sources])
