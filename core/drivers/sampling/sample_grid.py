"""From aligned rasters of several years to a long table of cells: the sample of all driver statistics."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...errors import InputError
from ...messages import listed, say
from ...progress import QUIET, Progress
from ...raster.engine import run_job
from ...raster.reading.source import Source
from ...raster.settings import RasterSettings
from ...raster.study import StudyArea, open_study_area
from ...results import Column, integers, numbers
from .cell_sums import VALUE, WEIGHT, CellKernel, Planes, StripTally
from .fishnet import Fishnet, fishnet
from .inputs import OF_CLASSES, Variable

KEYS = (*integers("cell_id", "year"), *numbers("x", "y"), Column("valid_pct", unit="%"))
_ROUNDING = 1e-9  # of a cell: areas that differ by less are the same
_TOLD_LOSS, _GRAVE_LOSS = 1e-4, 0.01  # of a sum, in cells that are left out


@dataclass(frozen=True)
class SampleInputs:
    """What is sampled, and how.

    Attributes:
        variables: in the order of the fields; the first raster of the first one is the reference grid.
        years: of the rasters; none when nothing changes over time.
        cell_size_m: side of a cell, metres.
        minimum_valid_pct: share of a cell that must hold values in every variable, percent.
        origin: a corner of the cells, in the CRS of the reference; its upper left corner where None.
    """

    variables: tuple[Variable, ...]
    years: tuple[int, ...]
    cell_size_m: float
    minimum_valid_pct: float = 50.0
    origin: tuple[float, float] | None = None


@dataclass(frozen=True)
class SampleGrid:
    """A long table, a row for each cell and year, kept in a folder piece by piece.

    Attributes:
        net: the fishnet.
        columns: of the table.
        inputs: what was sampled.
        rows, cells: number of rows, and of the cells that have any.
        left_out: rows that have values, but too few.
        left_out_by: by variable, how many of those rows it left out.
        amounts: by variable that is summed, the amount in all cells and in the rows that are kept, over all years.
        valid_range: lowest and highest value by field, for legends; only fields with values.
        pieces: files of the rows, in order.
        shares: the variable of each field that holds the share of a class.
    """

    net: Fishnet
    columns: tuple[Column, ...]
    inputs: SampleInputs
    rows: int
    cells: int
    left_out: int
    left_out_by: Mapping[str, int]
    amounts: Mapping[str, tuple[float, float]]
    valid_range: Mapping[str, tuple[float, float]]
    pieces: tuple[str, ...] = field(repr=False)
    shares: Mapping[str, str] = field(repr=False)

    def chunks(self) -> Iterator[dict[str, np.ndarray]]:
        """The rows piece by piece: arrays by column; NaN where there is no value, year 0 where there are no years."""
        for path in self.pieces:
            with np.load(path) as stored:
                piece = {
                    column.name: _stored_column(stored, column.name, self.shares.get(column.name))
                    for column in self.columns
                }
            yield piece  # closed by now: Windows removes no open file

    def table(self) -> dict[str, np.ndarray]:
        """All rows at once."""
        pieces = list(self.chunks())
        return {column.name: np.concatenate([piece[column.name] for piece in pieces]) for column in self.columns}


def run_sample_grid(
    inputs: SampleInputs, settings: RasterSettings, folder: str, progress: Progress = QUIET
) -> SampleGrid:
    """Samples rasters by the cells of a fishnet in one pass; memory grows with a row of windows, not with the raster.

    A mean weighs each pixel by the area of it that lies in the cell, exactly, and is of the valid area alone. A sum
    adds the amounts of pixels, a pixel on a border by its shares. The majority is the class of the largest area, of
    the smallest code where areas are equal. A share is the percentage of the valid area.

    Args:
        inputs: rasters, years and cells.
        settings: boundary and alignment; pixels outside the boundary are not valid.
        folder: where the rows are kept; it must outlive the result.
        progress: told of warped rasters and of what is left out.

    Raises:
        GridError: the reference raster has no lengths, or a class raster lies on another grid.
        InputError: rasters, names and years do not fit, or no cell has enough values.
    """
    if not 0 <= inputs.minimum_valid_pct <= 100:
        raise InputError(
            say(
                "MINIMUM_VALID_PCT must lie between 0 and 100; it is {minimum_valid_pct:g}.",
                minimum_valid_pct=inputs.minimum_valid_pct,
            )
        )
    sources = {variable.name: variable.sources(inputs.years, progress) for variable in inputs.variables}
    reference = sources[inputs.variables[0].name][0]
    study = open_study_area(reference, settings, folder, progress)
    net = fishnet(study.grid, inputs.cell_size_m, inputs.origin)
    fitted = {name: study.fit_all(of_years, progress) for name, of_years in sources.items()}
    rows = _Rows(net, inputs, {name: [source.name for source in found] for name, found in fitted.items()}, folder)
    _sum_by_cell(study, net, inputs, fitted, rows, progress)
    if not rows.count:
        raise InputError(_nothing_left(rows, inputs))
    result = SampleGrid(
        net=net,
        columns=(*KEYS, *(Column(name, kind) for name, kind in rows.fields())),  # type: ignore[arg-type]
        inputs=inputs,
        rows=rows.count,
        cells=rows.cells,
        left_out=rows.left_out,
        left_out_by=rows.left_out_by,
        amounts=rows.amounts,
        valid_range=rows.valid_range,
        pieces=tuple(rows.pieces),
        shares=rows.shares,
    )
    _tell(result, progress)
    return result


def _sum_by_cell(
    study: StudyArea,
    net: Fishnet,
    inputs: SampleInputs,
    fitted: Mapping[str, Sequence[Source]],
    rows: _Rows,
    progress: Progress,
) -> None:
    of_classes = [variable.name for variable in inputs.variables if variable.statistic in OF_CLASSES]
    everything = [source for of_years in fitted.values() for source in of_years]
    names = {name: tuple(dict.fromkeys(source.name for source in found)) for name, found in fitted.items()}
    kernel = CellKernel(
        net.columns,
        net.rows,
        amounts=tuple(name for variable in names for name in names[variable] if variable not in of_classes),
        classes=tuple(name for variable in of_classes for name in names[variable]),
        sums=tuple(name for v in inputs.variables if v.statistic == "sum" for name in names[v.name]),
        row_weights=net.row_weights,
    )
    tally = StripTally(net.columns.cells, rows.add)
    run_job(study.job(kernel, everything, gate=[source.name for source in everything], gate_any=True), progress, tally)
    tally.close()


class _Rows:
    """Turns finished planes into rows of the table and keeps them in files."""

    def __init__(self, net: Fishnet, inputs: SampleInputs, sources: Mapping[str, Sequence[str]], folder: str) -> None:
        self._net, self._inputs, self._sources, self._folder = net, inputs, sources, folder
        self._x, self._y = net.columns.centres(), net.rows.centres()
        self._codes: dict[str, set[int]] = {v.name: set() for v in inputs.variables if v.statistic == "share"}
        self.shares: dict[str, str] = {}
        self.count = self.cells = self.left_out = 0
        self.left_out_by = {variable.name: 0 for variable in inputs.variables}
        self.amounts = {variable.name: (0.0, 0.0) for variable in inputs.variables if variable.statistic == "sum"}
        self.valid_range: dict[str, tuple[float, float]] = {}
        self.pieces: list[str] = []

    def add(self, row: int, planes: Planes) -> None:
        """Keeps the rows of `planes`, whose first row of cells is `row`."""
        shape = (len(next(iter(planes.values()))), self._net.columns.cells)
        years = self._inputs.years or (0,)
        of_pixel = self._net.shares[row : row + shape[0]]
        sampled = [self._sample(position, planes, shape, of_pixel) for position in range(len(years))]
        share = np.stack(
            [np.stack([s for s, _ in found.values()]) for found in sampled], axis=-1
        )  # variable, ..., year
        keep = self._keep(share)
        self._count_amounts(planes, keep)
        if not keep.any():
            return
        of_years = [{k: v for _, values in found.values() for k, v in values.items()} for found in sampled]
        absent = np.full(shape, np.nan)
        columns = {
            "cell_id": np.broadcast_to(self._net.numbers(row, shape[0])[..., None], keep.shape),
            "year": np.broadcast_to(np.array(years), keep.shape),
            "x": np.broadcast_to(self._x[None, :, None], keep.shape),
            "y": np.broadcast_to(self._y[row : row + shape[0], None, None], keep.shape),
            "valid_pct": 100 * share.min(axis=0),
        }
        for name in {name for values in of_years for name in values}:
            base = self.shares.get(name, name)
            columns[name] = np.stack([values.get(name, values.get(base, absent)) for values in of_years], axis=-1)
        self._write({name: np.ascontiguousarray(column[keep]) for name, column in columns.items()})
        self.cells += int(keep.any(axis=-1).sum())

    def fields(self) -> Iterator[tuple[str, str]]:
        """Names and kinds of the fields of the variables."""
        for variable in self._inputs.variables:
            if variable.statistic == "share":
                yield from ((share_field(variable.name, code), "number") for code in sorted(self._codes[variable.name]))
            else:
                yield variable.name, "integer" if variable.statistic == "majority" else "number"

    def _sample(
        self, year: int, planes: Planes, shape: tuple[int, int], of_pixel: np.ndarray
    ) -> dict[str, tuple[np.ndarray, dict[str, np.ndarray]]]:
        """By variable, the valid share of each cell and the values by field; a pixel has the share `of_pixel`."""
        found = {}
        for variable in self._inputs.variables:
            source = self._sources[variable.name][year]
            if variable.statistic in OF_CLASSES:
                weight, values = self._classes(variable, source, planes, shape)
            else:
                weight = planes.get((source, WEIGHT), np.zeros(shape))
                values = {variable.name: planes.get((source, VALUE), np.zeros(shape))}
                if variable.statistic == "mean":
                    values[variable.name] = values[variable.name] / np.where(weight > 0, weight, np.nan)
            share = np.minimum(weight * of_pixel, 1.0)
            enough = self._enough(share)
            found[variable.name] = share, {name: np.where(enough, value, np.nan) for name, value in values.items()}
        return found

    def _classes(
        self, variable: Variable, source: str, planes: Planes, shape: tuple[int, int]
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        codes = sorted(int(key) for name, key in planes if name == source)
        if not codes:
            return np.zeros(shape), {variable.name: np.full(shape, np.nan)}
        areas = np.stack([planes[source, code] for code in codes])
        weight = areas.sum(axis=0)
        if variable.statistic == "share":
            self._codes[variable.name].update(codes)
            self.shares.update({share_field(variable.name, code): variable.name for code in codes})
            parts = 100 * areas / np.where(weight > 0, weight, np.nan)
            of_code = {share_field(variable.name, code): part for code, part in zip(codes, parts)}
            return weight, {**of_code, variable.name: np.zeros(shape)}
        largest = areas.max(axis=0)
        first = np.argmax(areas >= largest * (1 - _ROUNDING), axis=0)
        return weight, {variable.name: np.array(codes, dtype=np.float64)[first]}

    def _enough(self, share: np.ndarray) -> np.ndarray:
        """Where a cell has values in enough of its area; with a minimum of 0, in any of it."""
        return (share > 0) & (100 * share >= self._inputs.minimum_valid_pct - 100 * _ROUNDING)

    def _keep(self, share: np.ndarray) -> np.ndarray:
        """Rows that are kept, shape (rows, columns, years), from the valid share of each variable."""
        any_value = (share > 0).any(axis=0)
        enough = self._enough(share)
        # A minimum of 0 asks for nothing: what a row lacks is left blank.
        keep = enough.all(axis=0) if self._inputs.minimum_valid_pct > 0 else any_value
        self.left_out += int((any_value & ~keep).sum())
        for variable, of_variable in zip(self._inputs.variables, enough):
            self.left_out_by[variable.name] += int((any_value & ~keep & ~of_variable).sum())
        return keep

    def _count_amounts(self, planes: Planes, keep: np.ndarray) -> None:
        """Adds up what the kept rows hold of each sum, and what all cells hold."""
        for variable in self._inputs.variables:
            for year, source in enumerate(self._sources[variable.name] if variable.name in self.amounts else ()):
                amount = planes.get((source, VALUE), np.zeros(keep.shape[:2]))
                every, kept = self.amounts[variable.name]
                kept_now = float(amount[keep[..., year]].sum())
                self.amounts[variable.name] = every + float(amount.sum()), kept + kept_now

    def _write(self, columns: dict[str, np.ndarray]) -> None:
        for name, values in columns.items():
            known = values[np.isfinite(values)]
            if known.size:
                low, high = self.valid_range.get(name, (np.inf, -np.inf))
                self.valid_range[name] = min(low, float(known.min())), max(high, float(known.max()))
        path = os.path.join(self._folder, f"cells_{len(self.pieces)}.npz")
        np.savez(path, **columns)
        self.pieces.append(path)
        self.count += len(columns["cell_id"])


def share_field(name: str, code: int) -> str:
    """The field of a class's share of the valid area, percent."""
    return f"{name}_{code}_pct"


def _stored_column(stored: Mapping[str, np.ndarray], name: str, base: str | None) -> np.ndarray:
    """A column of a piece; the class of a share may not occur there, which is a share of 0 where there are classes."""
    column: np.ndarray = stored[name] if name in stored else stored[base or name]
    return column


def _nothing_left(rows: _Rows, inputs: SampleInputs) -> str:
    if not rows.left_out:
        return say(
            "No cell holds a value. Check nodata values, valid ranges, the boundary and whether the rasters overlap."
        )
    worst = max(rows.left_out_by, key=lambda name: rows.left_out_by[name])
    return say(
        "None of {left_out} rows has values in {minimum_valid_pct:g} % of its cell in every "
        "variable; {worst} alone leaves out {left_out_by}. Lower MINIMUM_VALID_PCT, choose other "
        "cells, or check the nodata values of {worst}.",
        left_out=rows.left_out,
        minimum_valid_pct=inputs.minimum_valid_pct,
        worst=worst,
        left_out_by=rows.left_out_by[worst],
    )


def _tell(result: SampleGrid, progress: Progress) -> None:
    x, y = result.net.origin
    inputs, net = result.inputs, result.net
    progress.info(
        say(
            "{cells} cells of {cell_size_m:g} m, snapped to x {x:.10g}, y {y:.10g}; {rows} rows.",
            cells=result.cells,
            cell_size_m=inputs.cell_size_m,
            x=x,
            y=y,
            rows=result.rows,
        )
    )
    if net.row_weights is not None:
        ratio = float(net.shares.max() / net.shares.min())
        progress.info(
            say(
                "The first raster lies in degrees: cells measure {width:.6g} x {height:.6g} degrees, which "
                "is {cell_size_m:g} m at its middle latitude; the largest cell has {ratio:.3f} times the "
                "area of the smallest. Means and shares weigh pixels by their true area.",
                width=net.width,
                height=net.height,
                cell_size_m=inputs.cell_size_m,
                ratio=ratio,
            )
        )
    if result.left_out:
        by_name = {name: count for name, count in result.left_out_by.items() if count}
        reasons = listed((say("{name} in {count}", name=name, count=count) for name, count in by_name.items()), ", ")
        progress.info(
            say(
                "Left out: {left_out} rows with values in less than {minimum_valid_pct:g} % of the cell (too "
                "little {reasons}).",
                left_out=result.left_out,
                minimum_valid_pct=inputs.minimum_valid_pct,
                reasons=reasons,
            )
        )
    for name, (every, kept) in result.amounts.items():
        lost = (every - kept) / every if every else 0.0
        if lost > _TOLD_LOSS:
            tell = progress.warn if lost > _GRAVE_LOSS else progress.info
            tell(
                say(
                    "{name}: {lost:.2%} of its sum ({amount:,.6g} of {every:,.6g}) lies in cells that are left out, "
                    "most often at the edge. Lower MINIMUM_VALID_PCT to keep them; with 0 every cell stays.",
                    name=name,
                    lost=lost,
                    amount=every - kept,
                    every=every,
                )
            )
