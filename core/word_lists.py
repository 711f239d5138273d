"""Lists that users write as text: names, kinds, weights."""

from __future__ import annotations

import re

_SEPARATORS = r"[,;，；、\n]+"


def split_words(text: str) -> list[str]:
    """Words separated by commas, semicolons or line ends, Chinese ones too, without blanks around them."""
    return [word.strip() for word in re.split(_SEPARATORS, text) if word.strip()]
