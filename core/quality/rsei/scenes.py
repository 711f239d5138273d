"""Scenes in place of images: each year is composed of its clear pixels before the index is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...messages import Message, say
from ...prepare.importing.calendar import parse_season
from ...prepare.scenes.finding import find_scenes
from ...prepare.scenes.run import NEEDED, SceneInputs, SceneOutputs, run_scene_composite
from ...prepare.scenes.scene import Scene
from ...progress import Progress
from ...raster.output import WriteOptions
from ...raster.settings import RasterSettings
from .inputs import RseiInputs
from .sensors import load_sensor

IMAGES_NEEDED: Message = say("Give IMAGES, a raster per year, or DOWNLOADS, the folder of the scenes.")


def compose_images(
    asked: RseiInputs, places: Sequence[str], season: str, folder: str, settings: RasterSettings, progress: Progress
) -> RseiInputs:
    """Composes the scenes of each year by their medians, clouds masked, and says how the index reads them.

    Level, bands, scale, offset and quality band of images do not matter: the metadata of the scenes tell them. TM and
    ETM+ beside OLI in one year are harmonised scene by scene, as the index does it year by year.

    Args:
        asked: as for images; years may be empty, `sensors` are those that are used.
        places: folders, archives, .SAFE products, MTL files.
        season: of the scenes.
        folder: for the composites.
        settings: boundary.
        progress: told of every decision.

    Raises:
        InputError, GridError, Cancelled: as `run_scene_composite`.
    """
    wanted = tuple(dict.fromkeys(asked.sensors))
    found = [one for one in find_scenes(places, folder, progress) if isinstance(one, Scene)]
    mixed = _mix_in_a_year([one for one in found if not wanted or one.sensor in wanted], season)
    inputs = SceneInputs(
        places=places,
        years=asked.years,
        season=season,
        thermal="without" if asked.temperature else NEEDED,
        harmonise=asked.harmonise if mixed else "none",
        sensors=wanted,
    )
    plain = replace(settings, write=WriteOptions(overviews=False))
    made = run_scene_composite(inputs, SceneOutputs(folder), plain, progress)
    unit = asked.temperature_unit if asked.temperature else "kelvin"
    return replace(
        asked,
        images=tuple(made.composites.values()),
        years=tuple(made.composites),
        sensor=next(iter(made.sensors.values())),
        sensors=tuple(made.sensors.values()),
        level="reflectance",
        metadata=(),
        bands={},
        quality_band=None,
        offset=None,
        scale=None,
        temperature_unit=unit,
    )


def _mix_in_a_year(scenes: Sequence[Scene], season: str) -> bool:
    """Whether a year has scenes of OLI and of TM or ETM+."""
    part = parse_season(season, wraps=True)
    kinds: dict[int, set[bool]] = {}
    for scene in scenes:
        if scene.problem is None and "red" in scene.bands and part.holds_day(scene.day):
            sensor = load_sensor(scene.sensor)
            if not (sensor.is_oli or sensor.to_oli):
                return False  # no coefficients are known for it
            kinds.setdefault(part.year_of(scene.day), set()).add(sensor.is_oli)
    return any(len(found) > 1 for found in kinds.values())
