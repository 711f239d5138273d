"""MODIS: 8-day reflectance (MOD09A1, MYD09A1) as scenes, and surface temperature (MOD11A2, MYD11A2) beside them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from ...errors import InputError
from ...messages import listed, say
from ...progress import Progress
from ...quality.rsei.sensors import load_sensor
from ..catalogue.loader import products
from ..catalogue.product import Layer, Product
from ..catalogue.recognise import Recognised, recognise
from ..files.containers import NoSuchLayer, open_layer, open_quality
from ..files.listing import on_disk
from .scene import HEAT_ALONE, THERMAL, Scene, SceneBand, Unread

SENSOR = "modis"
REFLECTANCE, HEAT = "mod09a1", "mod11a2"


def modis_scenes(paths: Sequence[str], folder: str, progress: Progress) -> list[Scene | Unread]:
    """Scenes among listed files: a step of eight days of one tile each.

    Args:
        paths: listed files.
        folder: for copies of what cannot be read in place.
        progress: polled for a cancel.
    """
    found: list[Scene | Unread] = []
    for product, sensor in ((REFLECTANCE, SENSOR), (HEAT, HEAT_ALONE)):
        known = {product: products()[product]}
        groups: dict[tuple, list[Recognised]] = {}
        for one in recognise(paths, known, progress=progress):
            if one.known and one.first_day is not None:
                groups.setdefault((one.variant, one.tile, one.first_day, _place(one)), []).append(one)
        for files in groups.values():
            progress.check()
            found.append(_scene(files, known[product], sensor, folder, progress))
    return found


def _place(one: Recognised) -> str:
    """What keeps apart files that are a whole step each; single layers of one folder belong together."""
    return one.path if not (one.layer or one.quality) else os.path.dirname(one.path)


def _scene(
    files: Sequence[Recognised], product: Product, sensor: str, folder: str, progress: Progress
) -> Scene | Unread:
    first = files[0]
    try:
        bands = dict(_bands(files, product, sensor, folder, progress))
        quality = _quality(files, next(iter(product.layers.values())), folder, progress)
    except InputError as error:
        return Unread(first.name, on_disk(first.path), listed([error.args[0]], ""))
    wanted = (
        [THERMAL] if sensor == HEAT_ALONE else [r for r in load_sensor(SENSOR).names if r not in (THERMAL, "quality")]
    )
    missing = [role for role in wanted if role not in bands]
    return Scene(
        name=first.name,
        place=on_disk(first.path),
        day=first.first_day or date.min,
        sensor=sensor,
        tile=first.tile,
        bands=bands,
        quality=quality,
        processed=first.processed,
        moment=first.variant,
        problem=say("it lacks {bands}", bands=", ".join(missing)) if missing else None,
    )


def _bands(
    files: Sequence[Recognised], product: Product, sensor: str, folder: str, progress: Progress
) -> Iterable[tuple[str, SceneBand]]:
    roles = {name: role for role, names in load_sensor(SENSOR).names.items() for name in names[:1]}
    for layer in product.layers.values():
        name = layer.match.pattern.strip("^$")
        role = roles.get(name)
        if role is None or (sensor == HEAT_ALONE) != (role == THERMAL):
            continue
        for one in files:
            if one.layer in ("", layer.id) and not one.quality:
                yield role, _band(one, layer, folder, progress)
                break


def _band(one: Recognised, layer: Layer, folder: str, progress: Progress) -> SceneBand:
    opened = open_layer(one, layer, folder, progress)
    scale, offset = (layer.scale or 1.0) * layer.times, (layer.offset or 0.0) * layer.times + layer.plus
    low, high = layer.valid or (1, 65535)
    return SceneBand(opened.path, opened.bands[0], scale, offset, low, high, opened.grid)


def _quality(files: Sequence[Recognised], layer: Layer, folder: str, progress: Progress) -> SceneBand | None:
    """The quality layer, in the same file or in one of its own; None where there is none."""
    if layer.quality is None:
        return None
    own = [one for one in files if one.quality and layer.quality.is_called(one.quality)]
    if own:
        opened = open_layer(own[0], replace(layer, match=layer.quality.layer), folder, progress)
    elif files[0].layer or files[0].quality:
        return None
    else:
        try:
            opened = open_quality(files[0], layer.quality.layer, folder, progress)
        except NoSuchLayer:
            return None
    return SceneBand(opened.path, opened.bands[0], grid=opened.grid)
