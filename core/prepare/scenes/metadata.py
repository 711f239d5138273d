"""The metadata files of scenes: Landsat's MTL as text, XML and JSON, and Sentinel-2's product file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from osgeo import gdal

from ...errors import InputError
from ...messages import say
from ...raster.dataset import quiet_gdal, short_name
from .elements import parse_xml

_MOST_BYTES = 2**24
_ENTRY = re.compile(r'^\s*(\w+)\s*=\s*"?(.*?)"?\s*$')
_STRIP = re.compile(r"_S(\d{8}T\d{6})")
_OUTER = "LANDSAT_METADATA_FILE"


def read_text(path: str) -> str:
    """A small text file, also one within an archive.

    Raises:
        InputError: it cannot be read, or is far too long to be metadata.
    """
    with quiet_gdal():
        handle = gdal.VSIFOpenL(path, "rb")
        if handle is None:
            raise InputError(say("{file} cannot be read. Order it again.", file=short_name(path)))
        try:
            found = gdal.VSIFReadL(1, _MOST_BYTES, handle) or b""
        finally:
            gdal.VSIFCloseL(handle)
    if len(found) >= _MOST_BYTES:
        raise InputError(say("{file} is no metadata file: it is too long.", file=short_name(path)))
    return bytes(found).split(b"\0")[0].decode("utf-8-sig", "replace")


def read_mtl(path: str) -> dict[str, dict[str, str]]:
    """Entries by group of a Landsat MTL file. Names such as REFLECTANCE_MULT_BAND_1 stand in several groups.

    Raises:
        InputError: the file cannot be read or is none.
    """
    text = read_text(path)
    try:
        if path.lower().endswith(".json"):
            groups = {name: _texts(entries) for name, entries in json.loads(text)[_OUTER].items()}
        elif path.lower().endswith(".xml"):
            groups = {group.tag: {one.tag: one.text for one in group.children} for group in parse_xml(text).children}
        else:
            groups = _mtl_of_text(text)
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as reason:
        raise InputError(say("{file} is no MTL file: {reason}.", file=short_name(path), reason=reason)) from None
    if not any("SPACECRAFT_ID" in entries for entries in groups.values()):
        raise InputError(say("{file} is no MTL file: it names no SPACECRAFT_ID.", file=short_name(path)))
    return groups


def _texts(entries: Mapping[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in entries.items()}


def _mtl_of_text(text: str) -> dict[str, dict[str, str]]:
    groups: dict[str, dict[str, str]] = {}
    group = ""
    for line in text.splitlines():
        entry = _ENTRY.match(line)
        if entry is None:
            continue
        key, value = entry.groups()
        if key in ("GROUP", "END_GROUP"):
            group = value if key == "GROUP" else ""
        else:
            groups.setdefault(group, {})[key] = value
    return groups


@dataclass(frozen=True)
class ProductFile:
    """What MTD_MSIL2A.xml tells of a Sentinel-2 product.

    Attributes:
        level: such as Level-2A.
        started: time of the overpass, `YYYY-MM-DDThh:mm:ss`.
        baseline: of the processing, such as 5.09.
        quantification: numbers per reflectance.
        offsets: added to the numbers before they are divided, by band id; empty before baseline 04.00.
        nodata, saturated: codes.
        images: paths of the bands within the product, without endings.
        cloud_pct: None where it tells none.
        strip: when the strip began that the product was cut from: two of one overpass may share a tile.
    """

    level: str
    started: str
    baseline: float
    quantification: float
    offsets: Mapping[int, float]
    nodata: float
    saturated: float
    images: tuple[str, ...]
    cloud_pct: float | None
    strip: str


def read_product_file(path: str) -> ProductFile:
    """Reads MTD_MSIL2A.xml.

    Raises:
        InputError: it cannot be read, or lacks what numbers are scaled by.
    """
    try:
        elements = list(parse_xml(read_text(path)).walk())
        found: dict[str, list[str]] = {}
        for one in elements:
            found.setdefault(one.tag, []).append(one.text)
        special = dict(zip(found.get("SPECIAL_VALUE_TEXT", []), map(float, found.get("SPECIAL_VALUE_INDEX", []))))
        clouds = found.get("Cloud_Coverage_Assessment", [])
        offsets = {
            int(one.attributes["band_id"]): float(one.text or 0) for one in elements if one.tag == "BOA_ADD_OFFSET"
        }
        strips = [
            start[1] for one in elements if (start := _STRIP.search(one.attributes.get("datastripIdentifier", "")))
        ]
        return ProductFile(
            level=found.get("PROCESSING_LEVEL", [""])[0],
            started=found["PRODUCT_START_TIME"][0][:19],
            baseline=float(found["PROCESSING_BASELINE"][0]),
            quantification=float(found["BOA_QUANTIFICATION_VALUE"][0]),
            offsets=offsets,
            nodata=special.get("NODATA", 0.0),
            saturated=special.get("SATURATED", 65535.0),
            images=tuple(found.get("IMAGE_FILE", [])),
            cloud_pct=float(clouds[0]) if clouds else None,
            strip=strips[0] if strips else "",
        )
    except (ValueError, KeyError) as reason:
        raise InputError(
            say("{file} does not tell how numbers become reflectance ({reason}).", file=short_name(path), reason=reason)
        ) from None
