"""One common sample for the geographical detector: rows that hold y and every factor, and each factor's own values.

All factors must be judged on the same rows, or their q values cannot be compared. What is left out is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from ...messages import say
from ..columns import ColumnReader, Labels

YEAR = "the year"  # what messages call its column


@dataclass(frozen=True)
class Dropped:
    """Rows left out. A row that fails in two variables is counted in both.

    Attributes:
        variable: y or a factor.
        reason: ``missing`` or ``infinite``.
        rows: how many.
    """

    variable: str
    reason: str
    rows: int


@dataclass(frozen=True)
class Categories:
    """A factor taken as it is.

    Attributes:
        codes: (n,) 0 to len(labels) - 1.
        labels: text of each category, whole numbers without a decimal point.
        values: the categories as numbers, None where they are text.
    """

    codes: NDArray[np.int64]
    labels: tuple[str, ...]
    values: tuple[float, ...] | None


@dataclass(frozen=True)
class CommonSample:
    """Rows that hold every variable.

    Attributes:
        used: (rows,) which input rows are in the sample.
        y: (n,) the explained variable.
        factors: by name, categories or (n,) numbers still to be put in classes.
        years: labels of the rows' years, None where there are none.
        dropped: what was left out and why.
        notes: what was decided about the input.
        warnings: what the user should look at.
    """

    used: NDArray[np.bool_]
    y: NDArray[np.float64]
    factors: dict[str, Categories | NDArray[np.float64]]
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    years: Labels | None = None

    def parts(self) -> dict[str | int, NDArray[np.int64]]:
        """Rows by year, in the order of the years; empty without years."""
        if self.years is None:
            return {}
        return {
            label: np.flatnonzero(self.years.codes == code) for code, label in enumerate(self.years.values.tolist())
        }

    def within_years(self) -> NDArray[np.float64]:
        """(n,) y, less its mean of the year where there are years."""
        if self.years is None:
            return self.y
        count = np.bincount(self.years.codes)
        return np.asarray(self.y - (np.bincount(self.years.codes, weights=self.y) / count)[self.years.codes])

    def only(self, rows: NDArray[np.int64]) -> CommonSample:
        """The sample of some rows, without years."""
        used = np.zeros_like(self.used)
        used[np.flatnonzero(self.used)[rows]] = True
        factors: dict[str, Categories | NDArray[np.float64]] = {}
        for name, factor in self.factors.items():
            if isinstance(factor, Categories):
                occurring, codes = np.unique(factor.codes[rows], return_inverse=True)
                values = None if factor.values is None else tuple(factor.values[i] for i in occurring)
                factors[name] = Categories(codes.ravel(), tuple(factor.labels[i] for i in occurring), values)
            else:
                factors[name] = factor[rows]
        return replace(self, used=used, y=self.y[rows], factors=factors, years=None)


def common_sample(
    y: ArrayLike,
    factors: Mapping[str, ArrayLike],
    categorical: Iterable[str] = (),
    y_name: str = "y",
    years: ArrayLike | None = None,
) -> CommonSample:
    """Leaves out every row with a missing or infinite value and reads the categories.

    Missing is NaN, None, empty text, a masked value or, among numbers, a word that stands for none. A factor of text is
    taken as categories even when not listed; see `columns`.

    Args:
        y: (rows,) numbers.
        factors: (rows,) each, by name: numbers or text.
        categorical: names of the factors that are categories though they may be numbers.
        y_name: what messages call y.
        years: (rows,) year of each row; a row without one is left out.

    Raises:
        InputError: unequal lengths, an unknown name, or no row left.
        TableError: words among numbers, or text that was not decoded.
    """
    categorical = set(categorical)
    _check_names(factors, categorical, y_name)
    lengths = {name: len(np.ravel(values)) for name, values in {y_name: y, **factors}.items()}
    for name, rows in lengths.items():
        if rows != lengths[y_name]:
            raise InputError(
                say(
                    "Factor '{name}' has {rows} rows, '{y_name}' has {lengths}; they must be equal.",
                    name=name,
                    rows=rows,
                    y_name=y_name,
                    lengths=lengths[y_name],
                )
            )
    reader = ColumnReader({y_name: y, **factors, YEAR: years})
    read = {y_name: reader.numbers(y_name), **{name: reader.factor(name, name in categorical) for name in factors}}
    if years is not None:
        labels = reader.labels(YEAR)
        reader.tell_far_times(YEAR, labels)
        read[YEAR] = labels
    absent = {name: column.missing if isinstance(column, Labels) else ~np.isfinite(column)
              for name, column in read.items()}  # fmt: skip
    used = ~np.any(list(absent.values()), axis=0)
    dropped = tuple(_dropped(read))
    if not used.any():
        most = max(dropped, key=lambda drop: drop.rows, default=None)
        why = (
            say(
                "; most are lost to {variable} ({reason} in {rows} rows)",
                variable=most.variable,
                reason=most.reason,
                rows=most.rows,
            )
            if most
            else ""
        )
        raise InputError(
            say(
                "No row of {count} holds '{y_name}' and every factor{why}. Fill or remove that variable.",
                count=len(used),
                y_name=y_name,
                why=why,
            )
        )
    return CommonSample(
        used=used,
        y=read[y_name][used],  # type: ignore[index]
        factors={name: _on_rows(read[name], used) for name in factors},
        dropped=dropped,
        notes=tuple(reader.notes),
        warnings=tuple(reader.warnings),
        years=read[YEAR].of(used) if years is not None else None,  # type: ignore[union-attr]
    )


def _check_names(factors: Mapping[str, ArrayLike], categorical: set[str], y_name: str) -> None:
    if not factors:
        raise InputError(say("The geographical detector needs at least one factor."))
    if y_name in factors:
        raise InputError(say("'{y_name}' cannot explain itself; take it out of the factors.", y_name=y_name))
    unknown = sorted(categorical - set(factors))
    if unknown:
        raise InputError(
            say(
                "Categorical factors {unknown} are not among the factors {factors}.",
                unknown=", ".join(unknown),
                factors=", ".join(factors),
            )
        )


def _on_rows(column: NDArray[np.float64] | Labels, used: NDArray[np.bool_]) -> Categories | NDArray[np.float64]:
    """A factor on the rows of the sample; categories that occur there, numbers in their order, else alphabetical."""
    if not isinstance(column, Labels):
        return column[used]
    labels = column.of(used)
    texts, numbers = labels.texts(), labels.numbers()
    if numbers is None or labels.values.dtype.kind in "iuf":
        return Categories(labels.codes, tuple(texts), None if numbers is None else tuple(numbers))
    order = np.argsort(numbers, kind="stable")  # text such as 0101
    codes = np.argsort(order)[labels.codes]
    return Categories(codes, tuple(texts[i] for i in order), tuple(numbers[i] for i in order))


def _dropped(columns: Mapping[str, NDArray[np.float64] | Labels]) -> Iterable[Dropped]:
    for name, column in columns.items():
        missing = column.missing if isinstance(column, Labels) else np.isnan(column)
        infinite = np.zeros(1) if isinstance(column, Labels) else np.isinf(column)
        for reason, where in (("missing", missing), ("infinite", infinite)):
            rows = int(np.count_nonzero(where))
            if rows:
                yield Dropped(name, reason, rows)


def block_codes(blocks: ArrayLike, used: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Blocks of the rows in the sample as whole numbers without gaps.

    Args:
        blocks: (rows,) name or number of each row's block.
        used: (rows,) which rows are in the sample.

    Raises:
        InputError: another number of rows, a row without a block, or one block only.
    """
    labels = ColumnReader({"blocks": blocks}).labels("blocks")
    if len(labels.codes) != len(used):
        raise InputError(
            say(
                "Blocks have {count} rows, the sample has {count2}; they must be equal.",
                count=len(labels.codes),
                count2=len(used),
            )
        )
    if labels.missing[used].any():
        without = np.count_nonzero(labels.missing[used])
        raise InputError(say("{without} rows of the sample have no block; every row needs one.", without=without))
    found = labels.of(used)
    if len(found.values) < 2:
        raise InputError(say("All rows are in one block; permutations need at least 2."))
    return found.codes
