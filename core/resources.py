"""Where the data of the package lies: tables, sensors, legends, words."""

from __future__ import annotations

from pathlib import Path

RESOURCES = Path(__file__).resolve().parents[1] / "resources"
