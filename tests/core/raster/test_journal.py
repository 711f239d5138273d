"""A run that is killed while its outputs change places is ended by the next one: nothing stays of two runs."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import ecoassets
from ecoassets.core.raster import hidden
from ecoassets.core.raster.writing.tidying import remove_litter

from .test_tables_together import layers_of, write_layer
from .test_together import put, texts

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

RUN = """
import os, shutil, signal, sys
from pathlib import Path
from ecoassets.core.raster import files, hidden
from ecoassets.core.raster.files import together
from ecoassets.core.raster.writing import journal, tidying
from ecoassets.core.raster.writing.geopackage import GeoPackage
from ecoassets.tests.core.raster.test_tables_together import put_layer
from ecoassets.tests.core.raster.test_together import put

what, moment, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
steps = 0

def dies(holder, name):
    # dies in place of the step
    real = getattr(holder, name)
    def counted(*words, **more):
        global steps
        if steps == moment:
            os.kill(os.getpid(), signal.SIGKILL)
        steps += 1
        return real(*words, **more)
    setattr(holder, name, counted)

if what == "decide":
    dies(journal, "_write")
if what == "put":
    dies(files, "move")
    dies(GeoPackage, "commit")
if what == "end":
    dies(hidden.shutil, "rmtree")
if what == "next":
    dies(os, "replace")
    dies(GeoPackage, "commit")
    dies(hidden.shutil, "rmtree")
    tidying.remove_litter(str(folder / "maps"))
else:
    with together():
        put(folder / "maps" / "map.tif", "new map", side="new statistics")
        put(folder / "report.html", "new report")
        put_layer(folder / "all.gpkg", cells=[3.0], third=[4.0])
        put_layer(folder / "maps" / "two.gpkg", cells=[5.0])
        put_layer(folder / "new.gpkg", cells=[6.0], other=[7.0])
"""


def results(folder: Path) -> dict[str, object]:
    """What lies under the names of the run."""
    found: dict[str, object] = {
        name: text for name, text in texts_of(folder).items() if not name.startswith(".") and "/." not in name
    }
    for name in ("all.gpkg", "maps/two.gpkg", "new.gpkg"):
        if (folder / name).exists():
            found[name] = layers_of(folder / name)
    return found


def texts_of(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): p.read_text(encoding="utf-8")
        for p in folder.rglob("*")
        if p.is_file() and ".gpkg" not in p.name and ".ecoassets" not in str(p)
    }


OLD = {
    "maps/map.tif": "old map",
    "maps/map.tif.ovr": "old overviews",
    "report.html": "old report",
    "all.gpkg": {"cells": [1.0, 2.0], "other": [9.0]},
    "maps/two.gpkg": {"cells": [1.0]},
}
NEW = {
    "maps/map.tif": "new map",
    "maps/map.tif.aux.xml": "new statistics",
    "report.html": "new report",
    "all.gpkg": {"cells": [3.0], "other": [9.0], "third": [4.0]},
    "maps/two.gpkg": {"cells": [5.0]},
    "new.gpkg": {"cells": [6.0], "other": [7.0]},
}


@pytest.fixture
def folder(tmp_path):
    """Older results in two folders."""
    (tmp_path / "maps").mkdir()
    for name in ("maps/map.tif", "maps/map.tif.ovr", "report.html"):
        (tmp_path / name).write_text(str(OLD[name]), encoding="utf-8")
    write_layer(tmp_path / "all.gpkg", "GPKG", cells=[1.0, 2.0], other=[9.0])
    write_layer(tmp_path / "maps" / "two.gpkg", "GPKG", cells=[1.0])
    return tmp_path


def killed(folder: Path, what: str, moment: int) -> bool:
    """Runs in a process of its own, which kills itself in place of a step; whether it had so many."""
    words = [sys.executable, "-W", "ignore", "-c", RUN, what, str(moment), str(folder)]
    ended = subprocess.run(words, cwd=Path(ecoassets.__file__).parent.parent, check=False).returncode
    assert ended in (0, -signal.SIGKILL)
    return ended != 0


def hidden_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".ecoassets-*")]


def test_a_run_that_is_not_killed(folder):
    assert not killed(folder, "none", 0)
    assert results(folder) == NEW
    assert hidden_in(folder) == []


@pytest.mark.parametrize("moment", [0, 3, 5])
def test_before_it_is_decided_nothing_changes(folder, moment):
    assert killed(folder, "decide", moment)
    assert results(folder) == OLD
    remove_litter(str(folder))
    remove_litter(str(folder / "maps"))
    assert results(folder) == OLD
    assert hidden_in(folder) == []


@pytest.mark.parametrize("moment", range(7))
def test_in_every_moment_after_it_the_next_run_ends_it(folder, moment):
    """Files are moved, an older one goes, two GeoPackages are committed; a run into one of the folders is enough."""
    where = ("", "maps")[moment % 2]
    assert killed(folder, "put", moment)
    put(folder / where / "next.txt", "next")
    assert results(folder) == {**NEW, str(Path(where, "next.txt")): "next"}
    assert hidden_in(folder / where) == []
    remove_litter(str(folder))
    assert hidden_in(folder) == []


@pytest.mark.parametrize("moment", [0, 2, 6])
def test_a_kill_while_the_work_is_cleared_away(folder, moment):
    assert killed(folder, "end", moment)
    assert results(folder) == NEW
    remove_litter(str(folder))
    remove_litter(str(folder / "maps"))
    assert results(folder) == NEW
    assert hidden_in(folder) == []


def test_the_run_that_ends_it_is_killed_too(folder):
    assert killed(folder, "put", 0)
    moment = 0
    while killed(folder, "next", moment):
        moment += 3
    assert moment > 6
    remove_litter(str(folder))
    assert results(folder) == NEW
    assert hidden_in(folder) == []


def test_what_is_newer_stays(folder):
    """Someone has put other files and rows there since the kill."""
    assert killed(folder, "put", 0)
    (folder / "report.html").write_text("restored by hand", encoding="utf-8")
    with sqlite3.connect(folder / "all.gpkg") as database:
        database.execute("UPDATE gpkg_contents SET last_change = '2031-01-01T00:00:00.000Z'")
    database.close()
    remove_litter(str(folder))
    assert results(folder) == {
        **NEW,
        "report.html": "restored by hand",
        "all.gpkg": {**OLD["all.gpkg"], "third": [4.0]},
    }


def test_another_program_holds_a_table(folder):
    """The rest takes its place, the table with the next run."""
    assert killed(folder, "put", 0)
    writer = sqlite3.connect(folder / "all.gpkg", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    remove_litter(str(folder))
    writer.execute("ROLLBACK")
    writer.close()
    assert results(folder) == {**NEW, "all.gpkg": OLD["all.gpkg"]}
    remove_litter(str(folder))
    assert results(folder) == NEW
    assert hidden_in(folder) == []


def test_what_a_machine_has_lost_with_its_power_replaces_nothing(folder):
    assert killed(folder, "put", 0)
    (waiting,) = folder.glob(".ecoassets-*/report.html")
    waiting.write_bytes(b"")
    remove_litter(str(folder))
    assert results(folder) == {**NEW, "report.html": "old report"}


def test_from_a_temporary_folder_nothing_is_moved(folder):
    assert killed(folder, "put", 0)
    remove_litter(str(folder), bring_back=False)
    assert results(folder) == OLD
    remove_litter(str(folder))
    assert results(folder) == NEW


def test_a_run_that_lives_is_left_alone(folder):
    assert killed(folder, "put", 2)
    (lead,) = (path.parent for path in folder.rglob(".journal"))
    lock = hidden.taken_over(str(lead))
    before = results(folder)
    for place in (folder, folder / "maps"):
        remove_litter(str(place))
    assert results(folder) == before
    hidden.let_lock_go(lock)
    remove_litter(str(folder))
    assert results(folder) == NEW


class TestByHand:
    """Journals that no run wrote, in a folder that others write to, too."""

    @pytest.fixture
    def places(self, tmp_path):
        shared, private = tmp_path / "shared", tmp_path / "private"
        for place in (shared, private, private / ".ecoassets-00000000000000aa"):
            place.mkdir()
        for secret in (private / "key", private / ".ecoassets-00000000000000aa" / "key"):
            secret.write_text("secret", encoding="utf-8")
        (shared / "mine.txt").write_text("mine", encoding="utf-8")
        return shared, private

    def plant(self, shared: Path, entry: dict[str, object]) -> Path:
        room = shared / ".ecoassets-00000000000000bb"
        room.mkdir(mode=0o700)
        for name in (".lock", "map.tif"):
            (room / name).write_text("planted", encoding="utf-8")
        whole = {"room": room.name, "new": ["map.tif"], "sizes": [7], "older": [], "table": "", "before": None}
        (room / ".journal").write_text(json.dumps([{**whole, **entry}]), encoding="utf-8")
        return room

    @pytest.mark.parametrize(
        "entry",
        [
            {"new": ["../../private/key"], "sizes": [7]},
            {"new": ["/etc/hostname"]},
            {"new": [".."]},
            {"new": [".lock"]},
            {"older": ["../private/key"]},
            {"older": ["mine.txt"]},
            {"room": "../private"},
            {"room": "../private/.ecoassets-00000000000000aa", "new": ["key"], "sizes": [6]},
            {"table": "cells", "new": ["../private/key"]},
            {"new": "map.tif"},
            {"new": []},
            {"room": 7},
            {"extra": 1},
        ],
    )
    def test_nothing_but_its_own_files_moves(self, places, entry):
        shared, private = places
        before = texts(private)
        self.plant(shared, entry)
        remove_litter(str(shared))
        assert texts(private) == before
        assert texts(shared) == {"mine.txt": "mine"}

    def test_the_room_of_a_journal_becomes_a_link(self, places):
        shared, private = places
        before = texts(private)
        (shared / ".ecoassets-00000000000000cc").symlink_to(private)
        self.plant(shared, {"room": ".ecoassets-00000000000000cc", "new": ["key"], "sizes": [6]})
        remove_litter(str(shared))
        assert texts(private) == before
        assert not (shared / "key").exists()

    @pytest.mark.parametrize("journal", ["null", "{}", "[1]", "[", "[[]]", '"x"', "[null]"])
    def test_what_is_no_journal(self, places, journal):
        shared, _ = places
        (self.plant(shared, {}) / ".journal").write_text(journal, encoding="utf-8")
        remove_litter(str(shared))
        assert texts(shared) == {"mine.txt": "mine"}

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
    def test_a_journal_of_another_user_in_a_folder_of_ones_own(self, places):
        shared, _ = places
        room = self.plant(shared, {})
        os.chown(room / ".journal", 65534, 65534)
        remove_litter(str(shared))
        assert texts(shared) == {"mine.txt": "mine"}
