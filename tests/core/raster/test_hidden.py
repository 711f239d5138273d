"""Hidden folders lie where others write, too: no name is trusted, and what belongs to others is left alone."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from ecoassets.core.raster import hidden
from ecoassets.core.raster.hidden import long_path
from ecoassets.core.raster.writing.tidying import remove_litter

from .test_together import put, texts


class TestStrangers:
    """Others write to the folder, too."""

    def plant(self, folder: Path, private: Path, how: str) -> None:
        left = folder / ".ecoassets-0123456789abcdef"
        if how == "a link in place of the folder":
            left.symlink_to(private)
        else:
            left.mkdir()
            (left / ".lock").touch()
            (left / how).symlink_to(private)

    @pytest.mark.parametrize("how", [".old", ".sides", "a link in place of the folder"])
    def test_links_are_not_followed(self, tmp_path, how):
        private, shared = tmp_path / "private", tmp_path / "shared"
        private.mkdir()
        shared.mkdir()
        for name in ("key", ".lock"):
            (private / name).write_text("secret", encoding="utf-8")
        self.plant(shared, private, how)
        put(shared / "next.txt", "next")
        remove_litter(str(shared))
        assert texts(private) == {"key": "secret", ".lock": "secret"}
        assert not (shared / "key").exists()

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
    def test_folders_of_others_are_left_alone(self, tmp_path):
        left = tmp_path / ".ecoassets-0123456789abcdef"
        (left / ".old").mkdir(parents=True)
        (left / ".old" / "map.tif").write_text("planted", encoding="utf-8")
        (left / ".lock").touch()
        os.chown(left, 65534, 65534)
        remove_litter(str(tmp_path))
        assert texts(left) == {".old/map.tif": "planted", ".lock": ""}

    def test_nothing_comes_back_from_a_temporary_folder(self, tmp_path):
        left = tmp_path / ".ecoassets-0123456789abcdef"
        (left / ".old").mkdir(parents=True)
        (left / ".old" / "map.tif").write_text("planted", encoding="utf-8")
        (left / ".lock").touch()
        remove_litter(str(tmp_path), bring_back=False)
        assert list(tmp_path.iterdir()) == []

    def test_a_folder_without_a_lock_counts_as_in_use_for_a_day(self, tmp_path):
        left = tmp_path / ".ecoassets-0123456789abcdef"
        left.mkdir()
        remove_litter(str(tmp_path))
        assert left.exists()
        os.utime(left, (0, 0))
        remove_litter(str(tmp_path))
        assert not left.exists()


def test_names_that_windows_takes(monkeypatch):
    deep = "C:\\" + "a" * 240
    assert long_path(deep, 50) == deep
    monkeypatch.setattr("ecoassets.core.raster.hidden.os", type("Windows", (), {"name": "nt"}))
    assert long_path(deep, 10) == deep
    assert long_path(deep, 50) == "\\\\?\\" + deep
    assert long_path("\\\\server\\" + "a" * 240, 50) == "\\\\?\\UNC\\server\\" + "a" * 240
    assert long_path("\\\\?\\" + deep, 50) == "\\\\?\\" + deep


@pytest.mark.parametrize("removed", [True, False])
def test_a_folder_that_another_run_tidies_while_it_is_made_is_given_up(tmp_path, monkeypatch, removed):
    """Between the making of its lock and its taking the lock is free."""
    take, stolen = hidden._take, []

    def stolen_first(handle: int) -> None:
        if not stolen:
            stolen.append(next(tmp_path.iterdir()))
            if not removed:
                raise BlockingIOError(errno.EAGAIN, "taken")
            shutil.rmtree(stolen[0])
        take(handle)

    monkeypatch.setattr(hidden, "_take", stolen_first)
    room = hidden.HiddenFolder(str(tmp_path))
    assert room.path != str(stolen[0])
    assert Path(room.path).is_dir()
    monkeypatch.undo()
    remove_litter(str(tmp_path))
    assert Path(room.path).is_dir()
    room.remove()


@pytest.mark.skipif(os.name == "nt", reason="Windows removes no open file")
def test_a_lock_is_held_until_it_is_gone(tmp_path, monkeypatch):
    """Who made the folder a moment ago would else take the lock, find it there, and lose the folder."""
    killed = hidden.HiddenFolder(str(tmp_path))
    killed.abandon()
    remove, taken = shutil.rmtree, []

    def meanwhile(path: str, **how: bool) -> None:
        if not taken:  # Windows refuses this once, for the lock that is held, and it is tried again without
            handle = os.open(os.path.join(path, hidden.LOCK), os.O_RDWR)
            with pytest.raises(BlockingIOError):
                hidden._take(handle)
            os.close(handle)
        taken.append(path)
        remove(path, **how)

    monkeypatch.setattr(shutil, "rmtree", meanwhile)
    remove_litter(str(tmp_path))
    assert set(taken) == {killed.path} and not os.path.exists(killed.path)
