"""One common sample for the geographical detector: rows that hold y and every factor, and each factor's own values.

All factors must be judged on the same rows, or their q values cannot be compared. What is left out is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError

FILL_VALUES = (-9999.0, -99999.0, -32768.0, float(np.finfo(np.float32).min))
"""Values that often mark nodata; a factor or y that holds one is named in a warning, never changed."""


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


def common_sample(
    y: ArrayLike, factors: Mapping[str, ArrayLike], categorical: Iterable[str] = (), y_name: str = "y"
) -> CommonSample:
    """Leaves out every row with a missing or infinite value and reads the categories.

    Missing is NaN, None, empty text or a masked value. A factor of text is taken as categories even when not listed.

    Args:
        y: (rows,) numbers.
        factors: (rows,) each, by name: numbers or text.
        categorical: names of the factors that are categories though they may be numbers.
        y_name: what messages call y.

    Raises:
        InputError: unequal lengths, an unknown name, text for y, numbers stored as text, or no row left.
    """
    categorical = set(categorical)
    _check_names(factors, categorical, y_name)
    columns = {y_name: _as_numbers(y_name, _flat(y))}
    notes = []
    categories: dict[str, tuple[str, ...]] = {}
    for name, values in factors.items():
        column = _flat(values)
        if len(column) != len(columns[y_name]):
            rows = len(columns[y_name])
            raise InputError(f"Factor '{name}' has {len(column)} rows, '{y_name}' has {rows}; they must be equal.")
        if name in categorical:
            columns[name], categories[name] = _as_codes(column)
        elif _is_text(column):
            columns[name], categories[name] = _as_codes(column)
            _refuse_numbers_as_text(name, categories[name])
            notes.append(f"Factor '{name}' is text: its {len(categories[name])} values are taken as categories.")
        else:
            columns[name] = _as_numbers(name, column)

    used = np.all([np.isfinite(column) for column in columns.values()], axis=0)
    dropped = tuple(_dropped(columns))
    if not used.any():
        most = max(dropped, key=lambda drop: drop.rows, default=None)
        why = f"; most are lost to {most.variable} ({most.reason} in {most.rows} rows)" if most else ""
        raise InputError(f"No row of {len(used)} holds '{y_name}' and every factor{why}. Fill or remove that variable.")
    kept = {name: column[used] for name, column in columns.items()}
    return CommonSample(
        used=used,
        y=kept[y_name],
        factors={
            name: _categories(kept[name], categories[name]) if name in categories else kept[name] for name in factors
        },
        dropped=dropped,
        notes=tuple(notes),
        warnings=tuple(_fill_warnings({name: kept[name] for name in kept if name not in categories})),
    )


def _check_names(factors: Mapping[str, ArrayLike], categorical: set[str], y_name: str) -> None:
    if not factors:
        raise InputError("The geographical detector needs at least one factor.")
    if y_name in factors:
        raise InputError(f"'{y_name}' cannot explain itself; take it out of the factors.")
    unknown = sorted(categorical - set(factors))
    if unknown:
        raise InputError(f"Categorical factors {', '.join(unknown)} are not among the factors {', '.join(factors)}.")


def _flat(values: ArrayLike) -> NDArray[Any]:
    if not np.ma.is_masked(values):
        return np.asarray(values).ravel()
    column = np.ma.getdata(values).astype(object)
    column[np.ma.getmaskarray(values)] = None
    return column.ravel()


def _is_text(column: NDArray[Any]) -> bool:
    if column.dtype.kind == "O":
        return any(isinstance(value, (str, bytes)) for value in column)
    return column.dtype.kind in "US"


def _as_numbers(name: str, column: NDArray[Any]) -> NDArray[np.float64]:
    if _is_text(column):
        example = next(value for value in column if isinstance(value, (str, bytes)))
        raise InputError(f"'{name}' must be numbers; it holds '{_label(example)}'.")
    try:
        return column.astype(np.float64)
    except (TypeError, ValueError):
        raise InputError(f"'{name}' must be numbers; it holds values of type {type(column[0]).__name__}.") from None


def _as_codes(column: NDArray[Any]) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Codes of the labels, NaN where missing, and the labels: numbers in their order, else alphabetical."""
    if column.dtype.kind in "OUS":
        seen: dict[Any, int] = {}
        index = np.fromiter((seen.setdefault(value, len(seen)) for value in column), np.int64, len(column))
        keys: list[Any] = list(seen)
    else:
        distinct, index = np.unique(column, return_inverse=True)
        keys = distinct.tolist()
    texts = [_label(key) for key in keys]
    labels = sorted({text for text in texts if text}, key=_label_order(texts))
    place = {label: float(i) for i, label in enumerate(labels)}
    return np.array([place.get(text, np.nan) for text in texts])[index.ravel()], tuple(labels)


def _label(value: Any) -> str:
    """Text of a category; empty where it is missing. Whole numbers lose their decimal point: 1, not 1.0."""
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode(errors="replace").strip()
    return str(value).strip()


def _label_order(texts: list[str]) -> Any:
    return float if all(_is_number(text) for text in texts if text) else str


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _refuse_numbers_as_text(name: str, labels: tuple[str, ...]) -> None:
    if labels and all(_is_number(label) for label in labels):
        raise InputError(
            f"Factor '{name}' holds numbers stored as text (such as '{labels[0]}'). List it under CATEGORICAL if they "
            "are codes, or make it a number field if they are measurements."
        )


def _dropped(columns: Mapping[str, NDArray[np.float64]]) -> Iterable[Dropped]:
    for name, column in columns.items():
        for reason, test in (("missing", np.isnan), ("infinite", np.isinf)):
            rows = int(np.count_nonzero(test(column)))
            if rows:
                yield Dropped(name, reason, rows)


def _categories(codes: NDArray[np.float64], labels: tuple[str, ...]) -> Categories:
    """Categories that occur in the sample, numbered without gaps."""
    occurring, compact = np.unique(codes.astype(np.int64), return_inverse=True)
    names = tuple(labels[i] for i in occurring)
    numbers = tuple(float(name) for name in names) if all(_is_number(name) for name in names) else None
    return Categories(compact.ravel(), names, numbers)


def _fill_warnings(numbers: Mapping[str, NDArray[np.float64]]) -> Iterable[str]:
    for name, column in numbers.items():
        for fill in FILL_VALUES:
            rows = int(np.count_nonzero(column == fill)) if column.min() <= fill else 0
            if rows:
                yield f"'{name}' holds {fill:g} in {rows} rows, taken as a value; if it marks nodata, make it NULL."


def block_codes(blocks: ArrayLike, used: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Blocks of the rows in the sample as whole numbers without gaps.

    Args:
        blocks: (rows,) name or number of each row's block.
        used: (rows,) which rows are in the sample.

    Raises:
        InputError: another number of rows, a row without a block, or one block only.
    """
    column = _flat(blocks)
    if len(column) != len(used):
        raise InputError(f"Blocks have {len(column)} rows, the sample has {len(used)}; they must be equal.")
    codes, _ = _as_codes(column[used])
    if np.isnan(codes).any():
        raise InputError(f"{int(np.isnan(codes).sum())} rows of the sample have no block; every row needs one.")
    occurring, compact = np.unique(codes, return_inverse=True)
    if len(occurring) < 2:
        raise InputError("All rows are in one block; permutations need at least 2.")
    return compact.ravel()
