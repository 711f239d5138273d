"""Drivers in words in the reports of the steps: a workflow has named its fields itself, a reader does not know them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TypeVar, cast

from ..report import MethodReport, Paragraph
from ..report.telling import within

# Between names: of slopes, of models, of lists, of what is said about one, of squares and of products.
_BETWEEN = re.compile(r"( / | ~ | \+ |, |: |：|\^2$|:)")
_PROSE = ("note",)
Told = TypeVar("Told")


def model_in_words(report: MethodReport, names: Mapping[str, str]) -> MethodReport:
    """The report of a model, which tells under its title what explains what; other reports as they are."""
    explained, of, _ = report.subtitle.partition(" ~ ")
    if not of:
        return report
    chapters = in_words(report.chapters, names, explained)
    return replace(report, chapters=chapters, subtitle=in_words(report.subtitle, names))


def in_words(told: Told, names: Mapping[str, str], explained: str = "") -> Told:
    """A report, or a part of one, with the words for names of fields; a name stands alone or between signs.

    Args:
        told: is not changed.
        names: words by the name of a field.
        explained: the variable of the model, which notes name within a sentence, too.

    >>> in_words("esv / gdp", {"esv": "Value", "gdp": "GDP density"})
    'Value / GDP density'
    """

    def worded(part: object, prose: bool = False) -> object:
        if isinstance(part, str):
            if prose:
                word = within(names.get(explained, explained))
                return re.sub(rf"(?<!\w){re.escape(explained)}(?!\w)", word, part) if explained else part
            return "".join("²" if one == "^2" else names.get(one, one) for one in _BETWEEN.split(part))
        if isinstance(part, (Paragraph, Path)):
            return part
        if is_dataclass(part) and not isinstance(part, type):
            held = {field.name: getattr(part, field.name) for field in fields(part) if field.init}
            return replace(part, **{name: worded(value, name in _PROSE) for name, value in held.items()})
        if isinstance(part, tuple):
            return tuple(worded(one) for one in part)
        return [worded(one) for one in part] if isinstance(part, list) else part

    return cast(Told, worded(told))
