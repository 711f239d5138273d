"""Which columns are transformed before a regression, read from what the user wrote."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import InputError
from ..messages import say
from .observations import TRANSFORMS


def read_transforms(y: str, of_y: str, x: Sequence[str], of_x: str) -> dict[str, str]:
    """A transform by column.

    Args:
        y: the explained column.
        of_y: its transform.
        x: the drivers.
        of_x: a transform for all drivers, or `name:transform` separated by commas.

    Raises:
        InputError: a word that is no transform, or a column that is no driver.
    """
    chosen = {y: of_y}
    for part in filter(None, (word.strip() for word in re.split(r"[,;，；\n]+", of_x))):
        name, _, kind = part.rpartition(":")
        kind = kind.strip()
        if kind not in TRANSFORMS:
            raise InputError(
                say(
                    "TRANSFORM_X holds {part!r}. Write one of {transforms} for all drivers, or name:transform, "
                    "such as population:log1p.",
                    part=part,
                    transforms=", ".join(TRANSFORMS),
                )
            )
        if name.strip() and name.strip() not in x:
            raise InputError(
                say(
                    "TRANSFORM_X names {strip!r}, which is not among the drivers ({x}).",
                    strip=name.strip(),
                    x=", ".join(x),
                )
            )
        chosen.update(dict.fromkeys([name.strip()] if name.strip() else x, kind))
    return chosen
