"""Dates in the names of files, against those that their order gives them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from ...errors import InputError
from ...messages import say
from ...raster.dataset import short_name

Named = tuple[int, ...]  # year, or year and month, or year, month and day

_DATE = re.compile(
    r"(?<!\d)((?:18|19|20)\d\d)"
    r"(?:(?:(0[1-9]|1[0-2])|[-_.](0?[1-9]|1[0-2]))(?:[-_.]?(0[1-9]|[12]\d|3[01]))?)?(?![\dA-Za-z])"
)
_LAST_NUMBER = re.compile(r"(?<!\d)(0?[1-9]|1[0-2])$")
_PARTS = {"year": 1, "month": 2}  # of a date that tell such steps apart; else all three
_TOLD, _MONTHS = 12, 12


def require_order(paths: Sequence[str], firsts: Sequence[date], step: str, first: str) -> None:
    """Holds dates in the names of files, such as 200003, 2000-03 or 2000_3, against those by their order.

    Args:
        paths: in their order.
        firsts: the day that the first band of each would have.
        step: of `STEPS`.
        first: as the user gave it.

    Raises:
        InputError: they contradict each other; says the right order.
    """
    stems = [re.sub(r"\.\w{1,5}$", "", short_name(path)) for path in paths]
    tellers = [[one[: _PARTS.get(step, 3)] for one in own] for own in _dates(stems)]
    tellers = [own for own in tellers if len(set(own)) == len(paths) > 1]
    if not tellers:
        _require_months(stems, paths)
        return
    days = [(day.year, day.month, day.day) for day in firsts]
    if any(all(day[: len(one)] == one for day, one in zip(days, own)) for own in tellers):
        return
    own = tellers[0]
    order = sorted(range(len(paths)), key=lambda number: own[number])
    wrong = next(number for number, (day, one) in enumerate(zip(days, own)) if day[: len(one)] != one)
    raise InputError(
        say(
            "FIRST {first} and the order of the files make {file} that of {day}, and its name says {said}. By their "
            "names FIRST is {right}, and the order {order}.",
            first=first,
            file=short_name(paths[wrong]),
            day=firsts[wrong],
            said=_written(own[wrong]),
            right=_written(own[order[0]]),
            order=_in_order(paths, order),
        )
    )


def _dates(stems: Sequence[str]) -> list[list[Named]]:
    """For each place of a date in the names, the dates there; without those places that not all names have."""
    found = [[tuple(int(part) for part in match.groups() if part) for match in _DATE.finditer(stem)] for stem in stems]
    return [[own[place] for own in found] for place in range(min(map(len, found), default=0))]


def _require_months(stems: Sequence[str], paths: Sequence[str]) -> None:
    """Twelve names that end in 1 to 12 are months: each must follow the one before it, as from 4 on to 3."""
    ends = [match for stem in stems if (match := _LAST_NUMBER.search(stem))]
    numbers = [int(match[1]) for match in ends]
    if len(stems) != _MONTHS or sorted(numbers) != list(range(1, _MONTHS + 1)):
        return
    if all((after - before) % _MONTHS == 1 for before, after in zip(numbers, numbers[1:])):
        return
    order = sorted(range(_MONTHS), key=lambda number: numbers[number])
    raise InputError(
        say(
            "The names of the files end in the numbers of months, and their order is another. Give them as {order}.",
            order=_in_order(paths, order),
        )
    )


def _written(named: Named) -> str:
    return "-".join(f"{part:02d}" for part in named)


def _in_order(paths: Sequence[str], order: Sequence[int]) -> str:
    return ", ".join(short_name(paths[number]) for number in order[:_TOLD]) + (", ..." if len(order) > _TOLD else "")
