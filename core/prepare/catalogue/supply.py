"""How a product is had: over what land, of which years, how large it is, and what a user does to get it."""

from __future__ import annotations

from dataclasses import dataclass

from ...quantities import Words

SUPPLY_FACTS = ("area", "years", "mb", "per", "order")


@dataclass(frozen=True)
class Supply:
    """How a product is had.

    Attributes:
        area: the land that it covers.
        years: such as `1985, 1990-`; "" for what has none.
        mb: size in megabytes, about; None where it depends on what is ordered.
        per: what has that size.
        order: what a user does to get it.
        unverified: of `SUPPLY_FACTS`, those that were not checked against the provider.
    """

    area: Words
    years: str
    mb: float | None
    per: Words | None
    order: Words
    unverified: tuple[str, ...] = ()

    def size(self, language: str) -> str:
        """Such as `about 8 MB a tile and year`; "" where it is not told."""
        if self.mb is None or self.per is None:
            return ""
        size = f"{self.mb / 1000:g} GB" if self.mb >= 1000 else f"{self.mb:g} MB"
        per = self.per.of(language)
        return f"{per}约 {size}" if language == "zh" else f"about {size} {per}"
