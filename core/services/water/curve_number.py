"""Storm runoff by curve numbers (USDA SCS): the formulas and the table by land cover and soil group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...errors import TableError
from ...inputs.record import keep_coefficients
from ...inputs.used import class_columns
from ...land_cover import LandCoverScheme
from ...messages import say
from ...tables import Table, resource_table

Antecedent = Literal["dry", "average", "wet"]
SOIL_GROUPS = ("A", "B", "C", "D")
SMALLEST, LARGEST = 30.0, 100.0
BARE_ROW = "bare land"
_AMC_COLUMN = {"dry": "CN_I", "average": "CN_II", "wet": "CN_III"}


def potential_storage(curve_number: np.ndarray) -> np.ndarray:
    """Potential maximum storage, ``S = 25400 / CN - 254``, mm."""
    return 25_400 / curve_number - 254


def runoff(rain: np.ndarray, curve_number: np.ndarray, abstraction: float = 0.2) -> np.ndarray:
    """Direct runoff of one storm, ``Q = (P - Ia)² / (P - Ia + S)`` where P > Ia, else 0; ``Ia = lambda S``.

    With lambda 0.05 the storage is converted first, ``S = 0.819 S_0.2^1.15`` (mm), since curve numbers were fitted with
    0.2. A curve number of 100 lets all rain run off.

    Args:
        rain: P, mm.
        curve_number: 0 to 100.
        abstraction: lambda, 0.2 or 0.05.

    Returns:
        mm.

    Source: USDA SCS 1986, TR-55; for 0.05 Woodward et al. 2003, World Water & Environmental Resources Congress.
    """
    return direct_runoff(rain, effective_storage(curve_number, abstraction), abstraction)


def effective_storage(curve_number: np.ndarray, abstraction: float = 0.2) -> np.ndarray:
    """The storage that belongs to an initial abstraction, see `runoff`; mm."""
    storage = potential_storage(np.asarray(curve_number, dtype=np.float64))
    return 0.819 * storage**1.15 if abstraction == 0.05 else storage


def direct_runoff(rain: np.ndarray, storage: np.ndarray, abstraction: float = 0.2) -> np.ndarray:
    """Runoff by the storage, see `runoff`; mm."""
    excess = np.asarray(rain - abstraction * storage)
    np.maximum(excess, 0, out=excess)
    # without storage and rain the excess is 0 and stays so
    held = np.maximum(excess + storage, np.finfo(np.float64).tiny)
    np.square(excess, out=excess)
    return np.divide(excess, held, out=excess)


def for_moisture(
    curve_number: np.ndarray, antecedent: Antecedent, by: Literal["table", "formula"] = "table"
) -> np.ndarray:
    """Curve numbers of average conditions for dry (I) or wet (III) antecedent moisture, at most 100.

    By the table of the National Engineering Handbook, between its rows linearly; or ``CN1 = 4.2 CN2 / (10 - 0.058
    CN2)`` and ``CN3 = 23 CN2 / (10 + 0.13 CN2)`` (Chow, Maidment & Mays 1988).
    """
    if antecedent == "average":
        return np.minimum(curve_number, LARGEST)
    if by == "formula":
        dry, wet = 4.2 * curve_number / (10 - 0.058 * curve_number), 23 * curve_number / (10 + 0.13 * curve_number)
        return np.minimum(dry if antecedent == "dry" else wet, LARGEST)
    table = resource_table("cn_amc_table")
    average, other = table.numbers("CN_II"), table.numbers(_AMC_COLUMN[antecedent])
    order = np.argsort(average)
    return np.interp(curve_number, average[order], other[order])


def for_slope(curve_number: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Curve numbers on a slope, ``CN2 + (CN3 - CN2)/3 (1 - 2 exp(-13.86 s))``, at most 100.

    ``CN3 = CN2 exp(0.00673 (100 - CN2))``. It changes nothing at a slope of 5 %.

    Args:
        curve_number: of average moisture.
        slope: s, rise over run.

    Source: Williams 1995, the EPIC model.
    """
    wet = curve_number * np.exp(0.00673 * (100 - curve_number))
    return np.minimum((wet - curve_number) / 3 * (1 - 2 * np.exp(-13.86 * slope)) + curve_number, LARGEST)


@dataclass(frozen=True, eq=False)
class CurveNumbers:
    """Curve numbers of average moisture.

    Attributes:
        values: shape (classes, 4) for the soil groups A to D; NaN for classes that curve numbers do not describe.
        bare: of bare soil, shape (4,).
    """

    values: np.ndarray
    bare: np.ndarray


def curve_numbers(scheme: LandCoverScheme, own: Table | None = None) -> CurveNumbers:
    """Curve numbers of the classes of a scheme by its column `cn_row`.

    Args:
        scheme: classes in the order of their index.
        own: columns `code`, `a`, `b`, `c`, `d`; wins over the scheme.

    Raises:
        TableError: a class has no row, or a curve number lies outside 30 to 100.
    """
    given = _own(own) if own else {}
    table = resource_table("cn_by_ecosystem_default")
    columns = [table.numbers(group, blank=np.nan) for group in SOIL_GROUPS]
    known = dict(zip(table.texts("ecosystem"), np.stack(columns, axis=1)))
    values = []
    for land_class in scheme:
        row = land_class.text("cn_row")
        if land_class.code not in given and row not in known:
            raise TableError(
                say(
                    "Class {code} ({name}) has the curve number row {row!r}, which the table does not have. "
                    "Write one of {known} in the column cn_row, or give a table of code, a, b, c, d.",
                    code=land_class.code,
                    name=land_class.name,
                    row=row,
                    known=", ".join(known),
                )
            )
        values.append(given.get(land_class.code, known.get(row)))
    groups = {group.upper(): column for group, column in zip(SOIL_GROUPS, np.array(values).T)}
    keep_coefficients(say("Curve number by soil group"), class_columns(scheme.codes, groups))
    return CurveNumbers(np.array(values), known[BARE_ROW])


def _own(table: Table) -> dict[int, np.ndarray]:
    table.require("code", *SOIL_GROUPS)
    numbers = np.stack([table.numbers(group) for group in SOIL_GROUPS], axis=1)
    given = dict(zip(table.codes("code"), numbers))
    for code, row in given.items():
        for group, number in zip(SOIL_GROUPS, row):
            if not SMALLEST <= number <= LARGEST:
                raise TableError(
                    say(
                        "Table {name}, code {code}, column {group}: the curve number is {number:g}. Curve numbers "
                        "lie between 30 and 100; multiply fractions by 100.",
                        name=table.name,
                        code=code,
                        group=group,
                        number=number,
                    )
                )
    return given
