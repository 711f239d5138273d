"""Cover management factor C of RUSLE from vegetation cover, NDVI or land cover, 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import TableError
from ...inputs.record import keep_coefficients
from ...inputs.used import class_columns
from ...land_cover import LandCoverClass, LandCoverScheme
from ...messages import say
from ...tables import Table, resource_table

# Limits of the cover classes of HJ 1173-2021 table A.1, percent; the lower one belongs to its class.
COVER_LIMITS_PCT = (10.0, 30.0, 50.0, 70.0, 90.0)
_COVER_COLUMNS = ("cover_lt10", "cover_10_30", "cover_30_50", "cover_50_70", "cover_70_90", "cover_gt90")
_STANDARD = " (HJ 1173)"


def cai(cover_pct: np.ndarray) -> np.ndarray:
    """C from vegetation cover in percent: 1 up to 0.1 %, ``0.6508 - 0.3436 lg f`` up to 78.3 %, 0 above.

    Source: Cai Chongfa et al. 2000, Journal of Soil and Water Conservation 14(2):19-24.
    """
    middle = 0.6508 - 0.3436 * np.log10(np.maximum(cover_pct, 0.1))
    return np.select([cover_pct <= 0.1, cover_pct <= 78.3], [1.0, middle], 0.0)


def bu(cover_pct: np.ndarray) -> np.ndarray:
    """C from vegetation cover in percent, ``0.4149 - 0.0052 f``, not below 0.

    Source: Bu Zhaohong et al. 1993.
    """
    return np.maximum(0.4149 - 0.0052 * cover_pct, 0.0)


def knijff(ndvi: np.ndarray) -> np.ndarray:
    """C from NDVI, ``exp(-2 NDVI / (1 - NDVI))`` within 0 to 1; 0 from NDVI 1 on.

    Source: van der Knijff, Jones & Montanarella 2000, EUR 19044 EN.
    """
    below = np.minimum(ndvi, 1 - 1e-9)
    return np.where(ndvi >= 1, 0.0, np.clip(np.exp(-2 * below / (1 - below)), 0, 1))


def dry_cropland(cover: np.ndarray) -> np.ndarray:
    """C of dry cropland, ``0.221 - 0.595 lg c`` within 0 to 1; at full cover it is still 0.221.

    Args:
        cover: fraction, 0 to 1.

    Source: HJ 1173-2021, A.2.
    """
    return np.clip(0.221 - 0.595 * np.log10(np.maximum(cover, 1e-6)), 0, 1)


@dataclass(frozen=True, eq=False)
class CoverFactorTable:
    """C by land-cover class and vegetation cover.

    Attributes:
        values: shape (classes, cover classes).
        cropland: classes whose C follows `dry_cropland`, shape (classes,).
    """

    values: np.ndarray
    cropland: np.ndarray

    def __call__(self, classes: np.ndarray, cover: np.ndarray) -> np.ndarray:
        """C of pixels by class index and cover fraction (0 to 1), same shape."""
        # a cover of 30 % must not fall short of its class because 0.3 * 100 is 29.999...
        step = np.searchsorted(np.array(COVER_LIMITS_PCT) / 100 - 1e-7, cover, side="right")
        by_class = self.values[classes, step]
        return np.where(self.cropland[classes], dry_cropland(cover), by_class)


def cover_factor_table(scheme: LandCoverScheme, own: Table | None = None) -> CoverFactorTable:
    """C of the classes of a scheme by its column `c_row`: HJ 1173-2021 where it speaks, else the Redline Guide.

    Args:
        scheme: classes in the order of their index.
        own: columns `code`, `c`: C of a class whatever its cover; wins over the scheme.

    Raises:
        TableError: a class has no row, or a C lies outside 0 to 1.
    """
    given = own_factors(own, "c") if own else {}
    by_cover = resource_table("c_factor_by_cover")
    vegetation = dict(
        zip(by_cover.texts("vegetation"), np.stack([by_cover.numbers(c) for c in _COVER_COLUMNS], axis=1))
    )
    fixed = resource_table("c_factor_fixed")
    constants = dict(zip(fixed.texts("land_cover"), fixed.numbers("C", blank=np.nan)))
    values, cropland = [], []
    for land_class in scheme:
        row = land_class.text("c_row")
        standard = constants.get(row + _STANDARD, constants.get(row))
        if land_class.code in given:
            values.append(np.full(len(_COVER_COLUMNS), given[land_class.code]))
        elif row in vegetation:
            values.append(vegetation[row])
        elif standard is not None:
            values.append(np.full(len(_COVER_COLUMNS), standard))
        else:
            raise _no_row(land_class, row, [*vegetation, *constants])
        cropland.append(bool(np.isnan(values[-1][0])))
    limits = zip((0, *COVER_LIMITS_PCT), (*COVER_LIMITS_PCT, 100))
    by_limits = {f"{low:g}-{high:g} %": column for (low, high), column in zip(limits, np.transpose(values))}
    keep_coefficients(say("C factor by vegetation cover"), class_columns(scheme.codes, by_limits))
    return CoverFactorTable(np.array(values), np.array(cropland))


def own_factors(table: Table, column: str) -> dict[int, float]:
    """A factor between 0 and 1 by class code.

    Raises:
        TableError: the columns `code` and `column` are missing, or a factor lies outside 0 to 1.
    """
    table.require("code", column)
    factors = dict(zip(table.codes("code"), map(float, table.numbers(column))))
    for code, factor in factors.items():
        if not 0 <= factor <= 1:
            raise TableError(
                say(
                    "Table {name}, code {code}: {column} is {factor:g}. It must lie between 0 and 1; divide "
                    "percent by 100.",
                    name=table.name,
                    code=code,
                    column=column,
                    factor=factor,
                )
            )
    return factors


def _no_row(land_class: LandCoverClass, row: str, known: list[str]) -> TableError:
    return TableError(
        say(
            "Class {code} ({name}) has the C row {row!r}, which is in no table of C. Write one of "
            "{known} in the column c_row of the class table, or give C in a table of code and c.",
            code=land_class.code,
            name=land_class.name,
            row=row,
            known=", ".join(known),
        )
    )
