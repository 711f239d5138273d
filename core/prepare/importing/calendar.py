"""Days of steps, seasons and periods, by the calendar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from ...errors import InputError
from ...messages import say

_COMMON_YEAR = 2001  # stands for the mean year of a climatology
_EVERY = {"8day": 8, "16day": 16, "4day": 4, "day": 1}


def end_of_step(step: str, first: date) -> date:
    """The day after a step that begins on `first`; the steps of a year end with it.

    >>> (end_of_step("8day", date(2021, 12, 27)) - date(2021, 12, 27)).days
    5
    """
    if step == "month":
        return _next_month(first)
    if step == "halfmonth":
        return date(first.year, first.month, 16) if first.day == 1 else _next_month(first)
    if step in _EVERY:
        return min(first + timedelta(_EVERY[step]), date(first.year + 1, 1, 1))
    return date(first.year + 1, 1, 1)


def days_of_step(step: str, first: date) -> int:
    """The days that a step stands for: the last of 8 days has 5, or 6 in leap years."""
    return (end_of_step(step, first) - first).days


def middle_of_step(step: str, first: date) -> date:
    return first + timedelta((days_of_step(step, first) - 1) // 2)


def days_of_year(year: int | None) -> int:
    """365 or 366; 365 for the mean year of a climatology."""
    year = _COMMON_YEAR if year is None else year
    return (date(year + 1, 1, 1) - date(year, 1, 1)).days


def expected_steps(step: str, year: int | None, phase: int = 0) -> list[date]:
    """The first days of all steps of a year. `phase` shifts steps of some days: Aqua begins its 16 days on day 9."""
    year = _COMMON_YEAR if year is None else year
    if step == "month":
        return [date(year, month, 1) for month in range(1, 13)]
    if step == "halfmonth":
        return [date(year, month, day) for month in range(1, 13) for day in (1, 16)]
    if step in _EVERY:
        return list(_from(date(year, 1, 1) + timedelta(phase), _EVERY[step]))
    return [date(year, 1, 1)]


def _from(first: date, days: int) -> Iterator[date]:
    year = first.year
    while first.year == year:
        yield first
        first += timedelta(days)


def _next_month(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


@dataclass(frozen=True)
class Season:
    """A part of the year, both ends within: (month, day). One that begins after it ends wraps the end of the year."""

    first: tuple[int, int]
    last: tuple[int, int]

    @property
    def wraps(self) -> bool:
        return self.first > self.last

    def holds_day(self, day: date) -> bool:
        """Whether a day lies in the season."""
        key = (day.month, day.day)
        if self.wraps:
            return key >= self.first or key <= self.last
        return self.first <= key <= self.last

    def year_of(self, day: date) -> int:
        """The year that a day of the season counts for: of a season that wraps, the one in which it ends."""
        return day.year + int(self.wraps and (day.month, day.day) >= self.first)

    def holds(self, step: str, first: date) -> bool:
        """Whether the middle of a step lies in the season."""
        return self.holds_day(middle_of_step(step, first))


WHOLE_YEAR = Season((1, 1), (12, 31))


def parse_season(text: str, wraps: bool = False) -> Season:
    """Reads `04-01..10-31`; the whole year where it is empty.

    Args:
        text: as the user writes it.
        wraps: whether it may run over the end of the year, as `11-01..02-28`.

    Raises:
        InputError: it is written otherwise, is no day, or ends before it begins.
    """
    if not text.strip():
        return WHOLE_YEAR
    match = re.fullmatch(r"\s*(\d{1,2})-(\d{1,2})\s*\.\.+\s*(\d{1,2})-(\d{1,2})\s*", text)
    if match is None:
        raise InputError(say("SEASON is {text!r}. Write it as 04-01..10-31, month and day.", text=text))
    numbers = [int(number) for number in match.groups()]
    try:
        first, last = date(2000, *numbers[:2]), date(2000, *numbers[2:])
    except ValueError:
        raise InputError(say("SEASON is {text!r}, which holds no day of the year.", text=text)) from None
    if last < first and not wraps:
        raise InputError(
            say("SEASON is {text!r}: it must lie within one year, its first day before its last.", text=text)
        )
    return Season((first.month, first.day), (last.month, last.day))
