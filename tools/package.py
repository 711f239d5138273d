"""Builds the zip that QGIS installs from, and checks it as the plugin site would.

    make package

The zip holds the last commit; `.gitattributes` says what stays out.
"""

from __future__ import annotations

import configparser
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

PACKAGE = "ecoassets"
MAX_BYTES = 5_000_000
REQUIRED = (
    "name",
    "version",
    "description",
    "about",
    "author",
    "email",
    "qgisMinimumVersion",
    "qgisMaximumVersion",
    "hasProcessingProvider",
    "homepage",
    "repository",
    "tracker",
    "tags",
    "category",
    "icon",
    "license",
    "changelog",
)
NEVER_SHIPPED = {"__pycache__", "__MACOSX", "Makefile"}
NOT_ON_TOP = (("tests",), ("tools",))
BINARY_SUFFIXES = {".pyc", ".so", ".dll", ".dylib", ".exe", ".whl"}


def read_metadata(text: str) -> dict[str, str]:
    """The `[general]` section of a metadata.txt, keys as written."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # the keys are mixed case
    parser.read_string(text)
    return dict(parser["general"])


def metadata_problems(metadata: dict[str, str]) -> list[str]:
    """What the plugin site would object to in the metadata."""
    problems = [f"metadata.txt: {key} is missing or empty" for key in REQUIRED if not metadata.get(key, "").strip()]
    if "plugin" in metadata.get("name", "").lower():
        problems.append(f"metadata.txt: the name {metadata['name']!r} must not hold the word plugin")
    if metadata.get("hasProcessingProvider", "").lower() != "yes":
        problems.append("metadata.txt: hasProcessingProvider must be yes, or qgis_process does not load the provider")
    for key in ("homepage", "repository", "tracker"):
        if not metadata.get(key, "").startswith("https://"):
            problems.append(f"metadata.txt: {key} must be an https address")
    return problems


def zip_problems(path: Path) -> list[str]:
    """What the plugin site would object to in the zip."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        tops = sorted({PurePosixPath(name).parts[0] for name in names})
        if len(tops) != 1 or not tops[0].isidentifier():
            return [f"{path.name}: needs one top folder that is a Python identifier, not {', '.join(tops)}"]
        top = tops[0]
        problems = [
            f"{path.name}: {name} is missing"
            for name in (f"{top}/metadata.txt", f"{top}/__init__.py", f"{top}/LICENSE")
            if name not in names
        ]
        if problems:
            return problems
        metadata = read_metadata(archive.read(f"{top}/metadata.txt").decode())

    problems += metadata_problems(metadata)
    icon = f"{top}/{metadata.get('icon', '')}"
    if icon not in names:
        problems.append(f"{path.name}: the icon that metadata.txt names is missing: {icon}")
    for name in names:
        inside = PurePosixPath(name)
        hidden = any(part.startswith(".") for part in inside.parts)
        unwanted = NEVER_SHIPPED & set(inside.parts) or inside.parts[1:2] in NOT_ON_TOP
        if hidden or unwanted or inside.suffix in BINARY_SUFFIXES:
            problems.append(f"{path.name}: {name} must not be shipped")
    if (size := path.stat().st_size) > MAX_BYTES:
        problems.append(f"{path.name}: {size / 1e6:.1f} MB, more than {MAX_BYTES / 1e6:.0f} MB")
    return problems


def build(clone: Path, target: Path) -> None:
    """Writes the files of the last commit that are meant for users into a zip, under one folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _git(clone, "archive", "--format=zip", f"--prefix={PACKAGE}/", f"--output={target}", "HEAD")


def _git(clone: Path, *words: str) -> str:
    # The clone may belong to somebody else than to root, who runs the tests in a container.
    return subprocess.check_output(["git", "-c", "safe.directory=*", "-C", str(clone), *words], text=True)


def main() -> int:
    """Builds `dist/ecoassets-VERSION.zip`, checks it and tells what is wrong."""
    clone = Path(__file__).resolve().parents[1]
    version = read_metadata((clone / "metadata.txt").read_text(encoding="utf-8"))["version"]
    target = clone / "dist" / f"{PACKAGE}-{version}.zip"
    build(clone, target)
    changed = _git(clone, "status", "--porcelain")
    if changed:
        print("Some changes are not committed; they are not in the zip:", changed, sep="\n")
    problems = zip_problems(target)
    if problems:
        print(*problems, sep="\n", file=sys.stderr)
        return 1
    print(f"dist/{target.name}: {target.stat().st_size / 1e3:.0f} kB, ready for the plugin site")
    return 0


if __name__ == "__main__":
    sys.exit(main())
