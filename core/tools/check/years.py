"""Checks of years against rasters: count, order, and what the file names say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...errors import InputError
from ...years import parse_years
from .grids import Told

_ORDER = "Sort the rasters, or YEARS, so that each raster stands at the place of its year."


def check_years(text: str, names: Sequence[str], bands: Sequence[int], classes: Sequence[bool]) -> Iterator[Told]:
    """Whether years and rasters go together.

    Args:
        text: as in `YEARS`.
        names: file names in order.
        bands: their numbers of bands.
        classes: whether each looks like a class raster; these are paired with the years where all rasters together
            are more than the years.
    """
    try:
        years = parse_years(text)
    except InputError as reason:
        yield "years", "problem", str(reason), "Write the years like 2000, 2005, 2010, rising."
        return
    covers = [name for name, is_class in zip(names, classes) if is_class]
    series = next((s for s in (list(names), covers) if len(s) == len(years)), None)
    listed = ", ".join(map(str, years))
    if series is None:
        if len(years) in bands:
            yield "years", "ok", f"{listed}: one raster has a band per year", ""
            return
        found = f"{len(years)} years ({listed}) for {len(names)} rasters, of which {len(covers)} look like classes"
        mend = "Give one single-band raster per year, or one raster with a band per year."
        # Next to other rasters, a series cannot be told from the count alone
        mixed = len(years) < len(names) and 0 < len(covers) < len(names)
        yield "years", "warning" if mixed else "problem", found, mend
        return
    crossed = [(name, year) for name, year in zip(series, years) if _names_another(name, year, years)]
    if crossed:
        pairs = ", ".join(f"{name} would be {year}" for name, year in crossed)
        yield "years", "problem", f"the file names tell another order: {pairs}", _ORDER
    else:
        yield "years", "ok", "; ".join(f"{year} = {name}" for name, year in zip(series, years)), ""


def _names_another(name: str, year: int, years: Sequence[int]) -> bool:
    """Whether a file name holds another year of the list, but not its own."""
    told = {int(word) for word in re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", name)}
    return year not in told and bool(told & set(years))
