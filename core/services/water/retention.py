"""Water retention by the water balance: rain less runoff less evapotranspiration."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ...column_words import choice
from ...errors import InputError, TableError
from ...inputs.record import keep_coefficients
from ...inputs.used import class_columns
from ...land_cover import LandCoverScheme
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import Measure
from ...raster.files import workspace
from ...raster.settings import RasterSettings
from ...results import Column, ResultTable
from ...tables import Table, resource_table
from ..by_ecosystem import ByEcosystem, ecosystem_members, per_year
from ..survey import Climate, Cover, Rasters, Survey, map_output
from ..yearly_kernel import LAND_COVER, Layers, Pixels

RETENTION = "retention"
MM_HA_TO_M3 = 10.0
# Rain or evapotranspiration of a year, mm, that a region does not reach.
# MOD16A3: stored values from 65529 on are fill values (water, towns, snow); the unit is 0.1 mm.
MOD16_LARGEST = 65_528.0
MOD16_SCALE = 0.1

VERSIONS = {"gong2017": "A_Gong2017", "redline2017": "B_Redline2017"}
SOURCES = {
    "gong2017": say("Gong et al. 2017, Acta Ecologica Sinica 37(7):2455-2462, doi:10.5846/stxb201512012406"),
    "redline2017": say("Guide of Ecological Redline Delineation 2017, appendix A"),
}
COLUMNS = (
    Column("depth_mm", unit="mm"), Column("volume_m3", unit="m3/a"), Column("clipped_pct", unit="%"),
    Column("unclipped_m3", unit="m3/a"),
)  # fmt: skip


def water_balance(rain: np.ndarray, evapotranspiration: np.ndarray, runoff_pct: np.ndarray) -> np.ndarray:
    """Water that an ecosystem retains, ``P - R - ET`` with ``R = P * coefficient / 100``; negative in a deficit.

    Args:
        rain: P, mm.
        evapotranspiration: ET, actual, mm.
        runoff_pct: runoff coefficient of the ecosystem, percent.

    Returns:
        mm.

    Source: Gong et al. 2017, Acta Ecologica Sinica 37(7):2455-2462; HJ 1173-2021.
    """
    return rain - rain * (runoff_pct / 100) - evapotranspiration


@dataclass(frozen=True, eq=False)
class RetentionFormula:
    """Retained water of the pixels.

    Attributes:
        coefficients: runoff coefficient per class, percent; NaN for classes that do not count.
        scale: of stored evapotranspiration, to mm.
        zero_elsewhere: whether classes that do not count hold 0; else they have no value.
    """

    coefficients: np.ndarray
    scale: float
    zero_elsewhere: bool

    def __call__(self, pixels: Pixels) -> Layers:
        coefficient = self.coefficients.take(pixels.classes)
        covered = pixels.valid[LAND_COVER]
        rain = pixels.values["precipitation"]
        loss = pixels.values["evapotranspiration"] * self.scale
        balance = water_balance(rain.astype(np.float64), loss, coefficient)
        elsewhere = np.isnan(coefficient)
        np.copyto(balance, 0, where=elsewhere)
        kept = np.maximum(balance, 0)
        valid = pixels.all_valid()
        # where nothing counts, a missing input does no harm
        shown = (valid | (covered & elsewhere)) if self.zero_elsewhere else valid & ~elsewhere
        deficit = balance - kept
        amounts = {"depth": kept, "deficit": deficit}
        return Layers({RETENTION: kept}, shown, amounts, {"clipped": deficit < 0}, pixels.classes)


@dataclass(frozen=True)
class RetentionInputs:
    """Water balance and where it counts.

    Attributes:
        cover: land cover of the years.
        precipitation: annual, mm.
        evapotranspiration: actual annual, mm after `scale`.
        years: strictly rising; empty for one result without a year.
        coefficients: which set of runoff coefficients; the sets are never mixed.
        table: columns `code`, `runoff_pct`: coefficients of classes, which then count; win over the set.
        scale: of stored evapotranspiration; 0.1 for MOD16, whose fill values are then left out.
        elsewhere: what classes without a coefficient hold: `zero`, or `nodata`.
        climate: `mean` takes the mean rain and evapotranspiration of all years.
    """

    cover: Cover
    precipitation: Rasters
    evapotranspiration: Rasters
    years: tuple[int, ...] = ()
    coefficients: Literal["gong2017", "redline2017"] = "gong2017"
    table: Table | None = None
    scale: float = 1.0
    elsewhere: Literal["zero", "nodata"] = "zero"
    climate: Climate = "actual"


@dataclass(frozen=True)
class RetentionOutputs:
    """Path of the map; None for none."""

    retention: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ClassCoefficient:
    """Runoff coefficient of a class, percent of the rain; None where retention does not count."""

    code: int
    land_class: str
    runoff_pct: float | None


@dataclass(frozen=True, eq=False)
class RetentionResult(ByEcosystem):
    """Retained water of the study area; arrays have shape (years, ecosystems), groups are land-cover classes.

    Attributes:
        volume_m3: retained, deficits counted as 0.
        unclipped_m3: with deficits.
        clipped: pixels with a deficit.
        counted: pixels where retention counts.
        coefficients: of the classes that occur.
    """

    volume_m3: np.ndarray
    unclipped_m3: np.ndarray
    clipped: np.ndarray
    counted: np.ndarray
    coefficients: tuple[ClassCoefficient, ...]

    @property
    def totals(self) -> tuple[float, ...]:
        """Retained water per year, m³."""
        return per_year(self.volume_m3)

    def table(self) -> ResultTable:
        """A row per year and ecosystem that counts."""
        depth = self.per_ha(self.volume_m3) / MM_HA_TO_M3
        clipped = 100 * self.clipped / np.maximum(self.counted, 1)
        return self.rows(COLUMNS, depth, self.volume_m3, clipped, self.unclipped_m3)


def runoff_coefficients(
    scheme: LandCoverScheme, version: Literal["gong2017", "redline2017"] = "gong2017", own: Table | None = None
) -> np.ndarray:
    """Runoff coefficients of the classes, percent; NaN for those that do not count.

    Args:
        scheme: classes in the order of the result; the column `runoff_<version>` names their row.
        version: the set.
        own: columns `code`, `runoff_pct`.

    Raises:
        TableError: a row is not in the set, or a coefficient lies outside 0 to 100.
    """
    rows = resource_table("runoff_coefficient").rows
    known = {
        str(row["level2"]): float(str(row["runoff_coefficient_percent"]))
        for row in rows
        if row["version"] == VERSIONS[version]
    }
    given = _own(own) if own else {}
    coefficients = []
    for land_class in scheme:
        name = land_class.text(f"runoff_{version}")
        if land_class.code not in given and name and name not in known:
            raise TableError(
                say(
                    "Class {code} ({name}) has the runoff row {name2!r}, which the set {version} does not have. "
                    "It has {known}.",
                    code=land_class.code,
                    name=land_class.name,
                    name2=name,
                    version=version,
                    known=", ".join(known),
                )
            )
        coefficients.append(given.get(land_class.code, known.get(name, np.nan)))
    return np.array(coefficients)


def _own(table: Table) -> dict[int, float]:
    table.require("code", "runoff_pct")
    given = dict(zip(table.codes("code"), map(float, table.numbers("runoff_pct"))))
    for code, value in given.items():
        if not 0 <= value <= 100:
            raise TableError(
                say(
                    "Table {name}, code {code}: runoff_pct is {value:g}. Write percent, 0 to 100.",
                    name=table.name,
                    code=code,
                    value=value,
                )
            )
    if given and 0 < max(given.values()) <= 1:
        raise TableError(
            say(
                "Table {name}: the largest runoff_pct is {values:g}. Coefficients are percent of the rain: "
                "multiply fractions by 100.",
                name=table.name,
                values=max(given.values()),
            )
        )
    return given


def run_water_retention(
    inputs: RetentionInputs,
    outputs: RetentionOutputs,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> RetentionResult:
    """Maps retained water and sums it by ecosystem.

    Raises:
        InputError: the set is unknown, rain or evapotranspiration is negative or in another unit, or
            evapotranspiration would be scaled twice.
        TableError: a land-cover code is not in the scheme, or a coefficient cannot be used.
        GridError, OutputError, Cancelled: see `run_job`.
    """
    if inputs.coefficients not in VERSIONS:
        raise InputError(
            say(
                "There is no set of runoff coefficients {coefficients}. Choose {versions}.",
                coefficients=inputs.coefficients,
                versions=" or ".join(VERSIONS),
            )
        )
    if not inputs.scale > 0:
        raise InputError(
            say(
                "The scale of evapotranspiration is {scale:g}. Give a positive number, such as 0.1.", scale=inputs.scale
            )
        )
    scheme = inputs.cover.scheme
    coefficients = runoff_coefficients(scheme, inputs.coefficients, inputs.table)
    if np.isnan(coefficients).all():
        raise TableError(
            say(
                "No class of the land cover has a runoff coefficient of {coefficients}, so nothing would be "
                "retained. Write rows of the set in the column runoff_{coefficients} of the class table, or "
                "give a table of code, runoff_pct.",
                coefficients=inputs.coefficients,
            )
        )
    title = say("Runoff coefficient")
    keep_coefficients(title, class_columns(scheme.codes, {title: coefficients}, "%"))
    own = say(", overridden by table {name}", name=inputs.table.name) if inputs.table else ""
    progress.info(
        say(
            "Runoff coefficients {coefficients} ({sources}){own}.",
            coefficients=choice("COEFFICIENTS", inputs.coefficients),
            sources=SOURCES[inputs.coefficients],
            own=own,
        )
    )
    with workspace() as folder:
        survey = Survey(inputs.years, settings or RasterSettings(), folder, progress)
        survey.add_land_cover(inputs.cover)
        survey.add("precipitation", inputs.precipitation, Measure("precipitation"), inputs.climate)
        loss = Measure("evapotranspiration", inputs.scale, choice="EVAPOTRANSPIRATION_SCALE")
        survey.add("evapotranspiration", _without_fill(inputs), loss, inputs.climate)
        made = map_output(survey, RETENTION, outputs.retention, "water_retention", outputs.metadata)
        formula = RetentionFormula(coefficients, inputs.scale, inputs.elsewhere == "zero")
        sums = survey.run(formula, made, len(scheme.codes), progress)
    names, member = ecosystem_members(scheme)
    counting = member * ~np.isnan(coefficients)[:, np.newaxis]
    volume, deficit = (sums.amounts[name] @ member * MM_HA_TO_M3 for name in ("depth", "deficit"))
    result = RetentionResult(
        years=sums.years,
        ecosystems=names,
        area_ha=sums.area_ha @ counting,
        volume_m3=volume,
        unclipped_m3=volume + deficit,
        clipped=sums.counts["clipped"] @ member,
        counted=sums.pixels @ counting,
        coefficients=tuple(
            ClassCoefficient(land_class.code, land_class.name, None if np.isnan(value) else float(value))
            for land_class, value, pixels in zip(scheme, coefficients, sums.pixels.sum(axis=0))
            if pixels
        ),
        sums=sums,
    )
    _report(result, progress)
    return result


def _without_fill(inputs: RetentionInputs) -> Rasters:
    """Evapotranspiration without the fill values of MOD16, unless the user gave a range."""
    series = inputs.evapotranspiration
    if series.maximum is not None:
        return series
    # in stored units where a scale is given, in mm where the raster was scaled before
    largest = MOD16_LARGEST if inputs.scale != 1 else MOD16_LARGEST * MOD16_SCALE
    return Rasters(series.paths, series.minimum, largest)


def _report(result: RetentionResult, progress: Progress) -> None:
    told = [
        f"{one.code} {one.land_class} {'-' if one.runoff_pct is None else f'{one.runoff_pct:g}'}"
        for one in result.coefficients
    ]
    progress.info(say("Runoff coefficients by class, % of the rain (- does not count): {told}.", told="; ".join(told)))
    for y, (year, total) in enumerate(zip(result.years, result.totals)):
        when = f"{year}: " if year else ""
        progress.info(say("{when}{total:,.0f} m3 of water retained.", when=when, total=total))
        clipped, counted = int(result.clipped[y].sum()), int(result.counted[y].sum())
        if clipped:
            progress.warn(
                say(
                    "{when}evapotranspiration exceeds rain less runoff in {clipped} pixels ({counted:.1f} %): "
                    "they count as 0. With their deficits the total is {unclipped_m3:,.0f} m3.",
                    when=when,
                    clipped=clipped,
                    counted=100 * clipped / counted,
                    unclipped_m3=math.fsum(result.unclipped_m3[y]),
                )
            )
