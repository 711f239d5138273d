"""The zoning plan: restore here, conserve there, why, and how much of each service the plan keeps."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...raster.files import workspace
from ...raster.output import Band, Output
from ...raster.settings import RasterSettings
from ...raster.study import open_study_area
from ...raster.work import JobResult
from ...raster.zones.zoning import open_zoning
from ..layers import LAND_COVER, band_source, open_ecosystems, run_checked
from ..legends import legend
from ..services import open_services, service_sources
from .kernel import CODES, CONSERVATION, DISTRICTS, NO_PLAN, PARTS, PLAN, PLANS, RESTORATION, PlanKernel, Policy
from .polygons import plan_polygons, write_plan_polygons
from .result import UNKNOWN, PlanInputs, PlanResult
from .tables import polygon_fields


@dataclass(frozen=True)
class PlanOutputs:
    """Paths of the map, its polygons and the districts on its grid (number + 1); None for what is not wanted."""

    plan: str | None = None
    polygons: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    districts: str | None = None


def _require_zones(found: JobResult) -> None:
    """Raises InputError where neither zones have a value anywhere: land cover alone makes no plan."""
    if not any(found.coverage[name].pixels for name in (RESTORATION, CONSERVATION)):
        raise InputError(
            say(
                "No pixel of the restoration and conservation zones has a value within the study area. Check "
                "that they are zones of this region, their nodata values and the study boundary."
            )
        )


def run_zoning_plan(
    inputs: PlanInputs,
    outputs: PlanOutputs | None = None,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> PlanResult:
    """Lays conservation over restoration and sums the plan by district, ecosystem, reason and service.

    A raster that has no value at a pixel counts as not suggested there. The region is all land cover; without land
    cover it is where either raster has a value.

    Raises:
        InputError: codes that do not exist, an unknown policy, or files that cannot be read.
        GridError: a raster does not fit the grid of the restoration raster.
        TableError: a land-cover code is not in the scheme.
        OutputError: the map or its polygons cannot be written.
        Cancelled: the user stopped.
    """
    outputs, settings = outputs or PlanOutputs(), settings or RasterSettings()
    if inputs.policy not in get_args(Policy):
        raise InputError(
            say(
                "There is no policy {policy}. Choose one of {policy2}.",
                policy=inputs.policy,
                policy2=", ".join(get_args(Policy)),
            )
        )
    with workspace() as folder, plan_polygons(outputs.polygons) as polygons:
        zones = [
            band_source(RESTORATION, inputs.restoration, "Restoration", progress),
            band_source(CONSERVATION, inputs.conservation, "Conservation", progress),
        ]
        area = open_study_area(zones[0], settings, folder, progress, inputs.scheme)
        zones = list(area.fit_all(zones, progress))
        cover = band_source(LAND_COVER, inputs.land_cover, say("Land cover"), progress) if inputs.land_cover else None
        ecosystems = open_ecosystems(area.fit(cover, progress) if cover else None, inputs.scheme)
        districts = open_zoning(inputs.districts, area, progress)
        sources = service_sources(inputs.services, progress) if inputs.services else ()
        services = open_services(inputs.services, sources, area, progress)
        kernel = PlanKernel(inputs.policy, ecosystems, districts, services)
        parts = os.path.join(folder, "parts.tif")
        made = []
        if outputs.plan:
            band = (Band(PLAN),)
            made.append(Output(PLAN, outputs.plan, band, "uint8", NO_PLAN, legend("plan"), outputs.metadata))
        if outputs.polygons:
            made.append(Output(PARTS, parts, (Band(PARTS),), "int32", 0))
        if outputs.districts:
            made.append(Output(DISTRICTS, outputs.districts, (Band(DISTRICTS),), "int32", 0))
        read = [*zones, *ecosystems.sources, *districts.sources, *(layer.source for layer in services)]
        gate = [RESTORATION, CONSERVATION, *(source.name for source in ecosystems.sources)]
        job = replace(area.job(kernel, read, made, gate=gate, gate_any=True), accept=_require_zones)
        found = run_checked(job, ecosystems, area, progress.part(0, 70 if outputs.polygons else 100), CODES)
        shape = (len(districts.names), PLANS, -1)
        kept = [found.sums[f"kept:{n}"] * layer.service.factor for n, layer in enumerate(services)]
        result = PlanResult(
            districts.names,
            (*ecosystems.names, UNKNOWN),
            found.sums["area"].reshape(shape),
            found.sums["reasons"].reshape(shape),
            np.array(kept).reshape(len(services), len(districts.names), PLANS),
            inputs,
        )
        if polygons:
            write_plan_polygons(parts, polygons, polygon_fields(result), progress.part(70, 100))
    return result
