"""The part of the bench about ecosystem services: against GDAL reading the same rasters and writing as many maps.

python -m ecoassets.tools.bench_services JOB FOLDER OUTPUT CODEC     is one competitor, a process of its own
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..core.land_cover import load_scheme
from ..core.raster.output import WriteOptions
from ..core.raster.settings import RasterSettings
from ..core.services.soil.conservation import SoilInputs, SoilOutputs, run_soil_conservation
from ..core.services.survey import Cover, Rasters
from ..core.services.water.flood_mitigation import FloodInputs, FloodOutputs, run_flood_mitigation
from ..core.services.water.retention import RetentionInputs, RetentionOutputs, run_water_retention
from .bench_data import creation_options, make_factors
from .bench_jobs import keep_result, read_and_write

SCHEME = "clcd"


@dataclass(frozen=True)
class Job:
    """A service of one year.

    Attributes:
        title: what it is.
        inputs: the rasters that it reads.
        maps: ends of the names of what it writes.
        run: does it, from a folder to an output.
    """

    title: str
    inputs: tuple[str, ...]
    maps: tuple[str, ...]
    run: Callable[[str, str, RasterSettings], object]


def _soil(folder: str, outputs: SoilOutputs, settings: RasterSettings) -> object:
    r, k, ls, c, p = (Rasters.of(_raster(folder, name)) for name in ("r", "k", "ls", "c", "p"))
    return run_soil_conservation(SoilInputs(r, k, ls, c, p, cover=_cover(folder)), outputs, settings)


def _soil_retention(folder: str, output: str, settings: RasterSettings) -> object:
    return _soil(folder, SoilOutputs(output), settings)


def _soil_maps(folder: str, output: str, settings: RasterSettings) -> object:
    return _soil(folder, SoilOutputs(output, _ending(output, LOSS)), settings)


def _water(folder: str, output: str, settings: RasterSettings) -> object:
    rain, loss = (Rasters.of(_raster(folder, name)) for name in ("rain", "evapotranspiration"))
    return run_water_retention(RetentionInputs(_cover(folder), rain, loss), RetentionOutputs(output), settings)


def _flood(folder: str, output: str, settings: RasterSettings) -> object:
    storm, group = (Rasters.of(_raster(folder, name)) for name in ("storm", "soil_group"))
    inputs = FloodInputs(_cover(folder), storm_rainfall=storm, soil_group=group)
    return run_flood_mitigation(inputs, FloodOutputs(output), settings)


def _ending(output: str, end: str) -> str:
    return output.replace(".tif", f"{end}.tif")


FACTORS = ("land_cover", "ls", "r", "k", "c", "p")
LOSS = "_loss"
JOBS = {
    "soil": Job("soil conservation, retention", FACTORS, ("",), _soil_retention),
    "soil_maps": Job("soil conservation, retention and loss", FACTORS, ("", LOSS), _soil_maps),
    "water": Job("water retention", ("land_cover", "evapotranspiration", "rain"), ("",), _water),
    "flood": Job("flood mitigation", ("land_cover", "storm", "soil_group"), ("",), _flood),
}


def service_commands(name: str, size: int, codec: str, folder: str) -> dict[str, list[Sequence[str]]]:
    """The competitors of a service: GDAL alone, and EcoAssets."""
    base, output = os.path.join(folder, codec), os.path.join(folder, "out.tif")
    make_factors(base, size, codec)
    program = [sys.executable, "-m", "ecoassets.tools.bench_services"]
    job, ours = JOBS[name], [*program, name, base, output, codec]
    keep_result(ours, [_ending(output, end) for end in job.maps], output)
    return {
        f"limit of GDAL (read {len(job.inputs)}, write {len(job.maps)})": [
            [*program, f"limit:{name}", base, output, codec]
        ],
        f"EcoAssets, {job.title}": [ours],
    }


def _raster(folder: str, name: str) -> str:
    return os.path.join(folder, f"{name}.tif")


def _cover(folder: str) -> Cover:
    return Cover((_raster(folder, "land_cover"),), load_scheme(SCHEME))


def main() -> None:
    name, folder, output, codec = sys.argv[1:]
    kind, _, of = name.partition(":")
    if kind == "limit":
        read_and_write([_raster(folder, each) for each in JOBS[of].inputs], output, codec)
        return
    options = tuple(creation_options(codec, True, os.cpu_count() or 1))
    JOBS[name].run(folder, output, RasterSettings(write=WriteOptions(options, overviews=False)))


if __name__ == "__main__":
    main()
