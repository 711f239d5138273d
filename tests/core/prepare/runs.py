"""Runs an import on made downloads."""

from __future__ import annotations

from pathlib import Path

from ecoassets.core.prepare.importing.rules import Decisions
from ecoassets.core.prepare.importing.run import ImportInputs, ImportOutputs, run_import_product
from ecoassets.core.progress import Progress
from ecoassets.tests.downloads import TILE
from ecoassets.tests.rasters import read_raster

SIZE = 12  # pixels across a made tile
PIXEL = TILE / 2400


class Told(Progress):
    """Keeps what was told."""

    def __init__(self) -> None:
        self.infos: list[str] = []
        self.warnings: list[str] = []

    def info(self, message: str) -> None:
        self.infos.append(str(message))

    def warn(self, message: str) -> None:
        self.warnings.append(str(message))


def run(folder: Path, study: str, tmp_path: Path, progress: Progress | None = None, **inputs):
    decisions = inputs.pop("decisions", Decisions())
    outputs = ImportOutputs(str(tmp_path / "out.tif"), str(tmp_path / "days.tif"))
    result = run_import_product(
        ImportInputs([str(folder)], reference=study, decisions=decisions, **inputs), outputs, None, progress or Told()
    )
    return result, read_raster(outputs.raster), read_raster(outputs.days)
