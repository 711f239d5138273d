"""Sentinel-2 Level 2A: scenes of .SAFE products, and of single bands whose product file is missing."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from osgeo import gdal

from ...errors import InputError
from ...messages import Message, listed, say
from ...quality.rsei.sensors import REFLECTIVE, load_sensor
from ...raster.dataset import quiet_gdal
from ..files.listing import file_name, on_disk
from .metadata import ProductFile, read_product_file
from .scene import Scene, SceneBand, Unread

SENSOR = "sentinel2"
JP2_DRIVERS = ("JP2OpenJPEG", "JP2KAK", "JP2ECW", "JP2MrSID")
SINCE_OFFSET = 4.0  # processing baseline from which 1000 is added to the numbers
_OWN_BASELINES = 90.0  # 99.99 is of products that users made with Sen2Cor
ADDED = -1000.0
_QUANTIFICATION = 10_000.0
_PRODUCT_FILE = re.compile(r"MTD_MSIL2A\.xml$", re.IGNORECASE)
_LEVEL_1 = re.compile(r"MTD_MSIL1C\.xml$", re.IGNORECASE)
_PRODUCT = re.compile(
    r"S2[ABC]_MSIL2A_(?P<start>\d{8}T\d{6})_N(?P<baseline>\d{4})_R\d{3}_T(?P<tile>\d{2}[A-Z]{3})_"
    r"(?P<processed>\d{8}T\d{6})"
)
_IMAGE = re.compile(
    r"(?:L2A_)?T(?P<tile>\d{2}[A-Z]{3})_(?P<start>\d{8}T\d{6})_(?P<band>B\d[0-9A]|SCL)(?:_(?P<metres>\d{2})m)?"
    r"(?:\.(?:jp2|tiff?))?$",
    re.IGNORECASE,
)
_ENDINGS = (".jp2", ".tif", ".tiff", ".TIF")
# The order of the bands in the lists of product files: their ids.
_BAND_IDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
_ROLES = {sensor_names[-1]: role for role, sensor_names in load_sensor(SENSOR).names.items() if role in REFLECTIVE}


def sentinel_scenes(paths: Sequence[str], baseline: float | None) -> list[Scene | Unread]:
    """Scenes among listed files.

    Args:
        paths: files, and .SAFE folders as one entry each.
        baseline: of bands that lie without their product file; None leaves them out.
    """
    found: list[Scene | Unread] = []
    loose: dict[tuple[str, str, str], list[str]] = {}
    products = set()
    for path in paths:
        name = file_name(path)
        if name.upper().endswith(".SAFE"):
            found.append(_of_product(path, _members(path)))
        elif _PRODUCT_FILE.search(name) or _LEVEL_1.search(name):
            folder = path[: -len(name) - 1]
            products.add(folder)
            inside = [other for other in paths if _lies_in(other, folder)]
            found.append(_of_product(folder, inside))
    for path in paths:
        image = _IMAGE.match(file_name(path))
        if image and not any(_lies_in(path, folder) for folder in products):
            key = (image["tile"].upper(), image["start"].upper(), on_disk(os.path.dirname(path)))
            loose.setdefault(key, []).append(path)
    return [*found, *(_of_bands(*key, files, baseline) for key, files in loose.items())]


def _lies_in(path: str, folder: str) -> bool:
    return path.replace("\\", "/").startswith(folder.replace("\\", "/") + "/")


def _members(safe: str) -> list[str]:
    with quiet_gdal():
        names = gdal.ReadDirRecursive(safe) or []
    return [f"{safe}/{name}" for name in names if not name.endswith("/")]


def _of_product(folder: str, members: Sequence[str]) -> Scene | Unread:
    name = file_name(folder)
    product_file = next((path for path in members if _PRODUCT_FILE.search(path)), None)
    if product_file is None:
        low = any(_LEVEL_1.search(path) for path in members)
        reason = say("level 1C: order Level 2A") if low else say("it holds no MTD_MSIL2A.xml: order it again")
        return Unread(name, on_disk(folder), reason)
    try:
        told = read_product_file(product_file)
        files = _files(told.images, members)
        return _scene(name, folder, told, files)
    except InputError as error:
        return Unread(name, on_disk(folder), listed([error.args[0]], ""))


def _files(images: Sequence[str], members: Sequence[str]) -> list[str]:
    """The files of the product's bands: as its list names them, wherever they lie; all bands where it lists none."""
    there = {re.sub(r"\.\w+$", "", file_name(path)): path for path in members if path.endswith(_ENDINGS)}
    listed = [there[name] for name in (file_name(image) for image in images) if name in there]
    return listed or [path for path in there.values() if _IMAGE.match(file_name(path))]


def _finest(files: Sequence[str]) -> dict[str, str]:
    """The file of each band with the smallest pixels, by band name."""
    best: dict[str, tuple[int, str]] = {}
    for path in files:
        image = _IMAGE.match(file_name(path))
        if image:
            size = (int(image["metres"] or 0), path)
            best[image["band"].upper()] = min(best.get(image["band"].upper(), size), size)
    return {band: path for band, (_, path) in best.items()}


def _scene(name: str, folder: str, told: ProductFile, files: Sequence[str]) -> Scene:
    bands = _finest(files)
    tiles = {image["tile"].upper() for path in files if (image := _IMAGE.match(file_name(path)))}
    product = _PRODUCT.search(name)
    offsets = {told.offsets.get(_BAND_IDS.index(band), 0.0) for band in _ROLES}
    note = say(
        "baseline {baseline}, offset {offset}",
        baseline=f"{told.baseline:05.2f}",
        offset=", ".join(f"{offset:g}" for offset in sorted(offsets)),
    )
    problem = None
    if len(tiles) > 1:
        problem = say("it holds several tiles ({tiles}): order it as single tiles", tiles=", ".join(sorted(tiles)))
    return Scene(
        name=name,
        place=on_disk(folder),
        day=_day(told.started),
        sensor=SENSOR,
        tile=min(tiles, default=""),
        bands={
            role: SceneBand(
                bands[band],
                1,
                1 / told.quantification,
                told.offsets.get(_BAND_IDS.index(band), 0.0) / told.quantification,
                told.nodata + 1,
                told.saturated - 1,
            )
            for band, role in _ROLES.items()
            if band in bands
        },
        quality=SceneBand(bands["SCL"]) if "SCL" in bands else None,
        cloud_pct=told.cloud_pct,
        processed=re.sub(r"\D", "", product["processed"]) if product else "",
        edition=(told.baseline,),
        moment=re.sub(r"\D", "", told.started + told.strip),
        notes=(note,),
        doubts=_doubts(told),
        problem=problem or _lacking(bands),
    )


def _doubts(told: ProductFile) -> tuple[Message, ...]:
    if told.offsets or not SINCE_OFFSET <= told.baseline < _OWN_BASELINES:
        return ()
    return (
        say(
            "its product file lists no BOA_ADD_OFFSET, which belongs to its baseline: without it reflectance is 0.1 "
            "too high, unless its numbers were harmonised; order it again"
        ),
    )


def _of_bands(tile: str, start: str, place: str, files: Sequence[str], baseline: float | None) -> Scene:
    bands = _finest(files)
    offset = ADDED if baseline is not None and baseline >= SINCE_OFFSET else 0.0
    scale = 1 / _QUANTIFICATION
    unknown = say(
        "no MTD_MSIL2A.xml, which tells the offset: order the product as .SAFE, or give its processing baseline "
        "as BASELINE"
    )
    told = say("BASELINE {baseline}, offset {offset}", baseline=f"{baseline or 0:05.2f}", offset=f"{offset:g}")
    return Scene(
        name=f"T{tile}_{start}",
        place=place,
        day=_day(start),
        sensor=SENSOR,
        tile=tile,
        bands={r: SceneBand(bands[b], 1, scale, offset * scale, 1, 65534) for b, r in _ROLES.items() if b in bands},
        quality=SceneBand(bands["SCL"]) if "SCL" in bands else None,
        edition=(baseline or 0.0,),
        moment=re.sub(r"\D", "", start),
        notes=(told,),
        problem=_lacking(bands) or (unknown if baseline is None else None),
    )


def _lacking(bands: Mapping[str, str]) -> Message | None:
    missing = [band for band in (*_ROLES, "SCL") if band not in bands]
    if missing:
        return say("it lacks {bands}", bands=", ".join(missing))
    if any(path.lower().endswith(".jp2") for path in bands.values()) and not any(
        map(gdal.GetDriverByName, JP2_DRIVERS)
    ):
        return say(
            "it needs a GDAL driver for JPEG 2000 ({drivers}), which this QGIS lacks: install it (OSGeo4W: package "
            "gdal-ecw), or take the GeoTIFF files of the Planetary Computer",
            drivers=" / ".join(JP2_DRIVERS),
        )
    return None


def _day(text: str) -> date:
    try:
        return datetime.strptime(re.sub(r"\D", "", text)[:8], "%Y%m%d").date()
    except ValueError:
        raise InputError(say("{text!r} is no time of an overpass.", text=text)) from None
