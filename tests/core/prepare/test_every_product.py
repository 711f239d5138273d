"""Every layer of the catalogue in a made file of its layout: numbers and fill codes, by hand from the readmes.

`product_values.csv` tells what lies in a file (`stored`, `fills`) and what it means (`value`: of one step, in the unit
of the quantity, per day or hour where it is a rate, counts per pixel; of the year where `annual` is sum). It is written
without the catalogue.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.prepare.catalogue.loader import products
from ecoassets.core.prepare.catalogue.recognise import recognise
from ecoassets.core.prepare.importing.rules import Decisions
from ecoassets.core.prepare.importing.run import ImportInputs, ImportOutputs, run_import_product
from ecoassets.tests.core.prepare.runs import Told
from ecoassets.tests.downloads import write_hdf4, write_hdf5, write_netcdf, write_tif
from ecoassets.tests.rasters import read_raster

ELSEWHERE = {
    "landsat_c2l2": "scenes: test_composite", "sentinel2_l2a": "scenes: test_composite", "hwsd1": "ids: test_soil",
    "hwsd2": "ids: test_soil",
}  # fmt: skip
SIDE = 4  # pixels of a made file
DEGREES = (100.0, 30.0)
PACKED = {  # what these files tell of their own numbers
    "ppt": (0.1, 0), "aet": (0.1, 0), "pet": (0.1, 0), "tmax": (0.1, 0), "tmin": (0.1, 0),
}  # fmt: skip
OWN_FILLS = ("terraclimate", "era5land")  # whose files declare their fill codes
HGT = 1201


def _rows() -> list[dict[str, str]]:
    with open(Path(__file__).parent / "product_values.csv", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


ROWS = _rows()


def _stored(row: dict[str, str], side: int = SIDE) -> np.ndarray:
    """The value, with the fill codes in the first places."""
    values = np.full(side * side, float(row["stored"]))
    fills = [float(fill) for fill in row["fills"].split()]
    values[: len(fills)] = fills
    return values.reshape(side, side).astype(row["type"])


def _make(row: dict[str, str], folder: Path, container: str, bands: int) -> None:
    path, values, name = folder / row["file"], _stored(row), row["stored_as"]
    if path.suffix == ".hgt":
        memory = gdal.GetDriverByName("MEM").Create("", HGT, HGT, 1, gdal.GDT_Int16)
        memory.SetGeoTransform((116 - 0.5 / 1200, 1 / 1200, 0, 40 + 0.5 / 1200, 0, -1 / 1200))
        memory.GetRasterBand(1).WriteArray(_stored(row, HGT))
        made = folder / f"{path.stem.upper()}.hgt"
        gdal.GetDriverByName("SRTMHGT").CreateCopy(str(made), memory)
        made.rename(path)
    elif container == "hdf4eos":
        write_hdf4(path, "MOD_Grid", 28, 5, {name: values}, {name: {"scale_factor": _file_scale(row)}})
    elif container == "hdf5eos":
        corners = None if row["product"] != "vnp46a4" else (100.0, 40.0, 110.0, 30.0)
        write_hdf5(path, "VIIRS_Grid", 28, 5, {name: values}, corners)
    elif container in ("netcdf", "transposed"):
        packing = PACKED.get(name) if row["product"] == "terraclimate" else None
        attributes = {"scale_factor": packing[0], "add_offset": packing[1]} if packing else {}
        write_netcdf(
            path, name, np.repeat(values[np.newaxis], bands, axis=0), times=[30.5 * n + 15 for n in range(bands)],
            units="days since 2015-01-01", top_left=DEGREES, cell=0.1, attributes=attributes,
            nodata=float(row["fills"]) if row["product"] in OWN_FILLS else None,
            group="Grid" if container == "transposed" else "", turned=container == "transposed",
        )  # fmt: skip
    else:
        write_tif(path, np.repeat(values[np.newaxis], bands, axis=0), "EPSG:4326", DEGREES, 0.01)


def _file_scale(row: dict[str, str]) -> float:
    """What MODIS writes as the scale: MOD13 what to divide by, the others what to multiply by."""
    known = products()[row["product"]].layers[row["layer"]]
    return 10000.0 if row["product"].startswith("mod13") else float(known.scale or 1)


def _decisions(row: dict[str, str]) -> Decisions:
    """Steps as they are. What no source confirms the user tells: here scale and fill codes of the table."""
    product = products()[row["product"]]
    layer = product.layers[row["layer"]]
    decisions = Decisions(
        annual=row["annual"], quality="none", minimum_valid_pct=0.0, native_unit=layer.kind == "count"
    )
    asked = {*layer.ask, *(edition.zero for edition in product.editions)}
    if asked & {"scale", "unit"}:
        decisions = replace(decisions, scale=float(row["value"]) / float(row["stored"]), state="raw")
    if asked & {"fills", "ask"}:
        decisions = replace(decisions, fills=tuple(float(fill) for fill in row["fills"].split()))
    return decisions


def test_no_layer_lacks_a_made_file():
    told = {(row["product"], row["layer"]) for row in ROWS}
    every = {(p.id, layer) for p in products().values() if p.id not in ELSEWHERE for layer in p.layers}
    assert told == every


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['product']}-{row['layer']}" for row in ROWS])
def test_numbers_and_fill_codes(row, folder, tmp_path, lists_as_written):
    if row["product"] == "srtm" and not lists_as_written:
        pytest.skip("in lower case these are names of NASADEM")
    known = products()
    (found,) = recognise([row["file"]], known, row["product"])
    assert found.edition is not None
    steps = {"month": 12, "halfmonth": 12, "axis": 12, "year": 23}
    bands = steps[found.edition.bands.step] if found.edition.bands else 1
    _make(row, folder, found.edition.container, bands)
    inputs = ImportInputs([str(folder)], row["product"], row["layer"], decisions=_decisions(row), own_grid=True)
    output = str(tmp_path / "made.tif")
    run_import_product(inputs, ImportOutputs(output), None, Told())
    made, stored = read_raster(output)[0], _stored(row)
    if row["file"].endswith(".hgt"):
        made = made[0, :SIDE]
        stored = _stored(row, HGT)[0, :SIDE]
    fills = np.isin(stored, np.array(row["fills"].split(), dtype=row["type"])) if row["fills"] else stored != stored
    assert np.isnan(made[fills]).all(), "a fill code has become a value"
    np.testing.assert_allclose(made[~fills], float(row["value"]), rtol=2e-6)
