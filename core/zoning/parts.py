"""The parts of a restoration area as a reader takes them: degraded, low quality, severe erosion, or several."""

from __future__ import annotations

from collections.abc import Mapping

from ..report import Classes, Map, MapPicture
from ..report.maps import PathLike
from .legends import legend
from .reasons import FILLED, MASKS, PARTS

NO_REASON, SEVERAL, ONLY_FILLED = 0, 4, 5
CODES: Mapping[str, int] = {part: number for number, part in enumerate(PARTS, start=1)}


def part_of(mask: int) -> int:
    """The code in the legend `part` of a mask of reasons; the kinds of degradation count as one part."""
    found = [CODES[part] for part, bits in PARTS.items() if mask & bits]
    if len(found) > 1:
        return SEVERAL
    return found[0] if found else ONLY_FILLED if mask & FILLED else NO_REASON


def masks_of(part: str) -> tuple[int, ...]:
    """The masks of reasons that belong to a part, alone or with others."""
    return tuple(mask for mask in range(MASKS) if mask & PARTS[part])


def part_map(title: str, path: PathLike, together: str, language: str) -> Map:
    """Where land is to be restored and why, with one picture of all parts and one of each.

    Args:
        title: caption.
        path: raster of the masks of reasons.
        together: what stands above the first picture.
        language: `en` or `zh`.
    """
    classes = legend("part", language)
    names = {entry.code: entry.name for entry in classes}
    alone = {
        part: [(mask, CODES[part] if mask & bits else NO_REASON) for mask in range(MASKS)]
        for part, bits in PARTS.items()
    }
    pictures = [MapPicture(path, together, recoded=[(mask, part_of(mask)) for mask in range(MASKS)])]
    pictures += [MapPicture(path, names[CODES[part]], recoded=codes) for part, codes in alone.items()]
    return Map(title, pictures, Classes(classes))
