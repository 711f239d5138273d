"""Which band is which month, day or year: by the time axis, else from the first one on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from osgeo import gdal

from ...errors import InputError
from ...messages import Message, listed, say
from ...progress import Progress
from ...raster.dataset import open_raster, short_name
from ..files.containers import layers_of, open_raster_or_container
from ..files.time_axis import band_days
from ..importing.calendar import days_of_step, end_of_step, expected_steps
from .names import require_order

STEPS = ("month", "day", "8day", "year")
_YEARS_TOLD = 3
_CALENDARS = ("", "standard", "gregorian", "proleptic_gregorian")


@dataclass(frozen=True)
class ClimateStep:
    """A band: its file and number, its first day, and the days that it stands for."""

    path: str
    band: int
    first: date
    days: int


def read_climate_steps(
    inputs: Sequence[str], variable: str, first: str, step: str, years: Sequence[int], progress: Progress
) -> dict[int, list[ClimateStep]]:
    """The bands of each year, in their order.

    Args:
        inputs: rasters in their order, of one or many bands, or containers such as netCDF.
        variable: of a container with several; "" for the only one.
        first: of the first band, such as `2000-01` or `2000-01-01`; needed without time axes.
        step: of `STEPS`.
        years: that are wanted; empty for all that are whole.
        progress: told by what the times were read, and which years are left out.

    Raises:
        InputError: times cannot be told, FIRST contradicts time axes or dates in names, or a year that is wanted is not
            whole.
    """
    paths = [_of_variable(path, variable) for path in inputs]
    steps = _by_axis(paths, step) if not first.strip() else _from_first(paths, first, step)
    told = say("the time axis") if not first.strip() else say("FIRST ({first})", first=first)
    progress.info(
        say(
            "{count} bands from {start} to {end}, by {how}.",
            count=len(steps),
            start=steps[0].first,
            end=steps[-1].first,
            how=told,
        )
    )
    by_year: dict[int, list[ClimateStep]] = {}
    for one in steps:
        by_year.setdefault(one.first.year, []).append(one)
    whole, left_out = {}, []
    for year, own in by_year.items():
        expected = expected_steps(step, year)
        there = [one.first for one in own]
        if there == expected:
            whole[year] = own
        elif years and year in years:
            raise InputError(_not_whole(year, step, there, expected))
        elif not years:
            left_out.append(_not_whole(year, step, there, expected))
    missing = [year for year in years if year not in whole]
    if missing:
        known = ", ".join(map(str, whole)) or "-"
        raise InputError(
            say(
                "There are no bands of {missing}; whole years are {there}.",
                missing=", ".join(map(str, missing)),
                there=known,
            )
        )
    if not whole:
        raise InputError(say("No year is whole. {reasons}", reasons=listed(left_out[:_YEARS_TOLD], " ")))
    for reason in left_out:
        progress.warn(say("{reason} It is left out.", reason=reason))
    return {year: own for year, own in whole.items() if not years or year in years}


def _not_whole(year: int, step: str, there: Sequence[date], expected: Sequence[date]) -> Message:
    gaps = [str(day) for day in expected if day not in there]
    twice = sorted({str(day) for day in there if list(there).count(day) > 1})
    return say(
        "{year} is not whole: {count} of {expected} steps ({step}); missing {gaps}; twice {twice}.",
        year=year,
        count=len(set(there) & set(expected)),
        expected=len(expected),
        step=step,
        gaps=", ".join(gaps[:5]) or "-",
        twice=", ".join(twice[:5]) or "-",
    )


def _of_variable(path: str, variable: str) -> str:
    dataset = open_raster_or_container(path)
    if dataset.RasterCount:
        return path
    layers = layers_of(dataset)
    if variable in layers:
        return layers[variable]
    if not variable and len(layers) == 1:
        return next(iter(layers.values()))
    raise InputError(
        say(
            "{file} holds {layers}. Say as VARIABLE which is meant.",
            file=short_name(path),
            layers=", ".join(layers) or "-",
        )
    )


def _by_axis(paths: Sequence[str], step: str) -> list[ClimateStep]:
    found = []
    for path in paths:
        try:
            days = band_days(open_raster(path))
        except InputError as reason:
            raise InputError(say("{reason} Give FIRST, such as 2000-01.", reason=reason)) from None
        found += [ClimateStep(path, band, _start(day, step), 0) for band, day in enumerate(days, start=1)]
    found.sort(key=lambda one: one.first)
    return [ClimateStep(one.path, one.band, one.first, days_of_step(step, one.first)) for one in found]


def _start(day: date, step: str) -> date:
    """The first day of the step; axes may tell its middle or its end."""
    if step == "month":
        return day.replace(day=1)
    return date(day.year, 1, 1) if step == "year" else day


def _from_first(paths: Sequence[str], first: str, step: str) -> list[ClimateStep]:
    match = re.fullmatch(r"\s*(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?\s*", first)
    try:
        day = date(int(match[1]), int(match[2] or 1), int(match[3] or 1)) if match else None
    except ValueError:
        day = None
    if day is None:
        raise InputError(
            say("FIRST is {first!r}. Write the first month or day, such as 2000-01 or 2000-01-01.", first=first)
        )
    day = _start(day, step)
    found, firsts = [], []
    for path in paths:
        dataset = open_raster(path)
        firsts.append(day)
        axis = _axis_of(dataset)
        for band in range(1, dataset.RasterCount + 1):
            after = end_of_step(step, day)
            if axis and not _start(day, step) <= axis[band - 1] < after:
                raise InputError(
                    say(
                        "FIRST {first} makes band {band} of {file} that of {day}, and its time axis says {said}. Leave "
                        "FIRST empty, or give the right one, and the files in their order.",
                        first=first,
                        band=band,
                        file=short_name(path),
                        day=day,
                        said=axis[band - 1],
                    )
                )
            found.append(ClimateStep(path, band, day, days_of_step(step, day)))
            day = after
    require_order(paths, firsts, step, first)
    return found


def _axis_of(dataset: gdal.Dataset) -> list[date]:
    """The days of the time axis; none where it has none, or another calendar, whose days are not those of ours."""
    calendars = [value for key, value in dataset.GetMetadata().items() if key.endswith("#calendar")]
    if any(calendar.casefold() not in _CALENDARS for calendar in calendars):
        return []
    try:
        return band_days(dataset)
    except InputError:
        return []
