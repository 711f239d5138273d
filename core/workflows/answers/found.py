"""What the sentences of page one are made of: headline figures by name, ranked, and put into words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ...raster.zones.zoning import OUTSIDE
from ...report.numbers import amount, format_number
from ...report.texts import load_texts
from ..headlines import Headline

Sentence = tuple[str, str]
NOTABLE_PCT = 1.0  # a smaller change of a total is told as stable
CERTAIN = 0.05


class Found:
    """Headline figures, and how a language tells them.

    Attributes:
        words: texts of the report.
        language: `en` or `zh`.
        named: puts the subject of a figure into words.
    """

    def __init__(self, headlines: Sequence[Headline], language: str, naming: Callable[[str], str]) -> None:
        self.words: Mapping[str, str] = load_texts(language)
        self.language, self.named = language, naming
        self._headlines = [headline for headline in headlines if headline.value is not None]

    def of_all(self) -> list[Headline]:
        return self._headlines

    def naming(self, subject: str) -> str:
        """A subject within a sentence: what the report names itself begins with a small letter, but GDP."""
        name = self.named(subject)
        own = name != subject and name[1:2].islower()
        return name[0].lower() + name[1:] if own else name

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
        value = None if headline is None else headline.value
        text = amount(value, "" if headline is None else headline.unit, self.language)
        return f"+{text}" if signed and value is not None and value > 0 else text

    def amount_of(self, value: float | None, unit: str) -> str:
        return amount(value, unit, self.language)

    def say(self, key: str, **parts: object) -> str:
        return self.words[f"say_{key}"].format(**parts)

    def sentence(self, about: str, key: str, **parts: object) -> Sentence:
        """A sentence under what it is about."""
        return self.words[f"about_{about}"], capital(self.say(key, **parts))

    def listed(self, items: Iterable[str]) -> str:
        """``a, b and c``, 甲、乙和丙."""
        *most, last = items
        comma, conjunction = self.words["say_comma"], self.words["say_and"]
        return f"{comma.join(most)}{conjunction}{last}" if most else last

    def with_values(self, items: Sequence[tuple[str, Headline]]) -> str:
        """``forest (47.43 %), wetland (31.53 %)``."""
        told = (self.say("with_value", name=self.naming(name), value=self.amount(found)) for name, found in items)
        return self.words["say_comma"].join(told)

    def by_year(self, figures: Sequence[Headline], signed: bool = False) -> str:
        """``670.69 million CNY/a in 2000 and 775.1 million CNY/a in 2015``."""
        return self.listed(self.say("in_year", value=self.amount(f, signed), year=f.year) for f in figures)

    def by_pair(self, figures: Sequence[Headline]) -> str:
        """``+4.72 % from 2000 to 2005 and −1 % from 2005 to 2010``."""
        return self.listed(
            self.say("in_pair", value=self.amount(f, True), first=f.from_year, last=f.year) for f in figures
        )

    def course(self, levels: Sequence[Headline]) -> str:
        """How a series of years went: throughout up, down, or turning in a year."""
        values = [headline.value or 0.0 for headline in levels]
        signs = []
        for before, after in zip(values, values[1:]):
            change = (after - before) / abs(before) * 100 if before else 0.0
            signs.append(0 if abs(change) < NOTABLE_PCT else 1 if change > 0 else -1)
        runs: list[list[int]] = []  # sign, and the year up to which it lasted
        for sign, level in zip(signs, levels[1:]):
            if runs and runs[-1][0] == sign:
                runs[-1][1] = level.year or 0
            else:
                runs.append([sign, level.year or 0])
        moves = {1: "rose", -1: "fell", 0: "stable"}
        if len(runs) == 1:
            return self.say(f"only_{moves[runs[0][0]]}")
        told = [self.say(f"{moves[sign]}_until", year=year) for sign, year in runs]
        return self.words["say_then"].join(told)

    def direction(self, headline: Headline) -> int:
        """1 or -1 of an effect that is certain at the 5 % level, else 0."""
        if headline.p is None or headline.p >= CERTAIN or not headline.value:
            return 0
        return 1 if headline.value > 0 else -1

    def places(self, by: str, figure: str, within: str = "", most: int = 3) -> str:
        """The zones in which most of something lies, with their shares; "" without zones."""
        top = [(n, h) for n, h in self.ranked(f"{by}_{figure}", within=within) if (h.value or 0) > 0][:most]
        return self.with_values(top) if top else ""

    @staticmethod
    def number(value: float | None, decimals: int | None = None) -> str:
        return format_number(value, decimals)


def capital(text: str) -> str:
    """A text with a capital letter in front."""
    return text[:1].upper() + text[1:]
