"""Restoration zones: the union of what is degraded, of low quality or severely eroded, and why."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ...errors import InputError
from ...land_cover import LandCoverScheme
from ...messages import listed, say
from ...progress import QUIET, Progress
from ...raster.dataset import open_raster, short_name
from ...raster.files import workspace
from ...raster.output import Band, Output
from ...raster.reading.source import Source
from ...raster.settings import RasterSettings
from ...raster.study import StudyArea, open_study_area
from ...raster.tally import Sums, sum_by_class
from ...raster.work import COMMON, Block, JobResult, Result
from ..layers import (
    LAND_COVER,
    Ecosystems,
    Locked,
    band_source,
    open_ecosystems,
    open_locked,
    require_codes,
    run_checked,
)
from ..legends import combination_legend, legend
from ..patches import minimum_pixels, without_small_patches
from ..reasons import EVERYTHING, FILLED, HIGH, MASKS, PARTS, REASONS, masks_with, priorities_of_masks

MASK, PRIORITY, CLEANED = "reasons", "priority", "cleaned"
BEFORE, AFTER = "before", "after"
SERVICES_DEGRADED = ("degraded_water", "degraded_soil", "degraded_flood")
QUALITY_DEGRADED, QUALITY, EROSION = "degraded_quality", "quality_classes", "erosion_classes"
DEGRADATIONS = (*SERVICES_DEGRADED, QUALITY_DEGRADED)
LABELS = {
    "degraded_water": say("Degradation of water retention"),
    "degraded_soil": say("Degradation of soil conservation"),
    "degraded_flood": say("Degradation of flood mitigation"),
    QUALITY_DEGRADED: say("Degradation of quality"),
    QUALITY: say("Quality classes"),
    EROSION: say("Erosion classes"),
}
CODES: Mapping[str, Sequence[int]] = {
    **{name: range(-1, 2) for name in DEGRADATIONS},
    QUALITY: range(1, 6),
    EROSION: range(1, 7),
}
# Ecosystem quality is graded for these; elsewhere a low grade says nothing.
GRADED = ("forest", "shrub", "grassland")
HIGHEST_LOW_GRADE = 2
USED_LAND = {"urban": say("built-up land"), "cropland": say("cropland")}
ROUNDING = 1e-9  # sums of the same pixels in another order
DEGRADED_CODE = -1


@dataclass(frozen=True)
class RestorationInputs:
    """What speaks for restoration, and where it is not wanted.

    Attributes:
        degraded_water, degraded_soil, degraded_flood, degraded_quality: class rasters -1 degraded, 0, 1 improved.
        quality_classes: grades 5 excellent to 1 poor; 2 and 1 count as low.
        erosion_classes: 1 slight to 6 severe.
        severe: the lowest erosion class that counts; 4 is 5000 t/(km2 a) and more.
        land_cover: its grid is the reference; without it that of the first raster given.
        scheme: meaning of the land-cover codes.
        exclude: ecosystems that are never suggested, such as urban and cropland.
        minimum_area_ha: smaller patches join their neighbours; 0 keeps all.
        water_sources: polygons in which severe erosion alone makes the priority high.
        weights: of the reasons in the priority score; 1 where not given.
        bands: by name of the raster; without one the first band of a degradation, which is the union of its layers,
            and the last of quality and erosion classes, which is the most recent year.
    """

    degraded_water: str | None = None
    degraded_soil: str | None = None
    degraded_flood: str | None = None
    degraded_quality: str | None = None
    quality_classes: str | None = None
    erosion_classes: str | None = None
    severe: int = 4
    land_cover: str | None = None
    scheme: LandCoverScheme | None = None
    exclude: tuple[str, ...] = ()
    minimum_area_ha: float = 0.0
    water_sources: str | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    bands: Mapping[str, int] = field(default_factory=dict)

    @property
    def layers(self) -> dict[str, str]:
        """The rasters that are given, by name."""
        given = {name: getattr(self, name) for name in CODES}
        return {name: path for name, path in given.items() if path}


@dataclass(frozen=True)
class RestorationOutputs:
    """Paths of the maps; None for a map that is not wanted."""

    reasons: str | None = None
    priority: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class RestorationResult:
    """Restoration areas.

    Attributes:
        ecosystems: names by ecosystem number.
        before: area by reason mask and ecosystem before the patch clean-up, shape (128, ecosystems), hectares.
        after: the same after it; equal to `before` without one.
        priority_ha: area by priority class 0 to 3, after the clean-up.
        study_area_ha: what shares are of: all land cover, be it judged or not; without land cover what has a value in
            any layer.
        minimum_pixels: patches of fewer pixels were cleaned up.
        inputs: what was asked for.
    """

    ecosystems: tuple[str, ...]
    before: np.ndarray
    after: np.ndarray
    priority_ha: np.ndarray
    study_area_ha: float
    minimum_pixels: int
    inputs: RestorationInputs

    @property
    def unjudged_ha(self) -> float:
        """Land on which no layer has a value."""
        judged = math.fsum(self.after.ravel())
        lost = self.study_area_ha - judged
        return lost if lost > ROUNDING * self.study_area_ha else 0.0

    def area_of(self, ecosystem: str) -> float:
        """Area (ha) to restore in an ecosystem."""
        of = self.after[1:, [name == ecosystem for name in self.ecosystems]]
        return math.fsum(of.ravel())

    def area_with(self, bits: int = EVERYTHING, stage: str = AFTER) -> float:
        """Area (ha) of the masks that have any of the bits; by default the union."""
        table = self.after if stage == AFTER else self.before
        return math.fsum(table[masks_with(bits)].ravel())

    @property
    def masks(self) -> tuple[int, ...]:
        """The combinations of reasons that occur, largest first."""
        areas = self.after.sum(axis=1)
        return tuple(int(mask) for mask in np.argsort(-areas, kind="stable") if mask > 0 and areas[mask] > 0)

    @property
    def area_ha(self) -> float:
        return self.area_with()

    @property
    def share_pct(self) -> float:
        return self.area_ha / self.study_area_ha * 100

    @property
    def overlap_ha(self) -> float:
        """How much the parts degraded, low quality and severe erosion exceed their union, before the clean-up."""
        parts = math.fsum(self.area_with(bits, BEFORE) for bits in PARTS.values())
        return parts - self.area_with(stage=BEFORE)


NO_LAYER = say("Nothing speaks for restoration: give at least one degradation, quality or erosion raster.")


def run_restoration_zones(
    inputs: RestorationInputs,
    outputs: RestorationOutputs | None = None,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> RestorationResult:
    """Restoration area ``D or L or E``: degraded services or quality, low quality, severe erosion, as reason bits.

    A layer without a value at a pixel gives no reason there; a pixel has no result only where no layer has a value,
    or where there is no land cover. Shares are of all land cover. Low quality counts on forest, shrub and grassland
    where land cover tells them.

    Raises:
        InputError: no layer, codes that do not exist, an exclusion without land cover.
        GridError: a raster lies on another grid.
        TableError: a land-cover code is not in the scheme.
        OutputError: a map cannot be written.
        Cancelled: the user stopped.

    Source: Wang, Lu & Ouyang 2022, Acta Ecol. Sin. 42(6):2074-2085.
    """
    outputs, settings = outputs or RestorationOutputs(), settings or RasterSettings()
    if not inputs.layers:
        raise InputError(NO_LAYER)
    if inputs.severe not in CODES[EROSION][1:]:
        raise InputError(
            say(
                "SEVERE is {severe}. Give the lowest erosion class that counts as severe, 2 to 6.", severe=inputs.severe
            )
        )
    with workspace() as folder:
        cover = [band_source(LAND_COVER, inputs.land_cover, say("Land cover"), progress)] if inputs.land_cover else []
        layers = [_layer(inputs, name, path, progress) for name, path in inputs.layers.items()]
        area = open_study_area([*cover, *layers][0], settings, folder, progress, inputs.scheme)
        fitted = area.fit_all([*cover, *layers], progress)
        ecosystems = open_ecosystems(fitted[0] if cover else None, inputs.scheme)
        minimum = minimum_pixels(inputs.minimum_area_ha, area.grid)
        kernel = RestorationKernel(
            layers=tuple(source.name for source in layers),
            ecosystems=ecosystems,
            excluded=ecosystems.members(inputs.exclude),
            graded=ecosystems.members(GRADED) if cover else np.array([True]),
            severe=inputs.severe,
            priorities=priorities_of_masks(inputs.weights),
            water_sources=open_locked(inputs.water_sources, "water_sources", "Water source areas", area),
        )
        found = _run(kernel, fitted, area, outputs, minimum, progress)
    after = found.sums[AFTER].reshape(MASKS, -1)
    result = RestorationResult(
        ecosystems.names,
        found.sums[BEFORE].reshape(MASKS, -1),
        after,
        found.sums[PRIORITY],
        found.coverage[LAND_COVER].area_ha if cover else math.fsum(after.ravel()),
        minimum,
        inputs,
    )
    _tell_gaps(layers, found, progress)
    _tell_used_land(result, progress)
    return result


def _layer(inputs: RestorationInputs, name: str, path: str, progress: Progress) -> Source:
    band = inputs.bands.get(name)
    if band is None and name in DEGRADATIONS and (count := open_raster(path, LABELS[name]).RasterCount) > 1:
        progress.info(
            say(
                "{labels}: the first of the {count} bands of {path} is taken, the union.",
                labels=LABELS[name],
                count=count,
                path=short_name(path),
            )
        )
    return band_source(name, path, LABELS[name], progress, band=band or (1 if name in DEGRADATIONS else None))


@dataclass(frozen=True, eq=False)
class RestorationKernel:
    """Reason bits of every pixel.

    Attributes:
        layers: names of the sources that are given.
        ecosystems: what the tables are broken down by.
        excluded: per ecosystem, whether it is never suggested.
        graded: per ecosystem, whether its quality grade counts.
        severe: lowest severe erosion class.
        priorities: priority class by mask, shape (128,).
        water_sources: where severe erosion makes the priority high.
        cleaned: the sieved zones, in the run that follows the sieve.
    """

    layers: tuple[str, ...]
    ecosystems: Ecosystems
    excluded: np.ndarray
    graded: np.ndarray
    severe: int
    priorities: np.ndarray
    water_sources: Locked | None = None
    cleaned: Source | None = None

    def __call__(self, block: Block) -> Result:
        for name in self.layers:
            require_codes(block, name, CODES[name])
        ecosystem = self.ecosystems.numbers(block)
        valid = np.logical_or.reduce([block.valid[name] for name in self.layers]) & self.ecosystems.valid(block)
        excluded = self.excluded.take(ecosystem)
        before = np.where(excluded, 0, self.reasons(block, ecosystem)).astype(np.uint8)
        after = before if self.cleaned is None else cleaned_reasons(before, block.values[self.cleaned.name], excluded)
        priority = self.priorities.take(after)
        if self.water_sources is not None:
            severe = (after & REASONS["severe_erosion"]) != 0
            priority = np.where(severe & self.water_sources.inside(block), np.uint8(HIGH), priority)
        # The sieve must not reach over excluded pixels, so they have no value for it.
        rasters = {
            MASK: (after, valid),
            PRIORITY: (priority, valid),
            CLEANED: ((after != 0).astype(np.uint8), valid & ~excluded),
        }
        return Result(rasters, Sums(self._areas(block, ecosystem, valid, before, after, priority)))

    def reasons(self, block: Block, ecosystem: np.ndarray) -> np.ndarray:
        """The bit mask of each pixel, uint8."""
        mask = np.zeros(block.gate.shape, dtype=np.uint8)
        for name in self.layers:
            codes, valid = block.values[name], block.valid[name]
            if name == QUALITY:
                holds, bit = (codes <= HIGHEST_LOW_GRADE) & self.graded.take(ecosystem), REASONS["low_quality"]
            elif name == EROSION:
                holds, bit = codes >= self.severe, REASONS["severe_erosion"]
            else:
                holds, bit = codes == DEGRADED_CODE, REASONS[name]
            mask |= np.where(holds & valid, np.uint8(bit), np.uint8(0))
        return mask

    def _areas(
        self,
        block: Block,
        ecosystem: np.ndarray,
        valid: np.ndarray,
        before: np.ndarray,
        after: np.ndarray,
        priority: np.ndarray,
    ) -> dict[str, np.ndarray]:
        count = len(self.ecosystems.names)
        areas = np.where(valid, block.areas_ha, 0.0)
        by_mask = {
            stage: sum_by_class(mask.astype(np.intp) * count + ecosystem, MASKS * count, areas)
            for stage, mask in ((BEFORE, before), (AFTER, after))
        }
        return {**by_mask, PRIORITY: sum_by_class(priority, HIGH + 1, areas)}


def cleaned_reasons(before: np.ndarray, zones: np.ndarray, excluded: np.ndarray) -> np.ndarray:
    """Reason masks after the clean-up: 0 in patches that went, `FILLED` in holes that were filled.

    Args:
        before: reason masks.
        zones: 1 in the cleaned zones, else 0.
        excluded: where nothing may be filled.
    """
    inside = (zones == 1) & ~excluded
    return np.where(inside, np.where(before == 0, np.uint8(FILLED), before), np.uint8(0))


def _run(
    kernel: RestorationKernel,
    sources: Sequence[Source],
    area: StudyArea,
    outputs: RestorationOutputs,
    minimum: int,
    progress: Progress,
) -> JobResult:
    """One run over the rasters; with a clean-up two, and the sieve between them."""
    if minimum > 1:
        path = os.path.join(area.folder, "zones.tif")
        zones = Output(CLEANED, path, (Band(CLEANED),), "uint8", 255)
        _run_job(kernel, sources, area, (zones,), progress.part(0, 40))
        cleaned = without_small_patches(path, minimum, area, progress)
        kernel = replace(kernel, cleaned=cleaned)
        progress = progress.part(60, 100)
    return _run_job(kernel, sources, area, _maps(outputs), progress)


def _run_job(
    kernel: RestorationKernel,
    sources: Sequence[Source],
    area: StudyArea,
    outputs: Sequence[Output],
    progress: Progress,
) -> JobResult:
    extra = [] if kernel.cleaned is None else [kernel.cleaned]
    if kernel.water_sources is not None:
        extra.append(kernel.water_sources.source)
    job = area.job(kernel, [*sources, *extra], outputs, gate=[source.name for source in sources], gate_any=True)
    return run_checked(job, kernel.ecosystems, area, progress, CODES)


def _maps(outputs: RestorationOutputs) -> tuple[Output, ...]:
    made = []
    if outputs.reasons:
        made.append(
            Output(MASK, outputs.reasons, (Band("reasons"),), "uint8", 255, combination_legend(), outputs.metadata)
        )
    if outputs.priority:
        made.append(
            Output(PRIORITY, outputs.priority, (Band("priority"),), "uint8", 255, legend("priority"), outputs.metadata)
        )
    return tuple(made)


def _tell_gaps(sources: Sequence[Source], found: JobResult, progress: Progress) -> None:
    whole = found.coverage[COMMON]
    for source in sources:
        missing = whole.area_ha - found.coverage[source.name].area_ha
        if found.coverage[source.name].pixels < whole.pixels:
            progress.info(
                say(
                    "{named} has no value on {missing:,.2f} ha: it gives no reason there.",
                    named=source.named,
                    missing=missing,
                )
            )


def _tell_used_land(result: RestorationResult, progress: Progress) -> None:
    """Warns of land that people use: as in the paper it is suggested, but a town does not become a forest."""
    areas = [(name, what, result.area_of(name)) for name, what in USED_LAND.items()]
    parts = [
        say("{area:,.2f} ha of {what} ({name})", area=area, what=what, name=name)
        for name, what, area in areas
        if area > 0
    ]
    if parts:
        progress.warn(
            say("To restore are {parts}. Name ecosystems in EXCLUDE to leave them out.", parts=listed(parts, "; "))
        )
