"""A valuation of a few pixels, each 1 ha, with one equivalent worth 1000."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from ecoassets.core.assets.equivalents import Equivalents, load_equivalents
from ecoassets.core.assets.valuation.run import (
    Adjustment,
    Adjustments,
    ValuationInputs,
    ValuationOutputs,
    ValuationResult,
    run_valuation,
)
from ecoassets.core.land_cover import LandCoverScheme, load_scheme
from ecoassets.core.progress import Progress
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.tests.rasters import read_raster, write_raster

NODATA = -1.0


@dataclass
class Heard(Progress):
    """Remembers what a run tells."""

    facts: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def info(self, message: str) -> None:
        self.facts.append(message)

    def warn(self, message: str) -> None:
        self.warnings.append(message)


@dataclass(frozen=True)
class Valued:
    """A result with its maps, (years, rows, columns) and (years, services, rows, columns), NaN where nodata."""

    result: ValuationResult
    total: np.ndarray
    services: np.ndarray
    heard: Heard


@pytest.fixture
def valued(tmp_path) -> Callable[..., Valued]:
    """`valued({2000: [[21]]}, NPP={2000: [[400]]}, references={"NPP": 200})` values pixels, CNLUCC codes by default.

    A series may be one array for all years; NaN in it is nodata, and so is 255 in land cover.
    """

    def run(
        cover: dict[int, object],
        *,
        references: dict[str, float] | None = None,
        scheme: LandCoverScheme | None = None,
        equivalents: Equivalents | None = None,
        standard_value: float = 1000.0,
        price_level: dict[int, float] | None = None,
        settings: RasterSettings | None = None,
        grid: dict[str, object] | None = None,
        mode: str = "all_years",
        water: str = "one",
        cap: float | None = None,
        **series: object,
    ) -> Valued:
        paths = [write_raster(tmp_path / f"{year}.tif", codes, **(grid or {})) for year, codes in cover.items()]

        def adjustment(factor: str, given: object) -> Adjustment:
            arrays = given if isinstance(given, dict) else {"all": given}
            files = []
            for year, values in arrays.items():
                numbers = np.nan_to_num(np.asarray(values, dtype=float), nan=NODATA)
                path = tmp_path / f"{factor}_{year}.tif"
                files.append(write_raster(path, numbers, "float32", nodata=NODATA, **(grid or {})))
            return Adjustment(tuple(files), (references or {}).get(factor))

        inputs = ValuationInputs(
            land_cover=tuple(paths),
            years=tuple(cover),
            scheme=scheme or load_scheme("cnlucc"),
            equivalents=equivalents or load_equivalents("xie2015"),
            standard_value=standard_value,
            adjustments=Adjustments({f: adjustment(f, given) for f, given in series.items()}, mode, water, cap),
            price_level=price_level or {},
        )
        outputs = ValuationOutputs(str(tmp_path / "total.tif"), str(tmp_path / "services.tif"))
        heard = Heard()
        result = run_valuation(inputs, outputs, settings, heard)
        total, services = read_raster(outputs.total), read_raster(outputs.services)
        return Valued(result, total, services.reshape(len(cover), -1, *services.shape[1:]), heard)

    return run
