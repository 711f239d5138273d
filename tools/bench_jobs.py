"""The competitors of the bench: each is one process, so that time and memory are its own.

python -m ecoassets.tools.bench_jobs JOB FOLDER OUTPUT CODEC [OPTION]
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Sequence

import numpy as np
from osgeo import gdal

from ..core.assets.equivalents import load_equivalents
from ..core.assets.valuation import Adjustment, Adjustments, ValuationInputs, ValuationOutputs, run_valuation
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


def limit(folder: str, output: str, codec: str, bands: int = 1) -> None:
    """The limit of the assets: `read_and_write` of all series."""
    read_and_write([os.path.join(folder, f"{name}.tif") for name in SERIES], output, codec, bands)


def read_and_write(paths: Sequence[str], output: str, codec: str, bands: int = 1) -> None:
    """Plain GDAL: reads every input and writes values of the second, reading and writing at once, computing nothing."""
    threads = os.cpu_count() or 1
    inputs = [gdal.OpenEx(path, open_options=[f"NUM_THREADS={threads}"]) for path in paths]
    size = inputs[0].RasterXSize
    strip = inputs[1].GetRasterBand(1).ReadAsArray(0, 0, size, min(TILE, size)) * np.float32(3.3)
    written = gdal.GetDriverByName("GTiff").Create(
        output, size, size, bands, gdal.GDT_Float32, creation_options(codec, True, threads)
    )
    rows: queue.Queue[int | None] = queue.Queue(2)

    def write() -> None:
        while (row := rows.get()) is not None:
            for number in range(1, bands + 1):
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
        limit(folder, output, codec, int(rest[0]) if rest else 1)
    elif job == "qgis":
        qgis_calculator(folder, output)
    else:
        engine(folder, output, codec, rest[0] if rest else "total", "overviews" in rest)


if __name__ == "__main__":
    main()
