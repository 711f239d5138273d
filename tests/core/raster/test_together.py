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

import pytest

import ecoassets
from ecoassets.core.errors import OutputError
from ecoassets.core.raster.files import PendingFile, together
from ecoassets.core.raster.table_files import pending_table
from ecoassets.core.raster.writing.waiting import placed


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


def test_nothing_changes_before_all_is_whole(folder):
    before = texts(folder)
    with together():
        put(folder / "map.tif", "new map")
        put(folder / "report.html", "new report")
        assert {name: text for name, text in texts(folder).items() if not name.startswith(".")} == before
        assert Path(placed(str(folder / "map.tif"))).read_text(encoding="utf-8") == "new map"
    assert placed(str(folder / "map.tif")) == str(folder / "map.tif")
    assert (folder / "map.tif").read_text(encoding="utf-8") == "new map"


def test_where_one_cannot_take_its_place_all_stays(folder):
    before = texts(folder)
    (folder / "table.csv").mkdir()
    (folder / "table.csv" / "a file").write_text("in the way", encoding="utf-8")
    pending = PendingFile(str(folder / "later.csv"))
    with pytest.raises(OutputError, match="it has vanished"), together():
        put(folder / "map.tif", "new map")
        Path(pending.path).write_text("rows", encoding="utf-8")
        pending.commit()
        os.remove(pending.path)
    assert {name: text for name, text in texts(folder).items() if "table" not in name} == before


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
from ecoassets.core.raster import files
from ecoassets.core.raster.files import together
from ecoassets.tests.core.raster.test_together import put
folder, moment = sys.argv[1:]

def die(*words):
    os.kill(os.getpid(), signal.SIGKILL)

real, done = files.move, []

def counted(old, new):
    if moment.isdigit() and len(done) == int(moment):
        die()
    done.append(new)
    real(old, new)

files.move = counted
with together():
    put(folder + "/map.tif", "new map", side="new statistics")
    put(folder + "/report.html", "new report")
    if moment == "before":
        die()
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
class TestKilled:
    """What a killed run has left is put right by the next run that writes there, at once."""

    def kill(self, folder, moment):
        beside = Path(ecoassets.__file__).parent.parent
        process = subprocess.run([sys.executable, "-c", KILLED, str(folder), moment], cwd=beside, check=False)
        assert process.returncode == -signal.SIGKILL

    def test_before_the_end_nothing_has_changed(self, folder):
        before = texts(folder)
        self.kill(folder, "before")
        assert {name: text for name, text in texts(folder).items() if not name.startswith(".")} == before
        put(folder / "next.txt", "next")
        assert texts(folder) == {**before, "next.txt": "next"}

    @pytest.mark.parametrize("moves", range(3))
    def test_while_files_change_places(self, folder, moves):
        """All that was whole then takes its place (`test_journal.py` has more of it)."""
        self.kill(folder, str(moves))
        put(folder / "next.txt", "next")
        new = {"map.tif": "new map", "map.tif.aux.xml": "new statistics", "report.html": "new report"}
        assert texts(folder) == {**new, "next.txt": "next"}

    def test_a_folder_of_a_run_that_lives_is_left_alone(self, folder):
        pending = PendingFile(str(folder / "map.tif"))
        Path(pending.path).write_text("half", encoding="utf-8")
        beside = Path(ecoassets.__file__).parent.parent
        program = f"from ecoassets.core.raster.writing.tidying import remove_litter; remove_litter({str(folder)!r})"
        subprocess.run([sys.executable, "-c", program], cwd=beside, check=True)
        put(folder / "next.txt", "next")
        assert Path(pending.path).read_text(encoding="utf-8") == "half"
        pending.discard()


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
    # the root, the old map, and the new one in its folder with a lock
    with mounted("-t", "tmpfs", "-o", "nr_inodes=5", "none", str(tmp_path)):
        (tmp_path / "map.tif").write_text("old map", encoding="utf-8")
        with pytest.raises(OutputError, match="No space left on device"), together():
            put(tmp_path / "map.tif", "new map")
        assert texts(tmp_path) == {"map.tif": "old map"}


def test_what_cannot_be_linked_is_renamed(tmp_path):
    (tmp_path / "cells.gdb").mkdir()  # no file system links folders
    (tmp_path / "cells.gdb" / "table").write_text("old", encoding="utf-8")
    with pytest.raises(OutputError), together():
        for name in ("cells.gdb", "other.csv"):
            pending = pending_table(str(tmp_path / name))
            Path(pending.path).write_text("new", encoding="utf-8")
            pending.commit()
        os.remove(pending.path)  # the second cannot take its place
    assert texts(tmp_path) == {"cells.gdb/table": "old"}
