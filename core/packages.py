"""Packages that QGIS may lack: how they are installed on the system that this is."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

from .messages import Message, say

# What pip and Debian call a package whose module has another name.
_WHEELS = {"sklearn": "scikit-learn", "yaml": "PyYAML", "xgboost": "xgboost-cpu"}
_DEBIAN = {
    "sklearn": "python3-sklearn",
    "yaml": "python3-yaml",
    "lightgbm": None,
    "shap": None,
}  # None: not among its packages


def is_installed(module: str) -> bool:
    """Whether a module can be imported, without importing it."""
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def missing_package(error: ModuleNotFoundError, purpose: str) -> Message:
    """What to do here where an import failed; `purpose`, what needs the package, begins the message."""
    return missing_module((error.name or "").split(".")[0], purpose)


def missing_module(module: str, purpose: str) -> Message:
    """The same for a module that was looked for before the work."""
    return say(
        "{purpose} needs the Python package {name}, which is missing here. {advice} Then restart QGIS.",
        purpose=purpose,
        name=module,
        advice=how_to_install(module),
    )


def how_to_install(module: str) -> Message:
    """A sentence that fits this system: OSGeo4W, the installers of QGIS, macOS, Flatpak, Debian, Fedora or another."""
    wheel = _WHEELS.get(module, module)
    if os.name == "nt":
        return say(
            "In the OSGeo4W setup choose python3-{package} where it is listed, or open the OSGeo4W Shell (in the start "
            "menu beside QGIS) and run: python -m pip install {wheel}.",
            package=wheel.lower(),
            wheel=wheel,
        )
    if sys.platform == "darwin":
        return say("In the Terminal run: {python} -m pip install {wheel}.", python=_python_of_bundle(), wheel=wheel)
    if os.path.exists("/.flatpak-info"):
        return say(
            "In a terminal run: flatpak run --command=python3 {app} -m pip install --user {wheel}.",
            app="org.qgis.qgis",
            wheel=wheel,
        )
    debian = _DEBIAN.get(module, f"python3-{module}")
    if os.path.exists("/etc/debian_version") and debian:
        return say("In a terminal run: sudo apt-get install {package}.", package=debian)
    if os.path.exists("/etc/fedora-release") and debian:
        return say("In a terminal run: sudo dnf install {package}.", package=f"python3-{wheel.lower()}")
    # The Python of a distribution takes no packages of pip without a word of consent (PEP 668).
    return say(
        "In a terminal run: {python} -m pip install --user --break-system-packages {wheel}.",
        python=f"python{sys.version_info.major}.{sys.version_info.minor}",
        wheel=wheel,
    )


def _python_of_bundle() -> str:
    """The interpreter in a bundle of QGIS for macOS: beside the program since 2025, in its folder bin before."""
    folder = os.path.dirname(sys.executable or "")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    places = (os.path.join(folder, version), os.path.join(folder, "bin", "python3"), os.path.join(folder, "python3"))
    found = next(filter(os.path.isfile, places), "/Applications/QGIS.app/Contents/MacOS/bin/python3")
    return f'"{found}"' if " " in found else found
