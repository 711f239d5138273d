"""Which check guards which kind of input. The table of algorithms and checks in the docs is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Guarded = Literal["continuous", "classes", "series", "reference", "table", "polygons", "images", "run"]


@dataclass(frozen=True)
class Check:
    """A check that findings name.

    Attributes:
        id: of the check.
        guards: kinds of input that it looks at: every `continuous` or `classes` raster, a `series` over years, the
            `reference` grid, every `table`, all `polygons`, `images` of sensors, or the `run` as a whole.
        asks: what it asks, in a line.
        of: the tables or polygons, by parameter, where it guards some of them only; rasters it guards all.
    """

    id: str
    guards: tuple[Guarded, ...]
    asks: str
    of: tuple[str, ...] = ()


CHECKS: tuple[Check, ...] = (
    Check("nodata", ("continuous", "classes"), "Does the file say what is no value?"),
    Check("fill", ("continuous", "classes"), "Does it hold fill codes that it does not declare?"),
    Check("columns", ("table",), "Is every column there that is needed, and does it hold what it should?"),
    Check("sum_row", ("table",), "Is a row the sum of the others?", ("EQUIVALENTS_TABLE",)),
    Check("geometry", ("polygons",), "Has every feature an area, and are its rings valid?"),
    Check("overlap", ("polygons",), "Do zones lie over one another?", ("ZONES", "ECOREGIONS")),
    Check("apart", ("continuous",), "Does an end of the range stand apart from all other values?"),
    Check("possible", ("continuous",), "Is every value possible for the quantity?"),
    Check("unit", ("continuous", "table"), "Do the numbers look like another unit?", ("TABLE", "PRICE_INDEX")),
    Check("length", ("continuous",), "Does the file declare feet?"),
    Check("position", ("continuous", "classes"), "Can the coordinates belong to the CRS?"),
    Check("scale", ("continuous",), "Is a scale that the file declares given a second time?"),
    Check("usual", ("continuous",), "Are typical values usual?"),
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
    Check("swapped", ("run",), "Are two inputs of one unit swapped?"),
    Check("codes", ("classes",), "Does the scheme know every code, and which scheme does?"),
    Check("legend", ("classes",), "Do names and colours inside the file mean what the scheme says?"),
    Check("water", ("run",), "Is much of the study area valued as lake, though it may be the sea?"),
    Check("coverage", ("run",), "Has more than half of the study area a result?"),
    Check("left_out", ("continuous", "classes"), "What did the pass leave out, and how much?"),
)
BY_ID = {check.id: check for check in CHECKS}


def guarding(kind: Guarded, parameter: str = "") -> tuple[Check, ...]:
    """The checks that guard a kind of input, or a parameter of that kind."""
    some = kind in ("table", "polygons") and parameter
    return tuple(
        check for check in CHECKS if kind in check.guards and not (some and check.of and parameter not in check.of)
    )
