"""Condition variables of maps: their means over the ecosystem types of each year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...land_cover import LandCoverScheme
from ...messages import say
from ...progress import Progress
from ...quantities import ANY
from ...raster.files import workspace
from ...raster.settings import RasterSettings
from ...services.survey import Cover, Rasters, Survey
from ...services.yearly_kernel import LAND_COVER, Layers, Pixels
from ...tables import Table
from ..quantity_table import column_texts
from .condition import Variable, class_of, require_levels


@dataclass(frozen=True, eq=False)
class _MeanFormula:
    """Values and, where they are known, ones: their sums over the area give area-weighted means."""

    names: tuple[str, ...]

    def __call__(self, pixels: Pixels) -> Layers:
        cover = pixels.valid[LAND_COVER]
        amounts = {}
        for name in self.names:
            known = cover & pixels.valid[name]
            amounts[name] = np.where(known, pixels.values[name].astype(np.float64), 0.0)
            amounts[f"known {name}"] = known.astype(np.float64)
        return Layers({}, cover, amounts, {}, pixels.classes)


def condition_of_maps(
    land_cover: tuple[str, ...],
    years: tuple[int, ...],
    scheme: LandCoverScheme | None,
    types: Mapping[int, str],
    rasters: Sequence[str],
    variables: Table,
    settings: RasterSettings,
    progress: Progress,
) -> list[Variable]:
    """Means of maps over the types that occur in the first and the last year.

    Args:
        land_cover: one raster per year, or one with a band per year.
        years: rising.
        scheme: of the land cover.
        types: by code.
        rasters: one per variable, with a band per year; or one per variable and year, those of a variable together.
        variables: columns `variable`, `class`, `lower`, `upper`, and optionally `unit`, `ecosystem` (types that it is a
            variable of, separated by `;`; blank for all).
        settings: the user's decisions.
        progress: gets advance.

    Raises:
        InputError: rasters and variables differ in number.
        TableError: a column is missing, a class is unknown, or reference levels are equal.
        GridError, Cancelled: see `run_job`.
    """
    if scheme is None:
        raise TypeError("scheme is not as expected")
    variables.require("variable", "class", "lower", "upper")
    texts = variables.texts("variable")
    each = len(rasters) // max(len(texts), 1)
    if not texts or len(rasters) != each * len(texts) or each not in (1, len(years)):
        raise InputError(
            say(
                "CONDITION_RASTERS holds {count} rasters and CONDITION_VARIABLES {count2} rows. Give a "
                "raster with a band per year for each row, or {count3} rasters for each, one after the other.",
                count=len(rasters),
                count2=len(texts),
                count3=len(years),
            )
        )
    names = tuple(f"variable {n}" for n in range(len(texts)))
    with workspace() as folder:
        survey = Survey(years, settings, folder, progress)
        survey.add_land_cover(Cover(land_cover, scheme))
        for n, name in enumerate(names):
            survey.add(name, Rasters(tuple(rasters[n * each : (n + 1) * each])), ANY)
        sums = survey.run(_MeanFormula(names), (), len(scheme.codes), progress)
    kinds = tuple(dict.fromkeys(types[code] for code in scheme.codes))
    member = np.array([[types[code] == kind for kind in kinds] for code in scheme.codes], dtype=float)
    levels = list(zip(variables.numbers("lower").tolist(), variables.numbers("upper").tolist()))
    units, of = column_texts(variables, "unit"), column_texts(variables, "ecosystem")
    found = []
    for n, (name, title, ect_class, (lower, upper)) in enumerate(zip(names, texts, variables.texts("class"), levels)):
        where = f"Table {variables.name}, row {n + 1} ({title})"
        require_levels(lower, upper, where)
        totals, areas = sums.amounts[name] @ member, sums.amounts[f"known {name}"] @ member
        wanted = {kind.strip().casefold() for kind in of[n].split(";") if kind.strip()}
        for k, kind in enumerate(kinds):
            if areas[0, k] > 0 and areas[-1, k] > 0 and (not wanted or kind.casefold() in wanted):
                opening, closing = (float(totals[end, k] / areas[end, k]) for end in (0, -1))
                name_of_class = class_of(ect_class, where)
                found.append(Variable(kind, name_of_class, title, units[n], opening, closing, lower, upper))
    return found
