"""Progress, messages and cancellation of a run, without knowing who listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import Cancelled

if TYPE_CHECKING:
    from .inputs.finding import Finding


class Progress:
    """What a run tells while it works. This base class is silent and never cancels.

    Only the thread that started the run may call these methods.
    """

    def set(self, percent: float) -> None:
        """Tells how much is done, 0 to 100."""

    def info(self, message: str) -> None:
        """Tells a fact that the user may want to read in the log."""

    def warn(self, message: str) -> None:
        """Tells something that the user should look at, though the run goes on."""

    def tell(self, finding: Finding) -> None:
        """Tells what a check of the inputs found."""
        (self.info if finding.severity == "note" else self.warn)(finding.told())

    def cancelled(self) -> bool:
        """Whether the user asked to stop."""
        return False

    def check(self) -> None:
        """Raises `Cancelled` when the user asked to stop."""
        if self.cancelled():
            raise Cancelled

    def part(self, start: float, end: float) -> Progress:
        """A view for a step that takes the run from `start` to `end` percent."""
        return _Part(self, start, end)


class _Part(Progress):
    def __init__(self, whole: Progress, start: float, end: float) -> None:
        self._whole, self._start, self._end = whole, start, end

    def set(self, percent: float) -> None:
        self._whole.set(self._start + (self._end - self._start) * percent / 100)

    def info(self, message: str) -> None:
        self._whole.info(message)

    def warn(self, message: str) -> None:
        self._whole.warn(message)

    def tell(self, finding: Finding) -> None:
        self._whole.tell(finding)

    def cancelled(self) -> bool:
        return self._whole.cancelled()


QUIET = Progress()
