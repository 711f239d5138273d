"""A report that cannot be made takes nothing with it: maps and tables stay, and the user is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from qgis.core import QgsProcessingFeedback

from ...core.errors import Cancelled, EcoAssetsError
from ..compat import user_language
from ..translation import tr


@contextmanager
def spared(feedback: QgsProcessingFeedback, label: str) -> Iterator[None]:
    """Within this block whatever goes wrong, but a cancel, becomes a warning.

    Args:
        feedback: is told.
        label: of the output that the block writes.
    """
    try:
        yield
    except Cancelled:
        raise
    # Of whatever kind: hours of computing must not hang on the last page. A full disk and a package that is missing are
    # met here, and so is a fault of ours.
    except Exception as fault:
        told = fault.told(user_language()) if isinstance(fault, EcoAssetsError) else f"{type(fault).__name__}: {fault}"
        feedback.pushWarning(
            tr(
                "{label}: it could not be made: {reason} Maps and tables of the run are whole. To make it again, run "
                "with the same parameters (the file .parameters.json beside it, or the history of Processing), or put "
                "the maps and tables into a report with the tool reportbundle.",
                label=label,
                reason=told,
            )
        )
