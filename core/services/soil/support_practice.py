"""Support practice factor P of RUSLE by land cover and slope, 0 to 1."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ...errors import InputError, TableError
from ...inputs.record import keep_coefficients
from ...inputs.used import class_columns
from ...land_cover import LandCoverClass, LandCoverScheme
from ...messages import say
from ...progress import QUIET, Progress
from ...raster.files import workspace
from ...raster.settings import RasterSettings
from ...tables import Table, resource_table
from ..survey import Cover, Survey, YearlySums, map_output
from ..yearly_kernel import Layers, Pixels
from .slope import Terrain, add_slope, slope_degrees

Preset = Literal["china", "contour", "contour_strip", "lufafa"]
P = "support_practice"
PRESETS = {
    "china": say("the Chinese slope table"),
    "contour": say("contouring, Wischmeier & Smith 1978, AH-537"),
    "contour_strip": say("contour strips, Wischmeier & Smith 1978, AH-537"),
    "lufafa": "Lufafa et al. 2003, Agricultural Systems 76(3):883-894",
}
_CONTOUR = "contour AH537"


def lufafa(slope_pct: np.ndarray) -> np.ndarray:
    """P of cropland, ``0.2 + 0.03 s`` with the slope in percent, at most 1.

    Source: Lufafa et al. 2003, Agricultural Systems 76(3):883-894.
    """
    return np.minimum(0.2 + 0.03 * slope_pct, 1.0)


@dataclass(frozen=True)
class Step:
    """P on slopes from `low` (included) to `high`, degrees."""

    low: float
    high: float
    p: float


FLAT_TO_STEEP = (0.0, 90.0)


@dataclass(frozen=True, eq=False)
class PracticeTable:
    """P by class and slope.

    Attributes:
        limits: slope limits of all classes together, degrees, rising.
        values: shape (classes, limits + 1).
        by_formula: classes whose P follows `lufafa`, shape (classes,).
    """

    limits: np.ndarray
    values: np.ndarray
    by_formula: np.ndarray

    @property
    def needs_slope(self) -> bool:
        return bool(self.by_formula.any() or (self.values != self.values[:, :1]).any())

    def __call__(self, classes: np.ndarray, slope_deg: np.ndarray | None) -> np.ndarray:
        """P of pixels by class index and slope, same shape."""
        if slope_deg is None:
            return self.values[classes, 0]
        # single precision slopes of exactly a limit belong to the class above
        step = np.searchsorted(self.limits - 1e-6, slope_deg, side="right")
        table = self.values[classes, step]
        if not self.by_formula.any():
            return table
        return np.where(self.by_formula[classes], lufafa(100 * np.tan(np.radians(slope_deg))), table)


def practice_table(scheme: LandCoverScheme, preset: Preset = "china", own: Table | None = None) -> PracticeTable:
    """P of the classes of a scheme by its column `p_row`; classes with a slope table follow the preset.

    Args:
        scheme: classes in the order of their index.
        preset: what holds for classes whose `p_row` names a slope table, that is sloping cropland.
        own: columns `code`, `p`, and optionally `slope_min`, `slope_max` in degrees; wins over the scheme.

    Raises:
        TableError: a row is not understood, slopes leave a gap, or a P lies outside 0 to 1.
        InputError: the preset is unknown.
    """
    if preset not in PRESETS:
        raise InputError(
            say("There is no P preset {preset}. Choose one of {presets}.", preset=preset, presets=", ".join(PRESETS))
        )
    given = _own_steps(own) if own else {}
    steps, formula = [], []
    for land_class in scheme:
        sloping = ":" not in land_class.text("p_row")
        own_rule = given.get(land_class.code)
        formula.append(own_rule is None and sloping and preset == "lufafa")
        steps.append(own_rule or _class_steps(land_class, preset))
    limits = sorted({step.low for rule in steps for step in rule} - {0.0})
    values = np.array([[_at(rule, low) for low in (0.0, *limits)] for rule in steps])
    shown = np.where(np.array(formula)[:, np.newaxis], np.nan, values)
    by_slope = {f"{low:g}-{high:g}°": column for low, high, column in zip((0, *limits), (*limits, 90), shown.T)}
    keep_coefficients(say("P factor by slope"), class_columns(scheme.codes, by_slope))
    return PracticeTable(np.array(limits), values, np.array(formula))


def _at(rule: Sequence[Step], slope: float) -> float:
    return next(step.p for step in rule if step.low <= slope < step.high)


def _class_steps(land_class: LandCoverClass, preset: Preset) -> tuple[Step, ...]:
    cell = land_class.text("p_row")
    scheme, _, words = cell.partition(":")
    column = "P"
    if not words and preset.startswith("contour"):
        scheme, column = _CONTOUR, "P_strip" if preset == "contour_strip" else "P"
    rows = [
        row
        for row in resource_table("p_factor").rows
        if row["scheme"] == scheme and words.casefold() in str(row["applies_to"]).casefold()
    ]
    if not rows or (len(rows) > 1 and not rows[0]["slope_max"]):
        raise TableError(
            say(
                "Class {code} ({name}) has the P row {cell!r}, which names no row of the P table. Write "
                "scheme:words as in its columns scheme and applies_to, or give P in a table of code and p.",
                code=land_class.code,
                name=land_class.name,
                cell=cell,
            )
        )
    steps = [
        Step(
            _degrees(row["slope_min"], row["unit"], 0),
            _degrees(row["slope_max"], row["unit"], 1),
            float(str(row[column])),
        )
        for row in rows
    ]
    return _complete(steps, f"P row {cell!r}")


def _degrees(cell: object, unit: object, end: int) -> float:
    text = str(cell or "").strip()
    if not text:
        return FLAT_TO_STEEP[end]
    return math.degrees(math.atan(float(text) / 100)) if unit == "percent" else float(text)


def _own_steps(table: Table) -> dict[int, tuple[Step, ...]]:
    table.require("code", "p")
    count = len(table.rows)
    low = table.numbers("slope_min", blank=0.0) if table.has("slope_min") else np.zeros(count)
    high = table.numbers("slope_max", blank=90.0) if table.has("slope_max") else np.full(count, 90.0)
    found: dict[int, list[Step]] = {}
    for code, start, end, p in zip(map(int, table.numbers("code")), low, high, table.numbers("p")):
        if not 0 <= p <= 1:
            raise TableError(
                say("Table {name}, code {code}: p is {p:g}. P lies between 0 and 1.", name=table.name, code=code, p=p)
            )
        found.setdefault(code, []).append(Step(float(start), float(end), float(p)))
    return {code: _complete(steps, f"Table {table.name}, code {code}") for code, steps in found.items()}


def _complete(steps: Sequence[Step], where: str) -> tuple[Step, ...]:
    """The steps by slope, the last one up to the vertical.

    Raises:
        TableError: they overlap or leave a gap.
    """
    ordered = sorted(steps, key=lambda step: step.low)
    gaps = any(not math.isclose(a.high, b.low) for a, b in zip(ordered, ordered[1:]))
    if gaps or ordered[0].low > 0:
        raise TableError(
            say("{where}: the slope classes must follow each other from 0 without gap or overlap.", where=where)
        )
    return (*ordered[:-1], Step(ordered[-1].low, math.inf, ordered[-1].p))


@dataclass(frozen=True, eq=False)
class PracticeFormula:
    """P of the pixels."""

    table: PracticeTable
    terrain: Terrain | None

    def __call__(self, pixels: Pixels) -> Layers:
        slope = slope_degrees(pixels, self.terrain) if self.terrain else None
        practice = self.table(pixels.classes, slope)
        return Layers({P: practice}, pixels.all_valid(), {P: practice})


@dataclass(frozen=True)
class PracticeInputs:
    """Land cover, slope and tables.

    Attributes:
        cover: land cover of the years.
        years: strictly rising; empty for one map without a year.
        terrain: DEM or slope; needed where P of a class depends on the slope.
        preset: P of sloping cropland, a key of `PRESETS`.
        table: columns `code`, `p`, and optionally `slope_min`, `slope_max` in degrees.
    """

    cover: Cover
    years: tuple[int, ...] = ()
    terrain: Terrain | None = None
    preset: Preset = "china"
    table: Table | None = None


@dataclass(frozen=True)
class PracticeOutputs:
    """Path of the map; None for none."""

    practice: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


def run_support_practice(
    inputs: PracticeInputs,
    outputs: PracticeOutputs,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> YearlySums:
    """Maps P on the grid of the land cover; the mean of P is `sums.mean("support_practice")`.

    Raises:
        InputError: P depends on the slope and none is given, or a slope in percent is said to be in degrees.
        TableError: a class has no P, or a land-cover code is not in the scheme.
        GridError, OutputError, Cancelled: see `run_job`.
    """
    table = practice_table(inputs.cover.scheme, inputs.preset, inputs.table)
    if table.needs_slope and inputs.terrain is None:
        raise InputError(
            say("P of cropland depends on the slope. Give a DEM or a slope raster, or a table of code and p.")
        )
    terrain = inputs.terrain if table.needs_slope else None
    progress.info(say("Support practice of sloping cropland: {presets}.", presets=PRESETS[inputs.preset]))
    with workspace() as folder:
        survey = Survey(inputs.years, settings or RasterSettings(), folder, progress)
        survey.add_land_cover(inputs.cover)
        if terrain:
            add_slope(survey, terrain)
        made = map_output(survey, P, outputs.practice, "practice_factor", outputs.metadata)
        return survey.run(PracticeFormula(table, terrain), made, 1, progress)
