"""Soil that cover and practice keep in place, actual soil loss, and its intensity classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...errors import InputError
from ...messages import listed, say
from ...progress import QUIET, Progress
from ...quantities import Measure
from ...raster.files import workspace
from ...raster.output import ClassColour, Output
from ...raster.settings import RasterSettings
from ...results import Cell, Column, ResultTable, numbers
from ...tables import resource_table
from ..by_ecosystem import ecosystem_members, per_year
from ..survey import Climate, Cover, Rasters, Survey, YearlySums, map_output
from ..yearly_kernel import Layers, Pixels

RETENTION = "retention"
EROSION = "erosion"
CLASSES = "classes"
T_HA_TO_T_KM2 = 100.0
DEFAULT_TOLERANCE_T_KM2 = 200.0  # northern earth-rock mountains, SL 190-2007
# SL 190-2007 knows 200, 500 and 1000 t/(km2 a): a number as small as this is meant per hectare.
SMALLEST_TOLERANCE_T_KM2 = 50.0
# The most erodible soils of the nomograph have 0.09 t ha h/(ha MJ mm).

COLUMNS = (
    Column("year", "integer"), Column("ecosystem", "text"), Column("class", "integer"), Column("area_ha", unit="ha"),
    *numbers("retention_t", "erosion_t", unit="t/a"), Column("class_name", "text"),
)  # fmt: skip


def soil_loss(
    r: np.ndarray,
    k: np.ndarray,
    ls: np.ndarray,
    c: np.ndarray | float = 1.0,
    p: np.ndarray | float = 1.0,
) -> np.ndarray:
    """Soil loss by RUSLE, ``R K LS C P``; potential loss without C and P.

    Args:
        r: rainfall erosivity, MJ mm/(ha h a).
        k: soil erodibility, t ha h/(ha MJ mm).
        ls: slope length and steepness, dimensionless.
        c: cover management, 0 to 1.
        p: support practice, 0 to 1.

    Returns:
        t/(ha a).

    Source: Renard et al. 1997, USDA Agriculture Handbook 703.
    """
    return r * k * ls * c * p


def soil_retention(
    r: np.ndarray, k: np.ndarray, ls: np.ndarray, c: np.ndarray, p: np.ndarray | float = 1.0
) -> np.ndarray:
    """Soil that cover and practice keep in place: potential minus actual loss, ``R K LS (1 - C P)``, t/(ha a).

    Arguments and source as `soil_loss`.
    """
    return soil_loss(r, k, ls) * (1 - c * p)


@dataclass(frozen=True)
class Intensity:
    """The classes of soil erosion intensity of SL 190-2007.

    Attributes:
        names: from slight to severe; codes are 1 to the number of names.
        colours: `#rrggbb`.
        limits: lower limits of the third class and those above it, t/(km2 a); the second begins at the tolerance.
    """

    names: tuple[str, ...]
    colours: tuple[str, ...]
    limits: tuple[float, ...]

    @classmethod
    def of_standard(cls, language: str = "en") -> Intensity:
        """The classes of the table erosion_classes, named in a language (`en` or `zh`)."""
        rows = [row for row in resource_table("erosion_classes").rows if str(row["code"]).isdigit()]
        name = "class_cn" if language == "zh" else "class_en"
        return cls(
            tuple(str(row[name]) for row in rows),
            tuple(str(row["color"]) for row in rows),
            tuple(float(str(row["min_t_km2_a"])) for row in rows[2:]),
        )

    def classify(self, loss_t_ha: np.ndarray, tolerance_t_km2: np.ndarray | float) -> np.ndarray:
        """Class codes from 1; lower limits belong to their class. The loss is per hectare, the limits per km²."""
        loss = loss_t_ha * T_HA_TO_T_KM2
        codes = np.ones(np.shape(loss), dtype=np.uint8)
        for limit in (tolerance_t_km2, *self.limits):
            codes += loss >= limit
        return codes

    def legend(self) -> tuple[ClassColour, ...]:
        return tuple(
            ClassColour(code, name, colour)
            for code, (name, colour) in enumerate(zip(self.names, self.colours), start=1)
        )


@dataclass(frozen=True, eq=False)
class SoilFormula:
    """Retention, loss and classes of the pixels.

    Attributes:
        counts: per land-cover class, whether its retention counts; shape (classes,).
        has_practice: whether P is an input.
        tolerance: t/(km2 a); None where it is an input.
        intensity: the classes.
    """

    counts: np.ndarray
    has_practice: bool
    tolerance: float | None
    intensity: Intensity

    def __call__(self, pixels: Pixels) -> Layers:
        valid = pixels.all_valid()
        r, k, ls, c = (pixels.values[name] for name in ("r", "k", "ls", "c"))
        p = pixels.values["p"] if self.has_practice else np.float32(1)
        tolerance = self._tolerance(pixels)
        potential = soil_loss(r, k, ls)
        kept = c * p
        loss = potential * kept
        retention = potential - loss
        if not self.counts.all():
            retention = np.where(self.counts[pixels.classes], retention, 0)
        classes = self.intensity.classify(loss, tolerance)
        group = pixels.classes * len(self.intensity.names) + (classes - 1)
        maps = {RETENTION: retention, EROSION: loss, CLASSES: classes}
        return Layers(maps, valid, {RETENTION: retention, EROSION: loss}, group=group)

    def _tolerance(self, pixels: Pixels) -> np.ndarray | float:
        return pixels.values["tolerance"] if self.tolerance is None else self.tolerance


MEASURES = {
    "r": Measure("erosivity"),
    "k": Measure("erodibility"),
    "ls": Measure("slope_length"),
    "c": Measure("cover_factor"),
    "p": Measure("practice_factor"),
}
LABELS = {name: listed([measure.meant.name], "") for name, measure in MEASURES.items()}
_TOLERANCE_ADVICE = "It looks like t/(ha a): multiply it by 100. SL 190-2007 has 200, 500 and 1000 t/(km2 a)."


@dataclass(frozen=True)
class SoilInputs:
    """Factors and where the service counts.

    Attributes:
        r, k, ls, c: factors; each one raster per year, one with a band per year, or one for all years.
        p: support practice; None for 1 everywhere.
        years: strictly rising; empty for one result without a year.
        cover: land cover; retention counts where its scheme says so. None counts every pixel.
        tolerance: tolerable soil loss, t/(km2 a): a number, or a raster.
        climate: `mean` takes the mean R of all years, so that change shows the land and not the weather.
    """

    r: Rasters
    k: Rasters
    ls: Rasters
    c: Rasters
    p: Rasters | None = None
    years: tuple[int, ...] = ()
    cover: Cover | None = None
    tolerance: float | str = DEFAULT_TOLERANCE_T_KM2
    climate: Climate = "actual"


@dataclass(frozen=True)
class SoilOutputs:
    """Paths of the maps; None for a map that is not wanted."""

    retention: str | None = None
    erosion: str | None = None
    classes: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SoilResult:
    """Retention and loss of the study area.

    Attributes:
        years: as given.
        sums: groups are land-cover class times erosion class.
        ecosystems: names.
        area_ha, retention_t, erosion_t: shape (years, ecosystems, erosion classes).
        intensity: the erosion classes.
    """

    years: tuple[int | None, ...]
    sums: YearlySums
    ecosystems: tuple[str, ...]
    area_ha: np.ndarray
    retention_t: np.ndarray
    erosion_t: np.ndarray
    intensity: Intensity

    @property
    def totals(self) -> tuple[float, ...]:
        """Soil retention per year, t/a."""
        return per_year(self.retention_t)

    @property
    def erosion_totals(self) -> tuple[float, ...]:
        """Soil loss per year, t/a."""
        return per_year(self.erosion_t)

    @property
    def loss_areas_ha(self) -> tuple[float, ...]:
        """Area that loses more than is tolerable per year: the class light and those above it."""
        return per_year(self.area_ha[:, :, 1:])

    def table(self, intensity: Intensity | None = None) -> ResultTable:
        """A row per year, ecosystem and erosion class that occurs; `intensity` may name the classes otherwise."""
        rows: list[tuple[Cell, ...]] = []
        for y, year in enumerate(self.years):
            for e, ecosystem in enumerate(self.ecosystems):
                for c, name in enumerate((intensity or self.intensity).names):
                    if self.area_ha[y, e, c] > 0:
                        numbers = (self.area_ha, self.retention_t, self.erosion_t)
                        rows.append((year, ecosystem, c + 1, *(float(n[y, e, c]) for n in numbers), name))
        return ResultTable(COLUMNS, tuple(rows))


def run_soil_conservation(
    inputs: SoilInputs,
    outputs: SoilOutputs,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> SoilResult:
    """Maps soil retention, soil loss and erosion classes, and sums them by ecosystem and class.

    Raises:
        InputError: a factor is negative or in another unit.
        TableError: a land-cover code is not in the scheme.
        GridError, OutputError, Cancelled: see `run_job`.
    """
    intensity = Intensity.of_standard()
    number = _tolerance_number(inputs.tolerance, intensity)
    with workspace() as folder:
        survey = Survey(inputs.years, settings or RasterSettings(), folder, progress)
        survey.add_land_cover(inputs.cover)
        survey.add("ls", inputs.ls, MEASURES["ls"])
        survey.add("r", inputs.r, MEASURES["r"], inputs.climate)
        survey.add("k", inputs.k, MEASURES["k"])
        survey.add("c", inputs.c, MEASURES["c"])
        survey.add("p", inputs.p, MEASURES["p"])
        if number is None:
            survey.add("tolerance", Rasters.of(str(inputs.tolerance)), Measure("loss_tolerance"))
        scheme = inputs.cover.scheme if inputs.cover else None
        counts = np.array([c.text("counts_for_soil") == "1" for c in scheme]) if scheme else np.ones(1, dtype=bool)
        formula = SoilFormula(counts, inputs.p is not None, number, intensity)
        legend = Output(CLASSES, "", (), "uint8", 0, intensity.legend())
        made = (
            *map_output(survey, RETENTION, outputs.retention, "soil_retention", outputs.metadata),
            *map_output(survey, EROSION, outputs.erosion, "soil_loss", outputs.metadata),
            *map_output(survey, CLASSES, outputs.classes, "erosion_class", outputs.metadata, legend),
        )
        sums = survey.run(formula, made, len(counts) * len(intensity.names), progress)
    names, member = ecosystem_members(scheme)
    shape = (len(sums.years), len(counts), len(intensity.names))

    def by_ecosystem(values: np.ndarray) -> np.ndarray:
        return np.einsum("yke,kn->yne", values.reshape(shape), member)

    area, retention, erosion = (
        by_ecosystem(values) for values in (sums.area_ha, sums.amounts[RETENTION], sums.amounts[EROSION])
    )
    result = SoilResult(sums.years, sums, names, area, retention, erosion, intensity)
    _report(inputs, result, number, progress)
    return result


def _tolerance_number(tolerance: float | str, intensity: Intensity) -> float | None:
    if isinstance(tolerance, str):
        return None
    if not SMALLEST_TOLERANCE_T_KM2 <= tolerance < intensity.limits[0]:
        raise InputError(
            say(
                "The tolerable soil loss is {tolerance:g} t/(km2 a). {tolerance_advice} It must lie below "
                "{limits:g}, where moderate erosion begins.",
                tolerance=tolerance,
                tolerance_advice=_TOLERANCE_ADVICE,
                limits=intensity.limits[0],
            )
        )
    return float(tolerance)


def _report(inputs: SoilInputs, result: SoilResult, tolerance: float | None, progress: Progress) -> None:
    told = f"{tolerance:g} t/(km2 a)" if tolerance is not None else say("the given raster")
    where = (
        say("where the land-cover scheme says that soil conservation counts") if inputs.cover else say("in every pixel")
    )
    progress.info(
        say(
            "Soil retention R K LS (1 - C P) is counted {where}; erosion classes of SL 190-2007 with a "
            "tolerable loss of {told}.",
            where=where,
            told=told,
        )
    )
    for year, kept, lost in zip(result.years, result.totals, result.erosion_totals):
        progress.info(
            say(
                "{year}{kept:,.0f} t retained, {lost:,.0f} t lost per year.",
                year=f"{year}: " if year else "",
                kept=kept,
                lost=lost,
            )
        )
