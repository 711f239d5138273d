"""Soil erodibility K of RUSLE from texture and organic carbon, t ha h/(ha MJ mm)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ...column_words import choice
from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import Measure, UnitChoice, quantity
from ...raster.files import workspace
from ...raster.settings import RasterSettings
from ..survey import Rasters, Survey, YearlySums, map_output
from ..yearly_kernel import Layers, Pixels

Method = Literal["epic", "epic_china"]
K = "soil_erodibility"
US_TO_METRIC = 0.1317
# What a value is divided by to become percent; organic matter, in percent, becomes organic carbon.
TO_PERCENT = {"percent": 1.0, "organic_matter": 1.724, "fraction": 0.01, "g_per_kg": 10.0, "dg_per_kg": 100.0}
# What a user may choose for texture and organic carbon together.
UNITS = {
    "percent": ("percent", "percent"),
    "soilgrids": ("g_per_kg", "dg_per_kg"),
    "fraction": ("fraction", "fraction"),
    "percent_soilgrids_carbon": ("percent", "dg_per_kg"),
    "percent_organic_matter": ("percent", "organic_matter"),
}
SUM_TOLERANCE_PCT = 5.0
MINERAL_SOIL_CARBON_PCT = 6.0

SOURCES = {
    "epic": "Williams 1990, Philosophical Transactions of the Royal Society B 329:421-428",
    "epic_china": say("HJ 1173-2021: Williams 1990 corrected after Zhang Keli et al. 2008"),
}


def epic_erodibility(sand: np.ndarray, silt: np.ndarray, clay: np.ndarray, carbon: np.ndarray) -> np.ndarray:
    """Erodibility of EPIC in US customary units; NaN where a soil has neither silt nor clay.

    ``Kus = {0.2 + 0.3 exp[-0.0256 SAN (1 - SIL/100)]} [SIL/(CLA + SIL)]^0.3 {1 - 0.25 C/[C + exp(3.72 - 2.95 C)]}
    {1 - 0.7 SN/[SN + exp(-5.51 + 22.9 SN)]}`` with ``SN = 1 - SAN/100``.

    Args:
        sand: 0.05 to 2 mm, percent.
        silt: 0.002 to 0.05 mm, percent.
        clay: below 0.002 mm, percent.
        carbon: organic carbon, percent (organic matter / 1.724).

    Source: Williams 1990, Philosophical Transactions of the Royal Society B 329:421-428.
    """
    san, sil, cla, c = (np.asarray(values, dtype=np.float64) for values in (sand, silt, clay, carbon))
    fine = cla + sil
    sn = 1 - san / 100
    coarse_sand = 0.2 + 0.3 * np.exp(-0.0256 * san * (1 - sil / 100))
    silt_share = np.divide(sil, fine, out=np.full(np.broadcast(sil, fine).shape, np.nan), where=fine > 0) ** 0.3
    organic = 1 - 0.25 * c / (c + np.exp(3.72 - 2.95 * c))
    high_sand = 1 - 0.7 * sn / (sn + np.exp(-5.51 + 22.9 * sn))
    return coarse_sand * silt_share * organic * high_sand


def erodibility(
    sand: np.ndarray, silt: np.ndarray, clay: np.ndarray, carbon: np.ndarray, method: Method = "epic_china"
) -> np.ndarray:
    """Erodibility K, t ha h/(ha MJ mm); arguments as `epic_erodibility`.

    ``K = 0.1317 Kus`` (`epic`) or ``K = 0.1317 (-0.01383 + 0.51575 Kus)``, not below 0 (`epic_china`).

    Source: Williams 1990; for China the correction of Zhang Keli et al. 2008, which HJ 1173-2021 prescribes.
    """
    us = epic_erodibility(sand, silt, clay, carbon)
    if method == "epic":
        return US_TO_METRIC * us
    return np.maximum(US_TO_METRIC * (-0.01383 + 0.51575 * us), 0)


def _refuse_texture(total: np.ndarray, off: np.ndarray, valid: np.ndarray) -> None:
    """Raises InputError where sand, silt and clay of more than half of the valid pixels do not add up.

    A single odd pixel is left to the count; a block full of them is another layer or unit.
    """
    if 2 * np.count_nonzero(off) > np.count_nonzero(valid):
        raise InputError(
            say(
                "Sand + silt + clay is {total:.4g} % in a typical pixel. They should add up to 100: check "
                "that the rasters are sand, silt and clay of one layer, and their unit (percent, g/kg).",
                total=float(np.median(total[valid])),
            )
        )


@dataclass(frozen=True)
class ErodibilityFormula:
    """K of the pixels; see `ErodibilityInputs`."""

    method: Method
    texture_divisor: float
    carbon_divisor: float

    def __call__(self, pixels: Pixels) -> Layers:
        valid = pixels.all_valid()
        sand, silt, clay = (pixels.values[name] / self.texture_divisor for name in ("sand", "silt", "clay"))
        carbon = pixels.values["carbon"] / self.carbon_divisor
        total = sand + silt + clay
        off = np.abs(total - 100) > SUM_TOLERANCE_PCT
        _refuse_texture(total, off & valid, valid)
        k = erodibility(sand, silt, clay, carbon, self.method)
        defined = np.isfinite(k)
        k = np.where(defined, k, 0)
        return Layers({K: k}, valid & defined, {K: k, "carbon": carbon}, {"texture off": off})


@dataclass(frozen=True)
class ErodibilityInputs:
    """Soil and method.

    Attributes:
        sand, silt, clay: texture by the limits 0.05 and 0.002 mm.
        organic_carbon: organic carbon, not organic matter.
        method: `epic_china` is that of HJ 1173-2021.
        texture_unit: a key of `TO_PERCENT`; SoilGrids has g/kg.
        carbon_unit: a key of `TO_PERCENT`; SoilGrids has dg/kg.
    """

    sand: Rasters
    silt: Rasters
    clay: Rasters
    organic_carbon: Rasters
    method: Method = "epic_china"
    texture_unit: str = "percent"
    carbon_unit: str = "percent"


@dataclass(frozen=True)
class ErodibilityOutputs:
    """Path of the map; None for none."""

    erodibility: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class ErodibilityResult:
    """What was found: area-weighted means of K and of organic carbon (percent), and the sums of the run."""

    mean: float
    mean_carbon_pct: float
    sums: YearlySums


def run_soil_erodibility(
    inputs: ErodibilityInputs,
    outputs: ErodibilityOutputs,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> ErodibilityResult:
    """Maps soil erodibility on the grid of the sand raster. A soil without silt and clay has no value.

    Raises:
        InputError: texture does not add up to 100 percent.
        GridError: a raster does not overlap the first one.
        OutputError: the map cannot be written.
        Cancelled: the user stopped.
    """
    if inputs.method not in SOURCES:
        raise InputError(
            say(
                "There is no erodibility method {method}. Choose one of {sources}.",
                method=inputs.method,
                sources=", ".join(SOURCES),
            )
        )
    for unit in (inputs.texture_unit, inputs.carbon_unit):
        if unit not in TO_PERCENT:
            raise InputError(
                say(
                    "There is no soil unit {unit}. Choose one of {to_percent}.",
                    unit=unit,
                    to_percent=", ".join(TO_PERCENT),
                )
            )
    progress.info(
        say(
            "Soil erodibility by {method} ({sources}).",
            method=choice("METHOD", inputs.method),
            sources=SOURCES[inputs.method],
        )
    )
    formula = ErodibilityFormula(inputs.method, TO_PERCENT[inputs.texture_unit], TO_PERCENT[inputs.carbon_unit])
    with workspace() as folder:
        survey = Survey((), settings or RasterSettings(), folder, progress)
        for name, series in (("sand", inputs.sand), ("silt", inputs.silt), ("clay", inputs.clay)):
            survey.add(name, series, _measure(name, inputs.texture_unit, 0))
        survey.add("carbon", inputs.organic_carbon, _measure("organic_carbon", inputs.carbon_unit, 1))
        made = map_output(survey, K, outputs.erodibility, "erodibility", outputs.metadata)
        sums = survey.run(formula, made, 1, progress)
    result = ErodibilityResult(sums.mean(K)[0], sums.mean("carbon")[0], sums)
    progress.info(
        say(
            "Mean K {mean:.5f} {unit}, mean organic carbon {mean_carbon_pct:.3g} %.",
            mean=result.mean,
            unit=quantity("erodibility").unit,
            mean_carbon_pct=result.mean_carbon_pct,
        )
    )
    _warn(result, inputs.carbon_unit, progress)
    return result


def _measure(meaning: str, unit: str, member: int) -> Measure:
    """What a raster holds in a unit; `member` of the pairs of `UNITS` is offered for it."""
    offered = tuple(UnitChoice(word, 1 / TO_PERCENT[pair[member]]) for word, pair in UNITS.items())
    return Measure(meaning, 1 / TO_PERCENT[unit], choice="UNITS", units=offered)


def _warn(result: ErodibilityResult, unit: str, progress: Progress) -> None:
    off = int(result.sums.counts["texture off"].sum())
    if off:
        progress.warn(
            say(
                "Sand + silt + clay is off 100 % by more than {sum_tolerance_pct:g} in {off} pixels. They are kept.",
                sum_tolerance_pct=SUM_TOLERANCE_PCT,
                off=off,
            )
        )
    if result.mean_carbon_pct > MINERAL_SOIL_CARBON_PCT:
        others = [word for word in ("organic_matter", "g_per_kg") if word != unit]
        progress.warn(
            say(
                "Organic carbon is {mean:.3g} % on average; mineral soils rarely have more than {limit:g} %. Check "
                "whether the raster holds another unit, such as {units}: organic matter is 1.724 times the carbon, and "
                "g/kg are ten times the percent.",
                mean=result.mean_carbon_pct,
                limit=MINERAL_SOIL_CARBON_PCT,
                units=", ".join(others),
            )
        )
    elif result.mean_carbon_pct < 0.05:
        progress.warn(
            say(
                "Organic carbon is {mean_carbon_pct:.3g} % on average, which is next to nothing. If the "
                "raster holds fractions, choose the unit fraction.",
                mean_carbon_pct=result.mean_carbon_pct,
            )
        )
