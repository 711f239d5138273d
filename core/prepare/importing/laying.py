"""Lays reduced periods on the grid of the study: each is warped once, by its kind, and described as it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...column_words import choice
from ...land_cover import load_scheme
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import ANY, Measure
from ...raster.dataset import open_raster
from ...raster.engine import run_job
from ...raster.grid import Grid
from ...raster.output import Band, ClassColour, Output
from ...raster.reading.legend import read_legend
from ...raster.reading.source import MUCH_FINER, Kind, Source, footprint
from ...raster.study import StudyArea
from ...raster.work import Block, JobResult, Result
from ..catalogue.product import Product
from .native import Counts, Native, Rule
from .rules import conversion
from .steps import Period

AUTO = "auto"
RESAMPLING = (AUTO, "nearest", "bilinear", "average", "mode", "sum")
_GDAL_NAMES = {"nearest": "near"}
_HA_PER_KM2 = 100.0
_DAYS = "days "
_BYTE_NODATA = 255


@dataclass(frozen=True)
class Laying:
    """What is laid on the grid of the study, and how.

    Attributes:
        product: of which it is.
        rule: how numbers were read.
        periods: the bands of the reduced rasters.
        counts: what became of their numbers.
        by_month: whether the bands are months.
        native_unit: whether numbers stay in the unit of the product.
        resampling: one of `RESAMPLING`.
        raster, days: paths; "" makes none of valid days.
    """

    product: Product
    rule: Rule
    periods: Sequence[Period]
    counts: Sequence[Counts]
    by_month: bool
    native_unit: bool
    resampling: str
    raster: str
    days: str

    @property
    def bands(self) -> dict[str, tuple[int, ...]]:
        """Names of the bands and the positions of the periods that each is made of.

        Months of several years become the months of their mean.
        """
        if not self.by_month or len({period.year for period in self.periods}) == 1:
            return {period.label: (number,) for number, period in enumerate(self.periods)}
        months: dict[str, tuple[int, ...]] = {}
        for number, period in enumerate(self.periods):
            month = period.label[-2:]
            months[month] = (*months.get(month, ()), number)
        return dict(sorted(months.items()))

    @property
    def unit(self) -> str:
        layer = self.rule.layer
        if layer.is_classes:
            return ""
        if self.native_unit or layer.quantity == "any":
            return layer.unit
        return layer.meant.unit.removesuffix("/a") if self.by_month else layer.meant.unit

    @property
    def density(self) -> bool:
        """Whether counts per pixel become counts per km2."""
        return self.rule.layer.kind == "count" and not self.native_unit

    @property
    def measure(self) -> Measure:
        """What the gate holds the numbers against: nothing where they are counts, parts of a year or in other units."""
        layer = self.rule.layer
        if self.by_month and layer.quantity == "precipitation":
            return Measure("precipitation_month")
        if self.native_unit or layer.kind == "count" or (self.by_month and self.rule.annual == "sum"):
            return ANY
        return Measure(layer.quantity)


def lay_on_grid(laying: Laying, natives: Sequence[Native], area: StudyArea, progress: Progress) -> JobResult:
    """Warps and writes.

    Raises:
        InputError: the gate refuses the numbers, or not a single one lies within the study area.
        OutputError: a raster cannot be written.
        Cancelled: the user stopped; nothing is left behind.
    """
    names = [[f"{number}:{group}" for group in range(len(natives))] for number in range(len(laying.periods))]
    sources = [
        _source(names[number][group], native, number, period, laying)
        for number, period in enumerate(laying.periods)
        for group, native in enumerate(natives)
    ]
    fitted = _fitted(_that_overlap(sources, natives, area.grid), laying, area, progress)
    there = {source.name for source in fitted}
    if laying.days:
        fitted += [_days_source(source, natives) for source in fitted]
    made = [_class_raster(laying) if laying.rule.layer.is_classes else _values_raster(laying)]
    if laying.days:
        made.append(_days_raster(laying))
    kernel = _LayKernel(
        tuple(
            tuple(tuple(name for name in names[number] if name in there) for number in numbers)
            for numbers in laying.bands.values()
        ),
        bool(laying.days),
        laying.density,
    )
    return run_job(area.job(kernel, fitted, made, gate_any=True), progress)


def _source(name: str, native: Native, number: int, period: Period, laying: Laying) -> Source:
    layer = laying.rule.layer
    kind: Kind = "classes" if layer.is_classes else "amount" if layer.kind == "count" else "continuous"
    label = f"{laying.product.id} {layer.id} {period.label}".strip()
    return Source(name, native.path, number + 1, kind, label, measure=laying.measure)


def _that_overlap(sources: Sequence[Source], natives: Sequence[Native], grid: Grid) -> list[Source]:
    """Rasters that lie over the study: margins of neighbouring zones may not."""
    over = set()
    for native in natives:
        bounds = footprint(native.grid, grid)
        left, bottom, right, top = grid.bounds
        if bounds is None or (bounds[0] < right and bounds[2] > left and bounds[1] < top and bounds[3] > bottom):
            over.add(native.path)
    return [source for source in sources if source.path in over]


def _days_source(source: Source, natives: Sequence[Native]) -> Source:
    path = next(native.days for native in natives if native.path == source.path)
    resampling = None if source.resampling is None else "near"
    return replace(
        source, name=_DAYS + source.name, path=path, kind="classes", measure=ANY, resampling=resampling, admission=None
    )


def _fitted(sources: Sequence[Source], laying: Laying, area: StudyArea, progress: Progress) -> list[Source]:
    """Sources on the grid of the study, each warped once by its kind or as the user wants."""
    aligned = replace(area, settings=replace(area.settings, align_classes=True))
    fitted = list(aligned.fit_all(sources, QUIET))
    wanted = _GDAL_NAMES.get(laying.resampling, laying.resampling)
    if laying.density and wanted not in (AUTO, "sum"):
        progress.warn(
            say(
                "Counts are brought on the grid by {how}: their total changes.",
                how=choice("RESAMPLING", laying.resampling),
            )
        )
    fitted = [source if source.resampling is None else _resampled(source, wanted, area.grid) for source in fitted]
    for path, source in {source.path: source for source in fitted}.items():
        own = Grid.of_dataset(open_raster(path))
        ids = {gdal: one for one, gdal in _GDAL_NAMES.items()}
        resampled = source.resampling and choice("RESAMPLING", ids.get(source.resampling, source.resampling))
        how = resampled or say("as it lies")
        progress.info(say("From {crs} to the grid of the study: {how}.", crs=own.crs_name, how=how))
    return fitted


def _resampled(source: Source, wanted: str, grid: Grid) -> Source:
    """A source with the resampling that the user wants, or that its kind asks for."""
    if wanted != AUTO:
        return replace(source, resampling=wanted)
    return replace(source, resampling="mode") if _coarser_classes(source, grid) else source


def _coarser_classes(source: Source, grid: Grid) -> bool:
    """Whether a grid is at least twice as coarse as that of a class raster, so that most of its classes count."""
    if source.kind != "classes":
        return False
    own = Grid.of_dataset(open_raster(source.path))
    bounds = footprint(own, grid)
    return bounds is not None and grid.pixel_width / ((bounds[2] - bounds[0]) / own.width) >= MUCH_FINER


def _metadata(laying: Laying) -> dict[str, str]:
    """Provenance: what was done, and the files of each band."""
    found = {
        "ECOASSETS_METHOD": "importproduct",
        "ECOASSETS_PRODUCT": laying.product.id,
        "ECOASSETS_LAYER": laying.rule.layer.id,
        "ECOASSETS_CONVERSION": conversion(laying.rule),
        "ECOASSETS_QUALITY": laying.rule.quality if laying.rule.layer.quality else "",
    }
    for label, numbers in laying.bands.items():
        names = sorted({step.file.name for number in numbers for step in laying.periods[number].steps})
        found[f"ECOASSETS_FILES_{label or 'ALL'}"] = "; ".join(names)
    return {key: text for key, text in found.items() if text}


def _described(laying: Laying, unit: str) -> tuple[Band, ...]:
    return tuple(Band(label or laying.rule.layer.id, unit) for label in laying.bands)


def _values_raster(laying: Laying) -> Output:
    return Output("raster", laying.raster, _described(laying, laying.unit), metadata=_metadata(laying))


def _class_raster(laying: Laying) -> Output:
    codes = sorted({code for counted in laying.counts for code in counted.codes})
    dtype, nodata = ("int32", -1)
    if not codes or (codes[0] >= 0 and codes[-1] < _BYTE_NODATA):
        dtype, nodata = "uint8", _BYTE_NODATA
    legend = _legend(codes, laying)
    return Output("raster", laying.raster, _described(laying, ""), dtype, nodata, legend, _metadata(laying))


def _legend(codes: Sequence[int], laying: Laying) -> tuple[ClassColour, ...]:
    """Names and colours of the codes that occur: the scheme's names, the file's colours where it has any."""
    own: Mapping[int, ClassColour] = read_legend(laying.periods[0].steps[0].layer.path)
    scheme = laying.rule.layer.scheme
    known = load_scheme(scheme).classes if scheme else {}
    legend = []
    for code in codes:
        name = known[code].name if code in known else own[code].name if code in own else ""
        colour = own[code].colour if code in own else ""
        legend.append(ClassColour(code, name or str(code), colour or (known[code].color if code in known else "")))
    return tuple(legend)


def _days_raster(laying: Laying) -> Output:
    return Output("days", laying.days, _described(laying, "d"), "int32", -1, (), {"ECOASSETS_METHOD": "importproduct"})


@dataclass(frozen=True)
class _LayKernel:
    """Lays the rasters of one period over one another, means periods of one band, and turns counts into densities.

    Attributes:
        bands: per band, per period, the sources of all grids.
        with_days: whether valid days are laid, too.
        density: whether numbers are divided by the area of their pixel.
    """

    bands: tuple[tuple[tuple[str, ...], ...], ...]
    with_days: bool
    density: bool

    def __call__(self, block: Block) -> Result:
        rasters = {"raster": self._stacked(block, "")}
        if self.density:
            values, valid = rasters["raster"]
            rasters["raster"] = values / (block.areas_ha / _HA_PER_KM2), valid
        if self.with_days:
            rasters["days"] = self._stacked(block, _DAYS)
        return Result(rasters)

    def _stacked(self, block: Block, prefix: str) -> tuple[np.ndarray, np.ndarray]:
        bands = [self._band(block, periods, prefix) for periods in self.bands]
        return np.stack([values for values, _ in bands]), np.stack([valid for _, valid in bands])

    @staticmethod
    def _band(block: Block, periods: Sequence[Sequence[str]], prefix: str) -> tuple[np.ndarray, np.ndarray]:
        laid = [_first_valid(block, [prefix + name for name in names]) for names in periods]
        if len(laid) == 1:
            return laid[0]
        valid = np.logical_and.reduce([good for _, good in laid])
        return np.mean([values for values, _ in laid], axis=0, dtype=np.float64), valid


def _first_valid(block: Block, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Values of the first source that has one."""
    values, valid = block.values[names[0]], block.valid[names[0]]
    for name in names[1:]:
        values = np.where(valid, values, block.values[name])
        valid = valid | block.valid[name]
    return values, valid
