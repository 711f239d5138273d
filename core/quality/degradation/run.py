"""Degradation and improvement of services and quality between two dates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from ...errors import InputError
from ...land_cover import ECOSYSTEMS, LandCoverScheme
from ...land_cover_maps import telling_unknown_codes
from ...messages import say
from ...progress import QUIET, Progress
from ...raster.dataset import open_raster
from ...raster.engine import run_job
from ...raster.files import workspace
from ...raster.output import Band, Output
from ...raster.passes.percentiles import percentiles_by_stratum
from ...raster.reading.series import yearly_sources
from ...raster.reading.source import Source
from ...raster.settings import RasterSettings
from ...raster.study import StudyArea, open_study_area
from ...raster.tally import Sums
from ...raster.work import Job, JobResult
from ...raster.zones.polygons import Zones, burn_zones
from ...results import ResultTable
from ..legends import legend
from ..strata import Indicators, Land, References, find_references
from .kernel import CLASSES, NO_CLASS, SEVERITY, WETLAND, BeforeSampler, DegradationKernel, LayerSources

Kind = Literal["relative", "absolute", "class", "standard"]
KINDS = ("relative", "absolute", "class", "standard")
THRESHOLDS: Mapping[str, float | None] = {"relative": 10.0, "absolute": None, "class": 1.0, "standard": 0.0}
UNION = "union"
ALL = "all"
NO_LAND_COVER = "no land cover"
STANDARDS = {"biomass": "forest", "cover": "grassland", "forest": "forest", "grassland": "grassland"}
# Of the 95th percentile of the earlier values: changes below it are noise.
SMALLEST_SHARE = 0.01
HIGH_PERCENTILE = 0.95
NO_SEVERITY = 255


@dataclass(frozen=True)
class ComparedLayer:
    """A service or an index at two dates.

    Attributes:
        name: what tables call it; with the kind `standard`, `biomass` is judged as forest and `cover` as grassland.
        before, after: paths of the rasters.
        before_band: None takes the first.
        after_band: None takes the last.
        higher_is_better: False for losses such as erosion.
        minimum, maximum: valid range.
    """

    name: str
    before: str
    after: str
    before_band: int | None = None
    after_band: int | None = None
    higher_is_better: bool = True
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class DegradationInputs:
    """What is compared, and what counts as degraded.

    Attributes:
        layers: one or more.
        kind: `relative` change in percent, `absolute` change in units, steps of a `class`, or the state by the
            `standard` HJ 1174.
        threshold: percent, units or classes; None takes 10 percent or 1 class, and is an error for `absolute`.
        minimum_change: in units, for `relative`; None takes 1 % of the 95th percentile of the earlier values.
        land_cover: none, one raster, or one before and one after; tables tell the ecosystems of the last one.
        scheme: meaning of its codes.
        reference_percentile: of the earlier values in the ecosystem, the undegraded state of `standard`.
        ecoregions: path of polygons, natural zones each with an undegraded state of its own, for `standard`; None for
            one state of the whole area.
        ecoregion_field: names the ecoregions; None makes each polygon one.
    """

    layers: tuple[ComparedLayer, ...]
    kind: Kind = "relative"
    threshold: float | None = None
    minimum_change: float | None = None
    land_cover: tuple[str, ...] = ()
    scheme: LandCoverScheme | None = None
    reference_percentile: float = 95.0
    ecoregions: str | None = None
    ecoregion_field: str | None = None


@dataclass(frozen=True)
class DegradationOutputs:
    """Paths of the maps; None for a map that is not wanted. `severity` (0 none to 4 extreme) is for `standard`."""

    classes: str | None = None
    severity: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class DegradationResult:
    """Degradation of the study area.

    Attributes:
        layers: as in the map: `union` first where there are several.
        ecosystems: of the areas; the last ones are those of no known land cover.
        area_ha: by layer, ecosystem and direction (worse, same, better).
        land_ha: land by ecosystem, of which the areas are a part; what has no land cover counts where it could be
            compared. None without land cover.
        severity_ha: by judged layer and severity; empty but for `standard`.
        wetland_ha: wetland before and after on land that has land cover at both dates, where there are two and the kind
            is `standard`.
        references: undegraded values of each layer by ecoregion, for `standard`.
        inputs: what was asked for.
    """

    layers: tuple[str, ...]
    ecosystems: tuple[str, ...]
    area_ha: np.ndarray
    land_ha: np.ndarray | None
    severity_ha: Mapping[str, np.ndarray]
    wetland_ha: tuple[float, float] | None
    references: Mapping[str, ResultTable]
    inputs: DegradationInputs

    def headline(self) -> tuple[float, float, float]:
        """Of the union, or of the only layer: degraded ha, improved ha, degraded percent of the land."""
        worse, _, better = self.area_ha[0].sum(axis=0).tolist()
        total = self.base_ha(0)
        return worse, better, worse / total * 100 if total else 0.0

    def base_ha(self, layer: int, ecosystem: int | None = None) -> float:
        """What shares are of: land cover (of an ecosystem); without land cover what could be compared."""
        land = self.area_ha[layer].sum(axis=1) if self.land_ha is None else self.land_ha
        return math.fsum(land) if ecosystem is None else float(land[ecosystem])


def run_degradation(
    inputs: DegradationInputs,
    outputs: DegradationOutputs,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> DegradationResult:
    """Compares each layer where both dates are valid, joins the layers, and adds up areas by ecosystem.

    Shares are of the land: what has land cover at the (later) date, be it compared or not.

    Raises:
        InputError: layers, bands, kind and land cover do not fit.
        GridError: a raster does not fit the grid of the first one.
        TableError: a land-cover code is not in the scheme.
        OutputError: a map cannot be written.
        Cancelled: the user stopped.
    """
    settings = settings or RasterSettings()
    threshold = _check(inputs)
    if outputs.severity and not (inputs.kind == "standard" and inputs.layers):
        raise InputError(
            say(
                "A map of severity (OUTPUT_SEVERITY) is asked for, but only KIND standard judges it, of "
                "biomass or cover. Leave the map away, or choose KIND standard."
            )
        )
    with workspace() as folder:
        sources = [source for layer in inputs.layers for source in _sources(layer, inputs.kind)]
        cover = _cover(inputs)
        area = open_study_area((*sources, *cover)[0], settings, folder, progress, inputs.scheme)
        sources, cover = list(area.fit_all(sources, progress)), area.fit_all(cover, progress)
        land = Land.of_scheme(cover, inputs.scheme, ECOSYSTEMS) if inputs.scheme and cover else None
        wetlands = inputs.kind == "standard" and len(cover) == 2
        regions = _ecoregions(inputs, area) if inputs.kind == "standard" else None
        read = [*sources, *cover, *([regions.source] if regions else [])]
        job = area.reads(read, gate=[source.name for source in (*sources, *cover)], gate_any=True)
        made = _outputs(inputs, outputs, wetlands)
        with telling_unknown_codes(cover, inputs.scheme, area) if inputs.scheme else nullcontext():
            layers, references = _judged(inputs, job, cover, regions, progress.part(0, 50))
            maps = tuple(output.name for output in made)
            kernel = DegradationKernel(
                layers,
                threshold,
                inputs.kind == "relative",
                land,
                wetlands,
                regions.source.name if regions else None,
                maps,
            )
            names = _layer_names(inputs, wetlands)

            def accept(found: JobResult) -> None:
                area.require_pixels(found)
                _require_common(names, found.sums, progress)

            found = run_job(replace(job, kernel=kernel, outputs=made, accept=accept), progress.part(50, 100))
    wetland = found.sums["wetland"] if wetlands else None
    return DegradationResult(
        layers=names,
        ecosystems=(*ECOSYSTEMS, NO_LAND_COVER) if land else (ALL,),
        area_ha=np.stack([found.sums[f"area:{number}"] for number in range(len(names))]),
        land_ha=_land(found.sums) if land else None,
        severity_ha={layer.name: found.sums[f"severity:{number}"] for number, layer in enumerate(inputs.layers)}
        if inputs.kind == "standard"
        else {},
        wetland_ha=None if wetland is None else (float(wetland[0]), float(wetland[1])),
        references=references,
        inputs=inputs,
    )


def _check(inputs: DegradationInputs) -> float:
    """Returns the threshold."""
    if inputs.kind not in KINDS:
        raise InputError(say("KIND is {kind}. Choose one of {kinds}.", kind=inputs.kind, kinds=", ".join(KINDS)))
    names = [layer.name for layer in inputs.layers]
    if len(set(names)) < len(names):
        raise InputError(say("Layers have the same name: {names}. Give each its own.", names=", ".join(names)))
    if inputs.kind == "standard":
        _check_standard(inputs)
    elif not inputs.layers:
        raise InputError(say("There is nothing to compare. Give a raster BEFORE and one AFTER."))
    if len(inputs.land_cover) > 2:
        raise InputError(
            say(
                "{count} land-cover rasters given. Give one, or one before and one after.", count=len(inputs.land_cover)
            )
        )
    if inputs.land_cover and inputs.scheme is None:
        raise InputError(say("Land cover is given without a scheme. Choose what its codes mean."))
    threshold = THRESHOLDS[inputs.kind] if inputs.threshold is None else inputs.threshold
    if threshold is None:
        raise InputError(
            say(
                "KIND absolute needs a THRESHOLD in the unit of the rasters, such as 1 index point (HJ 192: "
                "1, 3 and 8)."
            )
        )
    if not threshold >= 0:
        raise InputError(
            say(
                "THRESHOLD is {threshold:g}. Give 0 or a positive number; it holds in both directions.",
                threshold=threshold,
            )
        )
    return threshold


def _check_standard(inputs: DegradationInputs) -> None:
    if not inputs.land_cover:
        raise InputError(say("KIND standard needs LAND_COVER, because forest, grassland and wetland are judged apart."))
    if not inputs.layers and len(inputs.land_cover) != 2:
        raise InputError(
            say(
                "There is nothing to judge. Give biomass of forest or cover of grassland, or land cover "
                "before and after for wetland."
            )
        )
    for layer in inputs.layers:
        if layer.name.casefold() not in STANDARDS:
            raise InputError(
                say(
                    "HJ 1174 has no standard for {name}. Name the layer biomass (forest) or cover (grassland).",
                    name=layer.name,
                )
            )


def _sources(layer: ComparedLayer, kind: Kind) -> tuple[Source, Source]:
    """Both dates of a layer, each under its own name."""
    last = open_raster(layer.after, layer.name).RasterCount
    bands = layer.before_band or 1, layer.after_band or last
    if layer.before == layer.after and bands[0] == bands[1]:
        raise InputError(
            say(
                "{name}: BEFORE and AFTER are the same band ({bands} of {before}). Choose two dates.",
                name=layer.name,
                bands=bands[0],
                before=layer.before,
            )
        )
    made = [
        Source(
            f"{layer.name}:{date}",
            path,
            band,
            "classes" if kind == "class" else "continuous",
            f"{layer.name} {date}",
            layer.minimum,
            layer.maximum,
            series=layer.name,
        )
        for date, path, band in zip(("before", "after"), (layer.before, layer.after), bands)
    ]
    return made[0], made[1]


def _cover(inputs: DegradationInputs) -> tuple[Source, ...]:
    if not inputs.land_cover:
        return ()
    dates = ("before", "after")[-len(inputs.land_cover) :]
    numbered = yearly_sources("land_cover", inputs.land_cover, range(len(dates)), say("Land cover"), kind="classes")
    # they are numbered, and the numbers are no years that the rasters could contradict
    return tuple(replace(source, label=f"Land cover {date}", year=None) for source, date in zip(numbered, dates))


def _land(sums: Sums) -> np.ndarray:
    """Land by ecosystem, with what was compared without land cover as the last one."""
    return np.append(sums["land"][:-1], sums["area:0"][-1].sum())


def _ecoregions(inputs: DegradationInputs, area: StudyArea) -> Zones | None:
    if not inputs.ecoregions:
        return None
    return burn_zones(inputs.ecoregions, inputs.ecoregion_field, area.grid, area.folder, "ecoregions", "Ecoregions")


def _judged(
    inputs: DegradationInputs, job: Job, cover: Sequence[Source], regions: Zones | None, progress: Progress
) -> tuple[tuple[LayerSources, ...], Mapping[str, ResultTable]]:
    """The layers with what their judgement needs: smallest changes, or references, which are also told as tables."""
    layers = tuple(LayerSources(f"{g.name}:before", f"{g.name}:after", g.higher_is_better) for g in inputs.layers)
    if inputs.kind == "relative":
        return _with_smallest(inputs, job, layers, progress), {}
    if inputs.kind != "standard":
        return layers, {}
    judged, tables = [], {}
    for layer, given in zip(layers, inputs.layers):
        found = _undegraded(inputs, job, cover, regions, layer, given.name, progress)
        values = tuple(found.values[0, 0, :, 0].tolist())
        judged.append(replace(layer, standard=STANDARDS[given.name.casefold()], references=values))
        tables[given.name] = found.table
    return tuple(judged), tables


def _with_smallest(
    inputs: DegradationInputs, job: Job, layers: tuple[LayerSources, ...], progress: Progress
) -> tuple[LayerSources, ...]:
    """The smallest change of each layer: the number given, or a share of a high percentile of the earlier values."""
    if inputs.minimum_change is not None:
        return tuple(replace(layer, smallest=inputs.minimum_change) for layer in layers)
    found = percentiles_by_stratum(job, BeforeSampler(layers), len(layers), (HIGH_PERCENTILE,), progress)
    high = np.nan_to_num(np.maximum(found.values[:, 0], 0))
    for given, value in zip(inputs.layers, high):
        progress.info(
            say(
                "{name}: changes below {smallest_share:.6g} do not count.",
                name=given.name,
                smallest_share=SMALLEST_SHARE * value,
            )
        )
    return tuple(replace(layer, smallest=SMALLEST_SHARE * float(v)) for layer, v in zip(layers, high))


def _undegraded(
    inputs: DegradationInputs,
    job: Job,
    cover: Sequence[Source],
    regions: Zones | None,
    layer: LayerSources,
    name: str,
    progress: Progress,
) -> References:
    """The undegraded values: a high percentile of the earlier values in the ecosystem, by ecoregion."""
    if inputs.scheme is None:
        raise TypeError("inputs.scheme is not as expected")
    ecosystem = STANDARDS[name.casefold()]
    zones, source = (regions.names, regions.source.name) if regions else ((), None)
    land = Land.of_scheme(cover[:1], inputs.scheme, (ecosystem,), zones, source)
    series = Indicators((name,), ((layer.before,),))
    found = find_references(
        job, land, series, (0,), False, False, inputs.reference_percentile, fewest_pixels=100, progress=progress
    )
    whole = float(found.values[0, 0, 0, 0])
    if np.isnan(whole):
        raise InputError(
            say(
                "No pixel of {ecosystem} has a value of {name} before. Check the land cover and the scheme.",
                ecosystem=ecosystem,
                name=name,
            )
        )
    for zone, value in enumerate(found.values[0, 0, 1:, 0]):
        if np.isnan(value):  # there may be pixels later
            found.values[0, 0, zone + 1, 0] = whole
    for row in found.table.rows:
        where = f" in {row[2]}" if regions else ""
        progress.info(
            say(
                "Undegraded {name} of {ecosystem}{where}: {row:.6g}.",
                name=name,
                ecosystem=ecosystem,
                where=where,
                row=row[4],
            )
        )
    return found


def _require_common(names: Sequence[str], sums: Sums, progress: Progress) -> None:
    """Layers without a pixel that can be compared are told; all of them are an error."""
    empty = [name for number, name in enumerate(names) if not sums[f"area:{number}"].any()]
    if len(empty) == len(names):
        raise InputError(
            say(
                "No pixel of {names} can be compared: before and after are nowhere valid together. Check "
                "nodata values and whether the rasters overlap.",
                names=", ".join(names),
            )
        )
    for name in empty:
        progress.warn(say("{name} has no pixel that is valid before and after.", name=name))


def _layer_names(inputs: DegradationInputs, wetlands: bool) -> tuple[str, ...]:
    names = [layer.name for layer in inputs.layers] + [WETLAND] * wetlands
    return (UNION, *names) if len(names) > 1 else tuple(names)


def _outputs(inputs: DegradationInputs, outputs: DegradationOutputs, wetlands: bool) -> tuple[Output, ...]:
    made = []
    if outputs.classes:
        bands = tuple(Band(name) for name in _layer_names(inputs, wetlands))
        made.append(Output(CLASSES, outputs.classes, bands, "int16", NO_CLASS, legend("degradation"), outputs.metadata))
    if outputs.severity and inputs.kind == "standard" and inputs.layers:
        bands = tuple(Band(layer.name) for layer in inputs.layers)
        classes = legend("severity")
        made.append(Output(SEVERITY, outputs.severity, bands, "uint8", NO_SEVERITY, classes, outputs.metadata))
    return tuple(made)
