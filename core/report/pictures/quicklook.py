"""Quick-look pictures of raster bands: read small through GDAL, coloured, encoded as PNG."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal, osr

from ...errors import InputError
from ...messages import say
from ...raster.writing.waiting import placed
from ..maps import ClassColour, Classes, MapPicture, PathLike, Ramp
from ..texts import load_palettes, ramp_colour, rgb

MAX_LEGEND = 36  # classes that a reader can still look up; the smaller ones become "other"
PERCENTILES = (2, 98)
RAMP_STEPS = 49  # colours of a ramp: the eye takes it for even, and a picture takes half the bytes of 254
_EARTH_RADIUS = 6371008.8  # m, mean radius: exact enough for the shape and scale bar of a picture


@dataclass(frozen=True)
class Sample:
    """A raster band read at the resolution of a picture.

    Args:
        values: rows x columns, north up, float64, NaN where there is nothing.
        width_m: width on the ground, None when the CRS is not known.
        aspect: width over height on the ground.
        north_up: whether up is (grid) north.
    """

    values: NDArray[np.float64]
    width_m: float | None
    aspect: float
    north_up: bool


@dataclass(frozen=True)
class QuickLook:
    """A picture of a raster band.

    Args:
        png: the encoded picture, transparent where there is no value.
        size: width and height in pixels.
        width_m: width on the ground, None when the CRS is not known.
        aspect: width over height on the ground; show the picture in this shape.
        north_up: whether up is (grid) north.
        low: value of the first colour of a ramp; None for classes and where no value is valid.
        high: value of the last colour of a ramp, likewise.
        classes: the classes to list in the legend, for a class raster.
        others: whether there are pixels of classes that the legend does not list.
    """

    png: bytes
    size: tuple[int, int]
    width_m: float | None
    aspect: float
    north_up: bool
    low: float | None = None
    high: float | None = None
    classes: tuple[ClassColour, ...] = ()
    others: bool = False


def quick_looks(pictures: Sequence[MapPicture], legend: Ramp | Classes, max_size: int = 700) -> list[QuickLook]:
    """Pictures raster bands with one legend, so that the same colour means the same in all of them.

    Continuous bands are averaged down, class bands take the nearest pixel; overviews are used where there are.
    Without limits a ramp runs from the 2nd to the 98th percentile of all pixels shown.

    Args:
        pictures: files and bands.
        legend: colours.
        max_size: longer side of a picture in pixels.

    Raises:
        InputError: a file or band cannot be read.
    """
    is_classes = isinstance(legend, Classes)
    samples = [_recoded(read_sample(p.path, p.band, is_classes, max_size), p.recoded) for p in pictures]
    if isinstance(legend, Classes):
        return _paint_classes(samples, legend)
    return _paint_ramp(samples, [_greyed(picture, max_size) for picture in pictures], legend)


def _greyed(picture: MapPicture, max_size: int) -> NDArray[np.bool_] | None:
    if picture.greyed is None:
        return None
    found: NDArray[np.bool_] = read_sample(picture.greyed, picture.band, True, max_size).values == 1
    return found


def read_sample(path: PathLike, band: int, nearest: bool, max_size: int) -> Sample:
    """Reads a band no larger than a picture, without changing GDAL's process-wide settings.

    Raises:
        InputError: the file or band cannot be read.
    """
    # The host decides whether GDAL raises exceptions, so both ways of failing are met here.
    try:
        dataset = gdal.OpenEx(placed(str(path)), gdal.OF_RASTER)
        source = dataset.GetRasterBand(band) if dataset is not None and band <= dataset.RasterCount else None
        if source is None:
            raise InputError(
                say(
                    "Band {band} of {path} cannot be read for the report. Check that file and band exist.",
                    band=band,
                    path=path,
                )
            )
        ground_width, ground_height, known = _ground_size(dataset)
        scale = max_size / max(ground_width, ground_height)
        values = source.ReadAsArray(
            buf_xsize=max(1, min(dataset.RasterXSize, round(ground_width * scale))),
            buf_ysize=max(1, min(dataset.RasterYSize, round(ground_height * scale))),
            buf_type=gdal.GDT_Float64,
            resample_alg=gdal.GRIORA_NearestNeighbour if nearest else gdal.GRIORA_Average,
        )
    except RuntimeError as error:
        raise InputError(
            say("Band {band} of {path} cannot be read for the report: {error}.", band=band, path=path, error=error)
        ) from error
    if values is None:
        raise InputError(
            say("Band {band} of {path} cannot be read for the report. The file may be damaged.", band=band, path=path)
        )

    values = _without_nodata(source, values)
    if not nearest:
        scale, offset = source.GetScale(), source.GetOffset()
        values = values * (1 if scale is None else scale) + (0 if offset is None else offset)
    _, dx, row_shear, _, column_shear, dy = dataset.GetGeoTransform()
    if dy > 0:  # a file stored south up
        values = values[::-1]
    return Sample(
        values=values,
        width_m=ground_width if known else None,
        aspect=ground_width / ground_height,
        north_up=row_shear == column_shear == 0 and dx > 0,
    )


def _recoded(sample: Sample, codes: Sequence[tuple[int, int]]) -> Sample:
    if not codes:
        return sample
    values = sample.values.copy()
    for code, shown in codes:
        values[sample.values == code] = shown
    return replace(sample, values=values)


def _without_nodata(band: gdal.Band, values: NDArray[np.float64]) -> NDArray[np.float64]:
    nodata = band.GetNoDataValue()
    if nodata is not None and not math.isnan(nodata):
        # Relative, because a float32 nodata such as -3.4e38 is rarely exact as a float64.
        values[np.abs(values - nodata) <= 1e-7 * abs(nodata)] = np.nan
    elif band.GetMaskFlags() & (gdal.GMF_PER_DATASET | gdal.GMF_ALPHA):
        rows, columns = values.shape
        values[band.GetMaskBand().ReadAsArray(buf_xsize=columns, buf_ysize=rows) == 0] = np.nan
    values[~np.isfinite(values)] = np.nan
    return values


def _ground_size(dataset: gdal.Dataset) -> tuple[float, float, bool]:
    """Width and height in metres, and whether the CRS says so; otherwise in units of the file."""
    transform = dataset.GetGeoTransform()
    width = math.hypot(transform[1], transform[4]) * dataset.RasterXSize
    height = math.hypot(transform[2], transform[5]) * dataset.RasterYSize
    wkt = dataset.GetProjection()
    if not wkt:
        return width, height, False
    crs = osr.SpatialReference(wkt=wkt)
    if crs.IsGeographic():
        radians = crs.GetAngularUnits()
        middle = (transform[3] + transform[5] * dataset.RasterYSize / 2) * radians
        shrink = max(math.cos(middle), 0.02)  # a strip at the pole still has a width
        return (
            width * radians * _EARTH_RADIUS * shrink,
            height * radians * _EARTH_RADIUS,
            True,
        )
    return width * crs.GetLinearUnits(), height * crs.GetLinearUnits(), True


def _paint_ramp(samples: Sequence[Sample], greyed: Sequence[NDArray[np.bool_] | None], ramp: Ramp) -> list[QuickLook]:
    low, high = _limits(samples, greyed, ramp)
    stops = getattr(load_palettes(), ramp.palette)
    steps = RAMP_STEPS
    palette = [(0, 0, 0)] + [rgb(ramp_colour(stops, step / (steps - 1))) for step in range(steps)]
    palette.append(rgb(load_palettes().greyed))
    looks = []
    for sample, grey in zip(samples, greyed):
        indices = np.zeros(sample.values.shape, np.uint8)
        if low is not None and high is not None:
            valid = np.isfinite(sample.values)
            position = (sample.values[valid] - low) / ((high - low) or 1)
            indices[valid] = 1 + np.rint(np.clip(position, 0, 1) * (steps - 1)).astype(np.uint8)
            if grey is not None:
                indices[valid & grey] = steps + 1
        looks.append(_look(sample, indices, palette, low=low, high=high))
    return looks


def _limits(
    samples: Sequence[Sample], greyed: Sequence[NDArray[np.bool_] | None], ramp: Ramp
) -> tuple[float | None, float | None]:
    known = [np.isfinite(sample.values) for sample in samples]
    coloured = [there if grey is None else there & ~grey for there, grey in zip(known, greyed)]
    shown = coloured if any(each.any() for each in coloured) else known
    values = np.concatenate([sample.values[each] for sample, each in zip(samples, shown)])
    if values.size == 0:
        return ramp.low, ramp.high
    low, high = (float(v) for v in np.percentile(values, PERCENTILES))
    if ramp.palette == "diverging":
        high = max(abs(low), abs(high))
        low = -high
    return (low if ramp.low is None else ramp.low), (high if ramp.high is None else ramp.high)


def class_pixels(samples: Sequence[Sample]) -> dict[int, int]:
    """How many pixels of pictures hold each class code."""
    pixels: dict[int, int] = {}
    for sample in samples:
        codes, counts = np.unique(sample.values[np.isfinite(sample.values)], return_counts=True)
        for code, count in zip(codes.tolist(), counts.tolist()):
            pixels[int(code)] = pixels.get(int(code), 0) + count
    return pixels


def _paint_classes(samples: Sequence[Sample], legend: Classes) -> list[QuickLook]:
    pixels = class_pixels(samples)
    occurring = [item for item in legend.items if item.code in pixels]
    largest = {item.code for item in sorted(occurring, key=lambda item: -pixels[item.code])[:MAX_LEGEND]}
    listed = tuple(item for item in occurring if item.code in largest)

    palette = [(0, 0, 0)] + [rgb(item.colour) for item in listed] + [rgb(load_palettes().other)]
    looks = []
    for sample in samples:
        indices = np.where(np.isfinite(sample.values), len(listed) + 1, 0).astype(np.uint8)
        for index, item in enumerate(listed, start=1):
            indices[sample.values == item.code] = index
        looks.append(_look(sample, indices, palette, classes=listed, others=set(pixels) != largest))
    return looks


def _look(
    sample: Sample,
    indices: NDArray[np.uint8],
    palette: Sequence[tuple[int, int, int]],
    **legend: Any,
) -> QuickLook:
    rows, columns = indices.shape
    return QuickLook(
        png=encode_png(indices, palette),
        size=(columns, rows),
        width_m=sample.width_m,
        aspect=sample.aspect,
        north_up=sample.north_up,
        **legend,
    )


def encode_png(indices: NDArray[np.uint8], palette: Sequence[tuple[int, int, int]]) -> bytes:
    """Encodes an indexed picture (rows x columns) whose colour 0 is transparent. Source: W3C PNG, 2nd edition."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows, columns = indices.shape
    lines = np.zeros((rows, columns + 1), np.uint8)  # each line starts with filter type 0
    lines[:, 1:] = indices
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)),
            chunk(b"PLTE", bytes(channel for colour in palette for channel in colour)),
            chunk(b"tRNS", b"\x00"),
            chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
            chunk(b"IEND", b""),
        )
    )
