"""How results land in the canvas: a styled layer per band, grouped, with a legend, a unit and a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qgis.core import (
    Qgis,
    QgsColorRampLegendNodeSettings,
    QgsColorRampShader,
    QgsLayerTreeGroup,
    QgsLayerTreeNode,
    QgsPalettedRasterRenderer,
    QgsProcessingContext,
    QgsProject,
    QgsRasterLayer,
    QgsRasterRenderer,
    QgsRasterShader,
    QgsSingleBandPseudoColorRenderer,
)
from qgis.PyQt.QtGui import QColor

from ...core.raster.output import BandStatistics, ClassColour
from ...core.raster.statistics import stored_unit
from ...core.report.numbers import unit_text
from ...core.report.texts import load_palettes
from ..compat import user_language
from .landing import SERIES, dress_when_loaded, range_of_years
from .nodes import layer_node, short_name

RAMP_STEPS = 8


@dataclass(frozen=True)
class Level:
    """An interval of a continuous raster as a legend shows it.

    Attributes:
        highest: the highest value that belongs to it.
        name: what the legend says.
        colour: #rrggbb; "" takes it from the palette.
    """

    highest: float
    name: str
    colour: str = ""


@dataclass(frozen=True)
class BandLook:
    """A band as a layer.

    Attributes:
        band: its number.
        name: of the layer.
        year: where it has one; of a change the year to which it leads.
        of: the thing whose year it is, where a raster holds several; each gets a group of its own.
        limits: its own range, where it needs one.
        classes: its own legend, where bands of a class raster hold different classes.
        levels: intervals, rising; drawn in steps of colour in place of a ramp.
    """

    band: int
    name: str
    year: int | None = None
    limits: tuple[float, float] | None = None
    classes: tuple[ClassColour, ...] = ()
    levels: tuple[Level, ...] = ()
    of: str = ""


@dataclass(frozen=True)
class Look:
    """How a raster is shown. What the legend says behind numbers is the unit of the band in its file.

    Attributes:
        group: name of the layer group when there are several bands.
        bands: the bands that become layers, top layer last.
        low, high: range of the colour ramp, one for all bands so that years compare.
        palette: `sequential` or `diverging`, of resources/report/palettes.yaml.
        classes: legend of a class raster; the ramp is not used then.
    """

    group: str
    bands: tuple[BandLook, ...]
    low: float = 0.0
    high: float = 1.0
    palette: str = "sequential"
    classes: tuple[ClassColour, ...] = ()


def common_range(statistics: Sequence[BandStatistics], spread: float = 2.0) -> tuple[float, float]:
    """A range for one ramp over several bands: mean plus and minus `spread` deviations, within the extremes."""
    known = [found for found in statistics if found.count]
    if not known:
        return 0.0, 1.0
    low = min(max(found.minimum, found.mean - spread * found.deviation) for found in known)
    high = max(min(found.maximum, found.mean + spread * found.deviation) for found in known)
    low, high = rounded(low), rounded(high)
    return (low, high) if high > low else (low, low + 1.0)


def range_about_zero(statistics: Sequence[BandStatistics], spread: float = 2.0) -> tuple[float, float]:
    """A range with zero in its middle for a diverging ramp over several bands that hold gains and losses."""
    low, high = common_range(statistics, spread)
    reach = max(abs(low), abs(high))
    return -reach, reach


def rounded(number: float) -> float:
    """Three digits are enough for a legend."""
    return float(f"{number:.3g}")


def written(number: float) -> str:
    """Four digits, and never a power of ten for sums of money."""
    return f"{float(f'{number:.4g}'):,.10g}"


def leads_to(pair: tuple[int, int], pairs: Sequence[tuple[int, int]]) -> int | None:
    """The year of the map of a change: that to which it leads; None where it spans the changes of other maps."""
    spans = any(other != pair and pair[0] <= other[0] and other[1] <= pair[1] for other in pairs)
    return None if spans else pair[1]


def bands_between(label: str, pairs: Sequence[tuple[int, int]]) -> tuple[BandLook, ...]:
    """A layer of change per pair of years, the last pair on top."""
    return tuple(
        BandLook(band, f"{label} {a}–{b}", leads_to((a, b), pairs)) for band, (a, b) in enumerate(pairs, start=1)
    )


def style_when_loaded(context: QgsProcessingContext, path: str, look: Look) -> None:
    """Has the layer styled once QGIS has loaded it. Does nothing where it will not be loaded."""
    dress_when_loaded(context, path, lambda layer, project: show_bands(layer, look, project))


def show_bands(layer: QgsRasterLayer, look: Look, project: QgsProject) -> QgsLayerTreeNode:
    """Styles a loaded layer for its first band and adds a layer to the project for each further band.

    Returns:
        What goes into the tree: the layer, or a group of its bands whose last is on top and ticked; things that have
        groups of their own come below.
    """
    first, *others = look.bands
    apply_look(layer, first, look)
    if not others:
        return layer_node(layer)
    group = _series(look.group)
    things = {of: _series(of) for of in dict.fromkeys(band.of for band in look.bands) if of}
    for band in look.bands:
        if band is not first:
            apply_look(clone := layer.clone(), band, look)
            project.addMapLayer(clone, False)
        within = things.get(band.of, group)
        short = str(band.year or "") if band.of else short_name(band.name, look.group)
        within.insertChildNode(0, layer_node(layer if band is first else clone, short))
    group.insertChildNodes(len(group.children()), list(things.values()))
    for one in (group, *things.values()):
        for position, child in enumerate(one.children()):
            child.setItemVisibilityChecked(position == 0)
            child.setExpanded(position == 0)
    return group


def _series(name: str) -> QgsLayerTreeGroup:
    group = QgsLayerTreeGroup(name)
    group.setCustomProperty(SERIES, True)
    return group


def apply_look(layer: QgsRasterLayer, band: BandLook, look: Look) -> None:
    """Name, renderer and time of a layer that shows one band."""
    layer.setName(band.name)
    layer.setRenderer(_renderer(layer, band, look))
    if band.year is not None:
        set_year(layer, band.year)
    layer.triggerRepaint()


def _renderer(layer: QgsRasterLayer, band: BandLook, look: Look) -> QgsRasterRenderer:
    if look.classes or band.classes:
        return _classes(layer, band, look)
    return _levels(layer, band, look) if band.levels else _ramp(layer, band, look)


def _classes(layer: QgsRasterLayer, band: BandLook, look: Look) -> QgsPalettedRasterRenderer:
    legend = band.classes or look.classes
    entries = [QgsPalettedRasterRenderer.Class(c.code, QColor(c.colour), c.name) for c in legend]
    return QgsPalettedRasterRenderer(layer.dataProvider(), band.band, entries)


def _levels(layer: QgsRasterLayer, band: BandLook, look: Look) -> QgsSingleBandPseudoColorRenderer:
    colours = _palette(look)
    function = QgsColorRampShader()
    function.setColorRampType(QgsColorRampShader.Type.Discrete)
    steps = max(len(band.levels) - 1, 1)
    function.setColorRampItemList(
        [
            QgsColorRampShader.ColorRampItem(
                level.highest, QColor(level.colour) if level.colour else _between(colours, i / steps), level.name
            )
            for i, level in enumerate(band.levels)
        ]
    )
    return _pseudo_colour(layer, band, function)


def _palette(look: Look) -> list[QColor]:
    return [QColor(colour) for colour in getattr(load_palettes(), look.palette)]


def _pseudo_colour(
    layer: QgsRasterLayer, band: BandLook, function: QgsColorRampShader
) -> QgsSingleBandPseudoColorRenderer:
    shader = QgsRasterShader()
    shader.setRasterShaderFunction(function)
    return QgsSingleBandPseudoColorRenderer(layer.dataProvider(), band.band, shader)


def _ramp(layer: QgsRasterLayer, band: BandLook, look: Look) -> QgsSingleBandPseudoColorRenderer:
    colours = _palette(look)
    low, high = map(rounded, band.limits or (look.low, look.high))
    unit = unit_text(stored_unit(layer.source(), band.band), user_language())
    function = QgsColorRampShader(low, high)
    function.setColorRampType(QgsColorRampShader.Type.Interpolated)
    items = []
    for step in range(RAMP_STEPS + 1):
        value = low + (high - low) * step / RAMP_STEPS
        colour = _between(colours, step / RAMP_STEPS)
        items.append(QgsColorRampShader.ColorRampItem(value, colour, f"{written(value)} {unit}".strip()))
    function.setColorRampItemList(items)
    settings = QgsColorRampLegendNodeSettings()
    settings.setSuffix(f" {unit}" if unit else "")
    function.setLegendSettings(settings)
    renderer = _pseudo_colour(layer, band, function)
    renderer.setClassificationMin(low)
    renderer.setClassificationMax(high)
    return renderer


def _between(colours: Sequence[QColor], position: float) -> QColor:
    place = position * (len(colours) - 1)
    left = min(int(place), len(colours) - 2)
    part = place - left
    a, b = colours[left], colours[left + 1]
    return QColor(
        *(round(x + (y - x) * part) for x, y in zip((a.red(), a.green(), a.blue()), (b.red(), b.green(), b.blue())))
    )


def set_year(layer: QgsRasterLayer, year: int) -> None:
    """Gives a layer the time of its year."""
    time = layer.temporalProperties()
    time.setIsActive(True)
    time.setMode(Qgis.RasterTemporalMode.FixedTemporalRange)
    time.setFixedTemporalRange(range_of_years(year, year))
