"""Advice that fits the system: what is printed can be typed there."""

import shlex
import sys

import pytest

from ecoassets.core import packages


@pytest.mark.parametrize(
    ("name", "platform", "files", "words"),
    [
        ("nt", "win32", (), "OSGeo4W Shell"),
        ("posix", "darwin", (), "Contents/MacOS/bin/python3 -m pip install scikit-learn"),
        ("posix", "linux", ("/.flatpak-info",), "flatpak run"),
        ("posix", "linux", ("/etc/debian_version",), "apt-get install python3-sklearn"),
        ("posix", "linux", ("/etc/fedora-release",), "dnf install python3-scikit-learn"),
        ("posix", "linux", (), "pip install --user"),
    ],
)
def test_how_a_package_is_installed_here(monkeypatch, name, platform, files, words):
    monkeypatch.setattr(packages.sys, "platform", platform)
    monkeypatch.setattr(packages.os.path, "exists", lambda path: path in files)
    monkeypatch.setattr(packages.os, "name", name)
    monkeypatch.setattr(packages.sys, "executable", "")
    told = str(packages.missing_module("sklearn", "Driver importance"))
    monkeypatch.undo()
    assert "needs the Python package sklearn" in told
    assert words in told


@pytest.mark.parametrize("place", ["python{v}", "bin/python3"])
def test_the_python_of_a_bundle_is_found_beside_the_program(monkeypatch, tmp_path, place):
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = tmp_path / "QGIS.app" / "Contents" / "MacOS" / place.format(v=version)
    python.parent.mkdir(parents=True)
    python.touch()
    monkeypatch.setattr(packages.sys, "platform", "darwin")
    monkeypatch.setattr(packages.sys, "executable", str(tmp_path / "QGIS.app" / "Contents" / "MacOS" / "QGIS"))
    words = shlex.split(packages.how_to_install("shap"))  # quoted where the path has blanks
    at = words.index(str(python))
    assert words[at + 1 : at + 4] == ["-m", "pip", "install"]
