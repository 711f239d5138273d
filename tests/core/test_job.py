"""Runs without QGIS, told by a file."""

from __future__ import annotations

import json
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import ecoassets
from ecoassets.core.errors import InputError, OutputError
from ecoassets.core.job import run_file
from ecoassets.core.methods import METHODS, method
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
    told = {"run": "transfermatrix", "inputs": {**inputs, **changes.pop("inputs", {})}, **changes}
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
    told = {"run": "ecosystemservicevalue", "inputs": value, "outputs": {"total": "value.tif"}, "result": "value.json"}
    path.write_text(json.dumps(told), encoding="utf-8")
    command = [sys.executable, "-m", "ecoassets.core.job", str(path)]
    done = subprocess.run(
        command, cwd=Path(ecoassets.__file__).parent.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "value.json").read_text(encoding="utf-8")) == json.loads(done.stdout)
    assert read_raster(folder / "value.tif").shape == (1, 1, 3)


def test_a_regression_of_a_file(folder):
    # y = 1 + 2 x without error: the driver methods run without QGIS too
    (folder / "cells.csv").write_text("x,y,where\n0,1,a\n1,3,b\n2,5,c\n3,7,d\n", encoding="utf-8")
    path = folder / "job.json"
    choice = {"y": "y", "x": ["x"], "effects": "none", "covariance": "iid"}
    path.write_text(json.dumps({"run": "panelregression", "table": "cells.csv", "choice": choice}), encoding="utf-8")
    terms = {term["term"]: term["estimate"] for term in run_file(str(path), QUIET)["result"]["terms"]}
    assert terms == pytest.approx({"const": 1.0, "x": 2.0})


def test_a_method_that_tells_no_progress(folder):
    (folder / "crops.csv").write_text("crop,area_ha,yield_kg_ha,price_per_kg\nrice,10,7000,2.0\n", encoding="utf-8")
    path = folder / "job.json"
    told = {"run": "standardequivalent", "crops": "crops.csv", "method": "oneseventh"}
    path.write_text(json.dumps(told), encoding="utf-8")
    assert run_file(str(path), QUIET)["value"] == pytest.approx(2000.0)  # 7000 x 2 / 7


@pytest.mark.parametrize("name", METHODS)
def test_every_method_of_the_catalogue_can_be_told_by_a_file(name):
    hints = typing.get_type_hints(method(name))
    assert hints, f"{name} has no types that a job file could be read by"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"run": "os.system"}, "There is no method 'os.system'. The methods are .*aligntogrid, "),
        ({"run": "assets.valuation:run_valuation"}, "There is no method 'assets.valuation:run_valuation'"),
        ({"run": None}, "There is no method None"),
        ({"inputs": {"years": ["2000", 2010]}}, r"job.inputs.years\[0\] is '2000', which is no int"),
        ({"inputs": {"land": 1}}, "job.inputs: land is not known. Known are land_cover, years"),
        ({"inputs": {"scheme": 5}}, "job.inputs.scheme is 5. Write a name"),
        ({"settings": {"mask": "both"}}, "job.settings.mask is 'both', which is no 'common' or 'yearly'"),
        ({"settings": {"write": {"creation": "COMPRESS=LZW"}}}, "job.settings.write.creation is 'COMPRESS=LZW'"),
        ({"extra": 1}, "job: extra is not known"),
        (
            {"inputs": {"years": [float("inf")]}},
            "it holds Infinity, which is no number",
        ),
    ],
)
def test_what_is_not_understood(folder, changes, message):
    with pytest.raises(InputError, match=message):
        run_file(job(folder, **changes), QUIET)


def test_what_is_missing(folder):
    path = Path(job(folder))
    path.write_text('{"run": "transfermatrix", "inputs": {}}', encoding="utf-8")
    with pytest.raises(InputError, match=r"job.inputs lacks land_cover, years\."):
        run_file(str(path), QUIET)
    path.write_text('{"run": ', encoding="utf-8")
    with pytest.raises(InputError, match=r"The job file .*job.json cannot be read"):
        run_file(str(path), QUIET)


@pytest.mark.parametrize("number", ["1e999", "9" * 400])
def test_a_number_without_end(folder, number):
    given = {"equivalents": "xie2015", "standard_value": "number"}
    told = job(folder, run="ecosystemservicevalue", inputs=given, outputs={"total": "value.tif"})
    Path(told).write_text(Path(told).read_text(encoding="utf-8").replace('"number"', number), encoding="utf-8")
    with pytest.raises(InputError, match="job.inputs.standard_value is .*, which is no float"):
        run_file(told, QUIET)


def test_a_file_of_brackets(folder):
    (folder / "deep.json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(InputError, match="deep.json cannot be read"):
        run_file(str(folder / "deep.json"), QUIET)


def test_a_result_that_no_file_can_be_called(folder):
    with pytest.raises(OutputError, match="a character of code 0"):
        run_file(job(folder, result="found\0.json"), QUIET)


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
