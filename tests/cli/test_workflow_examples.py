"""The examples of docs/workflows.md are run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess

import pytest


@pytest.fixture(scope="module")
def examples(clone):
    text = (clone / "docs" / "workflows.md").read_text(encoding="utf-8")
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


@pytest.fixture(scope="module")
def version(call_qgis_process):
    found = re.search(r"QGIS (\d+)\.(\d+)", call_qgis_process("--version").stdout)
    assert found
    return int(found[1]), int(found[2])


@pytest.fixture(scope="module")
def shell(clone, tmp_path_factory):
    """Runs a script in one folder, in which `tools` and `resources` are those of the clone."""
    folder = tmp_path_factory.mktemp("examples")
    for name in ("tools", "resources"):
        (folder / name).symlink_to(clone / name)
    profile = tmp_path_factory.mktemp("profile")

    def run(script):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env={**os.environ, "QGIS_CUSTOM_CONFIG_PATH": str(profile)},
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return folder

    return run


def test_a_workflow_from_arguments_then_from_json_and_as_a_model(examples, shell, version):
    from_arguments, from_json, as_model = examples
    folder = shell(from_arguments)
    assert (folder / "assets" / "report.html").stat().st_size > 100_000
    assert "panel_effect,precipitation" in (folder / "assets" / "headlines.csv").read_text(encoding="utf-8")
    shell(as_model)
    assert (folder / "model_report.html").is_file()
    if version < (3, 24):
        pytest.skip("this QGIS does not take JSON on standard input; the other examples ran")
    (folder / "assets" / "report.html").unlink()
    shell(from_json)
    assert (folder / "assets" / "report.html").is_file()
