"""How the maps of this room look: a layer per year, all with one legend."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.raster.output import ClassColour
from ..looks.canvas import BandLook, Look, bands_between

# From bad to good, so that maps of quality read like maps of loss and gain.
QUALITY_PALETTE = "diverging"


def yearly_ramp(label: str, years: Sequence[int], high: float) -> Look:
    """A ramp of quality from 0, the same for all years; the last year on top."""
    bands = tuple(BandLook(band, f"{label} {year}", year) for band, year in enumerate(years, start=1))
    return Look(label, bands, low=0, high=high, palette=QUALITY_PALETTE)


def yearly_classes(label: str, years: Sequence[int], classes: tuple[ClassColour, ...]) -> Look:
    """Classes with one legend for all years; the last year on top."""
    bands = tuple(BandLook(band, f"{label} {year}", year) for band, year in enumerate(years, start=1))
    return Look(label, bands, classes=classes)


def classes_between(label: str, pairs: Sequence[tuple[int, int]], classes: tuple[ClassColour, ...]) -> Look:
    """Classes of change, a layer per pair of years; the last pair on top."""
    return Look(label, bands_between(label, pairs), classes=classes)
