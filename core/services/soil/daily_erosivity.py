"""Rainfall erosivity R of one place from its daily rain, by half months."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...column_words import choice
from ...errors import InputError, TableError
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import ANY, quantity
from ...raster.files import workspace
from ...raster.settings import RasterSettings
from ...results import Column, ResultTable, integers
from ...tables import Table
from ..survey import Rasters, Survey, map_output
from ..yearly_kernel import Layers, Pixels
from .rainfall_erosivity import ErosivityOutputs, R

DailyMethod = Literal["xie_daily", "zhang_daily"]
HALF_MONTHS = 24
EROSIVE_RAIN_MM = 12.0
WARM_HALF_MONTHS = range(8, 18)  # May to September
SOURCES = {
    "xie_daily": say("Xie Yun et al., the daily model of HJ 1173-2021"),
    "zhang_daily": say("Zhang Wenbo, Xie Yun & Liu Baoyuan 2002, Scientia Geographica Sinica 22(6):705-711"),
}
_DATE = re.compile(r"(\d{4})[-/.]?(\d{1,2})[-/.]?(\d{1,2})(\D.*)?")

COLUMNS = (*integers("half_month", "month"), Column("erosivity", unit="MJ mm/(ha h)"), Column("share_pct", unit="%"))


@dataclass(frozen=True)
class PlaceFormula:
    """The R of a place in every pixel."""

    erosivity: float

    def __call__(self, pixels: Pixels) -> Layers:
        valid = pixels.all_valid()
        return Layers({R: np.full(valid.shape, self.erosivity)}, valid)


@dataclass(frozen=True)
class RainDay:
    """Rain of one day, mm."""

    year: int
    month: int
    day: int
    rain_mm: float

    @property
    def half_month(self) -> int:
        """0 for the first half of January to 23 for the second half of December; a first half has 15 days."""
        return 2 * (self.month - 1) + (self.day > 15)


@dataclass(frozen=True)
class DailyErosivity:
    """Erosivity of one place.

    Attributes:
        half_months: mean erosivity of each half month, MJ mm/(ha h), 24 of them.
        years: how many years the rain covers.
        erosive_days: days of erosive rain.
        method: see `SOURCES`.
    """

    half_months: tuple[float, ...]
    years: int
    erosive_days: int
    method: str

    @property
    def annual(self) -> float:
        """R, MJ mm/(ha h a)."""
        return math.fsum(self.half_months)

    def write_map(
        self,
        reference: str,
        outputs: ErosivityOutputs,
        settings: RasterSettings | None = None,
        progress: Progress = QUIET,
    ) -> None:
        """Writes the R of the place as a map, wherever a reference raster has values and on its grid.

        Raises:
            InputError, OutputError, Cancelled: see `run_job`.
        """
        with workspace() as folder:
            survey = Survey((), settings or RasterSettings(), folder, progress)
            survey.add("reference", Rasters.of(reference), ANY)
            made = map_output(survey, R, outputs.erosivity, "erosivity", outputs.metadata)
            survey.run(PlaceFormula(self.annual), made, 1, progress)

    def table(self) -> ResultTable:
        """A row per half month."""
        total = self.annual
        rows = tuple(
            (number + 1, number // 2 + 1, value, value / total * 100 if total else None)
            for number, value in enumerate(self.half_months)
        )
        return ResultTable(COLUMNS, rows)


def xie_half_month(rain_mm: Sequence[float], warm: bool) -> float:
    """Erosivity of a half month, ``alpha sum P^1.7265`` over its days of erosive rain, MJ mm/(ha h).

    Alpha is 0.3937 from May to September, else 0.3101.

    Source: HJ 1173-2021 (after Xie Yun et al.).
    """
    return (0.3937 if warm else 0.3101) * math.fsum(rain**1.7265 for rain in rain_mm)


def zhang_parameters(mean_day_mm: float, mean_year_mm: float) -> tuple[float, float]:
    """Alpha and beta of a place: ``beta = 0.8363 + 18.144/Pd12 + 24.455/Py12``, ``alpha = 21.586 beta^-7.1891``.

    Args:
        mean_day_mm: mean rain of the days of erosive rain (Pd12).
        mean_year_mm: mean annual total of erosive rain (Py12).

    Source: Zhang Wenbo, Xie Yun & Liu Baoyuan 2002, Scientia Geographica Sinica 22(6):705-711.
    """
    beta = 0.8363 + 18.144 / mean_day_mm + 24.455 / mean_year_mm
    return 21.586 * beta**-7.1891, beta


def zhang_half_month(rain_mm: Sequence[float], alpha: float, beta: float) -> float:
    """Erosivity of a half month, ``alpha sum P^beta`` over its days of erosive rain, MJ mm/(ha h)."""
    return alpha * math.fsum(rain**beta for rain in rain_mm)


def run_daily_erosivity(
    table: Table, method: DailyMethod = "xie_daily", threshold_mm: float = EROSIVE_RAIN_MM, progress: Progress = QUIET
) -> DailyErosivity:
    """Erosivity of a place from a table of its daily rain; a day without a row is dry.

    Args:
        table: columns `rain_mm`, and `date` (year-month-day) or `year`, `month`, `day`.
        method: `xie_daily` or `zhang_daily`.
        threshold_mm: daily rain from which it erodes; the methods were fitted with 12 mm.
        progress: hears what was done.

    Raises:
        InputError: the method is unknown or the threshold is not positive.
        TableError: a column is missing, or a cell is no date or no daily rain in mm.
    """
    if method not in SOURCES:
        raise InputError(
            say(
                "There is no erosivity method {method} for daily rain. Choose one of {sources}.",
                method=method,
                sources=", ".join(SOURCES),
            )
        )
    if not (math.isfinite(threshold_mm) and threshold_mm > 0):
        raise InputError(
            say(
                "The threshold of erosive rain is {threshold_mm:g} mm. Give a positive number, such as 12.",
                threshold_mm=threshold_mm,
            )
        )
    days = read_rain(table)
    years = sorted({day.year for day in days})
    erosive = [day for day in days if day.rain_mm >= threshold_mm]
    grouped: dict[tuple[int, int], list[float]] = {}
    for day in erosive:
        grouped.setdefault((day.year, day.half_month), []).append(day.rain_mm)
    total = math.fsum(day.rain_mm for day in erosive)
    alpha, beta = zhang_parameters(total / len(erosive), total / len(years)) if erosive else (0.0, 1.0)

    def of_half(number: int, rain: Sequence[float]) -> float:
        if method == "xie_daily":
            return xie_half_month(rain, number in WARM_HALF_MONTHS)
        return zhang_half_month(rain, alpha, beta)

    means = tuple(
        math.fsum(of_half(number, grouped.get((year, number), [])) for year in years) / len(years)
        for number in range(HALF_MONTHS)
    )
    found = DailyErosivity(means, len(years), len(erosive), method)
    _report(found, days, years, progress)
    return found


def read_rain(table: Table) -> tuple[RainDay, ...]:
    """Reads daily rain.

    Raises:
        TableError: see `run_daily_erosivity`.
    """
    rain = table.numbers("rain_mm", blank=0.0)
    dates = _dates(table)
    if not dates:
        raise TableError(say("Table {name} holds no day. Add a row per day of rain.", name=table.name))
    found = []
    for row, ((year, month, day), amount) in enumerate(zip(dates, rain), start=1):
        if not quantity("daily_rain").possible.holds(amount):
            raise TableError(
                say(
                    "Table {name}, row {row}, column rain_mm holds {amount:g}, which is no daily rain in mm. "
                    "Remove missing values such as -9999, and divide by 10 if rain is in tenths of a millimetre.",
                    name=table.name,
                    row=row,
                    amount=amount,
                )
            )
        found.append(RainDay(year, month, day, float(amount)))
    if len({(d.year, d.month, d.day) for d in found}) < len(found):
        raise TableError(
            say("Table {name} holds a day more than once. Give the rain of one place, a row per day.", name=table.name)
        )
    return tuple(found)


def _dates(table: Table) -> list[tuple[int, int, int]]:
    if table.has("date"):
        texts = table.texts("date")
    else:
        table.require("rain_mm", "year", "month", "day")
        columns = (table.texts(name) for name in ("year", "month", "day"))
        texts = tuple("-".join(parts) for parts in zip(*columns))
    dates = []
    for row, text in enumerate(texts, start=1):
        match = _DATE.fullmatch(text)
        year, month, day = (int(part) for part in match.groups()[:3]) if match else (0, 0, 0)
        if not (1 <= month <= 12 and 1 <= day <= 31):
            raise TableError(
                say(
                    "Table {name}, row {row} holds {text!r} for a date. Write year-month-day.",
                    name=table.name,
                    row=row,
                    text=text,
                )
            )
        dates.append((year, month, day))
    return dates


def _report(found: DailyErosivity, days: Sequence[RainDay], years: Sequence[int], progress: Progress) -> None:
    progress.info(
        say(
            "Rainfall erosivity by {method} ({sources}): {annual:,.1f} MJ mm/(ha h a) from "
            "{erosive_days} days of erosive rain in {years} year(s).",
            method=choice("METHOD", found.method),
            sources=SOURCES[found.method],
            annual=found.annual,
            erosive_days=found.erosive_days,
            years=found.years,
        )
    )
    for year in years:
        months = {day.month for day in days if day.year == year}
        if len(months) < 12:
            progress.warn(
                say(
                    "{year}: only {count} months have a row. Months without a row count as dry: an incomplete "
                    "year lowers R. Leave it out if its rain is missing.",
                    year=year,
                    count=len(months),
                )
            )
