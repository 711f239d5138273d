"""What polygons are asked: whether each has an area and whole rings, and whether zones lie over one another."""

from __future__ import annotations

from ..messages import say
from .finding import Finding, Place


def of_geometry(label: str, without_area: int, mended: int) -> list[Finding]:
    """Features that count for nothing, and rings that had to be mended.

    Args:
        label: of the polygons, with their layer.
        without_area: features that hold no polygon.
        mended: polygons whose rings were invalid.
    """
    found = []
    if without_area > 0:
        text = "{where}: {count} features have no area: they count for nothing."
        mend = "Remove them, or give them a polygon."
        found.append(Finding("geometry", "warn", (Place(label),), text, mend, {"count": without_area}))
    if mended:
        text = "{where}: {count} polygons have invalid rings; they were mended."
        mend = "Mend them with Fix geometries to be sure of their shape."
        found.append(Finding("geometry", "note", (Place(label),), text, mend, {"count": mended}))
    return found


def of_overlap(label: str, twice_ha: float, whole_ha: float, pairs: str, each_its_own: bool) -> Finding:
    """Zones that share land.

    Args:
        label: of the zones, with their layer.
        twice_ha: area in two zones or more.
        whole_ha: area in any zone.
        pairs: a few of the zones that overlap.
        each_its_own: whether each zone counts all its land; else one of them does.
    """
    end = say("That land counts for one of them only.")
    mend = "Mend the borders, or give zones that lie side by side."
    if each_its_own:
        end, mend = say("Each zone counts its own land, so the zones add up to more than the whole."), ""
    values = {"twice": f"{twice_ha:,.2f}", "whole": f"{whole_ha:,.2f}", "pairs": pairs, "end": end}
    text = "{where}: zones overlap on {twice} ha of {whole} ha ({pairs}). {end}"
    return Finding("overlap", "note" if each_its_own else "warn", (Place(label),), text, mend, values)
