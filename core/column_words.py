"""What columns of result tables, and the ids of choices, are called in words."""

from __future__ import annotations

from functools import cache

from .quantities import Words, quantities
from .resources import RESOURCES, read_yaml

_OF_VARIABLE = (
    "shap_",
    "significant_",
    "t_",
    "std_error_",
    "b_",
    "se_",
    "raw_",
)  # before the name of a variable of the user's own


def column_word(name: str, language: str) -> str:
    """The words for a column; its name where it is one of the user's own that names no quantity."""
    words = _column_words()
    if name in words:
        return words[name].of(language)
    if name in quantities():
        return quantities()[name].name.of(language)
    for start in _OF_VARIABLE:
        kind = start.rstrip("_")
        if name.startswith(start) and kind in words:
            between = "：" if language == "zh" else ": "
            return f"{words[kind].of(language)}{between}{column_word(name[len(start) :], language)}"
    return name


def choice(parameter: str, chosen: str) -> Words:
    """The id of a choice in messages and sources, and what a Chinese reader calls it."""
    return Words(chosen, _choices().get(parameter, {}).get(chosen, chosen))


@cache
def _column_words() -> dict[str, Words]:
    told = read_yaml(RESOURCES / "column_words.yaml")
    return {name: Words(*map(str, both)) for name, both in told.items()}


@cache
def _choices() -> dict[str, dict[str, str]]:
    """Chinese by id, by parameter."""
    told = read_yaml(RESOURCES / "choice_words.yaml")
    return {name: {str(one): str(chinese) for one, (_, chinese) in words.items()} for name, words in told.items()}
