"""The script that links the clone into a QGIS profile leaves alone what is not ours."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

PLUGINS = Path("QGIS") / "QGIS3" / "profiles" / "default" / "python" / "plugins"


@pytest.fixture()
def profile_link(clone, tmp_path):
    """Runs tools/profile-link for a user whose data folder is `tmp_path`."""
    environment = {name: value for name, value in os.environ.items() if name != "QGIS_PROFILE"}
    environment["XDG_DATA_HOME"] = str(tmp_path)

    def run(command: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(clone / "tools" / "profile-link"), command],
            env={**environment, **more},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_link_twice_and_unlink_twice(profile_link, clone, tmp_path):
    place = tmp_path / PLUGINS / "ecoassets"
    for _ in range(2):
        assert profile_link("link").returncode == 0
        assert place.resolve() == clone
    for _ in range(2):
        assert profile_link("unlink").returncode == 0
        assert not place.is_symlink()


def test_the_profile_can_be_chosen(profile_link, tmp_path):
    profile_link("link", QGIS_PROFILE="field")
    assert (tmp_path / "QGIS/QGIS3/profiles/field/python/plugins/ecoassets").is_symlink()


def test_both_generations_of_qgis_are_linked(profile_link, tmp_path):
    (tmp_path / "QGIS" / "QGIS3").mkdir(parents=True)
    (tmp_path / "QGIS" / "QGIS4").mkdir()
    profile_link("link")
    assert len(list(tmp_path.glob("QGIS/QGIS[34]/profiles/default/python/plugins/ecoassets"))) == 2


def test_an_installed_plugin_is_left_alone(profile_link, tmp_path):
    installed = tmp_path / PLUGINS / "ecoassets" / "metadata.txt"
    installed.parent.mkdir(parents=True)
    installed.write_text("[general]")
    for command in ("link", "unlink"):
        answer = profile_link(command)
        assert answer.returncode == 1
        assert "is not a link to this clone" in answer.stderr
        assert installed.read_text() == "[general]"


def test_a_link_to_another_clone_is_left_alone(profile_link, tmp_path):
    place = tmp_path / PLUGINS / "ecoassets"
    place.parent.mkdir(parents=True)
    place.symlink_to(tmp_path / "another clone that was moved away")
    for command in ("link", "unlink"):
        assert profile_link(command).returncode == 1
        assert place.is_symlink()
