"""Reports, tables and methods of child algorithms, gathered for one combined report in place of a file each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ...core.report import MethodReport
from ...core.workflows.combined_report import StepReport
from .takeaway import TakeAway

_GATHERED: ContextVar[tuple[list[StepReport], TakeAway] | None] = ContextVar("gathered", default=None)


@contextmanager
def gather_reports(reports: list[StepReport], away: TakeAway) -> Iterator[None]:
    """Within this block the algorithms that run in this thread add their reports to a list and write none.

    Args:
        reports: of the steps.
        away: takes their tables and methods.
    """
    token = _GATHERED.set((reports, away))
    try:
        yield
    finally:
        _GATHERED.reset(token)


def gathering() -> bool:
    """Whether a workflow gathers the reports."""
    return _GATHERED.get() is not None


def hand_over(title: str, report: MethodReport) -> bool:
    """Hands a report to the workflow that gathers them; False where none does."""
    gathered = _GATHERED.get()
    if gathered is None:
        return False
    gathered[0].append(StepReport(title, report))
    return True


def hand_over_rest(title: str, away: TakeAway) -> bool:
    """Hands tables and methods to the workflow that gathers them; False where none does."""
    gathered = _GATHERED.get()
    if gathered is None:
        return False
    gathered[1].take(away, title)
    return True
