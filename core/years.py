"""The years of a series, and the pairs of years that are compared."""

from __future__ import annotations

import re

from .errors import InputError


def parse_years(text: str) -> tuple[int, ...]:
    """Reads a text such as `2000, 2005, 2010, 2015` (commas, semicolons or spaces, Chinese ones too).

    Raises:
        InputError: a word is no year, or the years do not rise strictly.
    """
    words = [word for word in re.split(r"[,;，；、\s]+", text) if word]
    if not words:
        raise InputError("YEARS is empty. Give the years of the rasters in order, such as 2000, 2005, 2010, 2015.")
    for word in words:
        if not re.fullmatch(r"\d{4}", word):
            raise InputError(f"YEARS holds {word!r}, which is no year of four digits. Write it like 2000, 2005, 2010.")
    years = tuple(int(word) for word in words)
    for earlier, later in zip(years, years[1:]):
        if later <= earlier:
            raise InputError(
                f"YEARS must rise: {later} follows {earlier} in {text!r}. Sort the years, and the rasters with them."
            )
    return years


def year_pairs(years: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Pairs of consecutive years, then first and last when there are more than two.

    >>> year_pairs((2000, 2005, 2010))
    ((2000, 2005), (2005, 2010), (2000, 2010))
    """
    pairs = tuple(zip(years, years[1:]))
    return (*pairs, (years[0], years[-1])) if len(years) > 2 else pairs
