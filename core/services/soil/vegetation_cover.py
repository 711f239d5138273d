"""Fractional vegetation cover from NDVI, and the cover management factor C that follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import numpy as np

from ...column_words import choice
from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import Measure
from ...raster.files import workspace
from ...raster.passes.percentiles import exact_percentiles
from ...raster.passes.radix_search import Sample
from ...raster.settings import RasterSettings
from ...raster.work import Block
from ...results import Column, ResultTable
from ...tables import Table
from ..survey import Cover, Rasters, Survey, YearlySums, map_output
from ..yearly_kernel import Layers, MissingRows, Pixels
from .cover_factor import CoverFactorTable, bu, cai, cover_factor_table, knijff, own_factors

COVER = "vegetation_cover"
FACTOR = "cover_factor"
C_SOURCES = {
    "table": say("HJ 1173-2021 tables A.1 and A.2"),
    "cai": say("Cai Chongfa et al. 2000, Journal of Soil and Water Conservation 14(2):19-24"),
    "bu": say("Bu Zhaohong et al. 1993"),
    "knijff": "van der Knijff, Jones & Montanarella 2000, EUR 19044 EN",
}
COLUMNS = (Column("year", "integer"), Column("mean_cover"), Column("mean_c"))
_SCALED = (
    "NDVI lies between -1 and 1. It looks scaled by 10 000 (or 250): give the scale, such as 0.0001, or set it in the "
    "properties of the raster."
)


def fractional_cover(ndvi: np.ndarray, soil: float, vegetation: float) -> np.ndarray:
    """Dimidiate pixel model, ``f = (NDVI - NDVIs) / (NDVIv - NDVIs)`` within 0 to 1.

    Args:
        ndvi: NDVI.
        soil: NDVI of bare soil.
        vegetation: NDVI of full vegetation.

    Source: Gutman & Ignatov 1998, International Journal of Remote Sensing 19(8):1533-1543.
    """
    return np.clip((ndvi - soil) / (vegetation - soil), 0, 1)


@dataclass(frozen=True, eq=False)
class VegetationFormula:
    """Cover and C of the pixels.

    Attributes:
        soil, vegetation: end members.
        scale: what stored values are multiplied with to become NDVI.
        c_method: a key of `C_SOURCES`; None for no C.
        table: C by class, for the method `table`.
    """

    soil: float
    vegetation: float
    scale: float
    c_method: str | None
    table: CoverFactorTable | None

    def __call__(self, pixels: Pixels) -> Layers:
        valid = pixels.all_valid()
        ndvi = pixels.values["ndvi"].astype(np.float64) * self.scale
        cover = fractional_cover(ndvi, self.soil, self.vegetation)
        maps = {COVER: cover}
        if self.c_method:
            maps[FACTOR] = self._factor(ndvi, cover, pixels.classes)
        return Layers(maps, valid, maps, {"beyond": np.abs(ndvi) > 1})

    def _factor(self, ndvi: np.ndarray, cover: np.ndarray, classes: np.ndarray) -> np.ndarray:
        if self.table is not None:
            return self.table(classes, cover)
        if self.c_method == "knijff":
            return knijff(ndvi)
        return (cai if self.c_method == "cai" else bu)(100 * cover)


@dataclass(frozen=True, eq=False)
class LandSampler:
    """Takes the NDVI of each year where the land cover of that year is no open water.

    Attributes:
        pairs: names of NDVI and land cover, each pair once.
        water: codes of open water.
        common: whether a pixel must be valid in all years.
    """

    pairs: tuple[tuple[str, str], ...]
    water: tuple[int, ...]
    common: bool

    def __call__(self, block: Block) -> Iterator[Sample]:
        for ndvi, cover in self.pairs:
            mask = block.gate if self.common else block.valid[ndvi] & block.valid[cover]
            land = mask & ~np.isin(block.values[cover], self.water)
            yield Sample(block.values[ndvi][land], weights=partial(block.areas_of, land))


@dataclass(frozen=True)
class VegetationInputs:
    """NDVI and methods.

    Attributes:
        ndvi: one raster per year, or one with a band per year.
        years: strictly rising; empty for one map without a year.
        method: `percentile` takes the end members from the NDVI of all years together, so that a change of cover is
            one of the land; `fixed` takes `soil` and `vegetation`.
        fractions: which percentiles are bare soil and full vegetation.
        soil, vegetation: fixed end members.
        scale: what stored values are multiplied with to become NDVI.
        c_method: how C is derived; None for no C.
        cover: land cover, for the method `table` and to leave out open water.
        c_table: columns `code`, `c`: C of classes whatever their cover, for the method `table`.
        leave_out_water: whether percentiles leave out the open water of the land cover, whose NDVI is no soil's.
    """

    ndvi: Rasters
    years: tuple[int, ...] = ()
    method: Literal["percentile", "fixed"] = "percentile"
    fractions: tuple[float, float] = (0.05, 0.95)
    soil: float = 0.05
    vegetation: float = 0.86
    scale: float = 1.0
    c_method: Literal["table", "cai", "bu", "knijff"] | None = None
    cover: Cover | None = None
    c_table: Table | None = None
    leave_out_water: bool = True

    @property
    def needs_cover(self) -> bool:
        """Whether land cover, where it is given, plays a part."""
        return self.c_method == "table" or (self.method == "percentile" and self.leave_out_water)


@dataclass(frozen=True)
class VegetationOutputs:
    """Paths of the maps; None for a map that is not wanted."""

    cover: str | None = None
    factor: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class VegetationResult:
    """What was found.

    Attributes:
        years: as given.
        soil, vegetation: the end members in use.
        mean_cover: area-weighted mean per year, 0 to 1.
        mean_factor: of C per year; empty without C.
        sums: of the run.
    """

    years: tuple[int | None, ...]
    soil: float
    vegetation: float
    mean_cover: tuple[float, ...]
    mean_factor: tuple[float, ...]
    sums: YearlySums

    def table(self) -> ResultTable:
        """A row per year."""
        factors: tuple[float | None, ...] = self.mean_factor or (None,) * len(self.years)
        return ResultTable(COLUMNS, tuple(zip(self.years, self.mean_cover, factors)))


def run_vegetation_cover(
    inputs: VegetationInputs,
    outputs: VegetationOutputs,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> VegetationResult:
    """Maps vegetation cover of every year with one pair of end members, and C from it.

    Raises:
        InputError: NDVI is scaled, has no range, or land cover is missing for the method `table`.
        TableError: a land-cover code has no C.
        GridError, OutputError, Cancelled: see `run_job`.
    """
    _check(inputs, outputs)
    wanted = inputs.c_method if outputs.factor or inputs.c_method else None
    with workspace() as folder:
        survey = Survey(inputs.years, settings or RasterSettings(), folder, progress)
        survey.add_land_cover(inputs.cover if inputs.needs_cover else None)
        survey.add("ndvi", inputs.ndvi, Measure("ndvi", inputs.scale, choice="NDVI_SCALE"))
        soil, vegetation = _end_members(inputs, survey, progress.part(0, 40))
        scheme = inputs.cover.scheme if inputs.cover and wanted == "table" else None
        table = cover_factor_table(scheme, inputs.c_table) if scheme else None
        made = (
            *map_output(survey, COVER, outputs.cover, "vegetation_cover", outputs.metadata),
            *map_output(survey, FACTOR, outputs.factor, "cover_factor", outputs.metadata),
        )
        formula = VegetationFormula(soil, vegetation, inputs.scale, wanted, table)
        sums = survey.run(formula, made, 1, progress.part(40, 100))
    beyond = int(sums.counts["beyond"].sum())
    if beyond:
        progress.warn(
            say("NDVI is beyond -1 to 1 in {beyond} pixels: they count as bare or as fully covered.", beyond=beyond)
        )
    if wanted:
        progress.info(say("C by {wanted} ({source}).", wanted=choice("C_METHOD", wanted), source=C_SOURCES[wanted]))
    factor = sums.mean(FACTOR) if wanted else ()
    return VegetationResult(sums.years, soil, vegetation, sums.mean(COVER), factor, sums)


def _check(inputs: VegetationInputs, outputs: VegetationOutputs) -> None:
    if outputs.factor and not inputs.c_method:
        raise InputError(
            say("A map of C is wanted, but no method. Choose one of {c_sources}.", c_sources=", ".join(C_SOURCES))
        )
    if inputs.c_method == "table" and inputs.cover is None:
        raise InputError(say("C by table needs land cover. Give it, or choose the method cai, bu or knijff."))
    if not inputs.scale > 0:
        raise InputError(
            say("The scale of NDVI is {scale:g}. Give a positive number, such as 0.0001.", scale=inputs.scale)
        )
    low, high = inputs.fractions
    if not 0 <= low < high <= 1:
        raise InputError(
            say("The percentiles {low:g} and {high:g} must rise, between 0 and 100.", low=100 * low, high=100 * high)
        )


def _end_members(inputs: VegetationInputs, survey: Survey, progress: Progress) -> tuple[float, float]:
    water_left_out = False
    if inputs.method == "fixed":
        soil, vegetation = inputs.soil, inputs.vegetation
    else:
        sampler = _land_sampler(inputs, survey)
        sources = [*survey.sources_of("ndvi"), *(survey.land_cover if sampler else ())]
        found = exact_percentiles(survey.area, sources, inputs.fractions, progress, sampler)
        water_left_out = sampler is not None
        soil, vegetation = (value * inputs.scale for value in found)
    if not -1 <= soil <= 1 or not -1 <= vegetation <= 1:
        raise InputError(
            say(
                "NDVI of bare soil is {soil:.6g} and of full vegetation {vegetation:.6g}. {scaled}",
                soil=soil,
                vegetation=vegetation,
                scaled=_SCALED,
            )
        )
    if not soil < vegetation:
        raise InputError(
            say(
                "NDVI of bare soil ({soil:.4g}) is not below that of full vegetation ({vegetation:.4g}). "
                "Check the NDVI rasters, or choose fixed end members.",
                soil=soil,
                vegetation=vegetation,
            )
        )
    low, high = (100 * fraction for fraction in inputs.fractions)
    how = (
        say("fixed")
        if inputs.method == "fixed"
        else say("percentiles {low:g} and {high:g} of all years", low=low, high=high)
    )
    if water_left_out:
        how = say("{how} without open water", how=how)
    progress.info(
        say(
            "End members of NDVI: bare soil {soil:.4f}, full vegetation {vegetation:.4f} ({how}).",
            soil=soil,
            vegetation=vegetation,
            how=how,
        )
    )
    if soil < 0 and inputs.method == "percentile":
        progress.warn(
            say(
                "NDVI of bare soil is {soil:.3g}. No soil is below 0: it is that of water, snow or clouds, "
                "and cover comes out too high. Give land cover so that open water is left out, a smallest "
                "valid NDVI, or fixed end members.",
                soil=soil,
            )
        )
    return soil, vegetation


def _land_sampler(inputs: VegetationInputs, survey: Survey) -> LandSampler | None:
    """Leaves out open water; None where there is none to leave out."""
    if not survey.land_cover or not inputs.leave_out_water or inputs.cover is None:
        return None
    water = tuple(land_class.code for land_class in inputs.cover.scheme if land_class.water)
    if not water:
        return None
    pairs = zip(survey.sources_by_year("ndvi"), survey.land_cover)
    names = tuple(dict.fromkeys((ndvi.name, cover.name) for ndvi, cover in pairs))
    return LandSampler(names, water, survey.area.common)


@dataclass(frozen=True, eq=False)
class ClassFactorFormula:
    """C of the pixels by their class alone, shape (classes,), and the codes of the classes."""

    factors: np.ndarray
    codes: tuple[int, ...]

    def __call__(self, pixels: Pixels) -> Layers:
        factor = self.factors[pixels.classes]
        if np.isnan(factor[pixels.all_valid()]).any():
            raise MissingRows(say("C"), [c for c, one in zip(self.codes, self.factors) if np.isnan(one)])
        return Layers({FACTOR: factor}, pixels.all_valid(), {FACTOR: factor})


def run_class_cover_factor(
    cover: Cover,
    c_table: Table,
    outputs: VegetationOutputs,
    years: tuple[int, ...] = (),
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> YearlySums:
    """Maps C by land-cover class where there is no NDVI; every class that occurs needs a row of `code` and `c`.

    Raises:
        InputError, TableError: a class has no C, or a C lies outside 0 to 1.
        GridError, OutputError, Cancelled: see `run_job`.
    """
    given = own_factors(c_table, "c")
    factors = np.array([given.get(code, np.nan) for code in cover.scheme.codes])
    with workspace() as folder:
        survey = Survey(years, settings or RasterSettings(), folder, progress)
        survey.add_land_cover(cover)
        made = map_output(survey, FACTOR, outputs.factor, "cover_factor", outputs.metadata)
        return survey.run(ClassFactorFormula(factors, cover.scheme.codes), made, 1, progress)
