"""A job is done when it is done, whatever its console can show."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ecoassets.core.interpreter import importing_environment
from ecoassets.tests.rasters import write_raster


@pytest.mark.parametrize("encoding", ["cp1252", "cp936", "utf-8"])
def test_a_console_that_knows_no_chinese_gets_the_result_in_ascii(tmp_path, encoding):
    write_raster(tmp_path / "土地.tif", [[21, 51]])
    job = {
        "run": "ecosystemservicevalue",
        "inputs": {"land_cover": ["土地.tif"], "years": [2000], "scheme": "cnlucc", "equivalents": "xie2015",
                   "standard_value": 1000.0},
        "outputs": {},
    }  # fmt: skip
    (tmp_path / "job.json").write_text(json.dumps(job, ensure_ascii=False), encoding="utf-8")
    environment = {**importing_environment(), "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "ecoassets.core.job", str(tmp_path / "job.json")]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(encoding, "replace")
    assert json.loads(done.stdout.decode(encoding))


def test_qgis_process_starts_with_a_virtual_environment_first_on_the_path(tmp_path):
    """Such a python3 gives the Python inside QGIS a wrong home, and QGIS ended with signal 11."""
    tool = Path(__file__).parents[2] / "tools" / "qgis-process"
    made = subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=False)
    assert made.returncode == 0
    environment = {**os.environ, "PATH": f"{tmp_path}/venv/bin:{os.environ['PATH']}",
                   "VIRTUAL_ENV": str(tmp_path / "venv"), "PYTHONHOME": str(tmp_path / "venv")}  # fmt: skip
    done = subprocess.run([str(tool), "--version"], env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
