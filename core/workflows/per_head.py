"""GDP per head by pixel, out of the densities of GDP and population."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..progress import QUIET, Progress
from ..quantities import Measure
from ..raster.engine import run_job
from ..raster.files import workspace
from ..raster.output import Band, Output
from ..raster.reading.series import yearly_sources
from ..raster.settings import RasterSettings
from ..raster.study import open_study_area
from ..raster.work import Block, Result

GDP_PER_HEAD = "gdp_per_head"


def gdp_per_head(gdp: np.ndarray, population: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """GDP over population, and where that exists: where people live.

    Args:
        gdp: per area.
        population: persons per the same area.

    Returns:
        GDP per person, 0 where nobody lives, and a boolean array; both of the shape of the inputs.
    """
    lived_in = population > 0
    return np.divide(gdp, population, out=np.zeros(gdp.shape), where=lived_in), lived_in


@dataclass(frozen=True)
class _PerHeadKernel:
    pairs: tuple[tuple[str, str], ...]

    def __call__(self, block: Block) -> Result:
        values, valid = [], []
        for gdp, population in self.pairs:
            ratio, lived_in = gdp_per_head(block.values[gdp].astype(float), block.values[population].astype(float))
            values.append(ratio)
            valid.append(lived_in & block.valid[gdp] & block.valid[population])
        return Result({GDP_PER_HEAD: (np.stack(values), np.stack(valid))})


def write_gdp_per_head(
    gdp: Sequence[str],
    population: Sequence[str],
    years: Sequence[int],
    path: str,
    settings: RasterSettings,
    progress: Progress = QUIET,
) -> None:
    """Writes GDP per head, a band per year, on the grid of GDP.

    Args:
        gdp: density of GDP, 1e4 CNY/km2: a raster per year, one with a band per year, or one for all years.
        population: persons/km2, likewise.
        years: strictly rising.
        path: of the raster, in 1e4 CNY per person.
        settings: boundary and mask.
        progress: of the pass.

    Raises:
        InputError, GridError, OutputError, Cancelled: as the engine.
    """
    with workspace() as folder:
        of_gdp = yearly_sources("gdp", gdp, years, "GDP", static=True, measure=Measure("gdp"))
        people = yearly_sources(
            "population", population, years, "Population", static=True, measure=Measure("population")
        )
        area = open_study_area(of_gdp[0], settings, folder, progress)
        of_gdp, people = area.fit_all(of_gdp, progress), area.fit_all(people, progress)
        pairs = tuple((a.name, b.name) for a, b in zip(of_gdp, people))
        bands = tuple(Band(str(year), "1e4 CNY/person") for year in years)
        job = area.job(_PerHeadKernel(pairs), [*of_gdp, *people], [Output(GDP_PER_HEAD, path, bands)], gate_any=True)
        run_job(job, progress)
