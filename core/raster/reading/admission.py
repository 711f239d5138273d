"""Which values of a band a run takes: what is possible, and which codes stand for no data."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...errors import InputError
from ...messages import say


class ImpossibleValue(InputError):
    """A value that the quantity of a raster cannot have, and that is no usual fill code."""


@dataclass(frozen=True)
class Admission:
    """What the gate admits of a band.

    Attributes:
        low, high: the possible values.
        fills: ranges of values that providers use for no data; they are left out where they are not possible.
        codes: values that stand for no data though they would be possible: class codes, fills that stand apart.
        strict: whether any other value that is not possible stops the run; class codes are left to their scheme.
        seen: whether such codes were seen, which must go before a raster is interpolated.
        meaning: what the values are, for messages.
    """

    low: float
    high: float
    fills: tuple[tuple[float, float], ...] = ()
    codes: tuple[float, ...] = ()
    strict: bool = True
    seen: bool = False
    meaning: str = field(default="", compare=False)

    def is_fill(self, value: float) -> bool:
        """Whether a value that is not possible stands for no data."""
        return any(low <= value <= high for low, high in self.fills)

    def is_nodata(self, code: float) -> bool:
        """Whether a value stands for no data."""
        return code in self.codes or (not self.low <= code <= self.high and self.is_fill(code))

    def left_out(self, values: np.ndarray, valid: np.ndarray, where: str) -> dict[float, np.ndarray]:
        """Where valid pixels hold fill codes that are not possible, by value; empty for nearly every block.

        Args:
            values: shape (height, width), 0 where not valid.
            valid: the same shape.
            where: the raster, for the message.

        Raises:
            ImpossibleValue: a value is not possible and no fill code.
        """
        found = {}
        for code in self.codes:
            same = valid & (values == code)
            if same.any():
                found[float(code)] = same
        lowest, highest = values.min(), values.max()
        if lowest >= self.low and highest <= self.high:
            return found
        outside = valid & ~((values >= self.low) & (values <= self.high))
        held = np.unique(values[outside])
        filled = np.zeros(held.shape, bool)
        for low, high in self.fills:
            filled |= (held >= low) & (held <= high)
        if self.strict and not filled.all():
            value = held[~filled][0]
            raise ImpossibleValue(
                say(
                    "{where} holds {value:.6g} ({pixels} px in one block), which {meaning} cannot be: it lies "
                    "between {low:.6g} and {high:.6g}. Mend the raster, declare the value as nodata, or give the "
                    "valid range of this input.",
                    where=where,
                    value=float(value),
                    pixels=int(np.count_nonzero(outside & (values == value))),
                    meaning=self.meaning,
                    low=self.low,
                    high=self.high,
                )
            )
        for value in held[filled]:
            found[float(value)] = outside & (values == value)
        return found
