"""Threats to habitat: how they fade with distance, and how strong they are at each pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...errors import InputError, TableError
from ...messages import say
from ...progress import Progress
from ...raster.grid import Grid
from ...raster.lengths import pixel_metres
from ...raster.passes.convolve import convolve_source
from ...raster.passes.nearest import write_by_distance
from ...raster.passes.terrain import require_metres
from ...raster.reading.source import Source, describe_source, footprint
from ...raster.study import StudyArea
from ...tables import Table

Method = Literal["nearest", "accumulated"]
Decay = Literal["linear", "exponential"]

DECAYS = ("linear", "exponential")
FARTHEST_KM = 500.0
AT_ITS_END = 1e-9  # of the distance: rounding decides nothing


@dataclass(frozen=True)
class Threat:
    """A threat and how it fades: up to `max_distance_km`, `linear` or `exponential`."""

    name: str
    max_distance_km: float
    weight: float
    decay: Decay

    @property
    def reach_m(self) -> float:
        return 1000 * self.max_distance_km


def decay(distance: np.ndarray, max_distance: float, form: Decay, closed: bool = False) -> np.ndarray:
    """Influence at a distance: ``1 - d/dmax`` or ``exp(-2.99 d/dmax)``; 0 from dmax on.

    Args:
        distance: of any unit.
        max_distance: dmax, of the same unit.
        form: of the two.
        closed: whether dmax itself lies within reach, as in natcap.invest since 3.13.

    Source: Sharp et al., InVEST user's guide, habitat quality, equations 1 and 2.
    """
    share = distance / max_distance
    influence = 1 - share if form == "linear" else np.exp(-2.99 * share)
    within = share <= 1 + AT_ITS_END if closed else share < 1
    return np.where(within, influence, 0.0)


def decay_kernel(
    threat: Threat,
    pixel_width_m: float,
    pixel_height_m: float,
    normalise: bool = True,
    size: tuple[int, int] | None = None,
) -> np.ndarray:
    """Weights of the pixels around a pixel, shape (2 rows + 1, 2 columns + 1).

    Args:
        threat: its distance and decay.
        pixel_width_m, pixel_height_m: of the grid.
        normalise: whether the weights of all pixels within reach add up to 1, so that degradation lies in 0 to 1 and
            does not depend on the pixel size; else the influence itself is summed, as its equation is printed.
        size: rows and columns of the raster: weights that lead from none of its pixels to another are left out.
    """
    rows, columns = int(threat.reach_m // pixel_height_m), int(threat.reach_m // pixel_width_m)
    shown = (rows, columns) if size is None else (min(rows, size[0] - 1), min(columns, size[1] - 1))
    y = np.arange(-shown[0], shown[0] + 1)[:, np.newaxis] * pixel_height_m
    x = np.arange(-shown[1], shown[1] + 1) * pixel_width_m
    weights = decay(np.hypot(x, y), threat.reach_m, threat.decay)
    if not normalise:
        return weights
    if shown == (rows, columns):
        return weights / weights.sum()
    # a quarter stands for all four, and a row at a time takes no memory
    quarter = np.arange(columns + 1) * pixel_width_m
    across = np.where(quarter > 0, 2.0, 1.0)
    lines = (np.hypot(quarter, row * pixel_height_m) for row in range(rows + 1))
    sums = [float(across @ decay(line, threat.reach_m, threat.decay)) for line in lines]
    return weights / (2 * sum(sums) - sums[0])


def read_threats(table: Table, names: Sequence[str]) -> tuple[Threat, ...]:
    """The threats in the order of their rasters.

    Raises:
        TableError: a raster has no row, a row no raster, or a number or decay cannot be used.
    """
    table.require("threat", "max_distance_km", "weight", "decay")
    given = table.texts("threat")
    _same_names(table.name, given, names)
    rows = zip(given, table.numbers("max_distance_km"), table.numbers("weight"), table.texts("decay"))
    threats = {}
    for name, distance, weight, form in rows:
        where = say("Table {name}, threat {name2}", name=table.name, name2=name)
        if not 0 < distance <= FARTHEST_KM:
            raise TableError(
                say(
                    "{where}: max_distance_km is {distance:g}. Write kilometres, such as 3; not metres.",
                    where=where,
                    distance=distance,
                )
            )
        if not weight > 0:
            raise TableError(say("{where}: weight is {weight:g}. Write a positive number.", where=where, weight=weight))
        if form.casefold() not in DECAYS:
            raise TableError(say("{where}: decay is {form!r}. Write linear or exponential.", where=where, form=form))
        threats[name] = Threat(name, float(distance), float(weight), form.casefold())  # type: ignore[arg-type]
    return tuple(threats[name] for name in names)


def _same_names(table: str, rows: Sequence[str], rasters: Sequence[str]) -> None:
    without_row = [name for name in rasters if name not in rows]
    if without_row:
        raise TableError(
            say(
                "Table {table} has no row for the threat {without_row}. Add it, or drop the raster.",
                table=table,
                without_row=", ".join(without_row),
            )
        )
    without_raster = [name for name in rows if name not in rasters]
    if without_raster:
        raise TableError(
            say(
                "Table {table} has the threat {without_raster}, but no raster has that name. Give the "
                "raster, or remove the row: its weight would count.",
                table=table,
                without_raster=", ".join(without_raster),
            )
        )


@dataclass(frozen=True)
class _Fading:
    """Influence by the distance to the nearest pixel of a threat."""

    threat: Threat

    def __call__(self, distance: np.ndarray) -> np.ndarray:
        return decay(distance, self.threat.reach_m, self.threat.decay, closed=True)


class _Intensities:
    """Refuses threats beyond 0 to 1, and notes whether there are any, and any between the two."""

    def __init__(self, label: str) -> None:
        self._label = label
        self.some = self.partial = False

    def __call__(self, values: np.ndarray, valid: np.ndarray) -> None:
        beyond = valid & ((values < 0) | (values > 1 + 1e-6))
        if beyond.any():
            raise InputError(
                say(
                    "{label} holds {values:.6g}. Threats lie between 0 and 1: divide by the largest value, or "
                    "set the valid range.",
                    label=self._label,
                    values=float(values[beyond][0]),
                )
            )
        above = valid & (values > 0)
        self.some = self.some or bool(above.any())
        self.partial = self.partial or bool((above & (values < 1)).any())


def spread_threat(
    threat: Threat, source: Source, area: StudyArea, method: Method, normalise: bool, progress: Progress
) -> Source:
    """The influence of a threat at each pixel of the grid.

    Args:
        threat: how it fades.
        source: its intensity, 0 to 1, fitted to the grid; 0 where it has no value.
        area: grid, folder and threads.
        method: `nearest` takes the distance to the nearest pixel above 0, as natcap.invest does since 3.13;
            `accumulated` sums the intensities of all pixels within reach, weighted by distance.
        normalise: for `accumulated`, see `decay_kernel`.
        progress: of this threat.

    Raises:
        InputError: an intensity lies beyond 0 to 1.
        GridError: for `accumulated`, the grid is not in a projected CRS of true lengths.
        OutputError, Cancelled: as the writers.
    """
    grid, found = area.grid, _Intensities(source.named)
    _tell_reach(threat, grid, progress)
    if method == "nearest":
        threads = area.settings.codec_threads
        made = write_by_distance(source, _Fading(threat), threat.reach_m, grid, area.folder, progress, found, threads)
        if found.partial:
            progress.warn(
                say(
                    "{named} holds values between 0 and 1. The distance to the nearest threat knows no "
                    "intensity: whatever is above 0 counts as 1, as in InVEST. Set small values to 0, or choose "
                    "accumulated.",
                    named=source.named,
                )
            )
    else:
        metres = require_metres(grid, "The land cover")
        size = (grid.pixel_width * metres, grid.pixel_height * metres)
        kernel = decay_kernel(threat, *size, normalise, (grid.height, grid.width))
        made = convolve_source(source, kernel, grid, area.folder, progress, found)
    if not found.some:
        progress.warn(
            say("{named} is 0 everywhere on the land cover: this threat degrades nothing.", named=source.named)
        )
    return made


def tell_beyond(source: Source, grid: Grid, progress: Progress) -> None:
    """Warns where a threat raster, not yet fitted, reaches beyond the land cover by a pixel of it or more."""
    bounds = footprint(describe_source(source)[1], grid)
    if bounds is None:
        return
    left, bottom, right, top = grid.bounds
    across = max(left - bounds[0], bounds[2] - right) / grid.pixel_width
    down = max(bottom - bounds[1], bounds[3] - top) / grid.pixel_height
    if max(across, down) >= 1:
        progress.warn(
            say(
                "{named} reaches beyond the land cover. Threats that lie outside it are not seen, however near they "
                "are: for those to count, give land cover that reaches as far, and the study area as BOUNDARY.",
                named=source.named,
            )
        )


def _tell_reach(threat: Threat, grid: Grid, progress: Progress) -> None:
    across, down = pixel_metres(grid)
    smallest = min(float(across.min()), float(down.min()))
    if threat.reach_m < smallest:
        progress.warn(
            say(
                "The threat {name} reaches {max_distance_km:g} km, less than a pixel ({smallest:.4g} m): it "
                "degrades only the pixel it lies in.",
                name=threat.name,
                max_distance_km=threat.max_distance_km,
                smallest=smallest,
            )
        )
    width, height = float(across.max()) * grid.width, float(down.sum())
    if threat.reach_m > np.hypot(width, height):
        progress.warn(
            say(
                "The threat {name} reaches {max_distance_km:g} km, farther than the map is long ({width:.4g} "
                "x {height:.4g} km). If max_distance_km is in metres, divide it by 1000.",
                name=threat.name,
                max_distance_km=threat.max_distance_km,
                width=width / 1000,
                height=height / 1000,
            )
        )
