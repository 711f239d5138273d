"""The real `qgis_process`, as a batch file would call it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

MINUTES = 10


@dataclass(frozen=True)
class Outcome:
    """How a call ended. `results` holds the outputs by name, and is empty when the call failed."""

    returncode: int
    stdout: str
    stderr: str
    results: dict[str, Any] = field(default_factory=dict)


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _words(parameters: dict[str, Any]) -> list[str]:
    """`NAME=value`; a list repeats the name."""
    words = []
    for name, value in parameters.items():
        values = value if isinstance(value, (list, tuple)) else [value]
        words += [f"{name}={_word(one)}" for one in values]
    return words


def _results(stdout: str) -> dict[str, Any]:
    return json.loads(stdout[stdout.index("{") :])["results"]


@pytest.fixture(scope="session")
def call_qgis_process(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Outcome]:
    """`call("help", "ecoassets:trend")`: any command, words as given; results are read after `--json run`.

    `cwd` is the folder in which it runs, `plugins` a folder with another copy of the plugin than this clone, `profile`
    another profile than the one that all tests share.
    """
    shared = tmp_path_factory.mktemp("qgis_process_profile")

    def call(*words: str, cwd: Path | None = None, plugins: Path | None = None, profile: Path | None = None) -> Outcome:
        own = {"QGIS_CUSTOM_CONFIG_PATH": str(profile or shared), "ECOASSETS_PLUGINS": str(plugins or "")}
        environment = {**os.environ, **own}
        done = subprocess.run(
            [str(clone / "tools" / "qgis-process"), *words],
            env=environment,
            cwd=cwd,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=60 * MINUTES,
            check=False,
        )
        has_results = done.returncode == 0 and words[:2] == ("--json", "run")
        return Outcome(done.returncode, done.stdout, done.stderr, _results(done.stdout) if has_results else {})

    return call


@pytest.fixture(scope="session")
def qgis_process(call_qgis_process: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """`qgis_process("ecoassets:trend", RASTERS=[a, b], YEARS="2000, 2005", OUTPUT=path)` runs an algorithm."""

    def run(algorithm_id: str, **parameters: Any) -> Outcome:
        return call_qgis_process("--json", "run", algorithm_id, "--", *_words(parameters))

    return run
