"""A real QGIS on a screen that nobody sees, in a clean profile, with the plugin from the built zip."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ecoassets.tools.package import build

DESK = Path(__file__).with_name("desk.py")
SECONDS = 900


@pytest.fixture(scope="session")
def zip_of_the_plugin(clone, tmp_path_factory) -> Path:
    """The zip of the last commit, as users get it."""
    target = tmp_path_factory.mktemp("dist") / "ecoassets.zip"
    build(clone, target)
    return target


@pytest.fixture(scope="session")
def at_the_desk(clone, zip_of_the_plugin, tmp_path_factory) -> Callable[[str, str], dict]:
    """Sits down before QGIS in a language and takes some steps of `desk.py`; gives what was seen.

    Pictures stay in .build/screenshots/LANGUAGE.
    """
    missing = [program for program in ("xvfb-run", "qgis") if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} cannot be found here")

    def sit_down(language: str, steps: str) -> dict:
        folder = clone / ".build" / "screenshots" / language
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        profile = tmp_path_factory.mktemp("profile")
        settings = profile / "profiles" / "default" / "QGIS" / "QGIS3.ini"
        settings.parent.mkdir(parents=True)
        settings.write_text(f"[locale]\noverrideFlag=true\nuserLocale={language}\n", encoding="utf-8")
        runtime = tmp_path_factory.mktemp("runtime")
        runtime.chmod(0o700)
        environment = {
            **{name: value for name, value in os.environ.items() if name not in ("QT_QPA_PLATFORM", "QGIS_PLUGINPATH")},
            "ECOASSETS_DESK": str(folder),
            "ECOASSETS_ZIP": str(zip_of_the_plugin),
            "ECOASSETS_STEPS": steps,
            "XDG_RUNTIME_DIR": str(runtime),
            "HOME": str(profile),  # its documents are where Start here puts the practice region
            "PYTHONPATH": str(DESK.parent),  # steps that stand in files of their own
            "LC_ALL": "C.UTF-8",
        }
        command = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24", "qgis", "--nologo", "--noversioncheck",
                   "--profiles-path", str(profile), "--code", str(DESK)]  # fmt: skip
        with open(folder / "qgis.log", "w", encoding="utf-8") as log:
            subprocess.run(command, env=environment, stdout=log, stderr=log, timeout=SECONDS, check=False)
        seen = folder / "seen.json"
        assert seen.is_file(), (folder / "qgis.log").read_text(encoding="utf-8")[-4000:]
        return json.loads(seen.read_text(encoding="utf-8"))

    return sit_down
