"""Files that a run has made, one click away in its log."""

from __future__ import annotations

from html import escape

from qgis.core import QgsProcessingFeedback
from qgis.PyQt.QtCore import QUrl


def tell_file(feedback: QgsProcessingFeedback, label: str, path: str) -> None:
    """Tells where a file lies, as a link where the log can hold one (QGIS 3.36 and later)."""
    text = f"{label}: {path}"
    if hasattr(feedback, "pushFormattedMessage"):
        address = QUrl.fromLocalFile(path).toString()
        feedback.pushFormattedMessage(f'{escape(label)}: <a href="{escape(address)}">{escape(path)}</a>', text)
    else:
        feedback.pushInfo(text)
