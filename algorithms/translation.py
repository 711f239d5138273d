"""What the interface says, in the user's language. Code holds the English; `resources/i18n` holds the others by it."""

from __future__ import annotations

from functools import cache
from typing import Any

from ..core.messages import said
from ..core.resources import RESOURCES, read_yaml
from .compat import user_language

FOLDER = RESOURCES / "i18n"


def tr(text: str, /, **values: Any) -> str:
    """The text in the user's language, its braces filled with the values. Needs neither a window nor a Qt translator.

    Texts are literals, so that the tests find them and hold every language against them.
    """
    language = user_language()
    told = _translations(language).get(text, text)
    return told.format(**{name: said(value, language) for name, value in values.items()}) if values else told


@cache
def _translations(language: str) -> dict[str, str]:
    path = FOLDER / f"{language}.yaml"
    return read_yaml(path) if path.is_file() else {}
