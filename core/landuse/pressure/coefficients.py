"""Coefficients of human pressure by land-cover class: presets with their source, and the user's own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...class_breaks import BreakClass, ClassBreaks, read_breaks
from ...errors import InputError, TableError
from ...land_cover import LandCoverScheme
from ...messages import say
from ...tables import Provenance, Table, provenance, resource_table

# What hai_zhao2017 gives by class names and the other presets by codes; they disagree, on ponds by a factor of nine.
HUMAN_ACTIVITY = ("hai_zhao2017", "cle_xiao2022", "hdi_li2021", "custom")
HEMEROBY = ("hemeroby7", "custom")
HEMEROBY_LEVELS = 7
DECIMALS = 6  # of a mean that is compared with bounds: maps hold single precision


@dataclass(frozen=True, eq=False)
class Coefficients:
    """Pressure of every class of a scheme.

    Attributes:
        name: the preset.
        values: by code; a class without one is missing.
        lowest, highest: bounds of the scale.
        levels: classes of a mean over an area.
        provenance: None for the user's own.
    """

    name: str
    values: Mapping[int, float]
    lowest: float
    highest: float
    levels: ClassBreaks
    provenance: Provenance | None

    def of_codes(self, codes: Sequence[int]) -> np.ndarray:
        """Float64, shape (codes,); NaN for a class without a coefficient."""
        return np.array([self.values.get(code, math.nan) for code in codes])

    def level_of(self, means: np.ndarray) -> np.ndarray:
        """Number of the level of each mean, int16; one that meets a bound but for its rounding belongs to the bound."""
        return self.levels.classify(np.round(np.clip(means, self.lowest, self.highest), DECIMALS))


def human_activity_coefficients(name: str, scheme: LandCoverScheme, table: Table | None = None) -> Coefficients:
    """Coefficients of the human activity index, 0 to 1.

    Args:
        name: one of `HUMAN_ACTIVITY`.
        scheme: the land-cover classes.
        table: `code`, `coefficient`; overrides the preset class by class, and is needed for `custom`.

    Raises:
        InputError: the preset is unknown, does not fit the scheme, or `custom` came without a table.
        TableError: a row of the table cannot be used.

    Source: Zhao Z.G. et al. 2017 (hai_zhao2017); Xiao Z.L. et al. 2022 and Li H.X. et al. 2021, construction-land
    equivalents after Xu Y. et al. 2015.
    """
    _require_preset(name, HUMAN_ACTIVITY, table)
    if name == "hai_zhao2017":
        values = _by_class_name(scheme)
    elif name == "custom":
        values = {}
    else:
        values = _by_code(name, scheme)
    values |= _given(table, scheme, 0, 1)
    source = {"hai_zhao2017": "hai_coefficients", "custom": ""}.get(name, "hai_by_code")
    levels = read_breaks(resource_table("eeh_classes"), "HAI", "index")
    if source == "hai_by_code":
        levels = _percent_as_share(read_breaks(resource_table("eeh_classes"), "HAILS % (Xu Yong)", "index"))
    return Coefficients(name, values, 0.0, 1.0, levels, provenance(source) if source else None)


def hemeroby_coefficients(
    name: str, scheme: LandCoverScheme, table: Table | None = None, levels: int = HEMEROBY_LEVELS
) -> Coefficients:
    """Levels of hemeroby, 1 (no influence) to n.

    Args:
        name: one of `HEMEROBY`.
        scheme: the land-cover classes.
        table: `code`, `coefficient`; overrides the preset class by class, and is needed for `custom`.
        levels: n; 7 with the preset.

    Raises:
        InputError: the preset is unknown, `custom` came without a table, or n does not fit.
        TableError: a row of the table is no level.

    Source: Liu F.Q. et al. 2017 after Jalas and Sukopp; the levels of Chinese land-cover codes are of this project.
    """
    _require_preset(name, HEMEROBY, table)
    if levels < 2 or (name != "custom" and levels != HEMEROBY_LEVELS):
        raise InputError(
            say(
                "The number of hemeroby levels is {levels}. It is {hemeroby_levels} with {name}, else >= 2.",
                levels=levels,
                hemeroby_levels=HEMEROBY_LEVELS,
                name=name,
            )
        )
    values: dict[int, float] = {}
    if name != "custom":
        values = {c.code: float(c.text("hemeroby7")) for c in scheme if c.text("hemeroby7")}
    values |= _given(table, scheme, 1, levels)
    fractions = sorted(code for code, level in values.items() if level != int(level))
    if fractions:
        raise TableError(
            say(
                "The hemeroby of class {fractions} is {values:g}. Levels are whole numbers.",
                fractions=fractions[0],
                values=values[fractions[0]],
            )
        )
    own = provenance("hemeroby_levels") if name != "custom" else None
    return Coefficients(name, values, 1.0, float(levels), _level_breaks(levels), own)


def _require_preset(name: str, presets: Sequence[str], table: Table | None) -> None:
    if name not in presets:
        raise InputError(
            say("There are no coefficients {name}. Choose one of {presets}.", name=name, presets=", ".join(presets))
        )
    if name == "custom" and table is None:
        raise InputError(say("The coefficients custom need a table with the columns code and coefficient."))


def _by_class_name(scheme: LandCoverScheme) -> dict[int, float]:
    """Coefficients of the class names in the scheme's column `hai_zhao2017`."""
    table = resource_table("hai_coefficients")
    columns = zip(table.texts("scheme_id"), table.texts("lulc_class"), table.numbers("coefficient"))
    by_name = {name.casefold(): float(value) for preset, name, value in columns if preset == "HAI_zhao2017"}
    values = {}
    for land_class in scheme:
        name = land_class.text("hai_zhao2017")
        if name and name.casefold() not in by_name:
            raise TableError(
                say(
                    "Class {code} ({name}), column hai_zhao2017 holds {name2!r}. Write one of {by_name}.",
                    code=land_class.code,
                    name=land_class.name,
                    name2=name,
                    by_name=", ".join(by_name),
                )
            )
        if name:
            values[land_class.code] = by_name[name.casefold()]
    return values


def _by_code(name: str, scheme: LandCoverScheme) -> dict[int, float]:
    table = resource_table("hai_by_code")
    columns = zip(table.texts("preset"), table.texts("scheme"), table.numbers("code"), table.numbers("coefficient"))
    rows = [(of_scheme, int(code), float(value)) for preset, of_scheme, code, value in columns if preset == name]
    values = {code: value for of_scheme, code, value in rows if of_scheme == scheme.name}
    if not values:
        known = ", ".join(dict.fromkeys(of_scheme for of_scheme, _, _ in rows))
        raise InputError(
            say(
                "The coefficients {name} are for codes of {known}, and the land cover is {title}. Choose "
                "hai_zhao2017, or custom with a table of code and coefficient.",
                name=name,
                known=known,
                title=scheme.title,
            )
        )
    return values


def _given(table: Table | None, scheme: LandCoverScheme, lowest: float, highest: float) -> dict[int, float]:
    if table is None:
        return {}
    table.require("code", "coefficient")
    values = {}
    for row, (code, value) in enumerate(zip(table.codes("code"), table.numbers("coefficient")), start=1):
        where = say("Table {name}, row {row} (code {code})", name=table.name, row=row, code=code)
        if not scheme.known(code):
            raise TableError(
                say("{where}: the scheme {title} has no such code. Remove the row.", where=where, title=scheme.title)
            )
        if not lowest <= value <= highest:
            raise TableError(
                say(
                    "{where}: the coefficient is {value:g}. Write {lowest:g} to {highest:g}.",
                    where=where,
                    value=value,
                    lowest=lowest,
                    highest=highest,
                )
            )
        values[code] = float(value)
    return values


def _percent_as_share(breaks: ClassBreaks) -> ClassBreaks:
    classes = tuple(replace(c, lower=c.lower / 100, upper=c.upper / 100) for c in breaks.classes)
    return ClassBreaks(breaks.name, classes)


def _level_breaks(levels: int) -> ClassBreaks:
    """Each level holds the means that round to it, halves up."""
    names = {}
    if levels == HEMEROBY_LEVELS:
        table = resource_table("hemeroby_levels")
        columns = zip(table.texts("scheme_id"), table.texts("level"), table.texts("name"), table.texts("name_zh"))
        names = {int(level): (name, chinese) for preset, level, name, chinese in columns if preset == "hemeroby7_CLC"}
    classes = tuple(
        BreakClass(h, name, chinese, max(1.0, h - 0.5), min(float(levels), h + 0.5))
        for h in range(1, levels + 1)
        for name, chinese in [names.get(h, (f"level {h}", f"{h} 级"))]
    )
    return ClassBreaks("hemeroby", classes)
