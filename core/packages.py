"""Packages that QGIS may lack: said in words that a user can act on."""

from __future__ import annotations

_MESSAGE = (
    "{purpose} needs the Python package {name}, which is missing here. Windows (OSGeo4W): choose python3-{name} in the "
    "OSGeo4W setup, or run python -m pip install {name} in the OSGeo4W shell. Debian, Ubuntu: apt-get install "
    "python3-{name}. Fedora: dnf install python3-{name}. macOS: run "
    "/Applications/QGIS.app/Contents/MacOS/bin/python3 -m pip install {name} in the Terminal. Then restart QGIS."
)


def missing_package(error: ModuleNotFoundError, purpose: str) -> str:
    """What to do on each platform where an import failed; `purpose`, what needs the package, begins the message."""
    return _MESSAGE.format(purpose=purpose, name=(error.name or "").split(".")[0])
