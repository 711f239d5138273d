"""A dry run over downloads: states, gaps, missing tiles, what is fed; ten thousand files in seconds."""

from __future__ import annotations

import gzip
import os
import tarfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, gdal_array

from ecoassets.core.errors import Cancelled, InputError
from ecoassets.core.prepare.catalogue.loader import products
from ecoassets.core.prepare.files.containers import in_place
from ecoassets.core.prepare.files.listing import list_files
from ecoassets.core.prepare.files.tiles import expected_tiles, tile_key
from ecoassets.core.prepare.identifying.run import run_identify_products
from ecoassets.core.prepare.importing.run import ImportInputs, check_import_product
from ecoassets.core.progress import Progress
from ecoassets.core.raster.reading.whole import is_cut
from ecoassets.tests.core.prepare.runs import SIZE, Told
from ecoassets.tests.downloads import SINUSOIDAL, TILE, modis_corner, write_hdf4, write_tif

LAND = np.full((4, 4), 2, "u1")


def clcd(folder: Path, year: int, version: str = "01", albers: str = "") -> Path:
    return write_tif(folder / f"CLCD_v{version}_{year}{albers}.tif", LAND, "EPSG:4326", (100, 30), 0.001)


def states(folder: Path) -> dict[str, str]:
    return {row.file: row.state for row in run_identify_products([str(folder)]).files}


@pytest.mark.names_as_written
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
    assert states(folder) == {"land.zip/inner/CLCD_v01_2021.tif": "ready"}


@pytest.mark.names_as_written
def test_files_of_one_name_are_told_by_their_folders(folder):
    for name in ("a", "b/c"):
        (folder / name).mkdir(parents=True)
        clcd(folder / name, 2020)
    assert states(folder) == {"a/CLCD_v01_2020.tif": "replaced", "b/c/CLCD_v01_2020.tif": "ready"}
    (row,) = run_identify_products([str(folder / "b" / "c" / "CLCD_v01_2020.tif")]).files
    assert row.file == "CLCD_v01_2020.tif"


@pytest.mark.parametrize("share", [0.4, 0.99])
def test_a_file_that_was_not_downloaded_whole_is_not_ready(folder, share):
    """Its header is whole; the last pixels are not there. Of two that are alike each is looked at."""
    land = np.random.default_rng(1).integers(1, 9, (80, 90)).astype("u1")
    for year in (2020, 2021):
        path = write_tif(folder / f"CLCD_v01_{year}.tif", land, "EPSG:4326", (100, 30), 0.001)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert gdal.Open(str(path)) is not None
    rows = {row.year: row for row in run_identify_products([str(folder)]).files}
    assert [rows[year].state for year in (2020, 2021)] == ["ready", "unreadable"]
    assert "download it again" in rows[2021].reason
    with pytest.raises(InputError, match="CLCD_v01_2021.tif cannot be used: it was not downloaded whole"):
        check_import_product(ImportInputs([str(path)], "clcd"))


@pytest.mark.parametrize("layout", [["TILED=YES", "COMPRESS=DEFLATE"], ["INTERLEAVE=BAND"], ["SPARSE_OK=TRUE"]])
def test_layouts_of_geotiff_end_where_their_blocks_end(tmp_path, layout):
    path = tmp_path / "three.tif"
    made = gdal.GetDriverByName("GTiff").Create(str(path), 300, 290, 3, gdal.GDT_UInt16, layout)
    noise = np.random.default_rng(2).integers(0, 9999, (290, 300)).astype("u2")
    for number in (1, 2, 3) if layout != ["SPARSE_OK=TRUE"] else (2,):
        made.GetRasterBand(number).WriteArray(noise)
    made = None
    assert not is_cut(gdal.Open(str(path)))
    path.write_bytes(path.read_bytes()[:-1])
    assert is_cut(gdal.Open(str(path)))


@pytest.mark.parametrize("open_end", [False, True])
def test_images_in_jpeg_2000_end_with_their_last_box(tmp_path, open_end):
    """The box of the image tells its length, or 0: it reaches to the end then, which is a mark of its own."""
    path = tmp_path / "B04.jp2"
    noise = gdal_array.OpenArray(np.random.default_rng(3).integers(0, 9999, (90, 80)).astype("u2"))
    if gdal.GetDriverByName("JP2OpenJPEG") is None:
        pytest.skip("no driver")
    gdal.GetDriverByName("JP2OpenJPEG").CreateCopy(str(path), noise)
    whole = path.read_bytes()
    if open_end:
        place = whole.index(b"jp2c") - 4
        whole = whole[:place] + b"\0\0\0\0" + whole[place + 4 :]
        path.write_bytes(whole)
    assert not is_cut(gdal.Open(str(path)))
    path.write_bytes(whole[:-100])
    assert is_cut(gdal.Open(str(path)))


@pytest.mark.names_as_written
def test_a_damaged_archive_is_told_and_does_not_stop_the_rest(folder):
    clcd(folder, 2020)
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 no more")
    assert states(folder) == {"CLCD_v01_2020.tif": "ready", "broken.zip": "unreadable"}


@pytest.mark.names_as_written
def test_what_garbles_an_archive_does_not_stop_the_rest(folder):
    """Names that are no UTF-8, a packed stream that breaks within, a block of another kind among those of a tar."""
    image = clcd(folder, 2020)
    with zipfile.ZipFile(folder / "named.zip", "w") as packed:
        packed.writestr("数.tif", "x")
    named = (folder / "named.zip").read_bytes().replace("数".encode(), b"\xff\xfe\xff")
    (folder / "named.zip").write_bytes(named)
    with tarfile.open(folder / "whole.tar.gz", "w:gz", compresslevel=1) as packed:
        for number in range(40):
            packed.add(image, f"{number}.tif")
    stream = bytearray((folder / "whole.tar.gz").read_bytes())
    stream[len(stream) // 2 : len(stream) // 2 + 64] = b"\xff" * 64
    (folder / "whole.tar.gz").write_bytes(bytes(stream))
    with tarfile.open(folder / "blocks.tar", "w") as packed:
        for number in range(3):
            packed.add(image, f"{number}.tif")
        second = packed.getmember("1.tif").offset
    blocks = bytearray((folder / "blocks.tar").read_bytes())
    blocks[second : second + 512] = b"\xff" * 512
    (folder / "blocks.tar").write_bytes(bytes(blocks))
    broken = dict.fromkeys(("named.zip", "whole.tar.gz", "blocks.tar"), "unreadable")
    assert states(folder) == {"CLCD_v01_2020.tif": "ready", **broken}


@pytest.mark.names_as_written
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes have names here")
def test_pipes_devices_and_links_to_nothing_are_no_downloads(folder):
    """Whoever opens a pipe waits until somebody writes into it."""
    clcd(folder, 2020)
    os.mkfifo(folder / "CLCD_v01_2021.tif")
    os.symlink("/dev/zero", folder / "CLCD_v01_2022.tif")
    os.symlink("/nowhere", folder / "CLCD_v01_2023.tif")
    os.symlink(folder, folder / "loop")
    assert states(folder) == {"CLCD_v01_2020.tif": "ready"}


def test_a_stream_that_breaks_within_is_told(folder):
    broken = bytearray(gzip.compress(os.urandom(20_000)))
    broken[9_000:9_064] = b"\xff" * 64
    (folder / "pre.nc.gz").write_bytes(bytes(broken))
    with pytest.raises(InputError, match="pre.nc.gz cannot be unpacked .* Order it again"):
        in_place(f"/vsigzip/{folder / 'pre.nc.gz'}", products()["cru_ts"].editions[0], str(folder), Progress())


def test_a_packed_archive_that_is_too_large_to_look_into_is_told(folder):
    """A `.tar.gz` has no list of what it holds: it would have to be unpacked for every look."""
    path = clcd(folder, 2020)
    with tarfile.open(folder / "small.tar.gz", "w:gz") as packed:
        packed.add(path, "CLCD_v01_2021.tif")
    (folder / "large.tar.gz").touch()
    os.truncate(folder / "large.tar.gz", 65 << 20)
    told = Told()
    found = {row.file: row for row in run_identify_products([str(folder)], progress=told).files}
    assert found["small.tar.gz/CLCD_v01_2021.tif"].state == "ready"
    assert found["large.tar.gz"].state == "unreadable" and "unpack it" in found["large.tar.gz"].reason
    assert ["large.tar.gz" in text for text in told.warnings] == [True]


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
