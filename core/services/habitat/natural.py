"""Natural habitat: forest, shrub, grassland and wetland, whole or weighted by their quality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import Measure
from ...raster.files import workspace
from ...raster.settings import RasterSettings
from ...results import Column, ResultTable
from ..by_ecosystem import ByEcosystem, ecosystem_members, per_year
from ..survey import Cover, Rasters, Survey, map_output
from ..yearly_kernel import Layers, Pixels

HABITAT = "habitat"
NATURAL = ("forest", "shrub", "grassland", "wetland")
WITHOUT_GRADES = "wetland"  # HJ 1172 grades the vegetation of land: quality is not defined on water, habitat is
UNGRADED = "ungraded"
GRADES = 5
COLUMNS = (Column("weighted_ha", unit="ha"),)


def habitat_weight(natural: np.ndarray, grade: np.ndarray | None = None) -> np.ndarray:
    """Weight of a pixel as habitat: 1 where natural, or its quality grade (5 excellent to 1 poor) over 5; else 0."""
    weight = 1.0 if grade is None else grade / GRADES
    return np.where(natural, weight, 0.0)


@dataclass(frozen=True, eq=False)
class HabitatFormula:
    """Habitat weight of the pixels.

    Attributes:
        natural: per class, shape (classes,).
        ungraded: classes of natural land that counts as a whole where it has no grade, shape (classes,).
        graded: whether quality is an input.
    """

    natural: np.ndarray
    ungraded: np.ndarray
    graded: bool

    def __call__(self, pixels: Pixels) -> Layers:
        natural = self.natural[pixels.classes]
        valid = pixels.valid["land_cover"]
        grade, amounts = None, {}
        if self.graded:
            rated = pixels.valid["quality"]
            whole = self.ungraded[pixels.classes] & ~rated
            grade = np.where(whole, GRADES, pixels.values["quality"].astype(np.float64))
            valid = valid & (rated | whole | ~natural)
            amounts[UNGRADED] = whole
        weight = habitat_weight(natural, grade)
        amounts |= {"natural": natural, HABITAT: weight}
        return Layers({HABITAT: weight}, valid, amounts, group=pixels.classes)


@dataclass(frozen=True)
class HabitatInputs:
    """Land cover and quality.

    Attributes:
        cover: land cover of the years.
        years: strictly rising; empty for one result without a year.
        quality: grades 5 (excellent) to 1 (poor); None weights every natural pixel with 1. Wetland without a grade has
            the weight 1, other natural land without one is left out.
    """

    cover: Cover
    years: tuple[int, ...] = ()
    quality: Rasters | None = None


@dataclass(frozen=True)
class HabitatOutputs:
    """Path of the map; None for none."""

    habitat: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class HabitatResult(ByEcosystem):
    """Natural habitat; arrays have shape (years, natural ecosystems)."""

    weighted_ha: np.ndarray

    @property
    def totals(self) -> tuple[float, ...]:
        """Weighted habitat per year, ha."""
        return per_year(self.weighted_ha)

    def table(self) -> ResultTable:
        """A row per year and natural ecosystem that occurs."""
        return self.rows(COLUMNS, self.weighted_ha)


def run_natural_habitat(
    inputs: HabitatInputs,
    outputs: HabitatOutputs,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> HabitatResult:
    """Maps natural habitat and sums it by ecosystem. Pixels that are not natural hold 0.

    Raises:
        InputError: quality holds anything but grades 1 to 5.
        TableError: a land-cover code is not in the scheme.
        GridError, OutputError, Cancelled: see `run_job`.
    """
    scheme = inputs.cover.scheme
    names, member = ecosystem_members(scheme)
    natural = np.array([land_class.ecosystem in NATURAL for land_class in scheme])
    ungraded = np.array([land_class.ecosystem == WITHOUT_GRADES for land_class in scheme])
    with workspace() as folder:
        survey = Survey(inputs.years, settings or RasterSettings(), folder, progress)
        survey.add_land_cover(inputs.cover)
        survey.add("quality", inputs.quality, Measure("quality_class"))
        made = map_output(survey, HABITAT, outputs.habitat, "natural_habitat", outputs.metadata)
        sums = survey.run(HabitatFormula(natural, ungraded, inputs.quality is not None), made, len(natural), progress)
    kept = [names.index(name) for name in NATURAL if name in names]
    result = HabitatResult(
        sums.years,
        tuple(names[i] for i in kept),
        (sums.amounts["natural"] @ member)[:, kept],
        sums,
        (sums.amounts[HABITAT] @ member)[:, kept],
    )
    for year, total in zip(result.years, result.totals):
        progress.info(say("{year}{total:,.2f} ha of natural habitat.", year=f"{year}: " if year else "", total=total))
    for year, hectares in zip(result.years, sums.totals(UNGRADED) if inputs.quality else ()):
        if hectares:
            progress.warn(
                say(
                    "{when}{area} ha of wetland have no grade of quality and count as a whole (weight 1).",
                    when=f"{year}: " if year else "",
                    area=f"{hectares:,.2f}",
                )
            )
    return result
