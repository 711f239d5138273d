"""The fixed words and the colours of a report, from `resources/report`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ..errors import InputError
from ..messages import say
from ..quantities import quantities
from ..resources import RESOURCES, read_yaml

FOLDER = RESOURCES / "report"


@cache
def load_texts(language: str) -> dict[str, str]:
    """The fixed words of the page by key, and the names of quantities by their id.

    Raises:
        InputError: there is no such language.
    """
    languages = sorted(path.stem for path in (FOLDER / "texts").glob("*.yaml"))
    if language not in languages:
        raise InputError(
            say(
                "Reports do not know the language '{language}'. Choose one of: {languages}.",
                language=language,
                languages=", ".join(languages),
            )
        )
    names = {one.id: one.name.of(language) for one in quantities().values()}
    texts: dict[str, str] = read_yaml(FOLDER / "texts" / f"{language}.yaml")
    return {**names, **texts}


@dataclass(frozen=True)
class Palettes:
    """Colours (``#rrggbb``) that people with colour-blindness can tell apart."""

    sequential: tuple[str, ...]
    diverging: tuple[str, ...]
    categorical: tuple[str, ...]
    other: str
    muted: str
    ecosystems: Mapping[str, str]

    @property
    def greyed(self) -> str:
        """What a map of numbers sets aside: darker than the middle of `diverging`, lighter than any of its ends."""
        return blend(self.other, "#ffffff", 0.4)

    def category(self, index: int) -> str:
        """The colour of the `index`-th series; further rounds through the palette are lighter each time."""
        rounds, position = divmod(index, len(self.categorical))
        return blend(self.categorical[position], "#ffffff", 1 - 0.55**rounds)


@cache
def load_palettes() -> Palettes:
    """The palettes of `palettes.yaml`."""
    given = read_yaml(FOLDER / "palettes.yaml")
    return Palettes(
        sequential=tuple(given["sequential"]),
        diverging=tuple(given["diverging"]),
        categorical=tuple(given["categorical"]),
        other=given["other"],
        muted=given["muted"],
        ecosystems=given["ecosystems"],
    )


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue (0 to 255) of ``#rrggbb``.

    Raises:
        InputError: the text is not such a colour.
    """
    digits = colour[1:]
    try:
        if len(colour) != 7 or colour[0] != "#":
            raise ValueError
        return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    except ValueError:
        raise InputError(
            say("'{colour}' is not a colour. Write it as #rrggbb, for example #009e73.", colour=colour)
        ) from None


def blend(first: str, second: str, weight: float) -> str:
    """The colour that lies `weight` (0 to 1) of the way from `first` to `second`."""
    mixed = (round(a + (b - a) * weight) for a, b in zip(rgb(first), rgb(second)))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def ramp_colour(stops: tuple[str, ...], position: float) -> str:
    """The colour at `position` (0 to 1) on a ramp of evenly spaced stops."""
    place = min(max(position, 0.0), 1.0) * (len(stops) - 1)
    lower = min(int(place), len(stops) - 2)
    return blend(stops[lower], stops[lower + 1], place - lower)
