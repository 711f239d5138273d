"""Failures that nobody foresaw, in words: the user reads what to do, and the log keeps where it happened."""

from __future__ import annotations

import traceback

from qgis.core import QgsProcessingFeedback

from ...core.handed_on import without_secrets
from ..translation import tr


def told_unforeseen(error: Exception, feedback: QgsProcessingFeedback | None = None) -> str:
    """What a failure of Python itself means for the user; its traceback goes to the log as a detail."""
    if feedback is not None:
        where = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        feedback.pushDebugInfo(without_secrets(where))
    if isinstance(error, MemoryError):
        return tr(
            "The run needs more memory than there is. Close other programs, give a smaller study area (BOUNDARY), or "
            "check the size of the inputs."
        )
    if isinstance(error, OSError):
        return tr(
            "A file cannot be read or written: {reason} ({file}). Check its path, free disk space and your rights "
            "there, then run again.",
            reason=error.strerror or str(error),
            file=error.filename or type(error).__name__,
        )
    return tr(
        "The run met something that was not foreseen ({kind}: {reason}). Nothing was written. Run Check inputs on what "
        "you gave; if it finds nothing, please report this with the log.",
        kind=type(error).__name__,
        reason=error,
    )
