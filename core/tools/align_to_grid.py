"""Align to grid: brings rasters, with all that they tell about themselves, on the grid of a reference raster."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from osgeo import gdal

from ..errors import InputError
from ..messages import say
from ..progress import QUIET, Progress
from ..raster.classes import count_codes
from ..raster.dataset import open_raster, short_name, stem_of
from ..raster.engine import run_job
from ..raster.files import workspace
from ..raster.grid import Grid
from ..raster.output import FLOAT_NODATA, GDAL_TYPES, Band, ClassColour, Output
from ..raster.reading.source import Kind, Source, describe_source
from ..raster.settings import RasterSettings
from ..raster.study import StudyArea, open_study_area
from ..raster.work import Block, Result
from ..raster.writing.names import first_of
from ..results import Column, ResultTable, texts

ALIGNED_COLUMNS = (Column("raster", "text"), Column("band", "integer"), *texts("property", "before", "after"))
# Types whose values float32 holds exactly
_SHORT = (gdal.GDT_Byte, gdal.GDT_Int16, gdal.GDT_UInt16, gdal.GDT_Float32)
_CLASS_TYPES = {gdal.GDT_Byte: "uint8", gdal.GDT_Int16: "int16", gdal.GDT_UInt16: "uint16"}


@dataclass(frozen=True)
class AlignResult:
    """Aligned rasters, in the order of the inputs, and a row for everything that was changed."""

    paths: tuple[str, ...]
    table: ResultTable


@dataclass(frozen=True)
class _Raster:
    """One input: its fitted bands, what its bands tell, and the output that is made of it."""

    sources: tuple[Source, ...]
    bands: tuple[gdal.Band, ...]
    dataset: gdal.Dataset
    grid: Grid
    output: Output


def run_align_to_grid(
    rasters: Sequence[str],
    reference: str,
    kind: Kind,
    folder: str,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> AlignResult:
    """Writes every raster, all its bands, on the grid of a reference raster, as `<name>_aligned.tif`.

    Continuous values are interpolated (bilinear; averaged when at least twice as fine) after scale and offset were
    applied; classes take the nearest pixel and keep their type, colours and names. Band descriptions, units and nodata
    values are kept where the output's type can hold them. Either all rasters are written or none.

    Args:
        rasters: what is aligned.
        reference: the raster whose grid is taken.
        kind: whether the rasters hold `continuous` values or `classes`.
        folder: where the aligned rasters go; an input is never overwritten.
        settings: outside of the boundary, if there is one, the outputs hold nodata.
        progress: told what was done to which raster.

    Raises:
        InputError: no raster is given, or one cannot be read.
        GridError: a raster has no CRS, is rotated, or does not overlap the reference.
        OutputError: the folder cannot be written.
        Cancelled: the user stopped.
    """
    if not rasters:
        raise InputError(say("No raster was given to be aligned. Choose at least one."))
    settings = replace(settings or RasterSettings(), align_classes=kind == "classes")
    paths = _output_paths(rasters, reference, folder)
    with workspace() as scratch:
        area = open_study_area(Source("reference", reference, label="Reference"), settings, scratch, progress)
        fitted = [_fit(number, path, kind, area, progress) for number, path in enumerate(rasters)]
        counts = _codes(fitted, kind, area, progress.part(0, 20))
        made = [_with_output(sources, path, kind, counts) for sources, path in zip(fitted, paths)]
        sources = [source for raster in made for source in raster.sources]
        kernel = _CopyKernel(
            {raster.output.name: tuple(s.name for s in raster.sources) for raster in made},
            {raster.output.name: raster.output.nodata for raster in made},
        )
        job = area.job(kernel, sources, [raster.output for raster in made], gate_any=True)
        found = run_job(job, progress.part(20 if counts else 0, 100))
        for source in sources:
            if found.coverage[source.name].pixels == 0:
                progress.warn(
                    say(
                        "{named}, band {band}, has no valid pixel on the reference grid.",
                        named=source.named,
                        band=source.band,
                    )
                )
    rows = [row for raster in made for row in _changes(raster, area.grid, kind)]
    return AlignResult(tuple(paths), ResultTable(ALIGNED_COLUMNS, tuple(rows)))


@dataclass(frozen=True)
class _CopyKernel:
    """Stacks the bands of every output as they were read."""

    bands: Mapping[str, tuple[str, ...]]
    nodata: Mapping[str, float]

    def __call__(self, block: Block) -> Result:
        rasters = {}
        for output, names in self.bands.items():
            values = np.stack([block.values[name] for name in names])
            valid = np.stack([block.valid[name] for name in names])
            if values.dtype.kind == "f":
                values = beside_nodata(values, valid, self.nodata[output])
            rasters[output] = values, valid
        return Result(rasters)


def beside_nodata(values: np.ndarray, valid: np.ndarray, nodata: float) -> np.ndarray:
    """Moves valid values that interpolation made equal to the nodata value to the next number of their type."""
    marker = values.dtype.type(nodata)
    hit = valid & (values == marker)
    return np.where(hit, np.nextafter(marker, values.dtype.type(np.inf)), values) if hit.any() else values


def _output_paths(rasters: Sequence[str], reference: str, folder: str) -> list[str]:
    """A name per raster that is neither an input nor the name of another output."""
    taken = [*rasters, reference]
    paths = []
    for raster in rasters:
        stem = re.sub(r"[^\w.-]+", "_", stem_of(raster)).strip("_")
        number, path = 1, os.path.join(folder, f"{stem}_aligned.tif")
        while first_of(path, taken) is not None:
            number += 1
            path = os.path.join(folder, f"{stem}_aligned_{number}.tif")
        taken.append(path)
        paths.append(path)
    return paths


def _fit(number: int, path: str, kind: Kind, area: StudyArea, progress: Progress) -> tuple[Source, ...]:
    """All bands of a raster; an alpha band is no band of its own, it says where the others are valid."""
    dataset = open_raster(path)
    data = [i for i in range(1, dataset.RasterCount + 1) if not _is_alpha(dataset.GetRasterBand(i))]
    if not data:
        raise InputError(say("{path} holds nothing but an alpha band. Choose another raster.", path=short_name(path)))
    if any(gdal.DataTypeIsComplex(dataset.GetRasterBand(band).DataType) for band in data):
        raise InputError(
            say("{named} holds complex numbers. Convert it to real numbers first.", named=short_name(path))
        )
    sources = [Source(f"{number}:{band}", path, band, kind) for band in data]
    first = area.fit(sources[0], progress)
    return tuple(replace(source, resampling=first.resampling) for source in sources)


def _is_alpha(band: gdal.Band) -> bool:
    return band.GetColorInterpretation() == gdal.GCI_AlphaBand


def _codes(
    fitted: Sequence[tuple[Source, ...]], kind: Kind, area: StudyArea, progress: Progress
) -> dict[str, dict[int, int]]:
    """The class codes that occur on the reference grid, by source; none for continuous values."""
    if kind != "classes":
        return {}
    return count_codes([source for sources in fitted for source in sources], area.grid, area.boundary, progress)


def _with_output(
    sources: tuple[Source, ...], path: str, kind: Kind, counts: Mapping[str, Mapping[int, int]]
) -> _Raster:
    dataset, own = describe_source(sources[0])
    bands = tuple(dataset.GetRasterBand(source.band) for source in sources)
    if kind == "classes":
        codes = sorted({code for source in sources for code in counts[source.name]})
        dtype = _class_type(bands, codes)
        nodata: float = _class_nodata(bands, dtype, codes)
        classes = _classes(bands[0], codes)
    else:
        dtype = "float32" if all(band.DataType in _SHORT for band in bands) else "float64"
        nodata, classes = _continuous_nodata(bands, dtype), ()
    names = tuple(Band(band.GetDescription(), band.GetUnitType()) for band in bands)
    metadata = {"ECOASSETS_METHOD": "aligntogrid", "ECOASSETS_SOURCE": short_name(sources[0].path)}
    name = sources[0].name.partition(":")[0]
    return _Raster(sources, bands, dataset, own, Output(name, path, names, dtype, nodata, classes, metadata))


def _class_type(bands: Sequence[gdal.Band], codes: Sequence[int]) -> str:
    """The type of the raster; int32 where the writer has no such type (signed bytes become int16)."""
    if all(map(_is_signed_byte, bands)):
        return "int16"
    types = {band.DataType for band in bands}
    dtype = _CLASS_TYPES.get(types.pop(), "int32") if len(types) == 1 else "int32"
    if dtype == "uint8" and len(codes) == 256 and bands[0].GetNoDataValue() is None:
        return "int16"  # no code is left over for nodata
    return dtype


def _is_signed_byte(band: gdal.Band) -> bool:
    old_style = band.GetMetadataItem("PIXELTYPE", "IMAGE_STRUCTURE") == "SIGNEDBYTE"
    return old_style or gdal.GetDataTypeName(band.DataType) == "Int8"


def _class_nodata(bands: Sequence[gdal.Band], dtype: str, codes: Sequence[int]) -> int:
    """The declared value where it is free, else the first end of the type's range that no class uses."""
    limits = np.iinfo(dtype)
    declared = [nodata for nodata in map(gdal.Band.GetNoDataValue, bands) if nodata is not None]
    ends = (limits.min, limits.max) if limits.min < 0 else (limits.max, limits.min)
    candidates = [*declared, *ends, *range(limits.max, limits.min, -1)]
    taken = set(codes)
    return next(
        int(value)
        for value in candidates
        if float(value).is_integer() and limits.min <= value <= limits.max and value not in taken
    )


def _continuous_nodata(bands: Sequence[gdal.Band], dtype: str) -> float:
    """The declared value where the type holds it exactly and no scale moves the values, else -9999."""
    nodata = bands[0].GetNoDataValue()
    if nodata is None or any(_scaling(band) != (1.0, 0.0) for band in bands):
        return FLOAT_NODATA
    with np.errstate(over="ignore"):
        held = float(np.dtype(dtype).type(nodata))
    return nodata if held == nodata or np.isnan(nodata) else FLOAT_NODATA


def _scaling(band: gdal.Band) -> tuple[float, float]:
    scale, offset = band.GetScale(), band.GetOffset()
    return 1.0 if scale is None else scale, 0.0 if offset is None else offset


def _classes(band: gdal.Band, codes: Sequence[int]) -> tuple[ClassColour, ...]:
    """Colours and names of the codes that occur; none where the raster has neither."""
    table = band.GetRasterColorTable()  # asked first: GDAL 3.6 reads the side file, which has the names, on its way
    names = band.GetCategoryNames() or []
    if table is None and not names:
        return ()
    found = []
    for code in codes:
        name = names[code] if 0 <= code < len(names) else ""
        colour = ""
        if table is not None and 0 <= code < table.GetCount():
            colour = "#{:02x}{:02x}{:02x}".format(*table.GetColorEntry(code)[:3])
        found.append(ClassColour(code, name, colour))
    return tuple(found)


def _changes(raster: _Raster, grid: Grid, kind: Kind) -> list[tuple[str, int | None, str, str, str]]:
    """A row for each property that differs between a raster and its aligned copy."""
    name = short_name(raster.sources[0].path)
    resampling = raster.sources[0].resampling
    rows: list[tuple[int | None, str, str, str]] = [
        *((None, *row) for row in _grid_changes(raster.grid, grid)),
        (None, "resampling", "", resampling or "none: the raster lay on the grid, its values were copied"),
    ]
    for source, band in zip(raster.sources, raster.bands):
        rows += [(source.band, *row) for row in _band_changes(band, raster.output, kind)]
    for number in range(1, raster.dataset.RasterCount + 1):
        if _is_alpha(raster.dataset.GetRasterBand(number)):
            rows.append((number, "alpha band", "transparency", "nodata in the other bands"))
    return [(name, *row) for row in rows]


def _grid_changes(own: Grid, grid: Grid) -> list[tuple[str, str, str]]:
    if grid.difference(own) is None:
        return []
    told = [
        ("crs", lambda g: g.crs_name),
        ("pixel size", lambda g: f"{g.transform[1]:.10g} x {g.transform[5]:.10g}"),
        ("origin", lambda g: f"{g.transform[0]:.10g}, {g.transform[3]:.10g}"),
        ("size", lambda g: f"{g.width} x {g.height}"),
    ]
    return [(name, tell(own), tell(grid)) for name, tell in told if tell(own) != tell(grid)]


def _band_changes(band: gdal.Band, output: Output, kind: Kind) -> list[tuple[str, str, str]]:
    before = "Int8" if _is_signed_byte(band) else gdal.GetDataTypeName(band.DataType)
    nodata = band.GetNoDataValue()
    scale, offset = _scaling(band)
    applied = "applied to the values" if kind == "continuous" else "left out: classes have no scale"
    told = [
        ("type", before, gdal.GetDataTypeName(GDAL_TYPES[output.dtype])),
        ("nodata", "none" if nodata is None else f"{nodata:.17g}", f"{output.nodata:.17g}"),
        ("scale", f"{scale:.10g}", "1" if scale == 1 else applied),
        ("offset", f"{offset:.10g}", "0" if offset == 0 else applied),
    ]
    return [row for row in told if row[1] != row[2]]
