"""Index and grade of every pixel: indicators relative to their references, or a grade that is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import TableError
from ...messages import say
from ...raster.tally import Sums, sum_by_class
from ...raster.work import Block, Result
from ...tables import resource_table
from ..strata import Indicators, Land, compared_pixels
from .known_grades import NO_GRADE, KnownGrades

INDEX = "index"
CLASSES = "classes"
GRADES = 5
DECIMALS = 4  # of an index that is compared with bounds, so that 0.35 of single precision is 35


def quality_grades(index: np.ndarray, scheme: str) -> np.ndarray:
    """Grades 1 (poor) to 5 (excellent) of an index from 0 to 100, the lower bound included.

    Args:
        index: any shape.
        scheme: of quality_classes.csv: `HJ1172` (20, 35, 55, 75), `RBD` (25, 50, 70, 85) or `EQUAL20`.
    """
    rows = [row for row in resource_table("quality_classes").rows if row["scheme"] == scheme]
    lower = sorted(float(str(row["min_inclusive"])) for row in rows)
    return np.searchsorted(lower[1:], np.round(index, DECIMALS), side="right") + 1


@dataclass(frozen=True, eq=False)
class QualityKernel:
    """Index and grade of the pixels of a block.

    ``index = mean over indicators of min(1, value / reference) * 100``; with `stretch` each relative density is first
    moved to 0 to 1 between its smallest and largest of the year.

    Attributes:
        land: ecosystems with an index, and their ecoregions.
        known: grades that go before the index; None for none.
        references: shape (dates or 1, indicators, zones + 1, ecosystems).
        stretch: smallest and largest relative density, shape (dates, indicators, 2); None for none.
        grades: scheme of quality_classes.csv.
        pairs: positions of the years that are compared.
        maps: which outputs are wanted.

    Source: HJ 1172-2021; relative biomass density after Ouyang et al. 2016, Science 352:1455-1459.
    """

    land: Land
    known: KnownGrades | None
    series: Indicators
    references: np.ndarray
    stretch: np.ndarray | None
    grades: str
    common: bool
    pairs: tuple[tuple[int, int], ...]
    maps: tuple[str, ...]

    @property
    def ecosystems(self) -> tuple[str, ...]:
        """Those with an index, then those that only the table of grades knows."""
        known = self.known.ecosystems if self.known else ()
        return (*self.land.ecosystems, *(name for name in known if name not in self.land.ecosystems))

    def __call__(self, block: Block) -> Result:
        areas = np.broadcast_to(block.areas_ha, block.gate.shape)
        zone = self.land.zone(block)
        pixels = compared_pixels(block, self.land, self.series, self.common)
        index = np.zeros((len(pixels), *block.gate.shape))
        grades = np.zeros(index.shape, dtype=np.uint8)
        indexed = np.zeros(index.shape, dtype=bool)
        sums: dict[str, np.ndarray] = {}
        for date, (_, measured) in enumerate(pixels):
            ecosystem, known = self._known(block, date, pixels[date][0])
            indexed[date] = measured & (known == NO_GRADE)
            kinds = ecosystem[indexed[date]]
            index[date, indexed[date]] = found = self._index(block, date, indexed[date], kinds, zone[indexed[date]])
            grades[date] = np.where(block.gate, known, NO_GRADE)
            grades[date, indexed[date]] = quality_grades(found, self.grades)
            sums |= self._sums(block, date, ecosystem, grades[date], np.where(indexed[date], index[date], np.nan))
        compared = [np.logical_and.reduce(indexed)] * len(self.pairs) if self.common else None
        for number, (before, after) in enumerate(self.pairs):
            both = compared[number] if compared else indexed[before] & indexed[after]
            kinds, area = pixels[before][0][both], areas[both]
            weights = (area, area * index[before, both], area * index[after, both])
            sums[f"pair:{number}"] = np.stack([sum_by_class(kinds, len(self.ecosystems), w) for w in weights], axis=1)
        wanted: dict[str, tuple[np.ndarray, np.ndarray]] = {
            INDEX: (index, indexed),
            CLASSES: (grades, grades > NO_GRADE),
        }
        return Result({name: wanted[name] for name in self.maps}, Sums(sums))

    def _known(self, block: Block, date: int, ecosystem: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Positions in `ecosystems` (their number for all others), and known grades, 0 where none is."""
        others = len(self.ecosystems)
        position = np.where(ecosystem < self.land.others, ecosystem, others)
        if self.known is None:
            return position, np.zeros(block.gate.shape, dtype=np.uint8)
        grades = self.known.grades(block, date, self.land.cover[date], self.land.index)
        of_class = self.land.positions(block, date, self.ecosystems)
        # A known grade needs no ecoregion.
        return np.where((grades > NO_GRADE) | (of_class >= self.land.others), of_class, position), grades

    def _sums(
        self, block: Block, date: int, ecosystem: np.ndarray, grades: np.ndarray, index: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Area, area with an index and sums of the index by ecosystem and grade; land without a grade."""
        areas = np.broadcast_to(block.areas_ha, grades.shape)
        count, has_index = len(self.ecosystems), np.isfinite(index)
        cell = np.where(grades > NO_GRADE, ecosystem * GRADES + grades - 1, count * GRADES).astype(np.intp)
        weights = {
            "area": areas,
            "indexed": np.where(has_index, areas, 0.0),
            "index": np.where(has_index, areas * index, 0.0),
        }
        sums = {
            f"{name}:{date}": sum_by_class(cell, count * GRADES + 1, weight)[:-1].reshape(-1, GRADES)
            for name, weight in weights.items()
        }
        without = block.gate & (grades == NO_GRADE)
        measurable = ecosystem < len(self.land.ecosystems)
        sums[f"missing:{date}"] = np.array(areas[without & measurable].sum())
        sums[f"ungraded:{date}"] = np.array(areas[without & ~measurable & (ecosystem < count)].sum())
        return sums

    def _index(self, block: Block, date: int, counted: np.ndarray, kinds: np.ndarray, places: np.ndarray) -> np.ndarray:
        total = np.zeros(kinds.shape)
        of_date = self.references[min(date, len(self.references) - 1)]
        for number, sources in enumerate(self.series.sources):
            reference = of_date[number][places, kinds]
            self._require_known(number, reference, kinds)
            density = np.clip(block.values[sources[date]][counted] / reference, 0, 1)
            if self.stretch is not None:
                least, most = self.stretch[date, number]
                density = (density - least) / (most - least) if most > least else np.ones_like(density)
            total += density
        return total / len(self.series.names) * 100

    def _require_known(self, number: int, reference: np.ndarray, kinds: np.ndarray) -> None:
        """Raises TableError where a table of references lacks an ecosystem that occurs."""
        unknown = np.unique(kinds[np.isnan(reference)]).tolist()
        if unknown:
            listed = ", ".join(self.land.ecosystems[kind] for kind in unknown)
            raise TableError(
                say(
                    "The table of references has no reference of {names} for {listed}. Add a row with a blank "
                    "zone, or leave the ecosystem out.",
                    names=self.series.names[number],
                    listed=listed,
                )
            )
