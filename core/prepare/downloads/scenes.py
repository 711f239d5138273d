"""Which years of a run have scenes that can be composed, by their metadata."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import InputError
from ...messages import listed, say
from ...progress import Progress
from ...raster.dataset import open_raster
from ...raster.files import workspace
from ...raster.grid import Grid
from ..catalogue.product import Product
from ..scenes.finding import find_scenes
from ..scenes.scene import HEAT_ALONE, Scene
from ..scenes.whole import with_problem

_SENSORS = {"landsat_c2l2": "landsat", "sentinel2_l2a": "sentinel2"}  # how the sensors of a product begin


@dataclass(frozen=True)
class ScenesFound:
    """Attributes: years: with a scene and a surface temperature. scenes: how many. sensors, grids: of these."""

    years: tuple[int, ...]
    scenes: int
    sensors: tuple[str, ...]
    grids: tuple[Grid, ...]


def scene_check(product: Product, folder: str, years: Sequence[int], progress: Progress) -> ScenesFound:
    """Looks for the scenes of a product; RSEI needs their heat, too, or that of MOD11A2 beside them.

    Raises:
        InputError: no scene of these years can be used; says what is wrong with those that are there.
        Cancelled: the user stopped.
    """
    with workspace() as scratch:
        found = [one for one in find_scenes([folder], scratch, progress) if isinstance(one, Scene)]
        heat = {one.day.year for one in found if one.sensor == HEAT_ALONE}
        own = [one for one in found if one.sensor.startswith(_SENSORS[product.id])]
        own = [with_problem(one) if one.day.year in years else one for one in own]
        usable = [one for one in own if not one.problem and one.day.year in years]
        warm = {one.day.year for one in usable if one.has_heat} | heat
        usable = [one for one in usable if one.day.year in warm]
        if not usable:
            raise InputError(_why_none(own, years))
        tiles = {one.tile: one for one in usable}
        grids = tuple(_grid(one) for one in tiles.values())
    held = {one.day.year for one in usable}
    sensors = tuple(sorted({one.sensor for one in usable}))
    return ScenesFound(tuple(year for year in years if year in held), len(usable), sensors, grids)


def _why_none(own: Sequence[Scene], years: Sequence[int]) -> object:
    problems = list(dict.fromkeys(one.problem for one in own if one.problem and one.day.year in years))
    if problems:
        return listed(problems, " ")
    if any(one.day.year in years for one in own):
        return say("its scenes have no surface temperature (order L2SP bundles, or MOD11A2 beside them)")
    there = sorted({one.day.year for one in own})
    return say("no scene of the years of the run; there are scenes of {years}", years=", ".join(map(str, there)))


def _grid(scene: Scene) -> Grid:
    band = next(iter(scene.bands.values()))
    return band.grid or Grid.of_dataset(open_raster(band.path))
