"""Rasters over several years: which file and band belongs to which year."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import InputError
from ...messages import listed, say
from ...progress import Progress
from ...quantities import ANY, Measure
from ..dataset import open_raster, short_name
from .source import Kind, Source


def yearly_sources(
    name: str,
    paths: Sequence[str],
    years: Sequence[int],
    label: str,
    *,
    kind: Kind = "continuous",
    static: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
    measure: Measure = ANY,
) -> tuple[Source, ...]:
    """Pairs rasters with years: T single-band rasters, or one raster of T bands, or (`static`) one for all years.

    Args:
        name: the key of the series; the source of 2005 is named `name:2005`, a static one just `name`.
        paths: the rasters in the order of the years.
        years: strictly rising.
        label: what the user calls the series.
        kind: `classes` or `continuous`.
        static: whether one single-band raster may stand for all years.
        minimum: smallest valid value.
        maximum: largest valid value.
        measure: what the values mean.

    Returns:
        A source per year, in order; a static series repeats one source.

    Raises:
        InputError: the numbers of rasters, bands and years do not fit.
    """
    listed = ", ".join(map(str, years))
    bands = [open_raster(path, label).RasterCount for path in paths]

    def source(position: int, key: str, path: str, band: int) -> Source:
        year = years[position] if key != name else None
        named = label if year is None else f"{label} {year}"
        return Source(key, path, band, kind, named, minimum, maximum, measure=measure, year=year, series=label)

    if len(paths) == 1 and bands[0] == len(years):
        return tuple(source(i, f"{name}:{year}", paths[0], i + 1) for i, year in enumerate(years))
    if len(paths) == 1 and bands[0] == 1 and static:
        return (source(0, name, paths[0], 1),) * len(years)
    if len(paths) == len(years):
        for path, count in zip(paths, bands):
            if count != 1:
                raise InputError(
                    say(
                        "{label}: {path} has {count} bands, but one raster per year was given, so each must have one "
                        "band. Extract the band (Raster > Conversion > Translate), or give one raster whose bands "
                        "are the years.",
                        label=label,
                        path=short_name(path),
                        count=count,
                    )
                )
        return tuple(source(i, f"{name}:{year}", path, 1) for i, (year, path) in enumerate(zip(years, paths)))
    held = (
        say("{count} rasters", count=len(paths))
        if len(paths) > 1
        else say("one raster of {bands} band(s)", bands=bands[0])
        if paths
        else say("no raster")
    )
    one_for_all = say(", or one raster with one band for all years") if static else ""
    raise InputError(
        say(
            "{label}: {held} given for {count} year(s) ({listed}). Give one single-band raster per year "
            "in that order, or one raster with a band per year{one_for_all}.",
            label=label,
            held=held,
            count=len(years),
            listed=listed,
            one_for_all=one_for_all,
        )
    )


def images_by_year(paths: Sequence[str], years: Sequence[int], label: str = "Images") -> tuple[Source, ...]:
    """The first band of an image of several bands per year, which stands for the image.

    Raises:
        InputError: the numbers of images and years differ.
    """
    if len(paths) != len(years):
        raise InputError(
            say(
                "{count} image(s) given for {count2} year(s) ({value}). Give one multi-band raster per year, "
                "in that order; the band files of a year are stacked by Raster > Miscellaneous > Build "
                "Virtual Raster, each in a band.",
                count=len(paths),
                count2=len(years),
                value=", ".join(map(str, years)),
            )
        )
    return tuple(
        Source(f"image:{year}", path, 1, "continuous", f"{label} {year}", measure=ANY, year=year, series=label)
        for path, year in zip(paths, years)
    )


def tell_pairing(label: str, sources: Sequence[Source], years: Sequence[int], progress: Progress) -> None:
    """Echoes which raster was taken for which year."""
    pairs = listed(
        (
            listed((year, say("{file} band {band}", file=short_name(source.path), band=source.band)), " = ")
            for year, source in zip(years, sources)
        ),
        "; ",
    )
    progress.info(listed((label, pairs), ": "))
