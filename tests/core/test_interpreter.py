"""The Python that starts processes is found where each system keeps it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from ecoassets.core.interpreter import find_python

VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"


@pytest.mark.skipif(os.name != "posix", reason="the interpreters of the test are scripts of sh")
@pytest.mark.parametrize("place", ["MacOS", "MacOS/bin"])
def test_a_bundle_of_macos_keeps_it_beside_qgis(tmp_path, monkeypatch, place):
    contents = tmp_path / "QGIS.app" / "Contents"
    (contents / place).mkdir(parents=True)
    (contents / "Frameworks" / "lib").mkdir(parents=True)
    for program in (contents / "MacOS" / "QGIS", contents / place / VERSION):
        program.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="ascii")
        program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(contents / "MacOS" / "QGIS"))
    for name in ("exec_prefix", "base_exec_prefix"):
        monkeypatch.setattr(sys, name, str(contents / "Frameworks"))
    monkeypatch.setattr(shutil, "which", lambda *words, **how: None)
    find_python.cache_clear()
    try:
        assert Path(find_python(("numpy",))) == contents / place / VERSION
    finally:
        find_python.cache_clear()


def test_none_where_a_package_is_missing():
    find_python.cache_clear()
    assert find_python(("no_such_package_of_anybody",)) is None
