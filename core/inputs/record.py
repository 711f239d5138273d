"""What a run has found about its inputs: told once, kept for its report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from ..messages import told
from ..progress import Progress
from .finding import Finding, Refused, merged
from .used import ClassColumn, Name, Used


@dataclass
class Record:
    """Findings of a run, each fact once, in the order in which they were made.

    Attributes:
        findings: told so far; a `stop` only where the run looks for all of them.
        warnings: what else a method warned of.
        waiting: findings of readers that have nobody to tell; they are told with the next.
        layer_names: what the user's layer tree calls a file, by path.
        used: rasters, classes and coefficients, for the report.
    """

    findings: list[Finding] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    waiting: list[Finding] = field(default_factory=list)
    layer_names: dict[str, str] = field(default_factory=dict)
    used: Used = field(default_factory=Used)

    def add(self, findings: Iterable[Finding]) -> list[Finding]:
        """Keeps what is new and returns it: facts that were told are not told again."""
        known = {finding.fact for finding in self.findings}
        new = [finding for finding in merged(findings) if finding.fact not in known]
        self.findings += new
        return new

    def warn(self, message: str) -> bool:
        """Keeps a warning of a method. False where the same was told before."""
        if message in self.warnings:
            return False
        self.warnings.append(message)
        return True

    def notes(self, language: str, of_report: Sequence[str] = ()) -> list[str]:
        """What the reader of a report must know, in a language: its own warnings, findings, then warnings of methods.

        A fact stands once: what a chapter says under the name of its step is not said again without it.
        """
        own = [told(warning, language) for warning in of_report]
        found = [finding.told(language) for finding in self.findings if finding.severity != "note"]
        found += [told(warning, language) for warning in self.warnings]
        new = [note for note in found if not any(warning.endswith(f": {note}") for warning in own)]
        return list(dict.fromkeys((*own, *new)))


_RUN: ContextVar[Record | None] = ContextVar("record_of_the_run", default=None)


@contextmanager
def recorded() -> Iterator[Record]:
    """Within this block findings are kept and told once; a run within a run shares its record."""
    known = _RUN.get()
    record = Record() if known is None else known
    token = _RUN.set(record)
    try:
        yield record
    finally:
        _RUN.reset(token)


def current_record() -> Record | None:
    """The record of the run of this thread; None in a plain call from a script."""
    return _RUN.get()


def keep_coefficients(title: Name, columns: Sequence[ClassColumn]) -> None:
    """Keeps the coefficients of the land-cover classes that a method takes; its report tells them."""
    record = _RUN.get()
    if record is not None:
        record.used.coefficients[title] = tuple(columns)


def remember(findings: Iterable[Finding]) -> None:
    """Keeps findings for the next who tells; a plain call from a script has nobody who listens."""
    record = _RUN.get()
    if record is not None:
        record.waiting += findings


def tell(findings: Iterable[Finding], progress: Progress) -> None:
    """Tells what is new.

    Raises:
        Refused: something must be mended first; the message lists all of it.
    """
    record = _RUN.get()
    if record is None:
        new = merged(findings)
    else:
        waiting, record.waiting = record.waiting, []
        new = record.add([*waiting, *findings])
    for finding in new:
        if finding.severity != "stop":
            progress.tell(finding)
    stops = [finding for finding in new if finding.severity == "stop"]
    if stops:
        raise Refused(stops)
