"""Scenes of which a band cannot be read or was not downloaded whole: told before any work, and left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...errors import EcoAssetsError
from ...messages import Message, say
from ...progress import Progress
from ...raster.dataset import open_raster, short_name
from ...raster.reading.whole import CUT, is_cut
from .choosing import Wanted, is_wanted
from .scene import Scene, Unread


def broken_told(found: Sequence[Scene | Unread], wanted: Wanted, progress: Progress) -> list[Scene | Unread]:
    """The scenes, those that are wanted and have a broken band with it as their problem. Reads headers alone.

    Raises:
        Cancelled: the user stopped.
    """
    looked: list[Scene | Unread] = []
    for one in found:
        progress.check()
        looked.append(with_problem(one) if isinstance(one, Scene) and is_wanted(one, wanted) else one)
    return looked


def with_problem(scene: Scene) -> Scene:
    """The scene, with a broken band as its problem where it has one."""
    return replace(scene, problem=scene.problem or _broken_band(scene))


def _broken_band(scene: Scene) -> Message | None:
    """Which band of a scene cannot be read as a whole, and what to do; None where all can."""
    for band in (*scene.bands.values(), *([scene.quality] if scene.quality else [])):
        try:
            cut = is_cut(open_raster(band.path))
        except EcoAssetsError as reason:
            return say("it cannot be read: {why}", why=str(reason))
        if cut:
            return say("{file} cannot be used: {reason}", file=short_name(band.path), reason=CUT)
    return None
