"""What reports of several rooms tell alike: area left out, and maps of a raster with several bands."""

from __future__ import annotations

import math
from collections.abc import Iterable

from .blocks import LeftOutArea
from .maps import MapPicture, PathLike


def left_out_areas(where: object, areas: Iterable[tuple[str, float]], counted_ha: float) -> list[LeftOutArea]:
    """Areas without a result, with their share of all that was looked at; reasons without area are left away.

    Args:
        where: a year or a raster; None for neither.
        areas: reason and hectares.
        counted_ha: area with a result.
    """
    lost = [(reason, float(area)) for reason, area in areas if area > 0]
    whole = counted_ha + math.fsum(area for _, area in lost)
    return [LeftOutArea("" if where is None else str(where), reason, area, area / whole * 100) for reason, area in lost]


def pictures(path: PathLike, titles: Iterable[object]) -> list[MapPicture]:
    """A picture per band of a raster, in order; a title of None is left away."""
    return [MapPicture(path, "" if title is None else str(title), band) for band, title in enumerate(titles, start=1)]
