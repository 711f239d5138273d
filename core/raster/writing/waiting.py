"""Where files of this process wait that are whole, until all that belongs together takes its place."""

from __future__ import annotations

import os

_waiting: dict[str, str] = {}


def placed(path: str) -> str:
    """Where a file lies now: one that this run has made waits elsewhere until all is whole."""
    return _waiting.get(os.path.normcase(os.path.abspath(path)), path) if _waiting else path


def waits(final: str, path: str) -> None:
    """A file of that final name waits at a path."""
    _waiting[os.path.normcase(final)] = path


def waits_no_more(final: str) -> None:
    """It is in its place, or dropped."""
    _waiting.pop(os.path.normcase(final), None)
