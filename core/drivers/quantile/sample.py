"""The checked sample of a quantile regression: rows, columns, year dummies, cells and clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from ...messages import say
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
            say(
                "y {shape}, x {shape2} and {count} names do not belong together: x needs a row for each "
                "value of y and a column for each name.",
                shape=response.shape,
                shape2=drivers.shape,
                count=len(names),
            )
        )
    for name, values in (("y", response), *zip(names, drivers.T)):
        bad = int(np.sum(~np.isfinite(values)))
        if bad:
            raise InputError(
                say(
                    "{name} is missing or infinite in {bad} of {count} rows. Remove those rows first.",
                    name=name,
                    bad=bad,
                    count=len(values),
                )
            )
    codes = {"entity": entity, "time": time, "cluster": cluster}
    for name, given in codes.items():
        if given is not None and np.shape(given) != response.shape:
            raise InputError(
                say(
                    "{name} has shape {given}, y has {shape}. One code for each row is needed.",
                    name=name,
                    given=np.shape(given),
                    shape=response.shape,
                )
            )
    if method != "pooled" and entity is None:
        raise InputError(
            say(
                "Method {method} needs the cell of each row (ENTITY). Give it, or use the pooled method.", method=method
            )
        )

    keep = np.ones(len(response), dtype=bool)
    notes = []
    if entity is not None and method != "pooled":
        _check_duplicates(entity, time)
        _, cells, counts = np.unique(entity, return_inverse=True, return_counts=True)
        if method != "koenker":
            # A cell seen once is fitted perfectly by its own effect and would pose as a row without error.
            keep = counts[cells] > 1
            if not keep.any():
                raise InputError(
                    say(
                        "Every cell has one row; method {method} compares the years of a cell. Use pooled.",
                        method=method,
                    )
                )
            if not keep.all():
                notes.append(
                    say(
                        "{keep} cells with a single row are left out: their effect fits them perfectly.",
                        keep=int(np.sum(~keep)),
                    )
                )
    if not keep.all():
        response, drivers = response[keep], drivers[keep]
    if len(response) and response.min() == response.max():
        raise InputError(
            say("y is {response:g} in every row. Nothing is left to explain; check the field.", response=response[0])
        )

    labels, years, year = [CONSTANT, *names], np.empty(0), np.empty(0)
    if time is not None and year_dummies:
        years, year = np.unique(np.asarray(time)[keep], return_inverse=True)
        labels += [f"year_{one}" for one in years[1:]]
        if len(years) > 1:
            notes.append(say("Year effects: a column for every year but {years}.", years=years[0]))
    elif method != "pooled" and year_dummies:
        notes.append(say("No year effects: the year of each row is not given."))
    matrix = np.empty((len(response), len(labels)))
    matrix[:, 0] = 1
    matrix[:, 1 : 1 + len(names)] = drivers
    for column, one in enumerate(range(1, len(years)), start=1 + len(names)):
        matrix[:, column] = year == one
    if len(response) <= matrix.shape[1]:
        raise InputError(
            say(
                "{count} rows are too few for {shape} coefficients ({labels}). Use more rows, fewer drivers, "
                "or no year dummies.",
                count=len(response),
                shape=matrix.shape[1],
                labels=", ".join(labels),
            )
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
        where = say(
            "cell {cells}, year {years}",
            cells=cells[pairs[often] // len(years)],
            years=years[pairs[often] % len(years)],
        )
        raise InputError(
            say(
                "{counts} pairs of cell and year occur more than once, such as {where} ({value} rows). A "
                "panel has one row for each cell and year; merge or remove the others.",
                counts=int(np.sum(counts > 1)),
                where=where,
                value=counts.max(),
            )
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
                say(
                    "{split} cells belong to several clusters. The bootstrap draws whole clusters, so each cell "
                    "must lie in one; clusters by year are not possible.",
                    split=split,
                )
            )
    return sample.clusters, "clusters"


def check_quantiles(quantiles: Sequence[float]) -> tuple[float, ...]:
    """The quantiles, sorted. Raises InputError where one does not lie between 0 and 1, or is given twice."""
    taus = tuple(sorted(float(t) for t in quantiles))
    wrong = [t for t in taus if not 0 < t < 1]
    if not taus or wrong:
        given = ", ".join(f"{t:g}" for t in wrong) or say("none")
        raise InputError(
            say("Quantiles must lie between 0 and 1, exclusive; given: {given}. Write 10 % as 0.1.", given=given)
        )
    if len(set(taus)) < len(taus):
        raise InputError(say("A quantile is given twice: {taus}.", taus=", ".join(f"{t:g}" for t in taus)))
    return taus
