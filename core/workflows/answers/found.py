"""What the sentences of page one are made of: headline figures by name, ranked, and put into words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...raster.zones.zoning import OUTSIDE
from ...report.telling import Teller, within
from ..headlines import Headline

CERTAIN = 0.05


class Found(Teller):
    """Headline figures, and how a language tells them.

    Attributes:
        named: puts the subject of a figure into words.
    """

    def __init__(self, headlines: Sequence[Headline], language: str, naming: Callable[[str], str]) -> None:
        super().__init__(language)
        self.named = naming
        self._headlines = [headline for headline in headlines if headline.value is not None]

    def of_all(self) -> list[Headline]:
        return self._headlines

    def naming(self, subject: str) -> str:
        """A subject within a sentence: what the report names itself begins with a small letter, but GDP."""
        name = self.named(subject)
        return within(name) if name != subject else name

    def of(self, figure: str, year: int | None = None, subject: str | None = None) -> list[Headline]:
        """Figures of a name, in their order; of a year or a subject where one is asked for."""
        return [
            headline
            for headline in self._headlines
            if headline.figure == figure
            and (year is None or headline.year == year)
            and (subject is None or headline.subject == subject)
        ]

    def one(self, figure: str, subject: str = "", year: int | None = None) -> Headline | None:
        """The only or last figure of a name and subject."""
        return next(reversed(self.of(figure, year, subject)), None)

    def years(self, figure: str) -> list[int]:
        return sorted({headline.year for headline in self.of(figure) if headline.year is not None})

    def ranked(self, figure: str, year: int | None = None, within: str = "") -> list[tuple[str, Headline]]:
        """Subjects and figures, the largest first; `within` asks for subjects `within, x` and returns x."""
        found = []
        for headline in self.of(figure, year):
            before, comma, name = headline.subject.partition(", ")
            subject = name if within and comma else headline.subject
            if (before == within if within else True) and subject not in (OUTSIDE, ""):
                found.append((subject, headline))
        return sorted(found, key=lambda item: -(item[1].value or 0.0))

    def amount(self, headline: Headline | None, signed: bool = False) -> str:
        """A figure with its unit; a change with its sign."""
        if headline is None:
            return self.amount_of(None, "")
        return self.amount_of(headline.value, headline.unit, signed)

    def with_values(self, items: Sequence[tuple[str, Headline]]) -> str:
        """``forest (47.43 %), wetland (31.53 %)``."""
        return self.valued(zip((self.naming(name) for name, _ in items), self.amounts([found for _, found in items])))

    def amounts(self, figures: Sequence[Headline]) -> list[str]:
        """Figures that stand beside each other: in one unit where they have the same."""
        if len({f.unit for f in figures}) != 1:
            return [self.amount(f) for f in figures]
        return self.amounts_of([f.value for f in figures], figures[0].unit)

    def by_year(self, figures: Sequence[Headline], signed: bool = False) -> str:
        """``670.69 million CNY/a in 2000 and 775.1 million CNY/a in 2015``."""
        amounts = [self.amount(f, True) for f in figures] if signed else self.amounts(figures)
        return self.listed(self.say("in_year", value=value, year=f.year) for value, f in zip(amounts, figures))

    def by_pair(self, figures: Sequence[Headline]) -> str:
        """``+4.72 % from 2000 to 2005 and −1 % from 2005 to 2010``."""
        return self.listed(
            self.say("in_pair", value=self.amount(f, True), first=f.from_year, last=f.year) for f in figures
        )

    def course(self, levels: Sequence[Headline]) -> str:
        """How a series of years went: throughout up, down, or turning in a year."""
        return self.course_of([(headline.year or 0, headline.value or 0.0) for headline in levels])

    def direction(self, headline: Headline) -> int:
        """1 or -1 of an effect that is certain at the 5 % level, else 0."""
        if headline.p is None or headline.p >= CERTAIN or not headline.value:
            return 0
        return 1 if headline.value > 0 else -1

    def places(self, by: str, figure: str, within: str = "", most: int = 3) -> str:
        """The zones in which most of something lies, with their shares; "" without zones."""
        top = [(n, h) for n, h in self.ranked(f"{by}_{figure}", within=within) if (h.value or 0) > 0][:most]
        return self.with_values(top) if top else ""
