"""Rainfall erosivity R of RUSLE from monthly or annual rain, MJ mm/(ha h a).

The methods disagree by a factor of two to three on the same rain: the choice belongs in every log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Callable, Literal

import numpy as np

from ...column_words import choice
from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import Measure, quantity
from ...raster.dataset import open_raster, short_name
from ...raster.files import workspace
from ...raster.reading.source import Source
from ...raster.settings import RasterSettings
from ...results import Column, ResultTable
from ..survey import Climate, Survey, YearlySums, map_output
from ..yearly_kernel import Layers, Pixels

Method = Literal["zhang_monthly", "zhang_annual", "wischmeier", "renard_freimund"]

R = "rainfall_erosivity"
UNIT = quantity("erosivity").unit
MONTHS = 12
# From 100 ft tonf in/(acre h a) to MJ mm/(ha h a).
US_TO_METRIC = 17.02
RENARD_FREIMUND_JUMP_MM = 55.0

SOURCES = {
    "zhang_monthly": say("Zhang Wenbo & Fu Jinsheng 2003, Resources Science 25(1):35-41"),
    "zhang_annual": say("Zhang Wenbo & Fu Jinsheng 2003, Resources Science 25(1):35-41"),
    "wischmeier": "Wischmeier & Smith 1978, USDA Agriculture Handbook 537",
    "renard_freimund": "Renard & Freimund 1994, Journal of Hydrology 157:287-306, doi:10.1016/0022-1694(94)90110-4",
}


def modified_fournier(monthly: np.ndarray) -> np.ndarray:
    """Sum of squared monthly rain over annual rain, ``F = sum p² / sum p``, mm; 0 where no rain falls.

    Args:
        monthly: rain, mm; shape (12, ...).
    """
    annual = monthly.sum(axis=0, dtype=np.float64)
    squares = np.square(monthly, dtype=np.float64).sum(axis=0)
    return np.divide(squares, annual, out=np.zeros_like(squares), where=annual > 0)


def zhang_monthly(yearly: Sequence[np.ndarray]) -> np.ndarray:
    """Erosivity from monthly rain of one or several years, ``R = 0.1833 F^1.9957`` with the mean of the yearly F.

    Args:
        yearly: per year rain in mm, shape (12, ...).

    Source: Zhang Wenbo & Fu Jinsheng 2003, Resources Science 25(1):35-41.
    """
    return 0.1833 * np.mean([modified_fournier(monthly) for monthly in yearly], axis=0) ** 1.9957


def zhang_annual(annual: np.ndarray) -> np.ndarray:
    """Erosivity from annual rain in mm, ``R = 0.0534 P^1.6548``.

    Source: Zhang Wenbo & Fu Jinsheng 2003, Resources Science 25(1):35-41.
    """
    return 0.0534 * np.asarray(annual, dtype=np.float64) ** 1.6548


def wischmeier(monthly: np.ndarray) -> np.ndarray:
    """Erosivity from monthly rain, ``R = 17.02 sum 1.735 10^(1.5 lg(p²/P) - 0.8188)``; a dry month adds nothing.

    Args:
        monthly: long-term mean rain, mm; shape (12, ...).

    Source: Wischmeier & Smith 1978, USDA Agriculture Handbook 537; 17.02 turns US into metric units.
    """
    annual = monthly.sum(axis=0, dtype=np.float64)
    shares = np.divide(np.square(monthly, dtype=np.float64), annual, out=np.zeros(monthly.shape), where=annual > 0)
    return US_TO_METRIC * 1.735 * 10**-0.8188 * (shares**1.5).sum(axis=0)


def renard_freimund(monthly: np.ndarray) -> np.ndarray:
    """Erosivity from long-term mean monthly rain; the two branches jump at F = 55 mm (121 against 1204).

    ``R = 0.07397 F^1.847`` below 55 mm, else ``95.77 - 6.081 F + 0.4770 F²``.

    Args:
        monthly: long-term mean rain, mm; shape (12, ...).

    Source: Renard & Freimund 1994, Journal of Hydrology 157:287-306.
    """
    index = modified_fournier(monthly)
    low, high = 0.07397 * index**1.847, 95.77 - 6.081 * index + 0.4770 * index**2
    return np.where(index < RENARD_FREIMUND_JUMP_MM, low, high)


def _long_term(kernel: Callable[[np.ndarray], np.ndarray]) -> Callable[[Sequence[np.ndarray]], np.ndarray]:
    return lambda yearly: kernel(np.mean(yearly, axis=0, dtype=np.float64))


_KERNELS: Mapping[str, Callable[[Sequence[np.ndarray]], np.ndarray]] = {
    "zhang_monthly": zhang_monthly,
    "zhang_annual": _long_term(lambda annual: zhang_annual(annual[0])),
    "wischmeier": _long_term(wischmeier),
    "renard_freimund": _long_term(renard_freimund),
}


COLUMNS = (
    Column("year", "integer"),
    Column("mean", unit=UNIT),
    Column("mean_rain_mm", unit="mm"),
)


@dataclass(frozen=True)
class ErosivityFormula:
    """R of the pixels.

    Attributes:
        method: one of the methods.
        names: per year of rain, the inputs of its months; one for annual rain.
    """

    method: Method
    names: tuple[tuple[str, ...], ...]

    def __call__(self, pixels: Pixels) -> Layers:
        valid = pixels.all_valid()
        yearly = [np.stack([pixels.values[name] for name in names]) for names in self.names]
        annual = sum(rain.sum(axis=0) for rain in yearly) / len(yearly)
        erosivity = _KERNELS[self.method](yearly)
        counts = {}
        if self.method == "renard_freimund":
            index = modified_fournier(np.mean(yearly, axis=0))
            counts = {"high": index >= RENARD_FREIMUND_JUMP_MM}
        return Layers({R: erosivity}, valid, {R: erosivity, "rain": annual}, counts)


@dataclass(frozen=True)
class ErosivityInputs:
    """Rain and method.

    Attributes:
        precipitation: mm. Monthly methods take 12 rasters or bands per year, year by year from January on; the annual
            method takes one per year.
        method: one of the methods.
        years: strictly rising; empty for rain without a year, such as a long-term mean. One rain may also stand for all
            years.
        climate: `actual` gives R of every year, `mean` one R of all years together.
        minimum, maximum: valid range, mm.
    """

    precipitation: tuple[str, ...]
    method: Method = "zhang_monthly"
    years: tuple[int, ...] = ()
    climate: Climate = "actual"
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class ErosivityOutputs:
    """Path of the map; None for none."""

    erosivity: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class ErosivityResult:
    """What was found.

    Attributes:
        years: of the map's bands; a single None for one R of all rain.
        mean: area-weighted mean of R per band, MJ mm/(ha h a).
        mean_rain_mm: area-weighted mean of annual rain per band.
        sums: of the run.
    """

    years: tuple[int | None, ...]
    mean: tuple[float, ...]
    mean_rain_mm: tuple[float, ...]
    sums: YearlySums

    def table(self) -> ResultTable:
        """A row per band of the map."""
        return ResultTable(COLUMNS, tuple(zip(self.years, self.mean, self.mean_rain_mm)))


def run_rainfall_erosivity(
    inputs: ErosivityInputs,
    outputs: ErosivityOutputs,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> ErosivityResult:
    """Maps rainfall erosivity of each year, or of all years together.

    Raises:
        InputError: the number of rasters does not fit the method, or rain is negative or in another unit.
        GridError: a raster does not overlap the first one.
        OutputError: the map cannot be written.
        Cancelled: the user stopped.
    """
    if inputs.method not in _KERNELS:
        raise InputError(
            say(
                "There is no erosivity method {method}. Choose one of {kernels}.",
                method=inputs.method,
                kernels=", ".join(_KERNELS),
            )
        )
    rain = _rain_sources(inputs)
    actual = inputs.climate == "actual" and len(rain) > 1
    if len(inputs.years) > len(rain):
        progress.info(
            say(
                "One rain is given for {count} years, so R is the same in all: the map has one band.",
                count=len(inputs.years),
            )
        )
    progress.info(
        say(
            "Rainfall erosivity by {method} ({sources}). Methods differ by a factor of 2 to 3 on the "
            "same rain: use one method for all that you compare.",
            method=choice("METHOD", inputs.method),
            sources=SOURCES[inputs.method],
        )
    )
    with workspace() as folder:
        survey = Survey(inputs.years if actual else (), settings or RasterSettings(), folder, progress)
        if actual:
            names: tuple[tuple[str, ...], ...] = (tuple(f"rain {month}" for month in range(len(rain[0]))),)
            for month, name in enumerate(names[0]):
                survey.add_sources(name, [year[month] for year in rain])
        else:
            names = tuple(tuple(source.name for source in year) for year in rain)
            for source in (source for year in rain for source in year):
                survey.add_sources(source.name, [source])
        made = map_output(survey, R, outputs.erosivity, "erosivity", outputs.metadata)
        sums = survey.run(ErosivityFormula(inputs.method, names), made, 1, progress)
    _warn_of_jump(sums, progress)
    result = ErosivityResult(sums.years, sums.mean(R), sums.mean("rain"), sums)
    for year, mean, mm in zip(result.years, result.mean, result.mean_rain_mm):
        progress.info(
            say(
                "{year}mean R {mean:,.1f} {unit} from {mm:,.1f} mm of annual rain.",
                year=f"{year}: " if year else "",
                mean=mean,
                unit=UNIT,
                mm=mm,
            )
        )
    return result


def _rain_sources(inputs: ErosivityInputs) -> list[list[Source]]:
    """Sources per year, January first; one a year for annual rain."""
    bands = [
        (path, band + 1)
        for path in inputs.precipitation
        for band in range(open_raster(path, "Precipitation").RasterCount)
    ]
    per_year = 1 if inputs.method == "zhang_annual" else MONTHS
    years = inputs.years or (0,)
    if len(bands) == per_year:
        years = years[:1]  # rain of no year in particular stands for all
    if len(bands) != per_year * len(years):
        wanted = say("1 annual raster") if per_year == 1 else say("12 monthly rasters")
        other = (
            say("For monthly rain choose zhang_monthly, wischmeier or renard_freimund.")
            if per_year == 1
            else say("For annual rain choose zhang_annual.")
        )
        raise InputError(
            say(
                "Precipitation: {count} raster(s) or band(s) given; the method {method} needs {wanted} per "
                "year, {per_year} for {count2} year(s), in the order of time. {other}",
                count=len(bands),
                method=inputs.method,
                wanted=wanted,
                per_year=per_year * len(years),
                count2=len(years),
                other=other,
            )
        )
    if inputs.climate == "mean" and len(years) == 1:
        return [[_source(inputs, 0, month, *bands[month]) for month in range(per_year)]]
    return [
        [_source(inputs, year, month, *bands[position * per_year + month]) for month in range(per_year)]
        for position, year in enumerate(years)
    ]


def _source(inputs: ErosivityInputs, year: int, month: int, path: str, band: int) -> Source:
    when = f"{year or ''} month {month + 1}".strip() if inputs.method != "zhang_annual" else str(year or "")
    label = f"Precipitation {when}".strip()
    name = f"rain:{year}:{month}:{short_name(path)}:{band}"
    rain = Measure("precipitation" if inputs.method == "zhang_annual" else "precipitation_month")
    limits = inputs.minimum, inputs.maximum
    return Source(name, path, band, "continuous", label, *limits, measure=rain, year=year or None)


def _warn_of_jump(sums: YearlySums, progress: Progress) -> None:
    if "high" not in sums.counts:
        return
    for year, high, pixels in zip(sums.years, sums.counts["high"][:, 0], sums.pixels[:, 0]):
        if 0 < high < pixels:
            progress.warn(
                say(
                    "{year}the index F crosses 55 mm in the area ({high} of {pixels} pixels lie at or above). "
                    "The formula of Renard & Freimund jumps there from 121 to 1204: the map shows an artificial "
                    "step.",
                    year=f"{year}: " if year else "",
                    high=int(high),
                    pixels=int(pixels),
                )
            )
