"""Correlations of the fields of a layer, by year where there are years."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...results import ResultTable, row_table
from ..collinearity import collinearity_warnings, listed_names
from ..columns import ColumnReader, Labels
from ..feature_table import FeatureTable
from ..observations import Dropped, summarise
from ..place.sphere import on_the_sphere
from .effective import Distances, effective_rows
from .matrix import FEWEST_ROWS, Correlations, correlations, p_of_t


@dataclass(frozen=True)
class CorrelationChoice:
    """What is correlated, and how.

    Attributes:
        fields: two or more.
        method: of `matrix.METHODS`.
        partial: fields held constant; all others of `fields` where there are none.
        time: column of the year.
        effective: whether the number of independent rows is estimated where rows have places.
        seed: of the places that are drawn for it.
    """

    fields: tuple[str, ...]
    method: str = "pearson"
    partial: tuple[str, ...] = ()
    time: str | None = None
    effective: bool = True
    seed: int = 0

    def columns(self) -> list[str]:
        """The fields that are needed."""
        return [name for name in (*self.fields, *self.partial, self.time) if name]


@dataclass(frozen=True)
class PairRow:
    """A pair of fields. ``year`` is None for all years together, values less their mean of the year."""

    field_a: str
    field_b: str
    year: str | None
    method: str
    r: float
    p: float
    n: int
    n_effective: float | None
    p_effective: float | None
    partial_r: float | None
    partial_p: float | None


@dataclass(frozen=True)
class CorrelationRun:
    """What was found.

    Attributes:
        by_year: correlations by year, those of all rows last under None.
        effective: independent rows of each pair, shape (k, k), by year; empty where they were not asked for.
        dropped: rows left out, by reason.
    """

    choice: CorrelationChoice
    by_year: dict[str | None, Correlations]
    effective: dict[str | None, np.ndarray]
    n_read: int
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]

    def pairs(self) -> list[PairRow]:
        return [row for year in self.by_year for row in self._pairs_of(year)]

    def table(self) -> ResultTable:
        return row_table(PairRow, self.pairs())

    def _pairs_of(self, year: str | None) -> list[PairRow]:
        found, rows = self.by_year[year], []
        effective = self.effective.get(year)
        fields = self.choice.fields
        for a in range(len(fields)):
            for b in range(a + 1, len(fields)):
                ess = None if effective is None else float(effective[a, b])
                tested = ess is not None and ess > 2 and self.choice.method != "kendall"
                rows.append(
                    PairRow(
                        field_a=fields[a],
                        field_b=fields[b],
                        year=year,
                        method=self.choice.method,
                        r=float(found.r[a, b]),
                        p=float(found.p[a, b]),
                        n=found.n,
                        n_effective=ess,
                        p_effective=float(p_of_t(found.r[a, b], (ess or 3) - 2)) if tested else None,
                        partial_r=_known(found.partial[a, b]),
                        partial_p=_known(found.partial_p[a, b]),
                    )
                )
        return rows


def run_correlation_matrix(
    table: FeatureTable, choice: CorrelationChoice, progress: Progress = QUIET
) -> CorrelationRun:
    """Correlates the fields on the rows that hold all of them.

    Raises:
        InputError: fewer than two fields, one used twice, one that is level, or too few rows.
        TableError: a field holds words.
        Cancelled: on request.
    """
    _check(choice)
    table = table.with_roles(choice.columns())
    reader = ColumnReader(table.columns)
    names = (*choice.fields, *choice.partial)
    columns = {name: reader.numbers(name) for name in names}
    years = reader.labels(choice.time) if choice.time else None
    used, dropped = _complete(columns, years, choice.time or "")
    values = np.column_stack([columns[name][used] for name in names])
    progress.info(
        say(
            "{count} of {count2} rows have every value. {dropped}",
            count=len(values),
            count2=len(used),
            dropped=summarise(dropped),
        )
    )
    place = table.coordinates() if choice.effective else None
    place = None if place is None else place[used]
    if place is not None and not np.isfinite(place).all():
        place = None
    if place is not None and table.geographic:
        place = on_the_sphere(place)
    by_year: dict[str | None, Correlations] = {}
    effective: dict[str | None, np.ndarray] = {}
    parts = _parts(None if years is None else years.of(used), len(values))
    for done, (year, rows) in enumerate(parts.items()):
        progress.check()
        of_rows, means = values[rows], 1
        if year is None and len(parts) > 1:
            means = len(parts) - 1
            of_rows = _within(values, [part for label, part in parts.items() if label is not None])
        _require_variation(of_rows, names, year)
        k = len(choice.fields)
        by_year[year] = correlations(of_rows[:, :k], choice.method, of_rows[:, k:] if choice.partial else None, means)
        if place is not None:
            effective[year] = _effective(of_rows[:, :k], place[rows], choice, progress)
        progress.set(100 * (done + 1) / len(parts))
    whole = values[:, : len(choice.fields)] - values[:, : len(choice.fields)].mean(axis=0)
    warnings = (*reader.warnings, *blank_warnings(names, by_year), *collinearity_warnings(choice.fields, whole))
    for warning in warnings:
        progress.warn(warning)
    return CorrelationRun(choice, by_year, effective, len(used), dropped, _notes(choice, place is not None), warnings)


def blank_warnings(names: Sequence[str], by_year: Mapping[str | None, Correlations]) -> list[str]:
    """Why partial correlations are missing: fields that make each other up, or too few rows; each told once."""
    years: dict[str, list[str | None]] = {}
    for year, found in by_year.items():
        for reason in _reasons(names, found):
            years.setdefault(reason, []).append(year)
    labels = {reason: [year for year in those if year is not None] for reason, those in years.items()}
    return [
        say("{year}: {warning}", year=", ".join(labels[reason]), warning=reason)
        if labels[reason] and None not in those
        else reason
        for reason, those in years.items()
    ]


def _reasons(names: Sequence[str], found: Correlations) -> Iterable[str]:
    if found.dependent and found.n < found.fewest:
        yield say(
            "Partial correlations are blank: {rows} rows are too few, they take {fewest} or more. Hold fewer fields "
            "constant (PARTIAL), or give more rows.",
            rows=found.n,
            fewest=found.fewest,
        )
        return
    every = len(found.r) * (len(found.r) - 1) // 2
    for fields, pairs in found.dependent.items():
        blank = say("all pairs") if len(pairs) == every else ", ".join(f"{names[a]} - {names[b]}" for a, b in pairs)
        yield say(
            "Partial correlations are blank for {pairs}: {fields} make each other up in the {rows} rows, so that "
            "nothing is left of one when the others are held constant. Leave one of them out.",
            pairs=blank,
            fields=listed_names([names[place] for place in fields]),
            rows=found.n,
        )


def _check(choice: CorrelationChoice) -> None:
    if len(choice.fields) < 2:
        raise InputError(say("FIELDS names {count} field; correlations need two or more.", count=len(choice.fields)))
    twice = sorted({name for name in choice.columns() if choice.columns().count(name) > 1})
    if twice:
        raise InputError(
            say("Field {name!r} is used twice among FIELDS, PARTIAL and TIME: choose each once.", name=twice[0])
        )


def _complete(
    columns: dict[str, np.ndarray], years: Labels | None, time: str
) -> tuple[np.ndarray, tuple[Dropped, ...]]:
    """Rows with every value, and how many lack what."""
    lacking = {name: ~np.isfinite(values) for name, values in columns.items()}
    if years is not None:
        lacking[time] = years.missing
    used = np.ones(len(next(iter(lacking.values()))), dtype=bool)
    dropped = []
    for name, absent in lacking.items():
        lost = int(np.count_nonzero(absent & used))
        if lost:
            dropped.append(Dropped(say("rows"), lost, say("no value in {name}", name=name)))
        used &= ~absent
    return used, tuple(dropped)


def _parts(years: Labels | None, rows: int) -> dict[str | None, np.ndarray]:
    """Rows by year and all of them last."""
    everything: dict[str | None, np.ndarray] = {None: np.arange(rows)}
    if years is None:
        return everything
    return {label: np.flatnonzero(years.codes == code) for code, label in enumerate(years.texts())} | everything


def _within(values: np.ndarray, parts: Sequence[np.ndarray]) -> np.ndarray:
    found = np.empty_like(values)
    for rows in parts:
        found[rows] = values[rows] - values[rows].mean(axis=0)
    return found


def _require_variation(values: np.ndarray, names: Sequence[str], year: str | None) -> None:
    if len(values) < FEWEST_ROWS:
        raise InputError(
            say(
                "Correlations need at least {fewest} rows; there are {rows}{when}. Leave out {what}, or fill what is "
                "missing there.",
                fewest=FEWEST_ROWS,
                rows=len(values),
                when=say(" of {year}", year=year) if year else "",
                what=say("that year") if year else say("the field with most blanks"),
            )
        )
    level = np.flatnonzero(np.ptp(values, axis=0) <= 1e-12 * np.abs(values).max(axis=0))
    if len(level):
        raise InputError(
            say(
                "{name!r} is the same in all {rows} rows{when}: nothing goes together with it. Leave it out.",
                name=names[level[0]],
                rows=len(values),
                when=say(" of {year}", year=year) if year else "",
            )
        )


def _effective(values: np.ndarray, place: np.ndarray, choice: CorrelationChoice, progress: Progress) -> np.ndarray:
    distances = Distances.of(place, choice.seed)
    if choice.method != "pearson":
        values = np.argsort(np.argsort(values, axis=0), axis=0).astype(np.float64)
    products = []
    for column in values.T:
        progress.check()
        products.append(distances.covariances(column))
    k = len(products)
    found = np.full((k, k), float(len(values)))
    for a in range(k):
        for b in range(a):
            found[a, b] = found[b, a] = effective_rows(products[a], products[b], distances)
    return found


def _notes(choice: CorrelationChoice, placed: bool) -> tuple[str, ...]:
    held = ", ".join(choice.partial) if choice.partial else say("all other fields")
    notes = [
        say("{method}; p takes rows as independent.", method=choice.method),
        say("partial_r: with {held} held constant, from the inverse of the correlation matrix.", held=held),
    ]
    if choice.method == "kendall":
        notes.append(say("Kendall's partial correlation has no known law, so that partial_p is blank."))
    if placed:
        notes.append(
            say(
                "n_effective: the independent rows that a correlation rests on, from the product of the "
                "correlograms of the two fields (Clifford, Richardson and Hemon 1989; Dutilleul 1993); "
                "p_effective goes with it."
            )
        )
    if choice.time:
        notes.append(
            say("All years together: values less their mean of the year; p allows for these means as it does for one.")
        )
    return tuple(notes)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
