"""Flow accumulation by GRASS, where QGIS has it: the routing of water is not this project's own."""

from __future__ import annotations

import os
from typing import Any

from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingException, QgsProcessingFeedback
from qgis.PyQt.QtCore import Qt

from ...core.errors import Cancelled, InputError
from ...core.raster.dataset import open_raster
from ..translation import tr

PROVIDERS = ("grass", "grass7")
# r.watershed holds some 30 bytes per pixel. Larger maps go through files, which takes longer, to the same result.
MOST_IN_MEMORY = 100_000_000
SWAPPING_MB = 2000


class _GrassFeedback(QgsProcessingFeedback):
    """Passes on what GRASS says. It calls harmless things errors, so they are told, but not as errors of the run."""

    def __init__(self, feedback: QgsProcessingFeedback) -> None:
        super().__init__(False)
        self._feedback = feedback
        # at once: the thread that runs GRASS handles no events
        feedback.canceled.connect(self.cancel, Qt.ConnectionType.DirectConnection)

    def reportError(self, error: str, fatalError: bool = False) -> None:
        self._feedback.pushConsoleInfo(error)

    def pushInfo(self, info: str) -> None:
        self._feedback.pushConsoleInfo(info)

    def pushCommandInfo(self, info: str) -> None:
        self._feedback.pushConsoleInfo(info)

    def pushConsoleInfo(self, info: str) -> None:
        self._feedback.pushConsoleInfo(info)


def flow_algorithm() -> str | None:
    """The id of GRASS's r.watershed, None where QGIS does not have it."""
    registry = QgsApplication.processingRegistry()
    found = (f"{name}:r.watershed" for name in PROVIDERS if registry.algorithmById(f"{name}:r.watershed") is not None)
    return next(found, None)


def accumulate_flow(
    name: str, dem: str, folder: str, context: QgsProcessingContext, feedback: QgsProcessingFeedback
) -> str:
    """Cells that drain through each cell, itself included, by r.watershed with several flow directions.

    Cells that may get water from outside the map are negative.

    Args:
        name: of `flow_algorithm`.
        dem: path of the elevation model.
        folder: for the result.
        context: of the run.
        feedback: hears GRASS, and tells it to stop.

    Returns:
        The path of the result.

    Raises:
        InputError: GRASS failed.
        Cancelled: the user stopped.
    """
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(name)
    path = os.path.join(folder, "flow_accumulation.tif")
    parameters: dict[str, Any] = {"elevation": dem, "accumulation": path, "convergence": 5}
    if _pixels(dem) > MOST_IN_MEMORY:
        parameters.update({"-m": True, "memory": SWAPPING_MB})
    feedback.pushInfo(tr("Flow accumulation is computed by {name}.", name=name))
    try:
        _, succeeded = algorithm.run(parameters, context, _GrassFeedback(feedback), {}, False)
    except QgsProcessingException as error:
        raise InputError(
            tr("GRASS could not compute flow accumulation: {error}.", error=error) + _other_ways()
        ) from None
    if feedback.isCanceled():
        raise Cancelled
    if not succeeded or not os.path.isfile(path):
        raise InputError(tr("GRASS wrote no flow accumulation; its messages are above.") + _other_ways())
    return path


def _pixels(path: str) -> int:
    dataset = open_raster(path)
    return int(dataset.RasterXSize * dataset.RasterYSize)


def _other_ways() -> str:
    return " " + tr("Give FLOW_ACCUMULATION as a raster, or choose the method constant.")
