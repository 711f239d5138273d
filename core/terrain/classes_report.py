"""The report of terrain classes: how much land lies on which slope, aspect and landform."""

from __future__ import annotations

from ..raster.output import ClassColour
from ..report import (
    Bars,
    Block,
    Chapter,
    Classes,
    Column,
    LeftOutArea,
    Map,
    MapPicture,
    MethodReport,
    Series,
    TableBlock,
)
from ..report.telling import Sentence, Teller, within
from ..report.texts import load_texts
from ..tables import provenance
from .classes import ASPECT, LANDFORM, SLOPE, VARIABLES, TerrainClass, TerrainOutputs, TerrainResult


def terrain_report(result: TerrainResult, outputs: TerrainOutputs, language: str) -> MethodReport:
    """Area by slope, aspect and landform; language `en` or `zh`."""
    words = load_texts(language)
    paths = {SLOPE: outputs.slope, ASPECT: outputs.aspect, LANDFORM: outputs.landform}
    schemes = {
        SLOPE: result.inputs.slope_scheme,
        ASPECT: result.inputs.aspect_scheme,
        LANDFORM: result.inputs.landform_scheme,
    }
    whole = sum(c.area_ha for c in result.of(SLOPE)) + result.unclassified_ha[SLOPE] + result.holes.area_ha
    left_out = [
        LeftOutArea("DEM", words["terrain_no_height"], result.holes.area_ha, result.holes.area_ha / whole * 100)
    ]
    left_out += [
        LeftOutArea(words[f"terrain_{variable}"], words["terrain_no_class"], area, area / whole * 100)
        for variable, area in result.unclassified_ha.items()
    ]
    return MethodReport(
        chapters=[
            Chapter(
                f"{words[f'terrain_{variable}']} ({schemes[variable]})",
                _variable(result.of(variable), paths[variable], words, language),
            )
            for variable in VARIABLES
        ],
        sources=[] if result.inputs.table is not None else [provenance("topo_classes")],
        left_out=[item for item in left_out if item.area_ha > 0],
        sentences=_sentences(result, Teller(language)),
    )


def _sentences(result: TerrainResult, teller: Teller) -> list[Sentence]:
    """The largest classes of slope, aspect and landform."""
    sentences = []
    for variable in VARIABLES:
        areas = {within(_named(c, teller.language)): c.area_ha for c in result.of(variable)}
        sentences += teller.made_of(areas, variable, "made_of_classes", "ha")
    return sentences


def _named(found: TerrainClass, language: str) -> str:
    return found.name_zh if language == "zh" and found.name_zh else found.name


def _variable(classes: tuple[TerrainClass, ...], path: str | None, words: dict[str, str], language: str) -> list[Block]:
    names = [_named(c, language) for c in classes]
    columns = [
        Column(words["class"], kind="text"),
        Column(words["area"], "ha"),
        Column(words["share_of_total"], "%", decimals=2),
    ]
    blocks: list[Block] = [
        Bars(
            words["terrain_area"], names, [Series(words["area"], [c.area_ha for c in classes])], "ha", horizontal=True
        ),
        TableBlock(words["terrain_area"], columns, [(n, c.area_ha, c.share_pct) for n, c in zip(names, classes)]),
    ]
    if path:
        legend = Classes([ClassColour(c.class_id, name, c.colour) for name, c in zip(names, classes)])
        blocks.append(Map(words["pressure_map"], [MapPicture(path)], legend))
    return blocks
