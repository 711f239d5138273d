"""Soil properties on the grid of a study: percent of sand, silt, clay and organic carbon, density, hydrologic group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import ANY, Measure
from ...raster.engine import run_job
from ...raster.files import intermediate_path, workspace
from ...raster.output import Band, ClassColour, Output, WriteOptions
from ...raster.reading.source import Source
from ...raster.settings import RasterSettings
from ...raster.study import StudyArea, open_study_area
from ...raster.tally import Sums
from ...raster.work import Block, JobResult, Result
from ...results import ResultTable, row_table
from ...tables import Table
from ..catalogue.loader import products
from ..catalogue.recognise import Recognised, recognise
from ..files.containers import open_layer
from ..files.listing import list_files
from .depths import Depth, weights_of
from .filling import FILLS, fill_nearest
from .joined import tell_missing_ids, write_joined
from .texture import close_texture, hydrologic_group
from .units import MATTER, RULES, column_of, values_by_unit

SOURCES = ("auto", "soilgrids", "units")
CARBONS = ("carbon", "matter")
MATTER_PER_CARBON = 1.724  # van Bemmelen: organic matter holds 58 % carbon
TEXTURE = ("sand", "silt", "clay")
_LAYERS = {"sand": "sand", "silt": "silt", "clay": "clay", "carbon": "soc", "density": "bdod"}
_QUANTITY = {"sand": "sand", "silt": "silt", "clay": "clay", "carbon": "organic_carbon", "density": "bulk_density"}
_UNIT = {"density": "t/m3"}
_GROUP, _SUM = "group", "texture_sum"
_COLOURS = ("#1a9850", "#a6d96a", "#fdae61", "#d73027")


@dataclass(frozen=True)
class SoilInputs:
    """What soils are made of.

    Attributes:
        files: folders and files: SoilGrids, or a raster of soil units, and HYSOGs250m.
        source: of `SOURCES`.
        table: of the soil units.
        key: its column of ids; "" looks for the usual names.
        top, bottom: cm.
        rule: of `units.RULES`.
        carbon: whether the table holds organic `carbon` or `matter`.
        fill: of `filling.FILLS`: whether holes take the nearest value, where the reference has one.
        reference: a raster on the grid of the study.
    """

    files: Sequence[str]
    reference: str
    source: str = "auto"
    table: Table | None = None
    key: str = ""
    top: float = 0.0
    bottom: float = 30.0
    rule: str = "dominant"
    carbon: str = "carbon"
    fill: str = "none"


@dataclass(frozen=True)
class SoilOutputs:
    """Paths by property - sand, silt, clay, carbon, density - and of the group; what is not named is not made."""

    properties: Mapping[str, str] = field(default_factory=dict)
    group: str = ""


@dataclass(frozen=True)
class SoilRow:
    """A property within the study area, in percent; density in t/m3; texture_sum is what the fractions add up to."""

    property: str
    pixels: int
    minimum: float | None
    mean: float | None
    maximum: float | None


@dataclass(frozen=True)
class SoilResult:
    """Attributes: rows: a row per property. source: that was read. made: paths by property, the group as `group`."""

    rows: tuple[SoilRow, ...]
    source: str
    made: Mapping[str, str]

    def table(self) -> ResultTable:
        return row_table(SoilRow, self.rows)


def run_soil_properties(
    inputs: SoilInputs, outputs: SoilOutputs, settings: RasterSettings | None = None, progress: Progress = QUIET
) -> SoilResult:
    """Means over a depth, in percent, texture closed to 100.

    SoilGrids: g/kg x 0.1, carbon dg/kg x 0.01, density cg/cm3 x 0.01 (ISRIC). Units: the table is joined on the grid
    of the raster, then the property - never the id - is averaged or interpolated.

    Args:
        inputs: what is read, and how.
        outputs: which properties are made; sand, silt and clay together, or none of them.
        settings: boundary and storage.
        progress: told what was found and how far texture missed 100.

    Raises:
        InputError, TableError, GridError: something is missing; nothing is written then.
        OutputError: a raster cannot be written.
        Cancelled: the user stopped.
    """
    settings = settings or RasterSettings()
    for name, value, known in (
        ("SOURCE", inputs.source, SOURCES),
        ("RULE", inputs.rule, RULES),
        ("CARBON", inputs.carbon, CARBONS),
        ("FILL", inputs.fill, FILLS),
    ):
        if value not in known:
            listed = ", ".join(known)
            raise InputError(
                say("{name} {value!r} is not known: choose one of {known}.", name=name, value=value, known=listed)
            )
    found = recognise(
        [path for place in inputs.files for path in list_files(place, progress)], products(), "", progress
    )
    with workspace() as scratch:
        reference = Source("reference", inputs.reference, kind="classes", label="Reference")
        area = open_study_area(reference, settings, scratch, progress)
        wanted = tuple(outputs.properties)
        needed = tuple(dict.fromkeys((*wanted, *(TEXTURE if outputs.group or set(wanted) & set(TEXTURE) else ()))))
        groups = [one for one in found if one.product and one.product.id == "hysogs250m"]
        if outputs.group and groups:
            needed = tuple(name for name in needed if name in wanted or set(wanted) & set(TEXTURE))
        source, parts = (
            _parts(inputs, found, needed, area, scratch, progress.part(0, 40)) if needed else ("hysogs250m", {})
        )
        if inputs.fill == "none":
            made = _lay(parts, groups, outputs, area, scratch, progress.part(40, 100))
        else:
            made = _filled(parts, groups, outputs, area, inputs.reference, scratch, progress)
    _tell_texture(made.rows, progress)
    paths = {**outputs.properties, **({"group": outputs.group} if outputs.group else {})}
    return SoilResult(made.rows, source, paths)


@dataclass(frozen=True)
class _Mean:
    """Layers of a property and their shares; each number times `times` is the unit of the property."""

    sources: tuple[Source, ...]
    weights: tuple[float, ...]
    times: float


def _parts(
    inputs: SoilInputs,
    found: Sequence[Recognised],
    needed: Sequence[str],
    area: StudyArea,
    scratch: str,
    progress: Progress,
) -> tuple[str, dict[str, _Mean]]:
    grids = [one for one in found if one.product and one.product.id == "soilgrids"]
    units = [one for one in found if one.edition is not None and one.edition.container == "table"]
    source = inputs.source
    if source == "auto":
        source = "soilgrids" if grids and inputs.table is None else "units"
    if source == "soilgrids":
        progress.info(say("SoilGrids: {count} files.", count=len(grids)))
        return source, _of_soilgrids(grids, needed, inputs, scratch)
    if inputs.table is None:
        raise InputError(say("Give TABLE, the table of the soil units: the raster holds nothing but their ids."))
    paths = [one.path for one in units] or [one.path for one in found if one.product is None]
    if len(paths) != 1:
        names = ", ".join(one.name for one in (units or found)) or "-"
        raise InputError(say("Give one raster of soil units; there are: {names}.", names=names))
    matter = inputs.carbon == "matter"
    values = values_by_unit(inputs.table, inputs.key, inputs.rule, inputs.top, inputs.bottom, matter)
    per_carbon = 1 / MATTER_PER_CARBON if matter else 1.0
    means = {}
    for name in needed:
        own = {unit: one[name] for unit, one in values.items() if name in one}
        column = column_of(inputs.table, MATTER)
        if not own and name == "carbon" and column and not matter:
            raise InputError(
                say(
                    "{table} holds organic matter ({column}), not carbon. Choose matter as CARBON.",
                    table=inputs.table.name,
                    column=column,
                )
            )
        if not own:
            raise InputError(say("{table} holds no {name}. Leave that output out.", table=inputs.table.name, name=name))
        path = write_joined(paths[0], own, name, area.grid, scratch, progress)
        measured = Source(f"{name} 1", path, label=name, measure=Measure(_QUANTITY[name]))
        means[name] = _Mean((measured,), (1.0,), per_carbon if name == "carbon" else 1.0)
    tell_missing_ids(paths[0], values, area.grid, progress)
    return source, means


def _of_soilgrids(
    files: Sequence[Recognised], needed: Sequence[str], inputs: SoilInputs, scratch: str
) -> dict[str, _Mean]:
    known = products()["soilgrids"]
    found = {}
    for name in needed:
        layer = known.layers[_LAYERS[name]]
        own: dict[Depth, Recognised] = {}
        for one in files:
            if one.layer == layer.id and one.depth is not None and one.variant in ("", "mean"):
                _require_one(own.setdefault(one.depth, one), one)
        weights = weights_of(own, inputs.top, inputs.bottom, f"SoilGrids {layer.id}")
        sources = tuple(
            Source(
                f"{name} {number}",
                open_layer(own[depth], layer, scratch).path,
                label=f"{layer.id} {depth[0]}-{depth[1]} cm",
                measure=ANY,
                minimum=0.0,
            )
            for number, depth in enumerate(weights)
        )
        found[name] = _Mean(sources, tuple(weights.values()), layer.times)
    return found


def _require_one(first: Recognised, other: Recognised) -> None:
    """Raises InputError for a second file of the same layer: which one is meant, only the user knows."""
    if other is not first:
        raise InputError(
            say("There are two files of one layer: {first} and {other}. Leave one in the folder.",
                first=first.path, other=other.path)
        )  # fmt: skip


@dataclass(frozen=True)
class _Laid:
    rows: tuple[SoilRow, ...]


def _lay(
    parts: Mapping[str, _Mean], groups: Sequence[Recognised], outputs: SoilOutputs, area: StudyArea, scratch: str,
    progress: Progress,
) -> _Laid:  # fmt: skip
    sources = [source for mean in parts.values() for source in mean.sources]
    by_map = ""
    if outputs.group and groups:
        by_map = _GROUP
        _require_one(groups[0], groups[-1])
        layer = products()["hysogs250m"].layers["group"]
        sources.append(Source(by_map, open_layer(groups[0], layer, scratch).path, kind="classes", label="HYSOGs250m"))
    aligned = replace(area, settings=replace(area.settings, align_classes=True))
    fitted = aligned.fit_all(sources, progress)
    kernel = _SoilKernel(
        {
            name: (tuple(source.name for source in mean.sources), mean.weights, mean.times)
            for name, mean in parts.items()
        },
        tuple(outputs.properties),
        bool(outputs.group),
        by_map,
    )
    made = _outputs(outputs)

    def accept(found: JobResult) -> None:
        area.require_pixels(found)
        if "texture" in found.sums and not found.sums["texture"][0]:
            raise InputError(
                say(
                    "Sand, silt and clay are 0, or without a value, everywhere within the study area: no texture can "
                    "be told. Is 0 what the files have for no data? Choose other files, or leave texture and group out."
                )
            )

    job = replace(area.job(kernel, fitted, made, gate_any=True), accept=accept)
    return _Laid(_rows(run_job(job, progress), outputs))


def _filled(
    parts: Mapping[str, _Mean], groups: Sequence[Recognised], outputs: SoilOutputs, area: StudyArea, reference: str,
    scratch: str, progress: Progress,
) -> _Laid:  # fmt: skip
    """Lays the maps in a folder, beyond the boundary too, fills them, and writes them within it."""
    own = {name: intermediate_path(scratch, f"unfilled {name}") for name in outputs.properties}
    group = intermediate_path(scratch, "unfilled group") if outputs.group else ""
    settings = replace(area.settings, write=WriteOptions(overviews=False))
    whole = replace(area, boundary=None, settings=settings)
    first = _lay(parts, groups, SoilOutputs(own, group), whole, scratch, progress.part(40, 60))
    masks = [reference, *([area.boundary.path] if area.boundary else [])]
    paths = {**own, **({_GROUP: group} if group else {})}
    for number, (name, path) in enumerate(paths.items()):
        filled = fill_nearest(path, masks, area.grid, progress.part(60, 80))
        progress.set(60 + 20 * (number + 1) / len(paths))
        if filled.cells:
            progress.warn(
                say(
                    "{name}: {cells} cells without a value took the nearest one, from as far as {far:.3g} km.",
                    name=name,
                    cells=filled.cells,
                    far=filled.farthest / 1000,
                )
            )
    sources = [Source(name, path, kind="classes" if name == _GROUP else "continuous", label=name, measure=ANY)
               for name, path in paths.items()]  # fmt: skip
    job = area.job(_copy, sources, _outputs(outputs), gate_any=True)
    rows = _rows(run_job(job, progress.part(80, 100)), outputs)
    return _Laid((*rows, *(row for row in first.rows if row.property == _SUM)))


def _copy(block: Block) -> Result:
    return Result({name: (block.values[name][np.newaxis], block.valid[name][np.newaxis]) for name in block.values})


def _outputs(outputs: SoilOutputs) -> list[Output]:
    made = [
        Output(name, path, (Band(name, _UNIT.get(name, "%")),), metadata={"ECOASSETS_METHOD": "soilproperties"})
        for name, path in outputs.properties.items()
    ]
    if outputs.group:
        legend = tuple(
            ClassColour(code, letter, colour) for code, (letter, colour) in enumerate(zip("ABCD", _COLOURS), 1)
        )
        made.append(Output(_GROUP, outputs.group, (Band("soil_group"),), "uint8", 255, legend))
    return made


def _rows(result: JobResult, outputs: SoilOutputs) -> tuple[SoilRow, ...]:
    rows = []
    for name in outputs.properties:
        band = result.statistics[name][0]
        has = band.count > 0
        rows.append(
            SoilRow(
                name,
                band.count,
                band.minimum if has else None,
                band.mean if has else None,
                band.maximum if has else None,
            )
        )
    if "texture" in result.sums:
        pixels, total = result.sums["texture"]
        if pixels:
            rows.append(SoilRow(_SUM, int(pixels), None, 100 + float(total / pixels), None))
    return tuple(rows)


def _tell_texture(rows: Sequence[SoilRow], progress: Progress) -> None:
    found = next((row.mean for row in rows if row.property == _SUM), None)
    if found is not None:
        say_it = progress.warn if abs(found - 100) > 5 else progress.info
        say_it(say("Sand, silt and clay add up to {sum:.2f} % on average; each pixel is scaled to 100.", sum=found))


@dataclass(frozen=True)
class _SoilKernel:
    """Means over the depth, closed texture, and groups.

    Attributes:
        means: sources, shares and factor of each property.
        wanted: properties that are written.
        group: whether the group is written.
        by_map: source of the group; "" derives it from texture.
    """

    means: Mapping[str, tuple[tuple[str, ...], tuple[float, ...], float]]
    wanted: tuple[str, ...]
    group: bool
    by_map: str

    def __call__(self, block: Block) -> Result:
        values = {name: self._mean(block, name) for name in self.means}
        sums = {}
        if set(TEXTURE) <= set(values):
            valid = np.logical_and.reduce([values[name][1] for name in TEXTURE])
            *closed, missed = close_texture(*(values[name][0] for name in TEXTURE))
            valid = valid & np.isfinite(closed[0])
            for name, array in zip(TEXTURE, closed):
                values[name] = np.where(valid, array, 0.0), valid
            off = missed[valid]
            sums["texture"] = np.array([len(off), off.sum()])
        rasters = {name: (values[name][0][np.newaxis], values[name][1][np.newaxis]) for name in self.wanted}
        if self.group:
            codes, valid = self._groups(block, values)
            rasters[_GROUP] = codes[np.newaxis], valid[np.newaxis]
        return Result(rasters, Sums(sums))

    def _mean(self, block: Block, name: str) -> tuple[np.ndarray, np.ndarray]:
        sources, weights, times = self.means[name]
        total = sum(weight * block.values[source].astype(np.float64) for source, weight in zip(sources, weights))
        return np.asarray(total) * times, block.all_valid(sources)

    def _groups(
        self, block: Block, values: Mapping[str, tuple[np.ndarray, np.ndarray]]
    ) -> tuple[np.ndarray, np.ndarray]:
        if not self.by_map:
            return hydrologic_group(*(values[name][0] for name in TEXTURE)), values["sand"][1]
        codes, valid = block.values[self.by_map], block.valid[self.by_map]
        dual = (codes >= 11) & (codes <= 14)  # A/D to D/D: D where the soil is not drained
        group = np.where(dual, 4, codes)
        known = (group >= 1) & (group <= 4)
        return np.where(known, group, 255).astype(np.uint8), valid & known
