"""Rasters as the user lists them: names, ranges, and which raster belongs to which."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..errors import InputError
from ..inputs.names import require_names
from ..messages import say
from ..raster.dataset import stem_of
from ..word_lists import split_words
from .degradation.run import ComparedLayer


def group_by_name(
    paths: Sequence[str], names: str, parameter: str, years: Sequence[int] = ()
) -> dict[str, tuple[str, ...]]:
    """Rasters of the same name are one series, in the order given.

    Args:
        paths: rasters.
        names: one name per raster, or one for all, separated by commas; without names each raster is a series that is
            called after its file.
        parameter: what the user calls the rasters.
        years: for which one name must have a raster each; empty where that is not known.

    Raises:
        InputError: the number of names does not fit, or two files have the same name.
    """
    given = split_words(names)
    if not given:
        given = [stem_of(path) for path in paths]
        if len(set(given)) < len(given):
            raise InputError(
                say(
                    "{parameter} have the same file names: {given}. Give NAMES to tell them apart.",
                    parameter=parameter,
                    given=", ".join(given),
                )
            )
    if len(given) == 1 < len(paths) != len(years) > 0:
        raise InputError(
            say(
                "NAMES holds one name, {name}, so that all {count} rasters of {parameter} are years of it, and YEARS "
                "holds {count2}. Give one raster per year; where they are several indicators, give a name for each "
                "raster, such as {example}.",
                name=given[0],
                count=len(paths),
                parameter=parameter,
                count2=len(years),
                example=", ".join(stem_of(path) for path in paths[:3]),
            )
        )
    if len(given) == 1:
        given *= len(paths)
    if len(given) != len(paths):
        raise InputError(
            say(
                "NAMES holds {count} names for {count2} rasters of {parameter}. Give one each.",
                count=len(given),
                count2=len(paths),
                parameter=parameter,
            )
        )
    require_names("NAMES", given, paths)
    series: dict[str, list[str]] = {}
    for name, path in zip(given, paths):
        series.setdefault(name, []).append(path)
    return {name: tuple(rasters) for name, rasters in series.items()}


def bounds_by_name(text: str, names: Sequence[str], parameter: str) -> dict[str, float]:
    """A number for all names, or one each. Raises InputError for anything else."""
    words = split_words(text)
    if not words:
        return {}
    if len(words) == 1:
        words *= len(names)
    if len(words) != len(names):
        raise InputError(
            say(
                "{parameter} holds {count} numbers for {count2} rasters. Give one for all or each.",
                parameter=parameter,
                count=len(words),
                count2=len(names),
            )
        )
    return dict(zip(names, (_number(word, parameter) for word in words)))


def _number(word: str, parameter: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(
            say(
                "{parameter} holds {word!r}, which is no number. Write numbers separated by commas.",
                parameter=parameter,
                word=word,
            )
        )
    return number


def compared_layers(
    before: Sequence[str],
    after: Sequence[str],
    names: str,
    lower_is_better: str = "",
    bands: tuple[int | None, int | None] = (None, None),
    valid: tuple[float | None, float | None] = (None, None),
) -> tuple[ComparedLayer, ...]:
    """Pairs rasters of two dates.

    Args:
        before: earlier rasters; without later ones each holds both dates in its bands.
        after: later rasters, in the same order.
        names: one per pair, separated by commas; empty takes the names of the earlier files.
        lower_is_better: names of the layers in which a loss is good, separated by commas.
        bands: numbers of the earlier and the later band; None takes the first and the last.
        valid: smallest and largest valid value.

    Raises:
        InputError: numbers of rasters and names do not fit, or a name is not among the layers.
    """
    later = after or before
    if len(before) != len(later):
        raise InputError(
            say(
                "BEFORE holds {count} raster(s) and AFTER {count2}. Give both dates of each layer, in the same order.",
                count=len(before),
                count2=len(later),
            )
        )
    given = split_words(names)
    if given and len(given) != len(before):
        raise InputError(
            say(
                "NAMES holds {count} names for {count2} layers ({names}). Give one each.",
                count=len(given),
                count2=len(before),
                names=names,
            )
        )
    if given:
        require_names("NAMES", given, before)
        require_names("NAMES", given, later)
    titles = given or [stem_of(path) for path in before]
    unknown = [name for name in split_words(lower_is_better) if name not in titles]
    if unknown:
        raise InputError(
            say(
                "LOWER_IS_BETTER names {unknown}, no layer. Layers are {titles}.",
                unknown=", ".join(unknown),
                titles=", ".join(titles),
            )
        )
    falling = split_words(lower_is_better)
    return tuple(
        ComparedLayer(title, first, last, *bands, title not in falling, *valid)
        for title, first, last in zip(titles, before, later)
    )


def indicator_ranges(
    indicators: Mapping[str, Sequence[str]], least: str, most: str
) -> tuple[dict[str, float], dict[str, float]]:
    """Smallest and largest valid value by indicator. Raises InputError as `bounds_by_name`."""
    names = list(indicators)
    return bounds_by_name(least, names, "INDICATORS_MIN"), bounds_by_name(most, names, "INDICATORS_MAX")
