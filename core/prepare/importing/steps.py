"""The steps of a series: which band of which file stands for which days, with the quality that belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from ...errors import InputError
from ...messages import say
from ...progress import Progress
from ...raster.dataset import open_raster
from ..catalogue.product import Bands, Layer, Product
from ..catalogue.recognise import Recognised
from ..files.containers import NoSuchLayer, OpenedLayer, open_layer, open_quality
from ..files.time_axis import band_days
from .calendar import Season, days_of_step, end_of_step, expected_steps
from .choosing import Chosen

_MEAN_YEAR = 2001  # months of a climatology have no year


@dataclass(frozen=True)
class Step:
    """One band of one file.

    Attributes:
        file: where it comes from.
        layer: the opened layer.
        band: its band.
        quality: the layer of quality, its only band; None where there is none.
        first: first day; of `_MEAN_YEAR` for a climatology.
        days: that it stands for.
        year: None for a climatology and for what does not change.
    """

    file: Recognised
    layer: OpenedLayer
    band: int
    quality: OpenedLayer | None
    first: date
    days: int
    year: int | None

    @property
    def tile(self) -> str:
        return self.file.tile


@dataclass(frozen=True)
class Period:
    """What becomes one band: a year, a month of a year, a month of the mean year, or all time.

    Attributes:
        label: `2005`, `2005-03`, `03`, or "" for what does not change.
        year: None where it is of no single year.
        days: of the period within the season.
        steps: of all tiles.
        missing: first days of steps that no file has, for any tile.
    """

    label: str
    year: int | None
    days: int
    steps: tuple[Step, ...]
    missing: tuple[date, ...] = ()


def read_steps(
    chosen: Chosen, years: Sequence[int], season: Season, with_quality: bool, folder: str, progress: Progress
) -> list[Step]:
    """Opens the headers of all files and lists their steps.

    Args:
        chosen: the files.
        years: that are wanted; empty for all.
        season: steps whose middle day lies outside are left out.
        with_quality: whether quality is looked at.
        folder: for copies of what cannot be read in place.
        progress: polled for a cancel.

    Raises:
        InputError: a file cannot be read, lacks the layer, or has another number of bands than its name says.
    """
    beside = {(one.first_day, one.tile): one for one in chosen.qualities}
    steps = []
    lacking: NoSuchLayer | None = None
    for file in chosen.files:
        progress.check()
        try:
            opened = open_layer(file, chosen.layer, folder, progress)
        except NoSuchLayer as error:
            if not _by_axis(file):
                raise
            lacking = error  # variables of one order may come in several files
            continue
        quality = _quality(file, chosen.layer, beside, folder, progress) if with_quality else None
        timed = chosen.product.step not in ("static", "year", "scene")
        found = _days(file, opened, chosen.product)
        _tell_axis(file, opened, found[0][1], progress)
        for band, first, year in found:
            if years and year is not None and year not in years:
                continue
            step = _step_of(file, chosen.product)
            if timed and not season.holds(step, first):
                continue
            steps.append(Step(file, opened, band, quality, first, days_of_step(step, first), year))
    if lacking is not None and not steps:
        raise lacking
    _require_once(steps)
    if not steps:
        raise InputError(say("No step of {product} lies in the years and the season.", product=chosen.product.title))
    return sorted(steps, key=lambda step: (step.year or 0, step.first, step.tile))


def _by_axis(file: Recognised) -> bool:
    """Whether only the time axis of a file tells the times of its bands."""
    return file.edition is not None and file.edition.bands is not None and file.edition.bands.step == "axis"


def _require_once(steps: Sequence[Step]) -> None:
    """Refuses a time that two files hold by their axes: names told nothing of it before."""
    seen: dict[tuple[date, str], Step] = {}
    for step in steps:
        other = seen.setdefault((step.first, step.tile), step)
        if other.file is not step.file and _by_axis(step.file):
            raise InputError(
                say(
                    "{first} and {other} both hold {day}. Leave one in the folder.",
                    first=other.file.path,
                    other=step.file.path,
                    day=step.first,
                )
            )


def _step_of(file: Recognised, product: Product) -> str:
    bands = file.edition.bands if file.edition else None
    return bands.step if bands and bands.step != "axis" else product.step


def _days(file: Recognised, opened: OpenedLayer, product: Product) -> list[tuple[int, date, int | None]]:
    """Band, first day and year of each step of a file."""
    bands = file.edition.bands if file.edition else None
    if bands is None:
        first = file.first_day or date(_MEAN_YEAR, file.month or 1, 1)
        if file.half == 2:
            first = first.replace(day=16)
        return [(opened.bands[0], first, file.year)]
    if bands.step == "axis":
        days = [_start(product.step, day) for day in band_days(open_raster(opened.path))]
        return [(band, day, day.year) for band, day in zip(opened.bands, days)]
    firsts = _named_days(file, bands)
    if len(firsts) != len(opened.bands):
        ends = {"first": firsts[0].isoformat(), "last": firsts[-1].isoformat()}
        raise InputError(
            say(
                "{file} has {bands} bands, but its name says {count} steps ({first} to {last}). Is it complete?",
                file=file.name,
                bands=len(opened.bands),
                count=len(firsts),
                **ends,
            )
        )
    return [(band, day, day.year) for band, day in zip(opened.bands, firsts)]


def _tell_axis(file: Recognised, opened: OpenedLayer, first: date, progress: Progress) -> None:
    """Says where a name, which tells the times, and the time axis of the file begin in different years."""
    if file.edition is None or file.edition.container != "netcdf" or file.year is None or _by_axis(file):
        return
    try:
        own = band_days(open_raster(opened.path))[0]
    except InputError:  # no axis, or one that says nothing
        return
    if own.year != first.year:
        progress.warn(
            say(
                "{file}: its name says {year}, its time axis begins in {own}. The name is taken: was the file renamed? "
                "If so, give it back its name.",
                file=file.name,
                year=first.year,
                own=own.year,
            )
        )


def _start(step: str, day: date) -> date:
    """The first day of the step in which a time on an axis lies: axes tell the first, a middle or the last day."""
    if step == "month":
        return day.replace(day=1)
    if step == "halfmonth":
        return day.replace(day=1 if day.day < 16 else 16)
    return date(day.year, 1, 1) if step == "year" else day


def _named_days(file: Recognised, bands: Bands) -> list[date]:
    if bands.years:
        return [date(year, 1, 1) for year in bands.years]
    if file.year is None:
        raise InputError(say("The name of {file} tells no year for its bands.", file=file.name))
    last = file.year_to or file.year
    days = [day for year in range(file.year, last + 1) for day in expected_steps(bands.step, year)]
    if bands.step == "halfmonth" and file.month:  # half a year a file
        days = [day for day in days if 0 <= day.month - file.month < 6]
    return days


def _quality(
    file: Recognised, layer: Layer, beside: dict[tuple[date | None, str], Recognised], folder: str, progress: Progress
) -> OpenedLayer | None:
    """The layer of quality, in the same file or in one of its own; None where there is none."""
    if layer.quality is None or file.edition is None:
        return None
    if file.edition.container == "raster":
        other = beside.get((file.first_day, file.tile))
        return open_layer(other, layer, folder, progress) if other else None
    try:
        return open_quality(file, layer.quality.layer, folder, progress)
    except NoSuchLayer:  # as in cuts of one layer; told with the other steps that have none
        return None


def periods_of(steps: Sequence[Step], product_step: str, season: Season, by_month: bool) -> list[Period]:
    """Steps by year; by month where that is asked for, of each year.

    Raises:
        InputError: months of steps that are longer than a month.
    """
    if by_month and product_step in ("year", "static", "scene", "16day", "8day"):
        raise InputError(
            say("Steps of {step} make no months. Choose STEP year, or a product of months or days.", step=product_step)
        )
    kept: dict[tuple[int | None, int], list[Step]] = {}
    for step in steps:
        kept.setdefault((step.year, step.first.month if by_month else 0), []).append(step)
    return [
        _period(year, month, found, product_step, season) for (year, month), found in sorted(kept.items(), key=_key)
    ]


def _key(item: tuple[tuple[int | None, int], list[Step]]) -> tuple[int, int]:
    (year, month), _ = item
    return (year or 0, month)


def _period(year: int | None, month: int, steps: list[Step], product_step: str, season: Season) -> Period:
    label = "" if year is None else str(year)
    if month:
        label = f"{label}-{month:02d}" if label else f"{month:02d}"
    if product_step in ("static", "scene"):
        return Period(label, year, 1, tuple(replace(step, days=1) for step in steps))
    expected = expected_steps(product_step, year, _phase(product_step, steps))
    wanted = [
        day
        for day in expected
        if month in (0, day.month) and (product_step == "year" or season.holds(product_step, day))
    ]
    there = {step.first for step in steps}
    days = sum((end_of_step(product_step, day) - day).days for day in wanted)
    return Period(label, year, days, tuple(steps), tuple(day for day in wanted if day not in there))


def _phase(product_step: str, steps: Sequence[Step]) -> int:
    """Days by which the steps of a year begin late: Aqua begins its 16 days on day 9."""
    length = {"16day": 16, "8day": 8, "4day": 4}.get(product_step)
    if length is None:
        return 0
    phases = {((step.first - date(step.first.year, 1, 1)) // timedelta(1)) % length for step in steps}
    return phases.pop() if len(phases) == 1 else 0
