"""Hemeroby: how far people have led the vegetation away from its natural state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ...land_cover import LandCoverScheme
from ...progress import QUIET, Progress
from ...raster.settings import RasterSettings
from .coefficients import Coefficients
from .run import PressureInputs, PressureResult, pressure_output, run_pressure
from .units import Unit


@dataclass(frozen=True)
class HemerobyInputs:
    """What is averaged.

    Attributes:
        land_cover: one raster per year, or one with a band per year.
        years: strictly rising.
        scheme: meaning of the codes.
        coefficients: from `hemeroby_coefficients`.
        unit: moving window, zones or fishnet.
        form: `normalised` runs from 100/n to 100, `raw` from 1 to n.
    """

    land_cover: tuple[str, ...]
    years: tuple[int, ...]
    scheme: LandCoverScheme
    coefficients: Coefficients
    unit: Unit = field(default_factory=lambda: Unit(metres=800.0))
    form: Literal["normalised", "raw"] = "normalised"


def run_hemeroby(
    inputs: HemerobyInputs,
    output: str | None = None,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
    metadata: Mapping[str, str] | None = None,
) -> PressureResult:
    """Hemeroby of each window, zone or cell, and its levels.

    ``M = 100 / n sum_h f_h h`` with the area share f of level h = 1 .. n; raw ``sum_h f_h h``. The level of a mean is
    the whole level nearest to its raw form.

    Raises:
        InputError, GridError, TableError, OutputError, Cancelled: as `run_pressure`.

    Source: Steinhardt et al. 1999, Landscape Urban Plan. 46; Liu F.Q. et al. 2017, doi 10.5846/stxb201609211902
    (800 m cells; it prints the raw form).
    """
    normalised = inputs.form == "normalised"
    pressure = PressureInputs(
        inputs.land_cover,
        inputs.years,
        inputs.scheme,
        inputs.coefficients,
        inputs.unit,
        scale=100.0 / inputs.coefficients.highest if normalised else 1.0,
    )
    return run_pressure(pressure, pressure_output(output, inputs.years, "", metadata), settings, progress)
