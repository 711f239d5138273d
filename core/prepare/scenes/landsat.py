"""Landsat Collection 2 Level 2: scenes of the files of a folder or archive, by their MTL, else by their names."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from ...errors import InputError
from ...messages import Message, listed, say
from ...quality.rsei.sensors import REFLECTIVE, Sensor, load_sensor
from ..files.listing import file_name, on_disk
from .metadata import read_mtl
from .scene import QUALITY, THERMAL, Scene, SceneBand, Unread

_PRODUCT = re.compile(
    r"(?P<craft>L[CETO]0[4-9])_(?P<level>L\d\w\w)_(?P<tile>\d{6})_(?P<day>\d{8})_(?P<processed>\d{8})_02_"
    r"(?P<tier>T1|T2|RT)",
    re.IGNORECASE,
)
_MTL = re.compile(r"MTL\.(txt|json|xml)$", re.IGNORECASE)
_SENSORS = {4: "landsat5", 5: "landsat5", 7: "landsat7", 8: "landsat8", 9: "landsat9"}  # Landsat 4 and 5 carry one TM
_TIERS = {"RT": 0.0, "T2": 1.0, "T1": 2.0}
_HIGHEST = {THERMAL: 65535.0}
_HIGHEST_REFLECTANCE = 65455.0
_GROUPS = ("LEVEL2_SURFACE_REFLECTANCE_PARAMETERS", "LEVEL2_SURFACE_TEMPERATURE_PARAMETERS")


def landsat_scenes(paths: Sequence[str]) -> list[Scene | Unread]:
    """Scenes among listed files.

    Files of one product that lie in one folder are one scene. An MTL tells file names, scale and offset; without one
    the names do, and the scale is that of the product.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for path in paths:
        product = _product(path)
        if product or _MTL.search(file_name(path)):
            groups.setdefault((os.path.dirname(path), product), []).append(path)
    beside: dict[str, dict[str, str]] = {}
    for path in paths:
        beside.setdefault(os.path.dirname(path), {})[file_name(path).upper()] = path
    return [_scene(product, files, beside[folder]) for (folder, product), files in groups.items()]


def _product(path: str) -> str:
    found = _PRODUCT.match(file_name(path))
    return found[0].upper() if found else ""


def _scene(product: str, files: Sequence[str], beside: Mapping[str, str]) -> Scene | Unread:
    """A scene of the files of one product; `beside` are all paths of its folder by their names in capitals."""
    kinds = ("txt", "json", "xml")
    metadata = sorted((f for f in files if _MTL.search(f)), key=lambda f: kinds.index(f.rsplit(".", 1)[-1].lower()))
    problems = []
    for path in metadata:
        try:
            return _by_metadata(path, read_mtl(path), beside)
        except InputError as error:
            problems.append(listed([error.args[0]], ""))
    named = _PRODUCT.match(product)
    if named is None:
        return Unread(file_name(files[0]), on_disk(files[0]), problems[0])
    scene = _by_names(named, files)
    return replace(scene, notes=(*problems, *scene.notes))


def _by_metadata(path: str, groups: Mapping[str, Mapping[str, str]], beside: Mapping[str, str]) -> Scene:
    contents, attributes = groups.get("PRODUCT_CONTENTS", {}), groups.get("IMAGE_ATTRIBUTES", {})
    every = {key: value for entries in groups.values() for key, value in entries.items()}
    named = _PRODUCT.match(contents.get("LANDSAT_PRODUCT_ID", "") or file_name(path))
    tile = f"{int(every.get('WRS_PATH', 0)):03d}{int(every.get('WRS_ROW', 0)):03d}"
    clouds = float(attributes.get("CLOUD_COVER", -1))
    scene = Scene(
        name=contents.get("LANDSAT_PRODUCT_ID") or file_name(path),
        place=on_disk(os.path.dirname(path)),
        day=_day(every.get("DATE_ACQUIRED", ""), path),
        sensor=_sensor_of(every["SPACECRAFT_ID"], every.get("SENSOR_ID", ""), path),
        tile=tile,
        cloud_pct=clouds if clouds >= 0 else None,
        processed=named["processed"] if named else "",
        edition=(_TIERS.get(contents.get("COLLECTION_CATEGORY", ""), 0.0),),
        gaps=attributes.get("SENSOR_MODE_SLC", "").upper() == "OFF",
    )
    level = contents.get("PROCESSING_LEVEL", "")
    if level not in ("L2SP", "L2SR"):
        told = level or every.get("PROCESSING_LEVEL") or every.get("DATA_TYPE", "?")
        return replace(scene, problem=say("level {level}: order Collection 2 Level 2", level=told))
    scaling = {key: float(value) for group in _GROUPS for key, value in groups.get(group, {}).items() if _is(value)}
    names = {
        "QA_PIXEL" if key.endswith("QUALITY_L1_PIXEL") else _band_name(key): value
        for key, value in contents.items()
        if key.startswith(("FILE_NAME_BAND_", "FILE_NAME_QUALITY_L1_PIXEL"))
    }
    there = {name: beside[file.upper()] for name, file in names.items() if file.upper() in beside}
    return _with_bands(scene, there, load_sensor(scene.sensor), scaling)


def _band_name(key: str) -> str:
    """SR_B4 of FILE_NAME_BAND_4, ST_B10 of FILE_NAME_BAND_ST_B10."""
    band = key.removeprefix("FILE_NAME_BAND_")
    return band if band.startswith("ST_") else f"SR_B{band}"


def _is(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _by_names(named: re.Match[str], files: Sequence[str]) -> Scene:
    sensor = _SENSORS.get(int(named["craft"][-1]), "")
    scene = Scene(
        name=named[0].upper(),
        place=on_disk(os.path.dirname(files[0])),
        day=_day(named["day"], named[0]),
        sensor=sensor or "landsat8",
        tile=named["tile"],
        processed=named["processed"],
        edition=(_TIERS[named["tier"].upper()],),
        notes=(say("no MTL: scale and offset are those of the product"),),
    )
    if not named["level"].upper().startswith("L2S") or not sensor:
        return replace(scene, problem=say("level {level}: order Collection 2 Level 2", level=named["level"]))
    start = len(named[0]) + 1
    there = {file_name(one)[start:].rsplit(".", 1)[0].upper(): one for one in files if one.upper().endswith(".TIF")}
    return _with_bands(scene, there, load_sensor(sensor), {})


def _with_bands(scene: Scene, files: Mapping[str, str], sensor: Sensor, scaling: Mapping[str, float]) -> Scene:
    """The scene with its bands; with a problem where one is missing.

    Args:
        scene: without bands.
        files: by band name, such as SR_B4, ST_B10, QA_PIXEL.
        sensor: which names its bands have.
        scaling: entries of the MTL for Level 2 alone; those of the product where they are missing.
    """
    bands = {}
    for role in (*REFLECTIVE, THERMAL):
        name = sensor.names[role][0]
        if name in files:
            key, part = ("TEMPERATURE", name) if role == THERMAL else ("REFLECTANCE", name.removeprefix("SR_B"))
            own = sensor.thermal if role == THERMAL else sensor.scaling
            scale = scaling.get(f"{key}_MULT_BAND_{part}", float(own["gain"]))
            offset = scaling.get(f"{key}_ADD_BAND_{part}", float(own["offset"]))
            bands[role] = SceneBand(files[name], 1, scale, offset, 1.0, _HIGHEST.get(role, _HIGHEST_REFLECTANCE))
    quality = sensor.names[QUALITY][0]
    missing = [sensor.names[role][0] for role in REFLECTIVE if role not in bands]
    missing += [] if quality in files else [quality]
    return replace(
        scene,
        bands=bands,
        quality=SceneBand(files[quality]) if quality in files else None,
        problem=say("it lacks {bands}", bands=", ".join(missing)) if missing else None,
    )


def _sensor_of(spacecraft: str, instrument: str, path: str) -> str:
    number = int(re.sub(r"\D", "", spacecraft) or 0)
    if number not in _SENSORS or instrument.upper().startswith("MSS"):
        raise InputError(
            say(
                "{file} is of {craft} {instrument}: Landsat 4 to 9 with TM, ETM+ or OLI can be used.",
                file=file_name(path),
                craft=spacecraft,
                instrument=instrument,
            )
        )
    return _SENSORS[number]


def _day(text: str, named: str) -> date:
    try:
        return datetime.strptime(text.replace("-", ""), "%Y%m%d").date()
    except ValueError:
        told: Message = say("{file} tells no day of the overpass.", file=file_name(named))
        raise InputError(told) from None
