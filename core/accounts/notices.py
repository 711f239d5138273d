"""What the reader of an account must know: a sentence of the report's texts, filled with what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..quantities import Words
from ..report.texts import load_texts


@dataclass(frozen=True)
class Notice:
    """A warning.

    Attributes:
        key: of the sentence, in resources/report/texts.
        fields: what is filled in; words come in both languages.
    """

    key: str
    fields: Mapping[str, str | Words] = field(default_factory=dict)

    def text(self, language: str) -> str:
        """The sentence in a language (`en` or `zh`)."""
        filled = {
            name: value.of(language) if isinstance(value, Words) else value for name, value in self.fields.items()
        }
        return load_texts(language)[self.key].format(**filled)
