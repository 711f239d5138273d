"""Runs without QGIS, told by a file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import ecoassets
from ecoassets.core.errors import InputError, OutputError
from ecoassets.core.job import run_file
from ecoassets.core.progress import QUIET

from ..rasters import read_raster, write_raster

FOREST, CROPLAND = 2, 1  # of the scheme clcd


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    write_raster(tmp_path / "2000.tif", [[FOREST, FOREST, CROPLAND]])
    write_raster(tmp_path / "2010.tif", [[FOREST, CROPLAND, CROPLAND]])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def job(folder: Path, **changes) -> str:
    inputs = {"land_cover": ["2000.tif", "2010.tif"], "years": [2000, 2010], "scheme": "clcd"}
    told = {"run": "landuse.transfer_matrix", "inputs": {**inputs, **changes.pop("inputs", {})}, **changes}
    path = folder / "job.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    return str(path)


def test_a_transfer_matrix(folder):
    found = run_file(job(folder, outputs={"change": "change.tif"}, settings={"mask": "yearly"}), QUIET)
    assert [land_class["code"] for land_class in found["classes"]] == [CROPLAND, FOREST]
    assert found["pixels"] == [[[[1, 0], [1, 1]]]]  # one forest of 1 ha became cropland
    assert found["area_ha"] == [[[[1.0, 0.0], [1.0, 1.0]]]]
    assert read_raster(folder / "change.tif")[0].tolist() == [[2002, 2001, 1001]]


def test_a_valuation_as_its_own_process_writes_its_result(folder):
    value = {
        "land_cover": ["2000.tif"],
        "years": [2000],
        "scheme": "clcd",
        "equivalents": "xie2015",
        "standard_value": 1000,
    }
    path = folder / "job.json"
    told = {"run": "assets.valuation", "inputs": value, "outputs": {"total": "value.tif"}, "result": "value.json"}
    path.write_text(json.dumps(told), encoding="utf-8")
    command = [sys.executable, "-m", "ecoassets.core.job", str(path)]
    done = subprocess.run(
        command, cwd=Path(ecoassets.__file__).parent.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "value.json").read_text(encoding="utf-8")) == json.loads(done.stdout)
    assert read_raster(folder / "value.tif").shape == (1, 1, 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"run": "os.system"}, "There is no method os.system"),
        ({"run": "../x"}, "run is '../x'. Name a module of core"),
        ({"run": None}, "run is None"),
        ({"inputs": {"years": ["2000", 2010]}}, r"job.inputs.years\[0\] is '2000', which is no int"),
        ({"inputs": {"land": 1}}, "job.inputs: land is not known. Known are land_cover, years"),
        ({"inputs": {"scheme": 5}}, "job.inputs.scheme is 5. Write a name"),
        ({"settings": {"mask": "both"}}, "job.settings.mask is 'both', which is no 'common' or 'yearly'"),
        ({"settings": {"write": {"creation": "COMPRESS=LZW"}}}, "job.settings.write.creation is 'COMPRESS=LZW'"),
        ({"extra": 1}, "job: extra is not known"),
    ],
)
def test_what_is_not_understood(folder, changes, message):
    with pytest.raises(InputError, match=message):
        run_file(job(folder, **changes), QUIET)


def test_what_is_missing(folder):
    path = Path(job(folder))
    path.write_text('{"run": "landuse.transfer_matrix", "inputs": {}}', encoding="utf-8")
    with pytest.raises(InputError, match=r"job.inputs lacks land_cover, years\."):
        run_file(str(path), QUIET)
    path.write_text('{"run": ', encoding="utf-8")
    with pytest.raises(InputError, match=r"The job file .*job.json cannot be read"):
        run_file(str(path), QUIET)


def test_a_failure_is_told_and_ends_with_1(folder):
    path = job(folder, inputs={"land_cover": ["2000.tif", "missing.tif"]})
    command = [sys.executable, "-m", "ecoassets.core.job", path]
    done = subprocess.run(
        command, cwd=Path(ecoassets.__file__).parent.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "missing.tif" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_result_that_cannot_be_written_is_told_before_the_run(folder):
    path = job(folder, outputs={"change": "change.tif"}, result="missing/found.json")
    with pytest.raises(OutputError, match="the folder .*missing does not exist"):
        run_file(path, QUIET)
    assert not (folder / "change.tif").exists()


def test_a_failing_job_leaves_an_older_result(folder):
    (folder / "found.json").write_text("older", encoding="utf-8")
    with pytest.raises(InputError):
        run_file(job(folder, inputs={"land_cover": ["2000.tif", "missing.tif"]}, result="found.json"), QUIET)
    assert (folder / "found.json").read_text(encoding="utf-8") == "older"
    assert not list(folder.glob(".ecoassets*"))
