"""What one run puts in place goes together: after a failure everything is as it was before."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

import ecoassets
from ecoassets.core.errors import OutputError
from ecoassets.core.raster.files import PendingFile, together
from ecoassets.core.vector_files import make_room_for_file, make_room_for_layer, require_rows


def put(path: Path, text: str, *, side: str = "") -> None:
    pending = PendingFile(str(path))
    Path(pending.path).write_text(text, encoding="utf-8")
    if side:
        Path(pending.path + ".aux.xml").write_text(side, encoding="utf-8")
    pending.commit()


def texts(folder: Path) -> dict[str, str]:
    """Every file below a folder, hidden ones too."""
    return {str(p.relative_to(folder)): p.read_text(encoding="utf-8") for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def folder(tmp_path):
    """An older map with its side file, and an older report."""
    put(tmp_path / "map.tif", "old map", side="old statistics")
    put(tmp_path / "report.html", "old report")
    return tmp_path


def test_a_run_that_succeeds_leaves_the_new_files_alone(folder):
    with together():
        put(folder / "map.tif", "new map")
        put(folder / "report.html", "new report")
    assert texts(folder) == {"map.tif": "new map", "report.html": "new report"}  # the old statistics are not the new
    assert sorted(p.name for p in folder.iterdir()) == ["map.tif", "report.html"]


@pytest.mark.parametrize("failure", [OutputError("no space left"), KeyboardInterrupt()])
def test_a_run_that_fails_brings_everything_back(folder, failure):
    before = texts(folder)
    with pytest.raises(type(failure)), together():
        put(folder / "map.tif", "new map", side="new statistics")
        put(folder / "second.tif", "there was none")
        put(folder / "map.tif", "newer map")
        raise failure
    assert texts(folder) == before
    assert sorted(p.name for p in folder.iterdir()) == ["map.tif", "map.tif.aux.xml", "report.html"]


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
@pytest.mark.parametrize("target", ["elsewhere/map.tif", "elsewhere/missing.tif"])
def test_a_link_comes_back_and_what_it_names_is_not_touched(folder, target):
    (folder / "elsewhere").mkdir()
    put(folder / "elsewhere" / "map.tif", "kept elsewhere")
    (folder / "link.tif").symlink_to(target)
    with pytest.raises(OutputError), together():
        put(folder / "link.tif", "new map")
        raise OutputError("no space left")
    assert os.readlink(folder / "link.tif") == target
    with together():
        put(folder / "link.tif", "new map")
    assert not (folder / "link.tif").is_symlink()
    assert texts(folder / "elsewhere") == {"map.tif": "kept elsewhere"}


def test_a_folder_of_tiles_comes_back_too(folder):
    tiles = folder / "map.tiles-0001"
    tiles.mkdir()
    (tiles / "1.tif").write_text("old tile", encoding="utf-8")
    before = texts(folder)
    with pytest.raises(OutputError), together():
        pending = PendingFile(str(folder / "map.vrt"))
        Path(pending.path).write_text("new", encoding="utf-8")
        newer = Path(pending.path).parent / "map.tiles-0002"
        newer.mkdir()
        (newer / "1.tif").write_text("new tile", encoding="utf-8")
        pending.commit([str(tiles)])
        assert not tiles.exists()
        raise OutputError("no space left")
    assert texts(folder) == before


def test_a_step_within_a_run_stands_for_itself(folder):
    with pytest.raises(OutputError), together():
        with together():
            put(folder / "step.tif", "finished")
        put(folder / "map.tif", "new map")
        raise OutputError("no space left")
    assert texts(folder)["step.tif"] == "finished"
    assert texts(folder)["map.tif"] == "old map"


KILLED = """
import os, signal, sys
from ecoassets.core.raster.files import PendingFile, together
from ecoassets.core.vector_files import make_room_for_file
from ecoassets.tests.core.raster.test_together import put
folder, moment = sys.argv[1:]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

with together() as changes:
    if moment == "before a map takes its place":
        os.replace = lambda new, path: die()
    put(folder + "/map.tif", "new map")
    make_room_for_file(folder + "/cells.shp", changes)
    if moment == "while a table is written":
        for part in ("shp", "dbf"):
            open(folder + "/cells." + part, "w").write("half a table")
    die()
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
class TestKilled:
    """What a killed run had taken aside comes back with the next run that writes there."""

    CELLS: ClassVar = {f"cells.{part}": f"old {part}" for part in ("shp", "dbf", "qix")}

    def kill(self, folder, moment):
        for name, text in self.CELLS.items():
            (folder / name).write_text(text, encoding="utf-8")
        beside = Path(ecoassets.__file__).parent.parent
        process = subprocess.run([sys.executable, "-c", KILLED, str(folder), moment], cwd=beside, check=False)
        assert process.returncode == -signal.SIGKILL

    def test_an_old_map_is_there_until_the_new_one_is(self, folder):
        (folder / "map.tif.aux.xml").unlink()
        self.kill(folder, "before a map takes its place")
        assert (folder / "map.tif").read_text(encoding="utf-8") == "old map"
        put(folder / "next.txt", "next")
        assert texts(folder) == {
            "map.tif": "old map", "report.html": "old report", "next.txt": "next", **self.CELLS
        }  # fmt: skip

    def test_a_table_returns_to_its_place_if_nothing_lies_there(self, folder):
        self.kill(folder, "before a table is opened")
        assert not (folder / "cells.shp").exists()
        put(folder / "next.txt", "next")
        assert texts(folder) == {
            # the map is the new one and whole
            "map.tif": "new map", "map_before.tif": "old map", "map_before.tif.aux.xml": "old statistics",
            "report.html": "old report", "next.txt": "next", **self.CELLS,
        }  # fmt: skip

    def test_it_returns_beside_the_half_of_a_new_one_with_all_its_files(self, folder):
        (folder / "cells_before.dbf").write_text("another table", encoding="utf-8")
        self.kill(folder, "while a table is written")
        with together() as changes:
            make_room_for_file(str(folder / "next.csv"), changes)  # a run that writes nothing but a table
        found = texts(folder)
        assert found["cells.shp"] == "half a table"
        assert found["cells_before.dbf"] == "another table"
        for part in ("shp", "dbf", "qix"):
            assert found[f"cells_before_2.{part}"] == f"old {part}"
        assert not list(folder.glob(".ecoassets*"))


@contextmanager
def mounted(*words: str) -> Iterator[None]:
    """Mounts something while a test runs; the last word is where."""
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", words[-1]], check=True)


needs_mount = pytest.mark.skipif(shutil.which("mount") is None, reason="there is no mount")


@needs_mount
def test_what_another_program_holds_stays_as_it_was(folder):
    """A file that something is mounted on can be neither linked nor renamed, as one that is open on Windows."""
    before = texts(folder)
    held = str(folder / "map.tif")
    refused = pytest.raises(OutputError, match=r"Another program may hold it open")
    with mounted("--bind", held, held), refused, together():
        put(folder / "report.html", "new report")
        put(folder / "map.tif", "new map")
    assert texts(folder) == before
    assert sorted(p.name for p in folder.iterdir()) == ["map.tif", "map.tif.aux.xml", "report.html"]


@needs_mount
def test_a_disk_too_full_to_take_anything_aside(tmp_path):
    # the root, the old map, and the new one in its folder
    with mounted("-t", "tmpfs", "-o", "nr_inodes=4", "none", str(tmp_path)):
        (tmp_path / "map.tif").write_text("old map", encoding="utf-8")
        with pytest.raises(OutputError, match="No space left on device"), together():
            put(tmp_path / "map.tif", "new map")
        assert texts(tmp_path) == {"map.tif": "old map"}


def test_what_cannot_be_linked_is_renamed(tmp_path):
    (tmp_path / "cells.gdb").mkdir()  # no file system links folders
    (tmp_path / "cells.gdb" / "table").write_text("old", encoding="utf-8")
    (tmp_path / "new").write_text("new", encoding="utf-8")
    with pytest.raises(OutputError), together() as changes:
        changes.before(str(tmp_path / "cells.gdb")).replace(str(tmp_path / "new"), str(tmp_path / "cells.gdb"))
        assert texts(tmp_path)["cells.gdb"] == "new"
        raise OutputError("no space left")
    assert texts(tmp_path) == {"cells.gdb/table": "old"}


class TestTables:
    def test_a_shapefile_moves_with_all_its_files(self, tmp_path):
        shape = tmp_path / "cells.shp"
        write_layer(shape, "ESRI Shapefile", cells=[1.0, 2.0])
        names = sorted(p.name for p in tmp_path.iterdir())
        assert {"cells.shp", "cells.dbf", "cells.shx"} <= set(names)
        with pytest.raises(OutputError), together() as changes:
            make_room_for_file(str(shape), changes)
            assert [p for p in tmp_path.glob("cells.*")] == []
            write_layer(shape, "ESRI Shapefile", cells=[3.0])
            raise OutputError("no space left")
        assert sorted(p.name for p in tmp_path.iterdir()) == names
        assert read_layer(shape, "cells") == [1.0, 2.0]

    @pytest.mark.parametrize("older", [{"cells": [1.0, 2.0], "other": [5.0]}, {"other": [5.0]}])
    def test_a_table_of_a_geopackage_comes_back_and_others_stay(self, tmp_path, older):
        path = tmp_path / "all.gpkg"
        write_layer(path, "GPKG", **older)
        with pytest.raises(OutputError), together() as changes:
            make_room_for_layer(str(path), "cells", changes)
            write_layer(path, "GPKG", cells=[3.0])
            assert read_layer(path, "cells") == [3.0]
            raise OutputError("no space left")
        assert layers_of(path) == older

    def test_after_a_run_that_succeeds_the_older_table_is_gone(self, tmp_path):
        path = tmp_path / "all.gpkg"
        write_layer(path, "GPKG", cells=[1.0, 2.0], other=[5.0])
        with together() as changes:
            make_room_for_layer(str(path), "cells", changes)
            write_layer(path, "GPKG", cells=[3.0])
        assert layers_of(path) == {"cells": [3.0], "other": [5.0]}

    def test_a_table_that_is_called_before_is_of_the_user(self, tmp_path):
        path = tmp_path / "all.gpkg"
        write_layer(path, "GPKG", cells=[1.0, 2.0], Cells_Before=[5.0])
        with together() as changes:
            make_room_for_layer(str(path), "cells", changes)
            write_layer(path, "GPKG", cells=[3.0])
        assert layers_of(path) == {"cells": [3.0], "Cells_Before": [5.0]}

    def test_names_of_tables_are_compared_as_databases_do(self, tmp_path):
        path = tmp_path / "all.gpkg"
        write_layer(path, "GPKG", Cells=[1.0, 2.0])
        with pytest.raises(OutputError), together() as changes:
            make_room_for_layer(str(path), "cells", changes)
            write_layer(path, "GPKG", cells=[3.0])
            raise OutputError("no space left")
        assert layers_of(path) == {"Cells": [1.0, 2.0]}

    def test_a_new_geopackage_goes_again(self, tmp_path):
        path = tmp_path / "new.gpkg"
        with pytest.raises(OutputError), together() as changes:
            make_room_for_layer(str(path), "cells", changes)
            write_layer(path, "GPKG", cells=[3.0])
            raise OutputError("no space left")
        assert list(tmp_path.iterdir()) == []


class TestWhole:
    @pytest.mark.parametrize(("file", "driver"), [("t.csv", "CSV"), ("t.gpkg", "GPKG"), ("t.shp", "ESRI Shapefile")])
    def test_rows_that_are_missing_are_noticed(self, tmp_path, file, driver):
        path = tmp_path / file
        write_layer(path, driver, t=[1.0, 2.0, 3.0])
        require_rows(str(path), "", 3)
        with pytest.raises(OutputError, match=r"the table is cut off\. Is the disk full"):
            require_rows(str(path), "", 4)

    def test_a_row_that_is_cut_in_the_middle(self, tmp_path):
        path = tmp_path / "t.csv"
        path.write_text("code,value\n1,20\n2,30\n", encoding="utf-8")
        require_rows(str(path), "", 2)
        path.write_text("code,value\n1,20\n2,3", encoding="utf-8")
        with pytest.raises(OutputError, match="cut off"):
            require_rows(str(path), "", 2)

    def test_a_file_that_is_no_geopackage_any_more(self, tmp_path):
        path = tmp_path / "t.gpkg"
        write_layer(path, "GPKG", t=[1.0])
        path.write_bytes(path.read_bytes()[:5000])
        with pytest.raises(OutputError, match="cut off"):
            require_rows(str(path), "", 1)

    def test_one_table_of_several(self, tmp_path):
        path = tmp_path / "t.gpkg"
        write_layer(path, "GPKG", one=[1.0], three=[1.0, 2.0, 3.0])
        require_rows(str(path), "three", 3)
        with pytest.raises(OutputError, match="cut off"):
            require_rows(str(path), "one", 3)


def write_layer(path: Path, driver: str, **layers: list[float]) -> None:
    from osgeo import gdal, ogr

    exists = path.exists()
    data = (
        gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_UPDATE)
        if exists
        else gdal.GetDriverByName(driver).Create(str(path), 0, 0, 0, gdal.GDT_Unknown)
    )
    for name, values in layers.items():
        layer = data.CreateLayer(name, geom_type=ogr.wkbPoint)
        layer.CreateField(ogr.FieldDefn("value", ogr.OFTReal))
        for value in values:
            feature = ogr.Feature(layer.GetLayerDefn())
            feature["value"] = value
            feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POINT ({value} 0)"))
            layer.CreateFeature(feature)


def read_layer(path: Path, name: str) -> list[float]:
    from osgeo import gdal

    data = gdal.OpenEx(str(path), gdal.OF_VECTOR)
    return [feature["value"] for feature in data.GetLayerByName(name)]


def layers_of(path: Path) -> dict[str, list[float]]:
    from osgeo import gdal

    data = gdal.OpenEx(str(path), gdal.OF_VECTOR)
    names = [data.GetLayer(number).GetName() for number in range(data.GetLayerCount())]
    return {name: read_layer(path, name) for name in sorted(names)}
