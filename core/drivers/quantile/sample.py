"""The checked sample of a quantile regression: rows, columns, year dummies, cells and clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from .panel import Codes
from .solver import Array

CONSTANT = "const"


@dataclass(frozen=True)
class Sample:
    """Checked input: response, constant + drivers + year dummies, and codes 0, 1, ... of cells and clusters.

    Attributes:
        y: (n,) response.
        x: (n, P) constant, drivers, year dummies.
        names: P names.
        drivers: number of drivers.
        cells: (n,) codes, or None.
        clusters: (n,) codes, or None.
        notes: what was left out or added.
    """

    y: Array
    x: Array
    names: tuple[str, ...]
    drivers: int
    cells: Codes | None
    clusters: Codes | None
    notes: tuple[str, ...] = ()


def make_sample(
    y: ArrayLike,
    x: ArrayLike,
    names: Sequence[str],
    method: str,
    entity: ArrayLike | None,
    time: ArrayLike | None,
    cluster: ArrayLike | None,
    year_dummies: bool,
) -> Sample:
    """Checks the input of `quantile_regression` (arguments as there) and puts the columns together.

    Raises:
        InputError: shapes that do not match, missing values, constant y, too few rows, or a panel that is none.
    """
    response, drivers = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    if drivers.ndim != 2 or response.shape != drivers.shape[:1] or drivers.shape[1] != len(names):
        raise InputError(
            f"y {response.shape}, x {drivers.shape} and {len(names)} names do not belong together: "
            "x needs a row for each value of y and a column for each name."
        )
    for name, values in (("y", response), *zip(names, drivers.T)):
        bad = int(np.sum(~np.isfinite(values)))
        if bad:
            raise InputError(f"{name} is missing or infinite in {bad} of {len(values)} rows. Remove those rows first.")
    codes = {"entity": entity, "time": time, "cluster": cluster}
    for name, given in codes.items():
        if given is not None and np.shape(given) != response.shape:
            raise InputError(
                f"{name} has shape {np.shape(given)}, y has {response.shape}. One code for each row is needed."
            )
    if method != "pooled" and entity is None:
        raise InputError(f"Method {method} needs the cell of each row (ENTITY). Give it, or use the pooled method.")

    keep = np.ones(len(response), dtype=bool)
    notes = []
    if entity is not None and method != "pooled":
        _check_duplicates(entity, time)
        _, cells, counts = np.unique(entity, return_inverse=True, return_counts=True)
        if method != "koenker":
            # A cell seen once is fitted perfectly by its own effect and would pose as a row without error.
            keep = counts[cells] > 1
            if not keep.any():
                raise InputError(f"Every cell has one row; method {method} compares the years of a cell. Use pooled.")
            if not keep.all():
                notes.append(
                    f"{int(np.sum(~keep))} cells with a single row are left out: their effect fits them perfectly."
                )
    if not keep.all():
        response, drivers = response[keep], drivers[keep]
    if len(response) and response.min() == response.max():
        raise InputError(f"y is {response[0]:g} in every row. Nothing is left to explain; check the field.")

    labels, years, year = [CONSTANT, *names], np.empty(0), np.empty(0)
    if time is not None and year_dummies:
        years, year = np.unique(np.asarray(time)[keep], return_inverse=True)
        labels += [f"year_{one}" for one in years[1:]]
        if len(years) > 1:
            notes.append(f"Year effects: a column for every year but {years[0]}.")
    elif method != "pooled" and year_dummies:
        notes.append("No year effects: the year of each row is not given.")
    matrix = np.empty((len(response), len(labels)))
    matrix[:, 0] = 1
    matrix[:, 1 : 1 + len(names)] = drivers
    for column, one in enumerate(range(1, len(years)), start=1 + len(names)):
        matrix[:, column] = year == one
    if len(response) <= matrix.shape[1]:
        raise InputError(
            f"{len(response)} rows are too few for {matrix.shape[1]} coefficients ({', '.join(labels)}). "
            "Use more rows, fewer drivers, or no year dummies."
        )
    return Sample(
        y=response,
        x=matrix,
        names=tuple(labels),
        drivers=len(names),
        cells=_codes(entity, keep),
        clusters=_codes(cluster, keep),
        notes=tuple(notes),
    )


def _codes(given: ArrayLike | None, keep: NDArray[np.bool_]) -> Codes | None:
    if given is None:
        return None
    return np.unique(np.asarray(given)[keep], return_inverse=True)[1].astype(np.int64)


def _check_duplicates(entity: ArrayLike, time: ArrayLike | None) -> None:
    if time is None:
        return
    cells, cell = np.unique(entity, return_inverse=True)
    years, year = np.unique(time, return_inverse=True)
    pairs, counts = np.unique(cell * len(years) + year, return_counts=True)
    if counts.max() > 1:
        often = np.argmax(counts)
        where = f"cell {cells[pairs[often] // len(years)]}, year {years[pairs[often] % len(years)]}"
        raise InputError(
            f"{int(np.sum(counts > 1))} pairs of cell and year occur more than once, such as {where} "
            f"({counts.max()} rows). A panel has one row for each cell and year; merge or remove the others."
        )


def bootstrap_units(sample: Sample) -> tuple[Codes, str]:
    """What the bootstrap draws: clusters, else cells, else rows."""
    if sample.clusters is None:
        return (np.arange(len(sample.y)), "rows") if sample.cells is None else (sample.cells, "cells")
    if sample.cells is not None:
        pairs = np.unique(np.column_stack([sample.cells, sample.clusters]), axis=0)
        split = int(np.sum(np.bincount(pairs[:, 0]) > 1))
        if split:
            raise InputError(
                f"{split} cells belong to several clusters. The bootstrap draws whole clusters, so each cell must lie "
                "in one; clusters by year are not possible."
            )
    return sample.clusters, "clusters"
