"""The years of a series, and the pairs of years that are compared."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .errors import InputError
from .messages import listed, say
from .progress import Progress


def parse_years(text: str) -> tuple[int, ...]:
    """Reads a text such as `2000, 2005, 2010, 2015` (commas, semicolons or spaces, Chinese ones too).

    Raises:
        InputError: a word is no year, or the years do not rise strictly.
    """
    words = [word for word in re.split(r"[,;，；、\s]+", text) if word]
    if not words:
        raise InputError(say("YEARS is empty. Give the years of the rasters in order, such as 2000, 2005, 2010, 2015."))
    for word in words:
        if not re.fullmatch(r"\d{4}", word):
            raise InputError(
                say("YEARS holds {word!r}, which is no year of four digits. Write it like 2000, 2005, 2010.", word=word)
            )
    years = tuple(int(word) for word in words)
    for earlier, later in zip(years, years[1:]):
        if later <= earlier:
            raise InputError(
                say(
                    "YEARS must rise: {later} follows {earlier} in {text!r}. Sort the years, and the rasters "
                    "with them.",
                    later=later,
                    earlier=earlier,
                    text=text,
                )
            )
    return years


def year_pairs(years: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Pairs of consecutive years, then first and last when there are more than two.

    >>> year_pairs((2000, 2005, 2010))
    ((2000, 2005), (2005, 2010), (2000, 2010))
    """
    pairs = tuple(zip(years, years[1:]))
    return (*pairs, (years[0], years[-1])) if len(years) > 2 else pairs


def warn_by_year(years: Sequence[int | None], messages: Sequence[str], progress: Progress) -> None:
    """Warns of what each year lacks, once for all years of which the same is to be told; "" says nothing.

    >>> warn_by_year((2000, 2005, 2010), ("3 pixels are left out.", "3 pixels are left out.", ""), Progress())
    """
    told: dict[str, list[str]] = {}
    for year, message in zip(years, messages):
        if message:
            told.setdefault(message, []).extend([] if year is None else [str(year)])
    for message, of_years in told.items():
        progress.warn(listed((", ".join(of_years), message), ": ") if of_years else message)
