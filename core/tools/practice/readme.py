"""What lies in the folder of the practice region, told in README.txt in the language of its reader."""

from __future__ import annotations

import textwrap
from pathlib import Path

from ...resources import RESOURCES, read_yaml
from .model import Frame, RasterFile, RegionFiles

WIDTH = 110


def readme(frame: Frame, files: RegionFiles, language: str) -> str:
    """The text: every raster, polygon layer and table with its unit, fields or columns, and the traps; `en` or `zh`."""
    words = read_yaml(RESOURCES / "practice" / "readme.yaml")[language]
    names = {name: told[language] for name, told in read_yaml(RESOURCES / "practice" / "layers.yaml")["layers"].items()}
    own = words.get("titles", {})

    def title(name: str, english: str) -> str:
        return english if language == "en" else str(own.get(name) or names[name])

    years = ", ".join(map(str, frame.years))
    east, north = frame.origin
    lines = [
        words["title"],
        "",
        words["made"].format(size=frame.size, seed=frame.seed, years=years),
        words["grid"].format(epsg=frame.epsg, pixel=frame.pixel_m, east=east, north=north),
        "",
        words["rasters"],
    ]
    series: dict[str, list[RasterFile]] = {}
    for raster in files.rasters:
        series.setdefault(raster.series, []).append(raster)
    for name, members in series.items():
        first = members[0]
        file = f"{name}.tif" if first.year is None else f"{name}_{words['year']}.tif"
        whole = first.year is None or len(members) == len(frame.years)
        some = "" if whole else words["some"].format(years=", ".join(str(member.year) for member in members))
        unit = first.unit or words["classes" if first.kind == "classes" else "number"]
        lines.append(words["raster"].format(file=file, some=some, unit=unit, title=title(name, first.title)))
        if len(first.bands) > 1 and name != "precipitation_monthly":
            lines += [words["band"].format(number=n, band=band) for n, band in enumerate(first.bands, start=1)]
    for heading, line, members_ in (
        ("polygons", "shape", [(one.path, one.name, one.title, one.fields) for one in files.shapes]),
        ("tables", "table", [(one.path, one.name, one.title, one.columns) for one in files.tables]),
    ):
        lines += ["", words[heading]]
        for path, name, english, fields in members_:
            told = title(name, english)
            lines.append(words[line].format(file=Path(path).name, title=told, fields=", ".join(fields)))
    traps = [words["traps"]] if language == "zh" else textwrap.wrap(words["traps"], WIDTH)
    return "\n".join([*lines, "", *traps, ""])
