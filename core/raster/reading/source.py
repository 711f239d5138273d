"""Inputs of a job: one band of a file each, by path, brought on the reference grid when it is opened."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from osgeo import gdal

from ...errors import GridError, InputError
from ...messages import Message, say
from ...progress import Progress
from ...quantities import ANY, Measure
from ..dataset import call_gdal, open_raster, short_name
from ..grid import Grid, transformation_between
from ..validity import all_of, everywhere, is_everywhere, settled
from .admission import Admission
from .stored import Linear, linear_of

Kind = Literal["classes", "continuous", "amount"]
# Outside of a warped class raster; no class code can be it.
NO_CLASS = -(2**31)
MUCH_FINER = 2.0


@dataclass(frozen=True)
class Source:
    """One band of a raster that a kernel reads.

    Attributes:
        name: the key under which kernels find it.
        path: file name or GDAL name.
        band: band number, from 1.
        kind: `classes` are never interpolated; `continuous` values honour scale and offset; so does an `amount` per
            pixel, whose total is kept when it comes on another grid.
        label: what the user calls it, for messages.
        minimum, maximum: valid range in the unit of the values; what lies outside counts as nodata.
        resampling: how the band comes on the reference grid; None where it lies there already.
        measure: what the values mean, and in which unit.
        year: None where there are no years.
        series: what the user calls all years together.
        admission: what the gate admits; None for what the plugin itself has made.
    """

    name: str
    path: str
    band: int = 1
    kind: Kind = "continuous"
    label: str = ""
    minimum: float | None = None
    maximum: float | None = None
    resampling: str | None = None
    measure: Measure = ANY
    year: int | None = None
    series: str = ""
    admission: Admission | None = None

    @property
    def quantity(self) -> str:
        """The id of what the values mean; `any` where only the user knows."""
        return self.measure.quantity

    @property
    def ratio(self) -> bool:
        """Whether only ratios of the values enter, so that their unit does not matter."""
        return self.measure.ratio

    @property
    def named(self) -> str:
        file = short_name(self.path)
        return Message("{label} ({file})", {"label": self.label, "file": file}) if self.label else file

    @property
    def limited(self) -> bool:
        return self.minimum is not None or self.maximum is not None


@dataclass
class BandReader:
    """Reads windows of one source: values, and where they are valid.

    Attributes:
        left_out: where the last window held fill codes that nobody had declared, by value.
    """

    source: Source
    dataset: gdal.Dataset
    band: gdal.Band
    signed_byte: bool
    nodata: float | None
    uses_mask: bool
    scale: float
    offset: float
    left_out: dict[float, np.ndarray] = field(default_factory=dict)
    _value_type: np.dtype = field(init=False)

    def __post_init__(self) -> None:
        self._value_type = self._type_of_values()

    def read(self, column: int, row: int, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
        """Values and their validity, both of shape (height, width). Invalid values hold 0.

        Raises:
            InputError: the file cannot be read there, a class raster holds a fraction, or a value is impossible.
        """
        where = f"Cannot read {self.source.named} at column {column}, row {row}"
        raw = call_gdal(where, InputError, self.band.ReadAsArray, column, row, width, height)
        if self.signed_byte:
            raw = raw.view(np.int8)
        valid = self._valid(raw)
        if self.uses_mask:
            mask_band = self.band.GetMaskBand()
            mask = call_gdal(where, InputError, mask_band.ReadAsArray, column, row, width, height)
            valid = all_of([valid, mask != 0])
        values = raw if self.source.kind == "classes" else self._scaled(raw)
        valid = settled(self._within_range(values, valid))
        if not is_everywhere(valid):
            np.copyto(values, 0, where=~valid)
        valid = self._admitted(values, valid)
        return (self._class_codes(values) if self.source.kind == "classes" else values), valid

    def release(self) -> None:
        """Drops the blocks that GDAL holds, so that its cache stays small; of all bands where they lie pixel by pixel.

        There a block of one band brings those of all others into the cache.
        """
        by_pixel = self.dataset.GetMetadataItem("INTERLEAVE", "IMAGE_STRUCTURE") == "PIXEL"
        (self.dataset if by_pixel else self.band).FlushCache()

    def _type_of_values(self) -> np.dtype:
        exact_in_float32 = (gdal.GDT_Byte, gdal.GDT_UInt16, gdal.GDT_Int16, gdal.GDT_Float32)
        small = self.band.DataType in exact_in_float32 and self.scale == 1 and self.offset == 0
        return np.dtype(np.float32 if small or self.signed_byte else np.float64)

    def _valid(self, raw: np.ndarray) -> np.ndarray:
        nodata = self._nodata_among(raw.dtype)
        if raw.dtype.kind == "f":
            return self._finite(raw, nodata)
        if nodata is None or raw.max() < nodata or raw.min() > nodata:
            return everywhere(raw.shape)
        return raw != nodata

    def _finite(self, raw: np.ndarray, nodata: np.generic | None) -> np.ndarray:
        lowest, highest = raw.min(), raw.max()  # both are NaN where any value is
        if np.isfinite(lowest) and np.isfinite(highest) and (nodata is None or not lowest <= nodata <= highest):
            return everywhere(raw.shape)
        valid = np.isfinite(raw)
        if nodata is not None:
            valid &= raw != nodata
        return valid

    def _nodata_among(self, dtype: np.dtype) -> np.generic | None:
        """The nodata value in the band's own type; None where no value of the type can equal it."""
        if self.nodata is None or np.isnan(self.nodata):
            return None
        if dtype.kind == "f":
            return dtype.type(self.nodata)
        return dtype.type(int(self.nodata)) if float(self.nodata).is_integer() and _fits(self.nodata, dtype) else None

    def _scaled(self, raw: np.ndarray) -> np.ndarray:
        values = raw.astype(self._value_type, copy=False)
        if self.scale != 1 or self.offset != 0:
            values = values * self.scale + self.offset
        return values

    def _class_codes(self, raw: np.ndarray) -> np.ndarray:
        if raw.dtype.kind != "f":
            return raw
        fractions = raw != np.floor(raw)  # what is not valid is 0
        if fractions.any():
            raise InputError(
                say(
                    "{named} should hold class codes, but it holds fractions such as {raw:.6g}. Choose the "
                    "classified raster, or round it with the raster calculator first.",
                    named=self.source.named,
                    raw=raw[fractions][0],
                )
            )
        return raw.astype(np.int64)

    def _admitted(self, values: np.ndarray, valid: np.ndarray) -> np.ndarray:
        admission = self.source.admission
        if admission is None:
            return valid
        self.left_out = admission.left_out(values, valid, self.source.named)
        for fill in self.left_out.values():
            valid = valid & ~fill
            values[fill] = 0
        return valid

    def _within_range(self, values: np.ndarray, valid: np.ndarray) -> np.ndarray:
        lowest, highest = self.source.minimum, self.source.maximum
        if lowest is not None and not values.min() >= lowest:
            valid = all_of([valid, values >= lowest])
        if highest is not None and not values.max() <= highest:
            valid = all_of([valid, values <= highest])
        return valid


def _fits(value: float, dtype: np.dtype) -> bool:
    limits = np.iinfo(dtype)
    return limits.min <= value <= limits.max


def describe_source(source: Source) -> tuple[gdal.Dataset, Grid]:
    """Opens a source and reads its grid, after checking its band number and kind.

    Raises:
        InputError: no such band, complex values, or a class raster of a float type with a scale.
        GridError: no CRS, no position, rotated.
    """
    dataset = open_raster(source.path, source.label)
    if not 1 <= source.band <= dataset.RasterCount:
        raise InputError(
            say(
                "{named} has {rastercount} band(s), band {band} was asked for. Choose another band.",
                named=source.named,
                rastercount=dataset.RasterCount,
                band=source.band,
            )
        )
    if gdal.DataTypeIsComplex(dataset.GetRasterBand(source.band).DataType):
        raise InputError(say("{named} holds complex numbers. Convert it to real numbers first.", named=source.named))
    return dataset, Grid.of_dataset(dataset, source.named)


def fit_to_grid(source: Source, grid: Grid, progress: Progress, align_classes: bool = False) -> Source:
    """Decides how a source comes on the reference grid, tells it, and returns the source with that decision.

    Continuous rasters on another grid are warped (bilinear; average when they are at least twice as fine), amounts by
    their sum. Class rasters on another grid are refused, unless `align_classes` allows the nearest neighbour.
    Rasters of the same pixels that begin or end elsewhere only lose or gain margins, whatever they hold.

    Raises:
        GridError: a class raster on another grid, or no overlap with the reference grid.
        InputError: the raster cannot be opened.
    """
    _, own = describe_source(source)
    difference = grid.difference(own)
    if difference is None:
        return source
    _require_overlap(source, own, grid)
    shifted = grid.north_up and grid.shifted_by_pixels(own)
    if source.kind == "classes" and not align_classes and not shifted:
        raise GridError(
            say(
                "{named} lies on another grid: {difference}. Classes are not resampled silently: bring it on "
                "the reference grid with the algorithm ecoassets:aligntogrid (Align to grid), or tick "
                "ALIGN_CLASSES.",
                named=source.named,
                difference=difference,
            )
        )
    if not grid.north_up:
        raise GridError(
            say(
                "{named} lies on another grid ({difference}) and the reference grid runs from south to "
                "north. Flip the reference with Raster > Projections > Warp and run again.",
                named=source.named,
                difference=difference,
            )
        )
    resampling = {"classes": "near", "amount": "sum"}.get(source.kind) or (
        "near" if shifted else _resampling(own, grid)
    )
    progress.info(
        say(
            "{named} is brought on the reference grid ({resampling}): {difference}.",
            named=source.named,
            resampling=resampling,
            difference=difference,
        )
    )
    return replace(source, resampling=resampling)


def footprint(own: Grid, grid: Grid) -> tuple[float, float, float, float] | None:
    """Bounds of `own` in the CRS of `grid`; None when they cannot be transformed."""
    with_densified_edges = 21
    transformation = transformation_between(own.spatial_reference(), grid.spatial_reference())
    try:
        bounds = transformation.TransformBounds(*own.bounds, with_densified_edges)
    except RuntimeError:
        return None
    return bounds if np.isfinite(bounds).all() else None


def _require_overlap(source: Source, own: Grid, grid: Grid) -> None:
    bounds = footprint(own, grid)
    if bounds is None:
        return
    left, bottom, right, top = grid.bounds
    if bounds[0] >= right or bounds[2] <= left or bounds[1] >= top or bounds[3] <= bottom:
        raise GridError(
            say(
                "{named} does not overlap the reference grid: in {crs_name} it covers x {bounds:.8g} to "
                "{bounds2:.8g}, y {bounds3:.8g} to {bounds4:.8g}; the reference covers x {left:.8g} to "
                "{right:.8g}, y {bottom:.8g} to {top:.8g}. Check that both rasters show the same region and "
                "have the right CRS.",
                named=source.named,
                crs_name=grid.crs_name,
                bounds=bounds[0],
                bounds2=bounds[2],
                bounds3=bounds[1],
                bounds4=bounds[3],
                left=left,
                right=right,
                bottom=bottom,
                top=top,
            )
        )


def _resampling(own: Grid, grid: Grid) -> str:
    """Average when the raster is at least `MUCH_FINER` times as fine as the grid, else bilinear."""
    bounds = footprint(own, grid)
    if bounds is None:
        return "bilinear"
    own_width = (bounds[2] - bounds[0]) / own.width
    return "average" if grid.pixel_width / own_width >= MUCH_FINER else "bilinear"


def open_source(source: Source, grid: Grid, threads: int, opened: dict[str, gdal.Dataset] | None = None) -> BandReader:
    """Opens a fitted source on the reference grid.

    Args:
        source: what is read.
        grid: the reference grid.
        threads: codec threads of GDAL.
        opened: files that the same thread has open, by path; bands of one file that lie pixel by pixel come from one
            decoded block then.

    Raises:
        InputError: the raster cannot be opened.
        GridError: it changed since it was fitted and no longer lies on the grid.
    """
    opened = {} if opened is None else opened
    dataset = opened.get(source.path) or open_raster(source.path, source.label, threads)
    opened[source.path] = dataset
    band = dataset.GetRasterBand(source.band)
    linear = linear_of(band) if source.kind != "classes" else Linear(1.0, 0.0)
    signed_byte = band.GetMetadataItem("PIXELTYPE", "IMAGE_STRUCTURE") == "SIGNEDBYTE"
    read_dataset, read_band, nodata = dataset, band, band.GetNoDataValue()
    flags = band.GetMaskFlags()
    uses_mask = bool(flags & (gdal.GMF_PER_DATASET | gdal.GMF_ALPHA))
    if source.resampling is not None:
        read_dataset = _warped(source, dataset, grid, signed_byte)
        read_band, signed_byte, uses_mask = read_dataset.GetRasterBand(1), False, False
        nodata = read_band.GetNoDataValue()
    elif (dataset.RasterXSize, dataset.RasterYSize) != (grid.width, grid.height):
        raise GridError(
            say("{named} has changed its size while the run was being prepared. Run again.", named=source.named)
        )
    return BandReader(
        source=source,
        dataset=read_dataset,
        band=read_band,
        signed_byte=signed_byte,
        nodata=nodata,
        uses_mask=uses_mask,
        scale=linear.scale,
        offset=linear.offset,
    )


def _warped(source: Source, dataset: gdal.Dataset, grid: Grid, signed_byte: bool) -> gdal.Dataset:
    """The band as a virtual raster on the reference grid.

    The transformer is exact (no error threshold) and the resampling factor is fixed, so that a pixel does not depend on
    the window that asks for it.
    """
    classes = source.kind == "classes"
    what = f"Cannot bring {source.named} on the reference grid"
    options = {"format": "VRT", "bandList": [source.band], "maskBand": _alpha_band(dataset)}
    band_only = call_gdal(what, GridError, gdal.Translate, "", dataset, **options)
    if signed_byte:
        band_only = _signed(band_only, what)
    nodata = dataset.GetRasterBand(source.band).GetNoDataValue()
    return call_gdal(
        what,
        GridError,
        gdal.Warp,
        "",
        band_only,
        format="VRT",
        dstSRS=grid.crs,
        srcNodata=nodata,
        outputBounds=grid.bounds,
        width=grid.width,
        height=grid.height,
        resampleAlg=source.resampling,
        errorThreshold=0,
        warpOptions=scale_options(Grid.of_dataset(dataset, source.named), grid),
        outputType=gdal.GDT_Int32 if classes else gdal.GDT_Float64,
        dstNodata=NO_CLASS if classes else float("nan"),
    )


def scale_options(own: Grid, grid: Grid) -> list[str]:
    """Pixels of the grid per pixel of the raster, as options of the warper, which else takes them from each window."""
    bounds = footprint(own, grid)
    if bounds is None:
        return []
    across = (bounds[2] - bounds[0]) / own.width / grid.pixel_width
    down = (bounds[3] - bounds[1]) / own.height / grid.pixel_height
    return [f"XSCALE={across:.17g}", f"YSCALE={down:.17g}"]


def _alpha_band(dataset: gdal.Dataset) -> int | None:
    """The number of the band that says where the others are valid."""
    numbers = range(1, dataset.RasterCount + 1)
    alpha = (n for n in numbers if dataset.GetRasterBand(n).GetColorInterpretation() == gdal.GCI_AlphaBand)
    return next(alpha, None)


def _signed(unsigned: gdal.Dataset, what: str) -> gdal.Dataset:
    """A virtual raster of bytes as 16-bit numbers from -128 to 127: GDAL before 3.7 takes signed bytes for unsigned."""
    written = unsigned.GetMetadata("xml:VRT")[0]
    table = "<LUT>0:0,127:127,128:-128,255:-1</LUT></ComplexSource>"
    widened = written.replace('dataType="Byte"', 'dataType="Int16"', 1).replace("SimpleSource", "ComplexSource")
    return call_gdal(what, GridError, gdal.Open, widened.replace("</ComplexSource>", table, 1))
