"""A dry run over downloads: states, gaps, missing tiles, what is fed; ten thousand files in seconds."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ecoassets.core.errors import Cancelled, InputError
from ecoassets.core.prepare.files.listing import list_files
from ecoassets.core.prepare.files.tiles import expected_tiles, tile_key
from ecoassets.core.prepare.identifying.run import run_identify_products
from ecoassets.core.progress import Progress
from ecoassets.tests.core.prepare.runs import SIZE
from ecoassets.tests.downloads import SINUSOIDAL, TILE, modis_corner, write_hdf4, write_tif

LAND = np.full((4, 4), 2, "u1")


def clcd(folder: Path, year: int, version: str = "01", albers: str = "") -> Path:
    return write_tif(folder / f"CLCD_v{version}_{year}{albers}.tif", LAND, "EPSG:4326", (100, 30), 0.001)


def states(folder: Path) -> dict[str, str]:
    return {row.file: row.state for row in run_identify_products([str(folder)]).files}


def test_every_file_gets_a_state_and_a_reason(folder):
    clcd(folder, 2020)
    clcd(folder, 2021, "01")
    clcd(folder, 2021, "02")
    clcd(folder, 2022)
    clcd(folder, 2022, albers="_albert")
    (folder / "pre_2020.nc").touch()
    (folder / "npp2010.tif").write_bytes(b"x")
    (folder / "notes.docx").write_bytes(b"x")
    (folder / "CLCD_v01_2019.tif").write_bytes(b"no picture")
    (folder / "CLCD_v01_2020.tif.aux.xml").write_text("<PAMDataset/>")
    found = run_identify_products([str(folder)])
    rows = {row.file: (row.state, row.reason) for row in found.files}
    assert rows["CLCD_v01_2020.tif"] == ("ready", "")
    assert rows["CLCD_v01_2021.tif"] == ("replaced", "CLCD_v02_2021.tif is newer, of the same time and tile")
    assert [rows[n][0] for n in ("CLCD_v01_2022.tif", "CLCD_v01_2022_albert.tif")] == ["ready", "two_editions"]
    assert rows["pre_2020.nc"] == ("empty", "the file is empty: order it again")
    assert rows["npp2010.tif"] == ("undecided", "may be of china_npp: name it as PRODUCT")
    assert rows["notes.docx"][0] == "unknown"
    assert rows["CLCD_v01_2019.tif"][0] == "unreadable"
    assert "CLCD_v01_2020.tif.aux.xml" not in rows
    assert (len(found.files), found.recognised, found.problems) == (9, 7, 4)


def test_gaps_of_years_and_what_is_fed(folder):
    for year in (2000, 2001, 2002, 2005):
        clcd(folder, year)
    (row,) = run_identify_products([str(folder)]).summary
    assert (row.years, row.steps_found, row.steps_expected) == ("2000-2002, 2005", 4, 6)
    assert (row.missing, row.ready_for) == ("2003, 2004", "LAND_COVER")


def test_missing_steps_of_eight_days_are_named(folder):
    for day in range(1, 366, 8):
        if day not in (9, 17):
            (folder / f"MOD16A2GF.A2021{day:03d}.h28v05.061.2022020135800.hdf").write_bytes(b"x")
    names = [str(path) for path in folder.iterdir()]
    from ecoassets.core.prepare.catalogue.loader import products
    from ecoassets.core.prepare.catalogue.recognise import recognise
    from ecoassets.core.prepare.identifying.run import _summary

    rows = {row.layer: row for row in _summary(recognise(names, products()), [], "en")}
    assert (rows["et"].steps_found, rows["et"].steps_expected) == (44, 46)
    assert rows["et"].missing == "2021-01-09, 2021-01-17"


def test_tiles_over_the_study_that_are_not_there(folder, tmp_path):
    write_hdf4(
        folder / "MOD17A3HGF.A2020001.h28v05.061.2022020135800.hdf", "MOD_Grid_MOD17A3H", 28, 5,
        {"Npp_500m": np.full((SIZE, SIZE), 500, "i2")}, {},
    )  # fmt: skip
    left, top = modis_corner(28, 5)
    over_two = np.zeros((4, 4), "u1")
    study = write_tif(tmp_path / "s.tif", over_two, SINUSOIDAL, (left - TILE / 4, top - TILE / 4), TILE / 8, nodata=255)
    found = run_identify_products([str(folder)], reference=str(study))
    assert {row.tiles_missing for row in found.summary} == {"h27v05"}


@pytest.mark.parametrize(
    "rule, place, tile",
    [
        ("modis", (116.4, 39.9), "h26v05"),
        ("modis", (-59.9, -3.0), "h12v09"),
        ("degrees_1", (116.4, 39.9), "N39E116"),
        ("degrees_1", (-60.1, -3.1), "S04W061"),
        ("degrees_3", (7.5, 1.2), "N00E006"),
        ("degrees_10", (116.4, 39.9), "h29v05"),
    ],
)
def test_the_tile_of_a_place(rule, place, tile):
    assert expected_tiles(rule, [place]) == {tile}


def test_names_of_tiles_are_compared_as_one():
    assert [tile_key(t) for t in ("n39e116", "N39_00_E116", "N039E116", "h28v05")] == ["N39E116"] * 3 + ["h28v05"]


def test_archives_are_read_in_place(folder):
    path = clcd(folder, 2020)
    with zipfile.ZipFile(folder / "land.zip", "w") as packed:
        packed.write(path, "inner/CLCD_v01_2021.tif")
    path.unlink()
    (listed,) = list_files(str(folder))
    assert listed == f"/vsizip/{folder / 'land.zip'}/inner/CLCD_v01_2021.tif"
    assert states(folder) == {"CLCD_v01_2021.tif": "ready"}


def test_a_damaged_archive_is_told_and_does_not_stop_the_rest(folder):
    clcd(folder, 2020)
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 no more")
    assert states(folder) == {"CLCD_v01_2020.tif": "ready", "broken.zip": "unreadable"}


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="no file and no folder"):
        run_identify_products([str(tmp_path / "nothing")])


def test_ten_thousand_files_take_seconds(folder):
    for year in range(2001, 2023):
        for day in range(1, 366, 8):
            for tile in range(10):
                (folder / f"MOD16A2GF.A{year}{day:03d}.h{20 + tile}v05.061.2022020135800.hdf").touch()
    began = time.process_time()
    found = run_identify_products([str(folder)])
    assert len(found.files) == 22 * 46 * 10 and {row.state for row in found.files} == {"empty"}
    assert time.process_time() - began < 20


def test_a_cancel_stops_it(folder):
    clcd(folder, 2020)

    class Cancel(Progress):
        def cancelled(self) -> bool:
            return True

    with pytest.raises(Cancelled):
        run_identify_products([str(folder)], progress=Cancel())


def test_what_nothing_feeds_is_told_with_where_to_get_it(folder):
    for year in (2000, 2002):
        clcd(folder, year)
    found = run_identify_products([str(folder)], language="zh")
    assert "zenodo.org" in next(row.where for row in found.summary if row.missing)
    inputs = {row.input: row for row in found.wanting}
    assert "土地覆被" not in inputs and {"净初级生产力", "降水量", "高程"} <= inputs.keys()
    first = next(row for row in found.wanting if row.input == "降水量")
    assert ("1901-" in first.years, "130 MB" in first.size, "tpdc" in first.page) == (True, True, True)
    assert "国家青藏高原科学数据中心" in first.how
