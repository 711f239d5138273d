"""Reports of child algorithms, gathered for one combined report in place of a file each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ...core.report import MethodReport
from ...core.workflows.combined_report import StepReport

_GATHERED: ContextVar[list[StepReport] | None] = ContextVar("gathered_reports", default=None)


@contextmanager
def gather_reports(reports: list[StepReport]) -> Iterator[None]:
    """Within this block the algorithms that run in this thread add their reports to a list and write none."""
    token = _GATHERED.set(reports)
    try:
        yield
    finally:
        _GATHERED.reset(token)


def gathering() -> bool:
    """Whether a workflow gathers the reports."""
    return _GATHERED.get() is not None


def hand_over(title: str, report: MethodReport) -> bool:
    """Hands a report to the workflow that gathers them; False where none does."""
    reports = _GATHERED.get()
    if reports is None:
        return False
    reports.append(StepReport(title, report))
    return True
