"""Whether names that the user lists beside rasters are those that the files tell themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ..raster.dataset import short_name, stem_of
from .finding import Finding, Place, Refused
from .record import current_record, remember


def require_names(parameter: str, names: Sequence[str], paths: Sequence[str]) -> None:
    """Checks that names stand in the order of their rasters.

    Args:
        parameter: what the user calls the list of names.
        names: one for each raster; a name may stand for several.
        paths: of the rasters.

    Raises:
        Refused: the files tell the same names in another order.
    """
    record = current_record()
    layer_names: Mapping[str, str] = record.layer_names if record else {}
    told = [_told(path, layer_names.get(path, ""), names) for path in paths]
    all_told = sorted(map(str, told)) == sorted(names)
    crossed = [
        (path, name)
        for path, name, other in zip(paths, names, told)
        if other not in (None, name) and (all_told or not _has_own(other, names, told))
    ]
    if not crossed:
        return
    places = tuple(Place(parameter, path) for path, _ in crossed)
    values = {"pairs": ", ".join(f"{short_name(path)} → {name}" for path, name in crossed)}
    text = "{where}: by the names of the files, the names are crossed: {pairs}."
    if all_told:
        mend = "Give them in the order of the rasters: {order}."
        raise Refused([Finding("names", "stop", places, text, mend, {**values, "order": ", ".join(map(str, told))})])
    remember([Finding("names", "warn", places, text, "Give one name for each raster, in their order.", values)])


def _has_own(name: str | None, names: Sequence[str], told: Sequence[str | None]) -> bool:
    """Whether a raster that is given this name tells it itself."""
    return any(given == name == other for given, other in zip(names, told))


def _told(path: str, layer_name: str, names: Sequence[str]) -> str | None:
    """The one of the names that a layer or a file tells, the longest where one holds another; None for none or two."""
    for text in (layer_name, stem_of(path)):
        found = [name for name in dict.fromkeys(names) if _holds(text, name)]
        longest = [name for name in found if not any(name != other and _holds(other, name) for other in found)]
        if len(longest) == 1:
            return longest[0]
    return None


def _holds(text: str, name: str) -> bool:
    """Whether a word of a text is a name; numbers may follow it."""
    plain, wanted = (re.sub(r"[\W_]+", " ", word.casefold()).strip() for word in (text, name))
    if not wanted:
        return False
    if wanted.isascii():
        return re.search(rf"(?<![^\W\d]){re.escape(wanted)}(?![^\W\d])", plain, re.ASCII) is not None
    return wanted in plain
