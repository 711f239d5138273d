"""Which check guards which kind of input. The table of algorithms and checks in the docs is made from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ..quantities import Quantity

Guarded = Literal["continuous", "classes", "land_cover", "series", "table", "polygons", "images", "names", "run"]


@dataclass(frozen=True)
class Check:
    """A check that findings name.

    Attributes:
        id: of the check.
        guards: kinds of input that it looks at: every `continuous` or `classes` raster, the `land_cover` with its
            scheme, a `series` over years, every `table`, all `polygons`, `images` of sensors, `names` that the user
            lists beside rasters, or the `run` as a whole.
        asks: what it asks, in a line.
        of: the tables or polygons, by parameter, where it guards some of them only.
        apart_from: algorithms that do not ask it of them.
        needs: what a quantity must tell for it to ask anything: a `possible` or a `usual` range, `slips` of its unit,
            or a unit that the user chooses (`choice`).
    """

    id: str
    guards: tuple[Guarded, ...]
    asks: str
    of: tuple[str, ...] = ()
    apart_from: tuple[str, ...] = ()
    needs: Literal["", "possible", "usual", "slips", "choice"] = ""


@dataclass(frozen=True)
class Input:
    """A parameter that takes data.

    Attributes:
        algorithm, name: which.
        kinds: of input.
        held: what a raster holds; None for tables and polygons.
        choice: whether the user chooses its unit or scale.
    """

    algorithm: str
    name: str
    kinds: tuple[Guarded, ...]
    held: Quantity | None = None
    choice: bool = False

    @property
    def checks(self) -> tuple[str, ...]:
        """Ids of the checks that guard it."""
        return tuple(dict.fromkeys(check.id for kind in self.kinds for check in guarding(kind) if self._asked(check)))

    def _asked(self, check: Check) -> bool:
        if self.held is None:
            return (not check.of or self.name in check.of) and self.algorithm not in check.apart_from
        ranges = {"possible": self.held.possible, "usual": self.held.usual}
        if check.needs in ranges:
            return any(math.isfinite(end) for end in ranges[check.needs])
        has = {"slips": bool(self.held.slips), "choice": self.choice}
        return has.get(check.needs, True)


CHECKS: tuple[Check, ...] = (
    Check("whole", ("continuous", "classes"), "Does the file hold all its pixels?"),
    Check("nodata", ("continuous", "classes"), "Does the file say what is no value?"),
    Check("fill", ("continuous", "classes"), "Does it hold fill codes that it does not declare?"),
    Check("columns", ("table",), "Is every column there that is needed, and does it hold what it should?"),
    Check("sum_row", ("table",), "Is a row the sum of the others?", of=("EQUIVALENTS_TABLE",)),
    Check("geometry", ("polygons",), "Has every feature an area, and are its rings valid?"),
    Check(
        "overlap",
        ("polygons",),
        "Do zones lie over one another?",
        of=("ZONES", "ECOREGIONS"),
        apart_from=("gepaccount",),
    ),
    Check("apart", ("continuous",), "Does an end of the range stand apart from all other values?"),
    Check("possible", ("continuous",), "Is every value possible for the quantity?", needs="possible"),
    Check(
        "unit",
        ("continuous", "table"),
        "Do the numbers look like another unit?",
        of=("TABLE", "PRICE_INDEX"),
        apart_from=("gepaccount", "gepworkflow"),
        needs="slips",
    ),
    Check("length", ("continuous",), "Does the file declare feet?"),
    Check("position", ("continuous", "classes"), "Can the coordinates belong to the CRS?"),
    Check("scale", ("continuous",), "Is a scale that the file declares given a second time?", needs="choice"),
    Check("usual", ("continuous",), "Are typical values usual?", needs="usual"),
    Check("years", ("series", "images"), "Do names, bands, tags and dates tell the years for which rasters are given?"),
    Check("season", ("images",), "Were all images taken in one season?"),
    Check("bands", ("images",), "Do names, file names or wavelengths tell which band is which?"),
    Check("sensor", ("images",), "Are bands and product names those of the sensor?"),
    Check("level", ("images",), "Do metadata, names and numbers fit the level?"),
    Check("offset", ("images",), "Do baseline and numbers tell the offset of reflectance?"),
    Check("indicators", ("images",), "Are NDVI, wetness and temperature possible?"),
    Check("few_pixels", ("images",), "Does enough of the study area count?"),
    Check("twins", ("series",), "Do two years have the same raster, or the same pixels?"),
    Check("break", ("series",), "Do all values change by a factor between two years?"),
    Check("swapped", ("run",), "Are two inputs swapped, by their names or by their values?"),
    Check("named", ("run",), "Is a file called by another quantity than it is given for?"),
    Check("names", ("names",), "Do names that stand beside rasters cross those of the files?"),
    Check("codes", ("land_cover",), "Does the scheme know every code, and which scheme does?"),
    Check("nodata_codes", ("land_cover",), "Do the codes that stand for no data occur?"),
    Check("moved", ("land_cover",), "Do classes that the class table moves keep what they were worth?"),
    Check("legend", ("land_cover",), "Do names and colours inside the file mean what the scheme says?"),
    Check("water", ("run",), "Is much of the study area valued as lake, though it may be the sea?"),
    Check("coverage", ("run",), "Has more than half of the study area a result?"),
    Check("left_out", ("continuous", "classes"), "What did the pass leave out, and how much?"),
)
BY_ID = {check.id: check for check in CHECKS}


def guarding(kind: Guarded) -> tuple[Check, ...]:
    """The checks that guard a kind of input."""
    return tuple(check for check in CHECKS if kind in check.guards)
