"""Human activity index: how hard people press on the land, 0 to 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...land_cover import LandCoverScheme
from ...progress import QUIET, Progress
from ...raster.settings import RasterSettings
from .coefficients import Coefficients
from .run import Factor, PressureInputs, PressureResult, pressure_output, run_pressure
from .units import Unit


@dataclass(frozen=True)
class HumanActivityInputs:
    """What is averaged.

    Attributes:
        land_cover: one raster per year, or one with a band per year.
        years: strictly rising.
        scheme: meaning of the codes.
        coefficients: from `human_activity_coefficients`.
        unit: moving window, zones or fishnet.
        factors: rasters that count beside land cover.
        land_cover_weight: weight of land cover beside them.
    """

    land_cover: tuple[str, ...]
    years: tuple[int, ...]
    scheme: LandCoverScheme
    coefficients: Coefficients
    unit: Unit = field(default_factory=Unit)
    factors: tuple[Factor, ...] = ()
    land_cover_weight: float = 1.0


def run_human_activity(
    inputs: HumanActivityInputs,
    output: str | None = None,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
    metadata: Mapping[str, str] | None = None,
) -> PressureResult:
    """Human activity index of each window, zone or cell, and its levels.

    ``HAI = sum_i A_i S_i / sum_i A_i`` with the area A and the coefficient S of each class. With further factors each
    pixel is ``(w_0 S + sum_i w_i N_i) / sum w`` before it is averaged; N is the factor between its smallest (0) and
    largest (1) value in the study area over all years.

    Raises:
        InputError, GridError, TableError, OutputError, Cancelled: as `run_pressure`.

    Source: Zhao Z.G. et al. 2017, doi 10.5846/stxb201612042489; the weighted sum of factors is of this project.
    """
    pressure = PressureInputs(
        inputs.land_cover,
        inputs.years,
        inputs.scheme,
        inputs.coefficients,
        inputs.unit,
        factors=inputs.factors,
        land_cover_weight=inputs.land_cover_weight,
    )
    return run_pressure(pressure, pressure_output(output, inputs.years, "", metadata), settings, progress)
