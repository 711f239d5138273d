"""What a sampling grid samples: rasters by name, statistics and valid ranges, read from what the user wrote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...errors import InputError
from ...inputs.names import require_names
from ...messages import say
from ...progress import Progress
from ...quantities import ANY, measure_of_name
from ...raster.dataset import open_raster, short_name
from ...raster.reading.series import tell_pairing, yearly_sources
from ...raster.reading.source import Kind, Source
from ...word_lists import split_words

Statistic = Literal["mean", "sum", "majority", "share"]
STATISTICS: tuple[Statistic, ...] = ("mean", "sum", "majority", "share")
OF_CLASSES = ("majority", "share")
RESERVED = ("cell_id", "year", "x", "y", "valid_pct", "fid", "geom")

_KINDS: dict[str, Kind] = {"mean": "continuous", "sum": "amount", "majority": "classes", "share": "classes"}


@dataclass(frozen=True)
class Variable:
    """A variable to sample.

    Attributes:
        name: field of the result.
        paths: one raster (static, or a band per year) or a raster per year.
        statistic: `mean` of the valid area, `sum` of the amounts of pixels, `majority` class, `share` of each class.
        minimum, maximum: valid range of the values; what lies outside counts as nodata.
    """

    name: str
    paths: tuple[str, ...]
    statistic: Statistic = "mean"
    minimum: float | None = None
    maximum: float | None = None

    def sources(self, years: Sequence[int], progress: Progress) -> tuple[Source, ...]:
        """A source per year, one and the same for what is static; without years a single one.

        Raises:
            InputError: the numbers of rasters, bands and years do not fit.
        """
        kind = _KINDS[self.statistic]
        measure = measure_of_name(self.name) if kind == "continuous" else ANY
        if not years:
            bands = open_raster(self.paths[0], self.name).RasterCount
            if len(self.paths) > 1 or bands > 1:
                held = (
                    say("{count} rasters", count=len(self.paths))
                    if len(self.paths) > 1
                    else say("{bands} bands", bands=bands)
                )
                raise InputError(
                    say("{name} has {held}, but YEARS is empty. Give the year of each.", name=self.name, held=held)
                )
            source = Source(self.name, self.paths[0], 1, kind, self.name, self.minimum, self.maximum, measure=measure)
            return (source,)
        limits = {"minimum": self.minimum, "maximum": self.maximum}
        sources = yearly_sources(
            self.name, self.paths, years, self.name, kind=kind, static=True, measure=measure, **limits
        )
        tell_pairing(self.name, sources, years, progress)
        return sources


def read_variables(
    paths: Sequence[str], names: str, statistics: str = "mean", valid_ranges: str = ""
) -> tuple[Variable, ...]:
    """Puts rasters, names, statistics and valid ranges together.

    Args:
        paths: the rasters.
        names: a name for each raster, separated by commas; a name given several times is one variable over the years.
        statistics: of `STATISTICS`, one for all or one for each name.
        valid_ranges: `name:lowest:highest`, separated by semicolons; either limit may be left out.

    Raises:
        InputError: the numbers do not fit, or a word is not known.
    """
    words = split_words(names)
    if len(words) != len(paths):
        held = ", ".join(short_name(path) for path in paths)
        raise InputError(
            say(
                "NAMES holds {count} names ({words}) for {count2} rasters ({held}). Give one name for each "
                "raster, in their order; repeat the name for the years of one variable.",
                count=len(words),
                words=", ".join(words) or say("none"),
                count2=len(paths),
                held=held,
            )
        )
    distinct = tuple(dict.fromkeys(words))
    for name in distinct:
        if not re.fullmatch(r"[^\W\d]\w*", name) or name.lower() in RESERVED:
            raise InputError(
                say(
                    "NAMES holds {name!r}, which cannot be a field of the table. Use letters, digits and _, "
                    "beginning with a letter, and none of {reserved}.",
                    name=name,
                    reserved=", ".join(RESERVED),
                )
            )
    if len({name.lower() for name in distinct}) < len(distinct):
        raise InputError(
            say(
                "NAMES ({distinct}) differ by capital letters only. Give names that files can tell.",
                distinct=", ".join(distinct),
            )
        )
    require_names("NAMES", words, paths)
    chosen = _statistics(statistics, distinct)
    ranges = _valid_ranges(valid_ranges, distinct)
    return tuple(
        Variable(
            name,
            tuple(path for word, path in zip(words, paths) if word == name),
            statistic,
            *ranges.get(name, (None, None)),
        )
        for name, statistic in zip(distinct, chosen)
    )


def parse_numbers(text: str, what: str) -> tuple[float, ...]:
    """Numbers separated by commas, semicolons or spaces. Raises InputError, which names `what`, for anything else."""
    words = [word for word in re.split(r"[,;，；、\s]+", text) if word]
    try:
        numbers = tuple(float(word) for word in words)
    except ValueError:
        raise InputError(
            say("{what} holds {text!r}, which are not numbers. Separate them by commas.", what=what, text=text)
        ) from None
    if not numbers:
        raise InputError(say("{what} is empty. Give at least one number.", what=what))
    return numbers


def parse_point(text: str, what: str) -> tuple[float, float] | None:
    """Two numbers `x, y`, None where the text is empty. Raises InputError for anything else."""
    if not text.strip():
        return None
    numbers = parse_numbers(text, what)
    if len(numbers) != 2:
        raise InputError(
            say("{what} holds {text!r}. Write x, y in units of the first raster's CRS.", what=what, text=text)
        )
    return numbers[0], numbers[1]


def _statistics(text: str, names: Sequence[str]) -> list[Statistic]:
    words = split_words(text.lower()) or ["mean"]
    unknown = [word for word in words if word not in STATISTICS]
    if unknown:
        raise InputError(
            say(
                "STATISTICS holds {unknown!r}. Choose from {statistics}.",
                unknown=unknown[0],
                statistics=", ".join(STATISTICS),
            )
        )
    if len(words) not in (1, len(names)):
        raise InputError(
            say(
                "STATISTICS holds {count} words for {count2} variables ({names}). Give one for all or one "
                "for each variable.",
                count=len(words),
                count2=len(names),
                names=", ".join(names),
            )
        )
    known = {word: word for word in STATISTICS}
    return [known[word] for word in (words if len(words) > 1 else words * len(names))]  # type: ignore[index]


def _valid_ranges(text: str, names: Sequence[str]) -> dict[str, tuple[float | None, float | None]]:
    ranges = {}
    for part in split_words(text):
        name, *limits = (word.strip() for word in part.split(":"))
        try:
            low, high = (float(limit) if limit else None for limit in limits)
        except ValueError:
            raise InputError(
                say("VALID_RANGES holds {part!r}. Write name:lowest:highest, such as gpp:0:65000.", part=part)
            ) from None
        if name not in names:
            raise InputError(
                say(
                    "VALID_RANGES names {name!r}, which is not among NAMES ({names}).",
                    name=name,
                    names=", ".join(names),
                )
            )
        ranges[name] = low, high
    return ranges
