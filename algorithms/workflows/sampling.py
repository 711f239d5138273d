"""The sample that the driver statistics of the workflows work on: a value by cell and year of every raster."""

from __future__ import annotations

from ...core.errors import InputError
from ...core.word_lists import split_words
from ..base import EcoAlgorithm
from ..given import Given
from ..translation import tr
from .chain import Chain, Step

# Rasters by year that may drive what is explained, apart from those that a workflow needs anyway.
DRIVERS = ("TEMPERATURE", "POPULATION", "GDP", "NIGHT_LIGHT")  # each of the quantity of its name


class DriverParameters(EcoAlgorithm):
    """Declares the drivers."""

    def add_drivers(self) -> None:
        for name in DRIVERS:
            self.add_series(name, quantity=name.lower(), optional=True)
        self.add_rasters("MORE_DRIVERS", quantity="any", optional=True)
        self.add_text("DRIVER_NAMES", optional=True)
        self.add_number("CELL_SIZE", 1000, 0)


class Sampling:
    """Collects rasters and their names for `samplegrid`; what comes first is what is explained.

    Attributes:
        names: distinct names of the variables, the explained one first.
    """

    def __init__(self, given: Given) -> None:
        self._given = given
        self._rasters: list[str] = []
        self._words: list[str] = []
        self._ranges: list[str] = []

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(self._words))

    @property
    def drivers(self) -> list[str]:
        """The names of what may explain."""
        return self.names[1:]

    def add(self, name: str, *paths: str) -> None:
        """Adds a variable: one raster (static, or a band per year) or a raster per year."""
        self._rasters += paths
        self._words += [name] * len(paths)

    def add_given(self, parameter: str, name: str = "") -> None:
        """Adds the rasters of a parameter with its valid range, under a name or its own in small letters."""
        paths = self._given.rasters(parameter)
        if not paths:
            return
        name = name or parameter.lower()
        self.add(name, *paths)
        limits = self._given.limits(parameter)
        if any(limit is not None for limit in limits):
            self._ranges.append(":".join([name, *("" if limit is None else f"{limit:.17g}" for limit in limits)]))

    def add_drivers(self) -> None:
        """Adds the drivers that were given.

        Raises:
            InputError: names and rasters of further drivers differ in number.
        """
        for parameter in DRIVERS:
            self.add_given(parameter)
        paths, words = self._given.rasters("MORE_DRIVERS"), split_words(self._given.text("DRIVER_NAMES"))
        if len(paths) != len(words):
            raise InputError(
                tr(
                    "DRIVER_NAMES holds {names} names for {rasters} rasters of MORE_DRIVERS. Give one name for each "
                    "raster, in their order; repeat the name for the years of one driver.",
                    names=len(words),
                    rasters=len(paths),
                )
            )
        for path, word in zip(paths, words):
            self.add(word, path)

    def check(self, like: str) -> None:
        """Refuses names and cells that the sample cannot have.

        Args:
            like: a raster on the grid of the first variable.

        Raises:
            InputError, GridError: as `run_sample_grid`.
        """
        from ...core.drivers.sampling.fishnet import fishnet
        from ...core.drivers.sampling.inputs import read_variables
        from ...core.raster.reading.source import Source, describe_source

        read_variables(self._rasters, ", ".join(self._words))
        _, grid = describe_source(Source("grid", like))
        fishnet(grid, self._given.required_number("CELL_SIZE"))

    def run(self, chain: Chain) -> Step:
        """Samples everything on one fishnet."""
        return chain.run(
            "samplegrid",
            {"OUTPUT": "sample.gpkg"},
            RASTERS=self._rasters,
            NAMES=", ".join(self._words),
            VALID_RANGES="; ".join(self._ranges) or None,
        )
