"""What a run tells goes to the log of Processing."""

from __future__ import annotations

from qgis.core import QgsProcessingFeedback

from ...core.inputs.finding import Finding
from ...core.inputs.record import Record
from ...core.messages import told
from ...core.progress import Progress
from ..compat import user_language


class FeedbackProgress(Progress):
    """Hands the core's progress to QGIS. The percentage never falls, and the same warning is told once in a run."""

    def __init__(self, feedback: QgsProcessingFeedback, record: Record) -> None:
        self._feedback, self._record, self._highest = feedback, record, 0.0

    def set(self, percent: float) -> None:
        self._highest = max(self._highest, min(100.0, percent))
        self._feedback.setProgress(self._highest)

    def info(self, message: str) -> None:
        self._feedback.pushInfo(told(message, user_language()))

    def warn(self, message: str) -> None:
        if self._record.warn(message):
            self._feedback.pushWarning(told(message, user_language()))

    def tell(self, finding: Finding) -> None:
        text = finding.told(user_language())
        (self._feedback.pushInfo if finding.severity == "note" else self._feedback.pushWarning)(text)

    def cancelled(self) -> bool:
        return self._feedback.isCanceled()
