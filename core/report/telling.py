"""Sentences of an answer: numbers with their units, courses over the years, what is largest, in a language."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from .numbers import amount, format_number, scaled, unit_decimals
from .texts import load_texts

Sentence = tuple[str, str]  # what it is about, and the sentence
NOTABLE_PCT = 1.0  # a smaller change of a total is told as stable
MOST_YEARS = 5  # of a sentence; of more years the first and the last are told


class Teller:
    """Puts numbers into the sentences of a language, `en` or `zh`; its words are `say_*` and `about_*` of the texts."""

    def __init__(self, language: str) -> None:
        self.words = load_texts(language)
        self.language = language

    # words

    def say(self, key: str, **parts: object) -> str:
        return self.words[f"say_{key}"].format(**parts)

    def sentence(self, about: str, key: str, **parts: object) -> Sentence:
        """A sentence under what it is about."""
        return self.words[f"about_{about}"], self.capital(self.say(key, **parts))

    def capital(self, text: str) -> str:
        """A sentence with a capital letter in front, where the language has them."""
        return text if self.language == "zh" else capital(text)

    def listed(self, items: Iterable[str]) -> str:
        """``a, b and c``, 甲、乙和丙."""
        *most, last = items
        comma, conjunction = self.words["say_comma"], self.words["say_and"]
        return f"{comma.join(most)}{conjunction}{last}" if most else last

    def valued(self, items: Iterable[tuple[str, str]]) -> str:
        """``forest (47.43 %), wetland (31.53 %)``, of names and their values as texts."""
        return self.words["say_comma"].join(self.say("with_value", name=name, value=value) for name, value in items)

    def grouped(self, sentences: Iterable[Sentence]) -> list[Sentence]:
        """Sentences about the same thing as one."""
        told: dict[str, list[str]] = {}
        for about, sentence in sentences:
            told.setdefault(about, []).append(sentence)
        return [(about, self.words["say_gap"].join(parts)) for about, parts in told.items()]

    # numbers

    def amount_of(self, value: float | None, unit: str, signed: bool = False) -> str:
        """A number with its unit; a change with its sign."""
        text = amount(value, unit, self.language)
        return f"+{text}" if signed and value is not None and value > 0 else text

    def amounts_of(self, values: Sequence[float | None], unit: str) -> list[str]:
        """Numbers of one unit that stand beside each other, all in millions where one needs them."""
        numbers, told = scaled(values, unit, self.language)
        gap = "" if self.language == "zh" or not told else " "
        return [f"{format_number(number, unit_decimals(told))}{gap}{told}" for number in numbers]

    @staticmethod
    def number(value: float | None, decimals: int | None = None) -> str:
        return format_number(value, decimals)

    def course_of(self, points: Sequence[tuple[int, float]]) -> str:
        """How a series of years and values went: throughout up, down, or turning in a year."""
        signs = []
        for (_, before), (_, after) in zip(points, points[1:]):
            change = (after - before) / abs(before) * 100 if before else 0.0
            signs.append(0 if abs(change) < NOTABLE_PCT else 1 if change > 0 else -1)
        runs: list[list[int]] = []  # sign, and the year up to which it lasted
        for sign, (year, _) in zip(signs, points[1:]):
            if runs and runs[-1][0] == sign:
                runs[-1][1] = year
            else:
                runs.append([sign, year])
        moves = {1: "rose", -1: "fell", 0: "stable"}
        if len(runs) == 1:
            return self.say(f"only_{moves[runs[0][0]]}")
        return self.words["say_then"].join(self.say(f"{moves[sign]}_until", year=year) for sign, year in runs)

    # sentences that many methods tell

    def levels(
        self, what: str, years: Sequence[int | None], values: Sequence[float], unit: str = "", about: str = "level"
    ) -> list[Sentence]:
        """What there is in every year, how it went, and by how much from the first year to the last.

        >>> Teller("en").levels("Water retention", (2000, 2010), (2e6, 3e6), "m3/a")[0][1]
        'Water retention: 2.00 million m³/a in 2000 and 3.00 million m³/a in 2010. ...'
        """
        found = [(year, value) for year, value in zip(years, values) if math.isfinite(value)]
        if not found:
            return []
        dated = [(year, value) for year, value in found if year is not None]
        if len(dated) < 2:
            year, value = found[-1]
            key = "value" if year is None else "value_in"
            return [self.sentence(about, key, what=what, year=year, value=self.amount_of(value, unit))]
        told = dated if len(dated) <= MOST_YEARS else [dated[0], dated[-1]]
        amounts = self.amounts_of([value for _, value in told], unit)
        levels = self.listed(self.say("in_year", value=value, year=year) for value, (year, _) in zip(amounts, told))
        text = self.say("levels", what=what, levels=levels)
        (first, before), (last, after) = dated[0], dated[-1]
        if before > 0:
            change = self.amount_of((after - before) / before * 100, "%", signed=True)
            course = self.course_of(dated)
            text += self.words["say_gap"] + self.say("moved", course=course, change=change, first=first, last=last)
        return [(self.words[f"about_{about}"], self.capital(text))]

    def made_of(
        self,
        parts: Mapping[str, float],
        about: str = "ecosystems",
        key: str = "made_of",
        unit: str = "",
        most: int = 3,
        **said: object,
    ) -> list[Sentence]:
        """The largest parts with their shares of all that is above zero; with a unit, with their amounts, too."""
        positive = {name: value for name, value in parts.items() if value > 0}
        whole = math.fsum(positive.values())
        if len(positive) < 2:
            return []
        told = []
        for name, value in sorted(positive.items(), key=lambda item: -item[1])[:most]:
            share = self.amount_of(value / whole * 100, "%")
            told.append((name, self.words["say_comma"].join((self.amount_of(value, unit), share)) if unit else share))
        return [self.sentence(about, key, parts=self.valued(told), **said)]

    def extremes(
        self, values: Mapping[str, float], unit: str, about: str, key: str = "extremes", **said: object
    ) -> list[Sentence]:
        """Where most and where least is, by name; nothing for fewer than two names, or where all are alike."""
        ranked = sorted(((n, v) for n, v in values.items() if math.isfinite(v)), key=lambda item: -item[1])
        if len(ranked) < 2:
            return []
        (most, high), (least, low) = ranked[0], ranked[-1]
        numbers = {"high": self.amount_of(high, unit), "low": self.amount_of(low, unit)}
        if numbers["high"] == numbers["low"]:
            return []
        return [self.sentence(about, key, most=most, least=least, **numbers, **said)]


def capital(text: str) -> str:
    """A text with a capital letter in front."""
    return text[:1].upper() + text[1:]


def within(name: str) -> str:
    """A name of the report's own within a sentence: with a small letter in front, but GDP."""
    return name[0].lower() + name[1:] if name[1:2].islower() else name
