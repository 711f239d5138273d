"""Do the drivers tell the same story at every cell size? The modifiable areal unit problem, made visible."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import InputError
from ..messages import listed, say
from ..progress import QUIET, Progress
from ..raster.settings import RasterSettings
from .geodetector.detector import geographical_detector
from .observations import read_observations
from .panel.regression import PanelResult, panel_regression
from .sampling.sample_grid import SampleGrid, SampleInputs, run_sample_grid


@dataclass(frozen=True)
class ScaleRow:
    """A factor at a cell size.

    Attributes:
        cell_size: side of the cells, metres.
        n: rows with Y and every factor.
        factor: name of the driver.
        q: factor detector, classes by optimal discretisation.
        slope: of Y on the factor beside the others, in their units; None where it has none.
        p: of the slope; None likewise.
        standardised: the slope in standard deviations, which can be compared between sizes.
        strata: classes behind q.
    """

    cell_size: float
    n: int
    factor: str
    q: float | None
    slope: float | None
    p: float | None
    standardised: float | None
    strata: int


@dataclass(frozen=True)
class ScaleResult:
    """Rows by cell size and factor, the effects behind the slopes, and what the user should look at."""

    rows: tuple[ScaleRow, ...]
    y: str
    effects: str
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def run_scale_check(
    inputs: SampleInputs,
    cell_sizes_m: Sequence[float],
    y: str,
    x: Sequence[str],
    settings: RasterSettings,
    folder: str,
    progress: Progress = QUIET,
) -> ScaleResult:
    """Samples at several cell sizes and compares q and slopes.

    Slopes come from one panel regression of Y on all factors with two-way effects and errors clustered by cell, or from
    least squares with robust errors when there is one year or none. Factors that are majority classes have a q alone.
    q rises with the cell size almost by itself, because averages lose variance; the largest q is not the best size.

    Args:
        inputs: rasters and years; its cell size is not used.
        cell_sizes_m: sides of the cells, metres.
        y: name of the explained variable.
        x: names of the factors.
        settings: see `run_sample_grid`.
        folder: for intermediate files.
        progress: told how far the run is.

    Raises:
        InputError: a name is not among the variables, shares of classes, or as `run_sample_grid`.
    """
    sizes = sorted(set(cell_sizes_m))
    _check(inputs, sizes, y, x)
    effects = "twoway" if len(inputs.years) > 1 else "none"
    rows: list[ScaleRow] = []
    warnings: list[str] = []
    for done, size in enumerate(sizes):
        part = progress.part(100 * done / len(sizes), 100 * (done + 1) / len(sizes))
        place = os.path.join(folder, f"size_{done}")
        os.makedirs(place)
        grid = run_sample_grid(replace(inputs, cell_size_m=size), settings, place, part.part(0, 60))
        found, doubts = _at_size(grid, y, x, effects, part.part(60, 100))
        rows += found
        warnings += [listed((f"{size:g} m", doubt), ": ") for doubt in doubts]
    for warning in warnings:
        progress.warn(warning)
    return ScaleResult(tuple(rows), y, effects, _notes(effects), tuple(warnings))


def _check(inputs: SampleInputs, sizes: Sequence[float], y: str, x: Sequence[str]) -> None:
    statistics = {variable.name: variable.statistic for variable in inputs.variables}
    if not sizes:
        raise InputError(say("CELL_SIZES is empty. Give the sides of the cells in metres, such as 1000, 2000, 5000."))
    if not x:
        raise InputError(say("X is empty. Give the names of the factors, separated by commas."))
    for what, name in (("Y", y), *(("X", name) for name in x)):
        if name not in statistics:
            raise InputError(
                say(
                    "{what} {name!r} is not among NAMES ({statistics}).",
                    what=what,
                    name=name,
                    statistics=", ".join(statistics),
                )
            )
        if statistics[name] == "share" or (what == "Y" and statistics[name] == "majority"):
            raise InputError(
                say(
                    "{what} {name!r} is sampled as {statistics}. Choose mean or sum for it.",
                    what=what,
                    name=name,
                    statistics=statistics[name],
                )
            )
    if y in x or len(set(x)) < len(x):
        raise InputError(say("A variable is used twice among Y and X: choose each once."))


def _at_size(
    grid: SampleGrid, y: str, x: Sequence[str], effects: str, progress: Progress
) -> tuple[list[ScaleRow], list[str]]:
    table = grid.table()
    classes = [v.name for v in grid.inputs.variables if v.statistic == "majority" and v.name in x]
    detector = geographical_detector(
        table[y], {name: table[name] for name in x}, categorical=classes, y_name=y, progress=progress.part(0, 60)
    )
    numbers = [name for name in x if name not in classes]
    doubts: list[str] = []
    panel = None
    if numbers:
        try:
            panel = _panel(table, y, numbers, effects, progress.part(60, 100))
        except InputError as error:
            doubts.append(say("no slopes. {error}", error=error))
    terms = {} if panel is None else {term.term: term for term in panel.terms}
    if panel is not None:
        doubts += panel.warnings
        doubts += [
            say("no slope of {name}, {reason}", name=item.what.removeprefix("driver "), reason=item.reason)
            for item in panel.dropped
            if item.what.startswith("driver ")
        ]
    rows = []
    for factor in detector.factors:
        term = terms.get(factor.factor)
        rows.append(
            ScaleRow(
                cell_size=grid.inputs.cell_size_m,
                n=factor.n,
                factor=factor.factor,
                q=factor.q,
                slope=term.estimate if term else None,
                p=term.p if term else None,
                standardised=term.standardised if term else None,
                strata=factor.strata,
            )
        )
    return rows, doubts


def _panel(table: dict[str, np.ndarray], y: str, x: Sequence[str], effects: str, progress: Progress) -> PanelResult:
    if effects == "none":
        return panel_regression(read_observations(table, y, x), "none", "robust", progress=progress)
    observations = read_observations(table, y, x, entity="cell_id", time="year")
    return panel_regression(observations, effects, "cluster", progress=progress)


def _notes(effects: str) -> tuple[str, ...]:
    model = (
        say("effects of cells and years, standard errors clustered by cell")
        if effects == "twoway"
        else say("least squares with a constant, robust standard errors")
    )
    return (
        say("Slopes: one regression on all factors at each size, {model}.", model=model),
        say("q of each factor over all rows; classes by optimal discretisation (LOESS rule), anew at each size."),
        say(
            "q rises with the cell size almost by itself, because averages lose variance: the size with "
            "the largest q is not the best one. Look for conclusions that hold at all sizes."
        ),
    )
