"""The competitors of the bench: each is one process, so that time and memory are its own.

python -m ecoassets.tools.bench_jobs JOB FOLDER OUTPUT CODEC [OPTION]
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence

import numpy as np
from osgeo import gdal

from ..core.assets.equivalents import load_equivalents
from ..core.assets.valuation.run import Adjustment, Adjustments, ValuationInputs, ValuationOutputs, run_valuation
from ..core.land_cover import load_scheme
from ..core.raster.output import WriteOptions
from ..core.raster.settings import RasterSettings
from .bench_data import SERIES, TILE, creation_options

REFERENCES = {"npp": 500.0, "precipitation": 550.0, "soil": 30.0}
STANDARD_VALUE = 3406.5


def engine(folder: str, output: str, codec: str, wanted: str = "total", overviews: bool = False) -> None:
    """Our job: ecological assets of one year, `total`, `services` or both."""
    inputs = ValuationInputs(
        land_cover=(os.path.join(folder, "land_cover.tif"),),
        years=(2020,),
        scheme=load_scheme("clcd"),
        equivalents=load_equivalents("xie2015"),
        standard_value=STANDARD_VALUE,
        adjustments=Adjustments(
            {
                factor: Adjustment((os.path.join(folder, f"{name}.tif"),), REFERENCES[name])
                for factor, name in (("NPP", "npp"), ("PREC", "precipitation"), ("SOIL", "soil"))
            }
        ),
    )
    outputs = ValuationOutputs(
        output if "total" in wanted else None, output.replace(".tif", "_services.tif") if "services" in wanted else None
    )
    write = WriteOptions(tuple(creation_options(codec, True, os.cpu_count() or 1)), overviews)
    run_valuation(inputs, outputs, RasterSettings(write=write))


def limit(folder: str, output: str, codec: str) -> None:
    """The limit of the assets: `read_and_write` of all series."""
    read_and_write([os.path.join(folder, f"{name}.tif") for name in SERIES], output, codec)


def keep_result(command: Sequence[str], maps: Sequence[str], output: str) -> None:
    """Runs a command and keeps the first strip of all bands that it writes, for the limit to write.

    Values of the result, because a codec takes longer over some numbers than over others.
    """
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    bands = [band for path in maps for band in _first_strip(path)]
    np.save(result_path(output), np.stack(bands))


def _first_strip(path: str) -> np.ndarray:
    dataset = gdal.Open(path)
    strip = dataset.ReadAsArray(0, 0, dataset.RasterXSize, min(TILE, dataset.RasterYSize))
    return np.asarray(strip.reshape(-1, *strip.shape[-2:]))


def result_path(output: str) -> str:
    return f"{output}.npy"


def read_and_write(paths: Sequence[str], output: str, codec: str) -> None:
    """Plain GDAL: reads every input and writes what `keep_result` kept, both at once, computing nothing."""
    threads = os.cpu_count() or 1
    inputs = [gdal.OpenEx(path, open_options=[f"NUM_THREADS={threads}"]) for path in paths]
    size = inputs[0].RasterXSize
    strips = np.load(result_path(output))
    written = gdal.GetDriverByName("GTiff").Create(
        output, size, size, len(strips), gdal.GDT_Float32, creation_options(codec, True, threads)
    )
    rows: queue.Queue[int | None] = queue.Queue(2)

    def write() -> None:
        while (row := rows.get()) is not None:
            for number, strip in enumerate(strips, start=1):
                band = written.GetRasterBand(number)
                band.WriteArray(strip[: min(TILE, size - row)], 0, row)
                band.FlushCache()

    writer = threading.Thread(target=write)
    writer.start()
    for row in range(0, size, TILE):
        for dataset in inputs:
            dataset.GetRasterBand(1).ReadAsArray(0, row, size, min(TILE, size - row))
        rows.put(row)
    rows.put(None)
    writer.join()
    written.FlushCache()


def qgis_calculator(folder: str, output: str) -> None:
    """The raster calculator of QGIS, which before 3.44 writes without compression, with GRASS's expression."""
    from qgis.analysis import QgsRasterCalculator, QgsRasterCalculatorEntry
    from qgis.core import QgsApplication, QgsCoordinateTransformContext, QgsRasterLayer

    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QgsApplication([], False)
    application.initQgis()
    layers = {name: QgsRasterLayer(os.path.join(folder, f"{name}.tif"), name) for name in SERIES}
    entries = []
    for name, layer in layers.items():
        entry = QgsRasterCalculatorEntry()
        entry.raster, entry.bandNumber, entry.ref = layer, 1, f"{name}@1"
        entries.append(entry)
    adjusted = " + ".join(f'"{name}@1" / {reference}' for name, reference in REFERENCES.items())
    expression = f'"land_cover@1" * {STANDARD_VALUE} * ({adjusted})'
    grid, context = layers["land_cover"], QgsCoordinateTransformContext()
    calculator = QgsRasterCalculator(
        expression, output, "GTiff", grid.extent(), grid.crs(), grid.width(), grid.height(), entries, context
    )
    failed = int(calculator.processCalculation())
    os._exit(failed)  # leaving QGIS in order is not what is measured


def main() -> None:
    job, folder, output, codec, *rest = sys.argv[1:]
    if job == "limit":
        limit(folder, output, codec)
    elif job == "qgis":
        qgis_calculator(folder, output)
    else:
        engine(folder, output, codec, rest[0] if rest else "total", "overviews" in rest)


if __name__ == "__main__":
    main()
