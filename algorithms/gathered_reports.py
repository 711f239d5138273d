"""Reports of child algorithms, gathered for one combined report in place of a file each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..core.report import MethodReport
from ..core.workflows.combined_report import StepReport

_GATHERED: ContextVar[list[StepReport] | None] = ContextVar("gathered_reports", default=None)


@contextmanager
def gather_reports() -> Iterator[list[StepReport]]:
    """Within this block the algorithms that run in this thread hand over their reports and write none."""
    reports: list[StepReport] = []
    token = _GATHERED.set(reports)
    try:
        yield reports
    finally:
        _GATHERED.reset(token)


def hand_over(title: str, report: MethodReport) -> bool:
    """Hands a report to the workflow that gathers them; False where none does."""
    reports = _GATHERED.get()
    if reports is None:
        return False
    reports.append(StepReport(title, report))
    return True
