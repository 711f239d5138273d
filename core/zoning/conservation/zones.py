"""Conservation zones: the natural pixels that hold the most of the services, and how much of each they keep."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np

from ...errors import InputError
from ...land_cover import LandCoverScheme
from ...messages import say
from ...progress import QUIET, Progress
from ...raster.files import workspace
from ...raster.output import Band, ClassColour, Output, WriteOptions
from ...raster.passes.share_thresholds import Holds, ShareThresholds, share_thresholds
from ...raster.reading.kept_blocks import kept_blocks
from ...raster.reading.source import Source
from ...raster.settings import RasterSettings
from ...raster.study import StudyArea, open_study_area
from ...raster.work import JobResult
from ..layers import LAND_COVER, Ecosystems, band_source, open_ecosystems, open_locked, run_checked
from ..legends import legend
from ..patches import minimum_pixels, without_small_patches
from ..services import Service, ServiceLayer, open_services, service_sources
from .kernel import (
    AFTER,
    BEFORE,
    CANDIDATE,
    CLEANED,
    COMPOSITE,
    IMPORTANCE,
    LOCKED_IN,
    NO_CLASS,
    STATUS,
    ZONES,
    Composite,
    CompositeKernel,
    ConservationKernel,
    StatusKernel,
)

NATURAL = ("forest", "shrub", "grassland", "wetland")


@dataclass(frozen=True)
class ConservationInputs:
    """What is worth keeping, and how much of it.

    Attributes:
        services: the services.
        land_cover: its grid is the reference, and its extent the region; without it that of the first service.
        scheme: meaning of the land-cover codes.
        natural: the ecosystems that may be conserved; needs land cover.
        breaks: rising, percent of a service's total that the classes before hold.
        keep: class up to which a pixel is conserved; with `count` the number of services from which it is.
        composite: how the services are brought together.
        weights: per service, for `weighted`; empty for equal weights.
        locked_in: polygons that are conserved in any case.
        locked_out: polygons that are never conserved.
        minimum_area_ha: smaller patches join their neighbours; 0 keeps all.
    """

    services: tuple[Service, ...]
    land_cover: str | None = None
    scheme: LandCoverScheme | None = None
    natural: tuple[str, ...] = NATURAL
    breaks: tuple[float, ...] = (50.0, 75.0, 90.0)
    keep: int = 1
    composite: Composite = "most_important"
    weights: tuple[float, ...] = ()
    locked_in: str | None = None
    locked_out: str | None = None
    minimum_area_ha: float = 0.0


@dataclass(frozen=True)
class ConservationOutputs:
    """Paths of the maps; None for a map that is not wanted."""

    zones: str | None = None
    importance: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Kept:
    """A service's amount in the region, and in the zones before and after the patch clean-up."""

    total: float
    before: float
    after: float

    def share_pct(self, stage: str = AFTER) -> float:
        """Percent kept."""
        return (self.after if stage == AFTER else self.before) / self.total * 100


@dataclass(frozen=True, eq=False)
class ConservationResult:
    """Conservation areas.

    Attributes:
        ecosystems: names by ecosystem number.
        region_ha: area of the region by ecosystem.
        before: conserved area by ecosystem before the patch clean-up, hectares.
        after: the same after it.
        kept: per service.
        class_area_ha: per service the area of each importance class.
        class_amount: per service the amount in each class.
        thresholds: per service the amount from which a pixel belongs to class 1, 2, ...; per hectare where pixels
            differ in size.
        inputs: what was asked for.
    """

    ecosystems: tuple[str, ...]
    region_ha: np.ndarray
    before: np.ndarray
    after: np.ndarray
    kept: tuple[Kept, ...]
    class_area_ha: tuple[np.ndarray, ...]
    class_amount: tuple[np.ndarray, ...]
    thresholds: tuple[tuple[float, ...], ...]
    inputs: ConservationInputs

    def area_at(self, stage: str = AFTER) -> float:
        return math.fsum(self.after if stage == AFTER else self.before)

    def share_at(self, stage: str = AFTER) -> float:
        """Percent of the region."""
        return self.area_at(stage) / math.fsum(self.region_ha) * 100

    @property
    def area_ha(self) -> float:
        return self.area_at()

    @property
    def share_pct(self) -> float:
        return self.share_at()


def run_conservation_zones(
    inputs: ConservationInputs,
    outputs: ConservationOutputs | None = None,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> ConservationResult:
    """Conservation area: natural pixels whose composite importance class is kept, and locked-in areas.

    Per service the pixels are ranked by how much they hold per area, so that a large pixel is not worth more than a
    small one. A pixel's class follows from the share of the region's total that all pixels before it hold: below the
    first break class 1, below the second class 2, and so on. Pixels of equal worth share a class; what has none of the
    service takes the last.

    Raises:
        InputError: breaks, keep, weights or names cannot be used, no natural pixel, locked areas contradict, or a
            service has no amount above 0.
        GridError: a raster does not fit the grid.
        TableError: a land-cover code is not in the scheme.
        OutputError: a map cannot be written.
        Cancelled: the user stopped.

    Source: Gong et al. 2017, Acta Ecol. Sin. 37(7):2455-2462; Wang, Lu & Ouyang 2022, Acta Ecol. Sin. 42(6):2074-2085.
    """
    outputs, settings = outputs or ConservationOutputs(), settings or RasterSettings()
    _check(inputs)
    with workspace() as folder:
        sources = service_sources(inputs.services, progress)
        cover = band_source(LAND_COVER, inputs.land_cover, say("Land cover"), progress) if inputs.land_cover else None
        area = open_study_area(cover or sources[0], settings, folder, progress, inputs.scheme)
        ecosystems = open_ecosystems(area.fit(cover, progress) if cover else None, inputs.scheme)
        layers = open_services(inputs.services, sources, area, progress)
        region, status = _region(inputs, ecosystems, area, progress.part(0, 10))
        # read to rank the pixels, and again to class them
        with kept_blocks([layer.source for layer in layers], area.grid, settings.codec_threads):
            shares = tuple(number / 100 for number in inputs.breaks)
            services = [layer.source for layer in layers]
            holds = [layer.holds for layer in layers]
            ranking = share_thresholds(region, services, shares, holds, progress.part(10, 55))
            _require_amounts(layers, ranking)
            kernel = ConservationKernel(
                layers,
                tuple(of_service.values for of_service in ranking),
                inputs.composite,
                inputs.keep,
                ecosystems,
                status,
                *_weighted(inputs, layers, ranking, region),
            )
            found = _run(kernel, region, outputs, inputs, progress.part(55, 100))
    result = _collect(inputs, ecosystems, layers, ranking, found)
    _tell(result, progress)
    return result


def _check(inputs: ConservationInputs) -> None:
    breaks, count = inputs.breaks, len(inputs.services)
    if not breaks or not all(0 < b < 100 for b in breaks) or any(a >= b for a, b in zip(breaks, breaks[1:])):
        given = ", ".join(f"{number:g}" for number in breaks) or say("empty")
        raise InputError(
            say("The breaks are {given}. Give rising percent between 0 and 100, such as 50, 75, 90.", given=given)
        )
    if inputs.composite not in get_args(Composite):
        raise InputError(
            say(
                "There is no composite {composite}. Choose one of {composite2}.",
                composite=inputs.composite,
                composite2=", ".join(get_args(Composite)),
            )
        )
    highest = count if inputs.composite == "count" else len(breaks)
    what = say("services") if inputs.composite == "count" else say("classes")
    if not 1 <= inputs.keep <= highest:
        raise InputError(
            say("KEEP is {keep}. With these {what} give 1 to {highest}.", keep=inputs.keep, what=what, highest=highest)
        )
    if inputs.weights and len(inputs.weights) != count:
        raise InputError(
            say(
                "{count} weights are given for {count2} services. Give one each, or none.",
                count=len(inputs.weights),
                count2=count,
            )
        )
    if any(not (math.isfinite(weight) and weight >= 0) for weight in inputs.weights):
        raise InputError(say("Weights must be 0 or more."))


def _region(
    inputs: ConservationInputs, ecosystems: Ecosystems, area: StudyArea, progress: Progress
) -> tuple[StudyArea, Source | None]:
    """The area within which services are ranked, and what may become of its pixels."""
    locked_in = open_locked(inputs.locked_in, "locked_in", "Locked-in areas", area)
    locked_out = open_locked(inputs.locked_out, "locked_out", "Locked-out areas", area)
    locked = [layer.source for layer in (locked_in, locked_out) if layer]
    if ecosystems.source is None and not locked:
        return area, None
    natural = ecosystems.members(inputs.natural) if ecosystems.source else np.array([True])
    path = os.path.join(area.folder, "status.tif")
    output = Output(STATUS, path, (Band(STATUS),), "uint8", 0)
    kernel = StatusKernel(ecosystems, natural, locked_in, locked_out)
    gate = [source.name for source in ecosystems.sources or locked]
    job = area.job(kernel, [*ecosystems.sources, *locked], (output,), gate=gate, gate_any=False)
    found = run_checked(replace(job, write=WriteOptions(overviews=False)), ecosystems, area, progress)
    if found.sums["both"] > 0:
        raise InputError(
            say(
                "Locked-in and locked-out areas overlap on {sums:,.2f} ha. A place cannot be both: cut one "
                "layer by the other (Vector > Geoprocessing > Difference).",
                sums=float(found.sums["both"]),
            )
        )
    if found.sums["areas"][CANDIDATE] + found.sums["areas"][LOCKED_IN] == 0:
        raise InputError(
            say(
                "No pixel may be conserved: the land cover holds no {natural} within the study area that is "
                "not locked out. Check scheme and class table, or choose other natural ecosystems.",
                natural=", ".join(inputs.natural),
            )
        )
    status = Source(STATUS, path, 1, "classes", "Status")
    return replace(area, boundary=status), status


def _require_amounts(layers: Sequence[ServiceLayer], ranking: Sequence[ShareThresholds]) -> None:
    """Raises InputError where a service is zero or negative everywhere: shares of nothing rank no pixel."""
    for layer, of_service in zip(layers, ranking):
        if of_service.total <= 0:
            raise InputError(
                say(
                    "{named} is zero or negative everywhere within the study area, so that no pixel is more "
                    "important than another. Leave it out, or check its band (BANDS), its sign and its nodata "
                    "value.",
                    named=layer.source.named,
                )
            )


def _weighted(
    inputs: ConservationInputs,
    layers: tuple[ServiceLayer, ...],
    ranking: Sequence[ShareThresholds],
    region: StudyArea,
) -> tuple[Source | None, tuple[float, ...]]:
    """The raster of the weighted composite and its thresholds; None where another composite is asked for."""
    if inputs.composite != "weighted":
        return None, ()
    totals = [of_service.total * layer.ranked_unit for of_service, layer in zip(ranking, layers)]
    given = inputs.weights or (1.0,) * len(layers)
    weights = tuple(weight / total for weight, total in zip(given, totals))
    path = os.path.join(region.folder, "composite.tif")
    output = Output(COMPOSITE, path, (Band(COMPOSITE),))
    job = region.job(CompositeKernel(layers, weights), [layer.source for layer in layers], (output,), gate_any=True)
    run_checked(replace(job, write=WriteOptions(overviews=False)), Ecosystems(), region, QUIET)
    source = Source(COMPOSITE, path, 1, "continuous", "Composite")
    shares = [number / 100 for number in inputs.breaks]
    holds: list[Holds] = ["alike" if layers[0].pixel_ha is not None else "density"]
    return source, share_thresholds(region, [source], shares, holds)[0].values


def _run(
    kernel: ConservationKernel,
    region: StudyArea,
    outputs: ConservationOutputs,
    inputs: ConservationInputs,
    progress: Progress,
) -> JobResult:
    """One run over the services; with a clean-up two, and the sieve between them."""
    minimum = minimum_pixels(inputs.minimum_area_ha, region.grid)
    if minimum > 1:
        path = os.path.join(region.folder, "zones.tif")
        zones = Output(CLEANED, path, (Band(CLEANED),), "uint8", 255)
        _run_job(kernel, region, (zones,), progress.part(0, 40))
        kernel = replace(kernel, cleaned=without_small_patches(path, minimum, region, progress))
        progress = progress.part(60, 100)
    return _run_job(kernel, region, _maps(inputs, outputs), progress)


def _run_job(kernel: ConservationKernel, region: StudyArea, outputs: Sequence[Output], progress: Progress) -> JobResult:
    services = [layer.source for layer in kernel.layers]
    extra = [source for source in (kernel.status, kernel.weighted, kernel.cleaned) if source]
    gate = [STATUS] if kernel.status else [source.name for source in services]
    kernel = replace(kernel, maps=tuple(output.name for output in outputs))
    job = region.job(kernel, [*services, *extra, *kernel.ecosystems.sources], outputs, gate=gate, gate_any=True)
    return run_checked(job, kernel.ecosystems, region, progress)


def _maps(inputs: ConservationInputs, outputs: ConservationOutputs) -> tuple[Output, ...]:
    made = []
    if outputs.zones:
        classes = legend("conservation")
        made.append(Output(ZONES, outputs.zones, (Band("conservation"),), "uint8", NO_CLASS, classes, outputs.metadata))
    if outputs.importance:
        bands = (*(Band(service.name) for service in inputs.services), Band(COMPOSITE))
        # A count of services is no importance class, and the legend holds for all bands of the file.
        classes = () if inputs.composite == "count" else importance_legend(len(inputs.breaks))
        made.append(Output(IMPORTANCE, outputs.importance, bands, "uint8", NO_CLASS, classes, outputs.metadata))
    return tuple(made)


def importance_legend(breaks: int, language: str = "en") -> tuple[ClassColour, ...]:
    """Classes 1 (extremely important) to breaks + 1 (general)."""
    named = legend("importance", language)
    middle = [named[min(position, len(named) - 2)] for position in range(breaks)]
    names = [*middle, named[-1]]
    return tuple(ClassColour(code, entry.name, entry.colour) for code, entry in enumerate(names, start=1))


def _collect(
    inputs: ConservationInputs,
    ecosystems: Ecosystems,
    layers: Sequence[ServiceLayer],
    ranking: Sequence[ShareThresholds],
    found: JobResult,
) -> ConservationResult:
    areas = {stage: found.sums[f"area:{stage}"].reshape(2, -1) for stage in (BEFORE, AFTER)}
    amounts, kept, thresholds = [], [], []
    for number, (layer, of_service) in enumerate(zip(layers, ranking)):
        factor, unit = layer.service.factor, layer.service.factor * layer.ranked_unit
        before, after = (float(found.sums[f"kept:{stage}"][number]) * factor for stage in (BEFORE, AFTER))
        amounts.append(np.diff([0.0, *of_service.held, of_service.total]) * unit)
        kept.append(Kept(of_service.total * unit, before, after))
        thresholds.append(tuple(value * unit for value in of_service.values))
    return ConservationResult(
        ecosystems.names,
        areas[AFTER].sum(axis=0),
        areas[BEFORE][1],
        areas[AFTER][1],
        tuple(kept),
        tuple(found.sums[f"class_area:{number}"] for number in range(len(inputs.services))),
        tuple(amounts),
        tuple(thresholds),
        inputs,
    )


def _tell(result: ConservationResult, progress: Progress) -> None:
    for service, amounts in zip(result.inputs.services, result.class_amount):
        share = float(amounts[0]) / math.fsum(amounts) * 100
        if share >= result.inputs.breaks[-1]:
            progress.warn(
                say(
                    "{name}: class 1 holds {share:.1f} % of it, because pixels of equal amount share a class and "
                    "most are equal here. A service that tells them apart, such as habitat weighted by its "
                    "quality, makes a better choice.",
                    name=service.name,
                    share=share,
                )
            )
