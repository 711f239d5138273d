"""What the plugin site scans a package for: unsafe calls, secrets, style. Known findings tell why they stay."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ecoassets.tools.package import build

# (test of bandit, file): why it is no danger here.
ACCEPTED = {
    ("B301", "core/raster/cluster/client.py"): "unpickles jobs that this very plugin has pickled for its workers",
    ("B403", "core/raster/cluster/client.py"): "the same",
    ("B314", "core/raster/cluster/mosaic.py"): "parses a virtual raster that this plugin has just written",
    ("B405", "core/raster/cluster/mosaic.py"): "the same",
    ("B404", "core/interpreter.py"): "asks Python interpreters whether they have packages",
    ("B603", "core/interpreter.py"): "a fixed command without a shell",
    ("B404", "core/zoning/selection/solver.py"): "starts the solver in a process that can be ended",
    ("B603", "core/zoning/selection/solver.py"): "a fixed command without a shell",
    ("B404", "core/raster/cluster/local_workers.py"): "starts workers on this machine",
    ("B603", "core/raster/cluster/local_workers.py"): "a fixed command without a shell",
}
ASSERTS = "B101"  # asserts narrow types; nothing depends on them at run time


@pytest.fixture(scope="module")
def unpacked(clone, tmp_path_factory) -> Path:
    """The folder that users get."""
    if not (clone / ".git").exists():
        pytest.skip("not a git clone, so there is nothing to build a package from")
    folder = tmp_path_factory.mktemp("package")
    build(clone, folder / "ecoassets.zip")
    with zipfile.ZipFile(folder / "ecoassets.zip") as archive:
        archive.extractall(folder)
    return folder / "ecoassets"


def scan(tool: str, *words: str) -> str:
    """What a scanner prints; skips where it is not installed."""
    if importlib.util.find_spec(tool) is None:
        pytest.skip(f"{tool} is not installed here (make venv)")
    done = subprocess.run([sys.executable, "-m", tool, *words], capture_output=True, text=True, check=False)
    assert done.stdout or not done.returncode, done.stderr
    return done.stdout


def test_bandit_finds_nothing_new(unpacked):
    found = json.loads(scan("bandit", "-q", "-r", str(unpacked), "-f", "json", "--skip", ASSERTS))["results"]
    named = {(one["test_id"], str(Path(one["filename"]).relative_to(unpacked))) for one in found}
    assert {"new": named - ACCEPTED.keys(), "gone": ACCEPTED.keys() - named} == {"new": set(), "gone": set()}


def test_there_are_no_secrets(unpacked):
    assert json.loads(scan("detect_secrets", "scan", "--all-files", str(unpacked)))["results"] == {}


def test_flake8_has_nothing_to_say(unpacked):
    """E203 contradicts the formatter: a blank before the colon of a slice."""
    told = scan("flake8", "--max-line-length", "120", "--extend-ignore", "E203", str(unpacked))
    assert told.replace(f"{unpacked}/", "") == ""
