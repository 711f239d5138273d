"""What the plugin site scans a package for, by its own rules: unsafe calls, secrets, style."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ecoassets.tools.package import build

# Those of bandit that the plugin site runs: a finding blocks a version.
SITE_RULES = (
    "B101,B102,B103,B104,B105,B106,B107,B108,B110,B112,B113,B201,B202,B301,B302,B303,B304,B305,B306,B307,B308,B310,"
    "B311,B312,B313,B314,B315,B316,B317,B318,B319,B321,B323,B324,B401,B402,B403,B405,B406,B407,B408,B409,B412,B413,"
    "B501,B502,B503,B504,B505,B506,B507,B508,B509,B601,B602,B603,B604,B605,B606,B607,B608,B609,B610,B611,B612,B613,"
    "B614,B615,B701,B702,B703,B704"
)
NEVER_WAIVED = "B301"  # what is unpickled runs


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


def scan(tool: str, *words: str, within: Path | None = None) -> str:
    """What a scanner prints; skips where it is not installed."""
    if importlib.util.find_spec(tool) is None:
        pytest.skip(f"{tool} is not installed here (make venv)")
    done = subprocess.run([sys.executable, "-m", tool, *words], cwd=within, capture_output=True, text=True, check=False)
    assert done.stdout or not done.returncode, done.stderr
    return done.stdout


def test_the_rules_of_the_site_find_nothing(unpacked):
    found = json.loads(scan("bandit", "-q", "-r", str(unpacked), "-f", "json", "-t", SITE_RULES))["results"]
    assert [f"{one['test_id']} {one['filename']}:{one['line_number']}" for one in found] == []


def test_what_cannot_be_waived_is_not_there_even_behind_a_mark(unpacked):
    words = ("-q", "-r", str(unpacked), "-f", "json", "-t", NEVER_WAIVED, "--ignore-nosec")
    assert json.loads(scan("bandit", *words))["results"] == []


def test_a_mark_tells_its_rule_and_its_reason(unpacked):
    """`# nosec BNNN` on the line, and the reason in the comment above it."""
    marks = []
    for path in sorted(unpacked.rglob("*.py")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for above, line in zip(["", *lines], lines):
            mark = re.search(r"#\s*nosec\b(.*)", line)
            if mark and not line.lstrip().startswith("#"):
                rule = re.fullmatch(r" (B\d{3})", mark[1])
                assert rule, f"{path.name}: {line.strip()}"
                assert re.search(rf"# nosec {rule[1]}: \w+( \S+){{5,}}", above), f"{path.name}: {above.strip()}"
                marks.append(rule[1])
    assert set(marks) == {"B603"}, "programs are started, and nothing else needs a mark"


def test_there_are_no_secrets(unpacked):
    """Told from within the folder: of paths that are absolute it finds nothing."""
    assert json.loads(scan("detect_secrets", "scan", "--all-files", ".", within=unpacked))["results"] == {}


def test_flake8_has_nothing_to_say(unpacked):
    """E203 contradicts the formatter: a blank before the colon of a slice."""
    told = scan("flake8", "--max-line-length", "120", "--extend-ignore", "E203", str(unpacked))
    assert told.replace(f"{unpacked}/", "") == ""
