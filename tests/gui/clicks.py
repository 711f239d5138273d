"""What every step at the desk needs: time, pictures, a place to write down what is seen."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QWidget
from qgis.utils import iface

FOLDER = Path(os.environ["ECOASSETS_DESK"])
SEEN: dict[str, Any] = {"faults": []}


def wait(seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
    """Lets QGIS go on for some time, or until something is so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QCoreApplication.processEvents()
        if until():
            return True
        time.sleep(0.02)
    return until()


def picture(widget: QWidget, name: str) -> None:
    """A picture of a widget as it is on the screen."""
    wait(0.4)
    widget.grab().save(str(FOLDER / f"{name}.png"))


def menu() -> Any:
    return next(a.menu() for a in iface.pluginMenu().actions() if a.text() == "EcoAssets")
