"""Soil erodibility K of RUSLE from texture and organic carbon, t ha h/(ha MJ mm)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ...errors import InputError
from ...progress import QUIET, Progress
from ...quantities import Measure, quantity
from ...raster.files import workspace
from ...raster.settings import RasterSettings
from ..plausible import refuse_negative, refuse_slip
from ..survey import Rasters, Survey, YearlySums, map_output
from ..yearly_kernel import Layers, Pixels

Method = Literal["epic", "epic_china"]
K = "soil_erodibility"
US_TO_METRIC = 0.1317
# What a value is divided by to become percent; organic matter, in percent, becomes organic carbon.
TO_PERCENT = {"percent": 1.0, "organic_matter": 1.724, "fraction": 0.01, "g_per_kg": 10.0, "dg_per_kg": 100.0}
SUM_TOLERANCE_PCT = 5.0
ORGANIC_MATTER_CARBON_PCT = 58.0  # pure organic matter is no richer: 100 / 1.724
MINERAL_SOIL_CARBON_PCT = 6.0

SOURCES = {
    "epic": "Williams 1990, Philosophical Transactions of the Royal Society B 329:421-428",
    "epic_china": "HJ 1173-2021: Williams 1990 corrected after Zhang Keli et al. 2008",
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
        for label, values in (("Sand", sand), ("Silt", silt), ("Clay", clay), ("Organic carbon", carbon)):
            refuse_negative(label, values, valid)
        total = sand + silt + clay
        off = np.abs(total - 100) > SUM_TOLERANCE_PCT
        refuse_slip("Sand + silt + clay in percent", total, off, valid, _texture_advice(total[valid]))
        refuse_slip(
            "Organic carbon in percent",
            carbon,
            carbon > ORGANIC_MATTER_CARBON_PCT,
            valid,
            "No soil holds more than 58 %. It looks like organic matter (divide by 1.724), g/kg (divide by 10) or the "
            "dg/kg of SoilGrids (divide by 100): choose its unit or rescale it.",
        )
        k = erodibility(sand, silt, clay, carbon, self.method)
        defined = np.isfinite(k)
        counts = {"texture off": off, "too much carbon": carbon > ORGANIC_MATTER_CARBON_PCT}
        k = np.where(defined, k, 0)
        return Layers({K: k}, valid & defined, {K: k, "carbon": carbon}, counts)


def _texture_advice(totals: np.ndarray) -> str:
    typical = float(np.median(totals)) if totals.size else 0.0
    if 0.9 <= typical <= 1.1:
        return "They look like fractions: choose the unit fraction, or multiply them by 100."
    if 900 <= typical <= 1100:
        return "They look like the g/kg of SoilGrids: choose the units soilgrids."
    if 9 <= typical <= 11:
        return "They look like percent taken for g/kg: choose the units percent."
    return "They should add up to 100: check that the rasters are sand, silt and clay of one layer, in percent."


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
        InputError: texture does not add up to 100 percent, or carbon is beyond what a soil can hold.
        GridError: a raster does not overlap the first one.
        OutputError: the map cannot be written.
        Cancelled: the user stopped.
    """
    if inputs.method not in SOURCES:
        raise InputError(f"There is no erodibility method {inputs.method}. Choose one of {', '.join(SOURCES)}.")
    for unit in (inputs.texture_unit, inputs.carbon_unit):
        if unit not in TO_PERCENT:
            raise InputError(f"There is no soil unit {unit}. Choose one of {', '.join(TO_PERCENT)}.")
    progress.info(f"Soil erodibility by {inputs.method} ({SOURCES[inputs.method]}).")
    formula = ErodibilityFormula(inputs.method, TO_PERCENT[inputs.texture_unit], TO_PERCENT[inputs.carbon_unit])
    with workspace() as folder:
        survey = Survey((), settings or RasterSettings(), folder, progress)
        for name, series in (("sand", inputs.sand), ("silt", inputs.silt), ("clay", inputs.clay)):
            survey.add(name, series, Measure(name, 1 / formula.texture_divisor))
        survey.add("carbon", inputs.organic_carbon, Measure("organic_carbon", 1 / formula.carbon_divisor))
        made = map_output(survey, K, outputs.erodibility, "erodibility", outputs.metadata)
        sums = survey.run(formula, made, 1, progress, _refuse_organic_matter)
    result = ErodibilityResult(sums.mean(K)[0], sums.mean("carbon")[0], sums)
    progress.info(
        f"Mean K {result.mean:.5f} {quantity('erodibility').unit}, mean organic carbon {result.mean_carbon_pct:.3g} %."
    )
    _warn(result, progress)
    return result


def _refuse_organic_matter(sums: YearlySums) -> None:
    """Raises InputError where carbon is both beyond what a soil can hold and rich on average: another quantity."""
    mean, beyond = sums.mean("carbon")[0], int(sums.counts["too much carbon"].sum())
    if beyond and mean > MINERAL_SOIL_CARBON_PCT:
        raise InputError(
            f"Organic carbon is {mean:.3g} % on average and above {ORGANIC_MATTER_CARBON_PCT:g} % in {beyond} pixels, "
            "which no soil holds. It looks like organic matter, which is 1.724 times the carbon: choose that unit "
            "(UNITS percent_organic_matter). If single pixels are wrong, leave them out by ORGANIC_CARBON_MAX."
        )


def _warn(result: ErodibilityResult, progress: Progress) -> None:
    off = int(result.sums.counts["texture off"].sum())
    if off:
        progress.warn(
            f"Sand + silt + clay is off 100 % by more than {SUM_TOLERANCE_PCT:g} in {off} pixels. They are kept."
        )
    rich = int(result.sums.counts["too much carbon"].sum())
    if rich:
        progress.warn(
            f"Organic carbon is above {ORGANIC_MATTER_CARBON_PCT:g} % in {rich} pixels, which no soil holds. "
            "Check its unit."
        )
    if result.mean_carbon_pct > MINERAL_SOIL_CARBON_PCT:
        progress.warn(
            f"Organic carbon is {result.mean_carbon_pct:.3g} % on average; mineral soils rarely have more than "
            f"{MINERAL_SOIL_CARBON_PCT:g} %. If the raster holds organic matter, which is 1.724 times the carbon, "
            "choose that unit."
        )
    elif result.mean_carbon_pct < 0.05:
        progress.warn(
            f"Organic carbon is {result.mean_carbon_pct:.3g} % on average, which is next to nothing. If the raster "
            "holds fractions, choose the unit fraction."
        )
