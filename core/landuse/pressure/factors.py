"""Factors of human activity as the user lists them: rasters, names and weights."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...errors import InputError
from ...inputs.names import require_names
from ...messages import listed, say
from ...raster.dataset import stem_of
from ...word_lists import split_words
from .run import Factor


def read_factors(paths: Sequence[str], names: str = "", weights: str = "") -> tuple[float, tuple[Factor, ...]]:
    """Groups rasters to factors and gives them weights.

    Args:
        paths: rasters in the order of the names; several rasters of one factor in the order of the years.
        names: one name per raster, separated by commas; rasters of the same name are one factor over the years. One
            name alone makes all rasters one factor; without names each raster is a factor.
        weights: the weight of land cover, then one per factor in the order of their first raster, separated by
            commas; empty - all are 1.

    Returns:
        The weight of land cover, and the factors.

    Raises:
        InputError: numbers of names or weights do not fit, or a weight is no number from 0 up.
    """
    given = split_words(names)
    if len(given) == 1:
        given *= max(len(paths), 1)
    if not paths and (given or split_words(weights)):
        raise InputError(say("NAMES or WEIGHTS are given, but no FACTORS. Give the rasters, or leave both empty."))
    if given and len(given) != len(paths):
        raise InputError(
            say(
                "NAMES holds {count} names for {count2} rasters of FACTORS. Give one each, or one.",
                count=len(given),
                count2=len(paths),
            )
        )
    if given:
        require_names("NAMES", given, paths)
    series: dict[str, list[str]] = {}
    for number, path in enumerate(paths):
        series.setdefault(given[number] if given else f"{number} {path}", []).append(path)
    labels = list(series) if given else [stem_of(path) for path in paths]
    of_cover, *of_factors = _weights(weights, labels)
    return of_cover, tuple(
        Factor(label, tuple(rasters), weight) for label, rasters, weight in zip(labels, series.values(), of_factors)
    )


def _weights(text: str, factors: Sequence[str]) -> list[float]:
    words = split_words(text)
    if not words:
        return [1.0] * (len(factors) + 1)
    if len(words) != len(factors) + 1:
        wanted = listed((say("land cover"), *factors), ", ")
        raise InputError(
            say(
                "WEIGHTS holds {count} numbers for {factors} parts ({wanted}). Give one each.",
                count=len(words),
                factors=len(factors) + 1,
                wanted=wanted,
            )
        )
    return [_weight(word) for word in words]


def _weight(word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        raise InputError(
            say("WEIGHTS holds {word!r}. Write numbers from 0 up, separated by commas, such as 2, 1, 1.", word=word)
        )
    return number
