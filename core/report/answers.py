"""What page one of a report answers, and the words of statistics that it uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """The question of a run, and its answer in sentences.

    Args:
        question: what the reader wants to know.
        sentences: (what it is about, sentence) pairs; each sentence stands for itself, with its numbers.
    """

    question: str
    sentences: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Terms:
    """Words of statistics, each explained once: (word, what it means) pairs."""

    items: Sequence[tuple[str, str]]
