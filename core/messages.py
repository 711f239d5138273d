"""What the core tells, in the language of who reads it. Code holds the English; `resources/messages` holds the others.

A message is an English text like any other; it also remembers of what it was made, so that whoever shows it can say it
in the language of the user. Values that are messages themselves are said in that language too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from .handed_on import without_secrets
from .resources import RESOURCES, read_yaml

FOLDER = RESOURCES / "messages"


class Message(str):
    """An English text with its template and values."""

    template: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, values: Mapping[str, Any]) -> Message:
        message = super().__new__(cls, _filled(template, values, "en"))
        message.template, message.values = template, values
        return message

    def __reduce__(self) -> tuple[type[Message], tuple[str, Mapping[str, Any]]]:
        return Message, (self.template, self.values)


def say(template: str, /, **values: Any) -> Message:
    """A message of a template, its braces filled with the values. Templates are literals: tests find them."""
    return Message(template, values)


def listed(parts: Iterable[object], between: str) -> Message:
    """Parts, messages or not, in one line or several; each is said in the language of the reader.

    >>> listed(["a", "b"], "; ")
    'a; b'
    """
    values = {f"part{number}": part for number, part in enumerate(parts)}
    return Message(between.replace("{", "{{").replace("}", "}}").join(f"{{{name}}}" for name in values), values)


def told(text: object, language: str) -> str:
    """A message in a language; a text that is no message is looked up as a whole, and stays where nothing is found."""
    words = _translations(language)
    if not isinstance(text, Message):
        return words.get(str(text)) or without_secrets(str(text))
    return _filled(words.get(text.template, text.template), text.values, language)


def _filled(template: str, values: Mapping[str, Any], language: str) -> str:
    """The template with its values; messages, errors that hold them and `Words` of data are said in the language."""
    if not values:
        return template
    return template.format(**{name: said(value, language) for name, value in values.items()})


def said(value: Any, language: str) -> Any:
    """A value of a message as it is shown: in the language where it has words, and without passwords of addresses."""
    if isinstance(value, Message):
        return told(value, language)
    if isinstance(value, Exception):
        texts = [told(text, language) for text in value.args if isinstance(text, Message)]
        return "\n".join(texts) or without_secrets(str(value))
    if hasattr(value, "of"):
        return value.of(language)
    return without_secrets(str(value)) if isinstance(value, (str, list, tuple)) else value


@cache
def _translations(language: str) -> dict[str, str]:
    path = FOLDER / f"{language}.yaml"
    return read_yaml(path) if path.is_file() else {}
