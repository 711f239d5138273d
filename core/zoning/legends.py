"""Names and colours of the classes of this room, from `resources/legends/zoning.csv`."""

from __future__ import annotations

from collections.abc import Iterable

from ..legends import load_legend
from ..raster.output import ClassColour


def legend(name: str, language: str = "en") -> tuple[ClassColour, ...]:
    """The classes of a legend in the order of the file.

    Args:
        name: `reason`, `priority`, `conservation`, `plan`, `comparison` or `selection`.
        language: `en` or `zh`.
    """
    return load_legend("zoning", name, language)


def combination_legend(language: str = "en", masks: Iterable[int] = range(2**7)) -> tuple[ClassColour, ...]:
    """A class for every combination of restoration reasons; the colour is the mean of those of its reasons.

    Args:
        language: `en` or `zh`.
        masks: the combinations that are listed, such as those that occur.
    """
    bits = legend("reason", language)
    none = legend("priority", language)[0]
    return (none, *(_combination(code, bits) for code in masks if code > 0))


def _combination(code: int, bits: tuple[ClassColour, ...]) -> ClassColour:
    parts = [bit for bit in bits if bit.code & code]
    channels = [
        round(sum(int(part.colour[start : start + 2], 16) for part in parts) / len(parts)) for start in (1, 3, 5)
    ]
    return ClassColour(code, " + ".join(part.name for part in parts), "#" + "".join(f"{c:02x}" for c in channels))
