"""The report of human activity or hemeroby: means, levels, zones, maps."""

from __future__ import annotations

from ...raster.zones.zoning import OUTSIDE
from ...report import (
    Bars,
    Block,
    Chapter,
    Column,
    Figure,
    Figures,
    LeftOutArea,
    Lines,
    Map,
    MapPicture,
    MethodReport,
    Ramp,
    Series,
    TableBlock,
)
from ...report.telling import Sentence, Teller, within
from ...report.texts import load_palettes, load_texts, ramp_colour
from .run import PressureResult, pressure_table


def pressure_report(
    result: PressureResult, output: str | None, language: str, held: str = "human_activity"
) -> MethodReport:
    """How hard people press, by year, level and zone; language `en` or `zh`.

    Args:
        result: of `run_human_activity` or `run_hemeroby`.
        output: path of the map; None where there is none.
        language: of the report.
        held: id of the quantity, `human_activity` or `hemeroby`.
    """
    words = load_texts(language)
    years = result.inputs.years
    own = result.inputs.coefficients.provenance
    sources = [own] if own else []
    left_out = [
        LeftOutArea(str(year), words["left_out_pair"], area)
        for year, area in zip(years, result.left_out_ha)
        if area > 0
    ]
    ranges = [(f"{label}: {words['pressure_range']}", f"{a:.6g} – {b:.6g}") for label, (a, b) in result.ranges.items()]
    return MethodReport(
        chapters=[
            Chapter(words["pressure_mean"], _means(result, words)),
            Chapter(words["pressure_levels"], _levels(result, words, language)),
            Chapter(words["pressure_zones"], _zones(result, words)),
            Chapter(words["pressure_map"], _map(result, output, words)),
        ],
        subtitle=f"{years[0]}–{years[-1]} · {result.inputs.coefficients.name}",
        parameters=ranges,
        sources=sources,
        left_out=left_out,
        sentences=_sentences(result, held, Teller(language)),
    )


def _sentences(result: PressureResult, held: str, teller: Teller) -> list[Sentence]:
    """The mean of every year, the land in the levels of the last one, and the zones where people press hardest."""
    years = result.inputs.years
    of_last = [row for row in result.rows if row.year == years[-1]]
    areas: dict[str, float] = {}
    for number, level in result.inputs.coefficients.levels.by_id.items():
        name = within(level.name_zh if teller.language == "zh" and level.name_zh else level.name)
        areas[name] = sum(row.area_ha for row in of_last if row.level == number)
    sentences = [
        *teller.levels(teller.say("mean_of", what=teller.words[held]), years, result.means),
        *teller.made_of(areas, "levels", "made_of_classes_in", "ha", year=years[-1]),
    ]
    if result.inputs.unit.kind == "zones":
        means = {row.zone: row.value for row in of_last if row.zone != OUTSIDE}
        sentences += teller.extremes(means, "", "zones", "highest_in", year=years[-1])
    return sentences


def _means(result: PressureResult, words: dict[str, str]) -> list[Block]:
    years = result.inputs.years
    cards = Figures([Figure(str(year), mean) for year, mean in zip(years, result.means)])
    if len(years) == 1:
        return [cards]
    return [cards, Lines(words["pressure_mean"], years, [Series(words["pressure_value"], result.means)])]


def _levels(result: PressureResult, words: dict[str, str], language: str) -> list[Block]:
    levels = result.inputs.coefficients.levels.by_id
    years = result.inputs.years
    stops = load_palettes().sequential
    series = []
    for rank, (number, level) in enumerate(levels.items()):
        areas = [sum(r.area_ha for r in result.rows if r.year == year and r.level == number) for year in years]
        name = level.name_zh if language == "zh" and level.name_zh else level.name
        series.append(Series(f"{number} {name}", areas, ramp_colour(stops, rank / max(len(levels) - 1, 1))))
    return [Bars(words["pressure_levels"], [str(year) for year in years], series, "ha")]


def _zones(result: PressureResult, words: dict[str, str]) -> list[Block]:
    if result.inputs.unit.kind == "window":
        return []
    columns = [
        Column(words["year"], kind="code"),
        Column(words["zone"], kind="text"),
        Column(words["pressure_value"], decimals=4),
        Column(words["pressure_level"], kind="code"),
        Column(words["area"], "ha"),
        Column(words["pressure_level"], kind="text"),
    ]
    return [TableBlock(words["pressure_zones"], columns, pressure_table(result).rows, download="zones.csv")]


def _map(result: PressureResult, output: str | None, words: dict[str, str]) -> list[Block]:
    if output is None:
        return []
    pictures = [MapPicture(output, str(year), band) for band, year in enumerate(result.inputs.years, start=1)]
    scale = result.inputs.scale
    ramp = Ramp(low=result.inputs.coefficients.lowest * scale, high=result.inputs.coefficients.highest * scale)
    return [Map(words["pressure_map"], pictures, ramp)]
