"""Charts of a report as plotly figures: plain dictionaries, which every plotly.js since 2.6 draws alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import singledispatch

from .blocks import Bars, Heatmap, Intervals, Lines, Number, Sankey, Series
from .look import HOVER_NUMBER, INK, Figure, axis, axis_title, hover, plain, styled, translucent
from .numbers import THIN_SPACE, format_number, scaled
from .texts import blend, load_palettes, ramp_colour, rgb

_SANKEY_LETTERS = 60  # that two names side by side have room for between the first and the last stage
_MAX_WRITTEN_COLUMNS = 16  # beyond this the numbers of a heat map no longer fit their cells


@singledispatch
def chart(block: object, language: str) -> Figure:
    """The plotly figure (``data``, ``layout``) of a chart block, its numbers scaled for readers of `language`."""
    raise TypeError(f"{type(block).__name__} is not a chart")


@chart.register
def _bars(block: Bars, language: str) -> Figure:
    bounds = [Series("", s.low) for s in block.series] + [Series("", s.high) for s in block.series]
    values, unit = _scaled_series([*block.series, *bounds], block.unit, language)
    category, value = ("y", "x") if block.horizontal else ("x", "y")
    names = _distinct(block.categories)
    count = len(block.series)
    data = [
        {
            "type": "bar",
            "name": plain(series.name),
            "orientation": "h" if block.horizontal else "v",
            category: names,
            value: numbers,
            "marker": {
                "color": _colour(series, index),
                "line": {"color": "#ffffff", "width": 0.5},
            },
            "hovertemplate": hover(f"%{{{category}}}", f"%{{{value}:{HOVER_NUMBER}}} {plain(unit)}"),
            **_error_bars(value, numbers, values[count + index], values[2 * count + index]),
        }
        for index, (series, numbers) in enumerate(zip(block.series, values))
    ]
    category_axis: Figure = {
        "type": "category",
        "title": axis_title(block.category_title),
        "showgrid": False,
    }
    if block.horizontal:
        category_axis["autorange"] = "reversed"  # first category on top
        category_axis["dtick"] = 1  # every one has its name
    layout = {
        "barmode": "relative" if block.stacked else "group",
        "bargap": 0.35 if len(names) > 1 else 0.7,
        f"{category}axis": axis(**category_axis),
        f"{value}axis": axis(title=axis_title(block.value_title, unit), zeroline=True),
        "showlegend": len(block.series) > 1,
        "height": max(
            300,
            120 + len(names) * (30 if block.stacked else 12 + 14 * len(block.series)),
        )
        if block.horizontal
        else 400,
    }
    return {"data": data, "layout": styled(layout)}


def _error_bars(axis_name: str, values: Sequence[Number], low: Sequence[Number], high: Sequence[Number]) -> Figure:
    """From low to high at the end of each bar; nothing without both."""
    if not (low and high):
        return {}
    return {
        f"error_{axis_name}": {
            "type": "data",
            "symmetric": False,
            "array": [_difference(top, middle) for top, middle in zip(high, values)],
            "arrayminus": [_difference(middle, bottom) for middle, bottom in zip(values, low)],
            "thickness": 1.5,
            "width": 4,
            "color": "#444444",
        }
    }


@chart.register
def _lines(block: Lines, language: str) -> Figure:
    bands = [Series("", s.low) for s in block.series] + [Series("", s.high) for s in block.series]
    values, unit = _scaled_series([*block.series, *bands], block.unit, language)
    count = len(block.series)
    data: list[Figure] = []
    for index, series in enumerate(block.series):
        colour = _colour(series, index)
        low, high = values[count + index], values[2 * count + index]
        if low and high:
            data += _band(block.x, low, high, colour)
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": plain(series.name),
                "x": [float(x) for x in block.x],
                "y": values[index],
                "line": {"color": colour, "width": 2.5},
                "marker": {"color": colour, "size": 7, "symbol": index % 8},
                "hovertemplate": hover("%{x}", f"%{{y:{HOVER_NUMBER}}} {plain(unit)}"),
            }
        )
    x_axis: Figure = {"title": axis_title(block.x_title), "showgrid": False}
    if len(block.x) <= 12:
        x_axis |= {
            "tickmode": "array",
            "tickvals": list(block.x),
            "ticktext": [f"{x:g}" for x in block.x],
        }
    layout = {
        "xaxis": axis(**x_axis),
        "yaxis": axis(title=axis_title(block.value_title, unit), zeroline=True, **_range_of_alike(values)),
        "showlegend": count > 1,
        "height": 380,
    }
    return {"data": data, "layout": styled(layout)}


def _range_of_alike(lines: Sequence[Sequence[Number]]) -> Figure:
    """The range of an axis whose values differ by rounding alone, which would look like a change; else none."""
    values = [value for line in lines for value in line if value is not None]
    low, high = min(values, default=0.0), max(values, default=0.0)
    if high - low > 1e-9 * max(abs(low), abs(high)):
        return {}
    margin = 0.1 * abs(high) or 1.0
    return {"range": [low - margin, high + margin]}


def _band(x: Sequence[float], low: Sequence[Number], high: Sequence[Number], colour: str) -> list[Figure]:
    edge = {
        "type": "scatter",
        "mode": "lines",
        "x": list(x),
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    return [
        {**edge, "y": low},
        {**edge, "y": high, "fill": "tonexty", "fillcolor": translucent(colour, 0.18)},
    ]


@chart.register
def _heatmap(block: Heatmap, language: str) -> Figure:
    flat, unit = scaled([value for row in block.values for value in row], block.unit, language)
    width = len(block.columns)
    matrix = [flat[start : start + width] for start in range(0, len(flat), width)]
    coloured = [
        [None if block.mute_diagonal and row == column else value for column, value in enumerate(values)]
        for row, values in enumerate(matrix)
    ]
    shown = [value for values in coloured for value in values if value is not None]
    low, high = (min(shown), max(shown)) if shown else (0.0, 1.0)
    if block.palette == "diverging":
        high = max(abs(low), abs(high)) or 1.0
        low = -high
    elif low >= 0:
        low = 0.0
    palettes = load_palettes()
    stops = getattr(palettes, block.palette)
    if block.palette == "sequential":
        stops = (
            blend(stops[0], "#ffffff", 0.8),
            *stops[1:],
        )  # nothing looks like nothing
    rows, columns = _distinct(block.rows), _distinct(block.columns)
    where = f"{plain(block.row_title)} %{{y}} → {plain(block.column_title)} %{{x}}"
    heat = {
        "type": "heatmap",
        "x": columns,
        "y": rows,
        "z": coloured,
        "zmin": low,
        "zmax": high if high > low else low + 1,
        "colorscale": [[index / (len(stops) - 1), colour] for index, colour in enumerate(stops)],
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "colorbar": {
            "title": {"text": plain(unit), "side": "right"},
            "thickness": 14,
            "outlinewidth": 0,
            "exponentformat": "none",
            "separatethousands": True,
        },
        "hovertemplate": hover(where, f"%{{z:{HOVER_NUMBER}}} {plain(unit)}", named=False),
    }
    layout = {
        "xaxis": axis(
            type="category",
            title=axis_title(block.column_title),
            showgrid=False,
            side="top",
            ticks="",
        ),
        "yaxis": axis(
            type="category",
            title=axis_title(block.row_title),
            showgrid=False,
            autorange="reversed",
            ticks="",
        ),
        "plot_bgcolor": palettes.muted if block.mute_diagonal else "#ffffff",
        "annotations": _written(matrix, coloured, rows, columns, stops, low, high, block.texts),
        "height": 130 + (46 if block.texts else 34) * len(rows) + _label_height(columns),
    }
    return {"data": [heat], "layout": styled(layout)}


def _label_height(columns: Sequence[str]) -> int:
    """Room for the names above a heat map, which plotly tilts when they do not fit side by side."""
    longest = max((len(name) for name in columns), default=0)
    return 40 if longest * len(columns) < 80 else 40 + min(6 * longest, 160)


def _written(
    matrix: Sequence[Sequence[Number]],
    coloured: Sequence[Sequence[Number]],
    rows: Sequence[str],
    columns: Sequence[str],
    stops: tuple[str, ...],
    low: float,
    high: float,
    texts: Sequence[Sequence[str]],
) -> list[Figure]:
    """The numbers in the cells of a heat map and the words under them, dark on light and light on dark."""
    if len(columns) > _MAX_WRITTEN_COLUMNS:
        return []
    notes = []
    # Shares and correlations are read against each other, so they have the same decimals.
    shares = all(abs(value) <= 1 for values in matrix for value in values if value is not None)

    def write(value: float) -> str:
        return f"{value:.3f}" if shares else f"{float(f'{value:.3g}'):,.10g}"

    for row, values in enumerate(matrix):
        for column, value in enumerate(values):
            if value is None or value == 0:
                continue
            shade = coloured[row][column]
            paper = "#e5e7eb" if shade is None else ramp_colour(stops, (shade - low) / ((high - low) or 1))
            red, green, blue = rgb(paper)
            word = f"<br>{plain(texts[row][column])}" if texts and texts[row][column] else ""
            light = 0.299 * red + 0.587 * green + 0.114 * blue > 140
            notes.append(
                {
                    "x": columns[column],
                    "y": rows[row],
                    "text": write(value).replace(",", THIN_SPACE).replace("-", "\u2212") + word,
                    "showarrow": False,
                    "font": {
                        "size": 11 if len(columns) <= 10 else 8,
                        "color": INK if light else "#ffffff",
                    },
                }
            )
    return notes


@chart.register
def _sankey(block: Sankey, language: str) -> Figure:
    flows = [flow for flow in block.flows if flow.value > 0]
    values, unit = scaled([flow.value for flow in flows], block.unit, language)
    stages = [_stage_totals(block, stage) for stage in range(len(block.stages))]
    nodes = [(stage, name) for stage, totals in enumerate(stages) for name in totals]
    index = {node: position for position, node in enumerate(nodes)}
    names = list(dict.fromkeys(name for _, name in nodes))
    colours = {name: load_palettes().category(position) for position, name in enumerate(names)}
    colours |= dict(block.colours)

    tallest = max((len(totals) for totals in stages), default=0)
    height, pad, margin = max(360, 30 * tallest + 120), 12, 40
    x, y = _node_places(stages, height - 2 * margin, pad)
    amount = f"%{{value:{HOVER_NUMBER}}} {plain(unit)}<extra></extra>"
    sankey = {
        "type": "sankey",
        "arrangement": "snap",
        "node": {
            "label": [plain(_shortened(name, _SANKEY_LETTERS // max(len(block.stages) - 1, 1))) for _, name in nodes],
            "customdata": [plain(name) for _, name in nodes],
            "color": [colours[name] for _, name in nodes],
            "x": x,
            "y": y,
            "pad": pad,
            "thickness": 16,
            "line": {"width": 0},
            "hovertemplate": f"%{{customdata}}<br>{amount}",
        },
        "link": {
            "source": [index[flow.stage, flow.source] for flow in flows],
            "target": [index[flow.stage + 1, flow.target] for flow in flows],
            "value": values,
            "color": [translucent(colours[flow.source], 0.35) for flow in flows],
            "hovertemplate": f"%{{source.label}} → %{{target.label}}<br>{amount}",
        },
    }
    last = max(len(block.stages) - 1, 1)
    headings = [
        {
            "text": f"<b>{plain(title)}</b>",
            "x": stage / last,
            "y": 1,
            "yanchor": "bottom",
            "yshift": 10,
            "xref": "paper",
            "yref": "paper",
            "xanchor": "left" if stage == 0 else "right" if stage == last else "center",
            "showarrow": False,
        }
        for stage, title in enumerate(block.stages)
    ]
    layout = {
        "annotations": headings,
        "height": height,
        "margin": {"l": 8, "r": 8, "t": margin, "b": margin},
    }
    return {"data": [sankey], "layout": styled(layout)}


def _shortened(name: str, letters: int) -> str:
    return name if len(name) <= letters else f"{name[: letters - 1].rstrip()}…"


def _stage_totals(block: Sankey, stage: int) -> dict[str, float]:
    """Amount of each class at a stage: what flows out of it or, at the last stage, into it; the larger of both."""
    out: dict[str, float] = {}
    into: dict[str, float] = {}
    for flow in block.flows:
        if flow.value > 0 and flow.stage == stage:
            out[flow.source] = out.get(flow.source, 0.0) + flow.value
        if flow.value > 0 and flow.stage == stage - 1:
            into[flow.target] = into.get(flow.target, 0.0) + flow.value
    order = list(dict.fromkeys(name for flow in block.flows for name in (flow.source, flow.target)))
    return {name: max(out.get(name, 0.0), into.get(name, 0.0)) for name in order if name in out or name in into}


def _node_places(stages: Sequence[dict[str, float]], height: float, pad: float) -> tuple[list[float], list[float]]:
    """Centres of the nodes (0 to 1), stacked in the same class order at each stage.

    Places are given because plotly would otherwise move a class that ends in mid-way to the last stage.
    """
    scale = min(
        ((height - pad * (len(totals) - 1)) / sum(totals.values()) for totals in stages if totals),
        default=1.0,
    )
    last = max(len(stages) - 1, 1)
    x, y = [], []
    for stage, totals in enumerate(stages):
        top = 0.0
        for amount in totals.values():
            x.append(min(max(stage / last, 0.001), 0.999))  # plotly takes 0 for "not given"
            y.append(min(max((top + amount * scale / 2) / height, 0.001), 0.999))
            top += amount * scale + pad
    return x, y


@chart.register
def _intervals(block: Intervals, language: str) -> Figure:
    items = block.items
    flat, unit = scaled(
        [v for item in items for v in (item.estimate, item.low, item.high)],
        block.unit,
        language,
    )
    triples = [flat[start : start + 3] for start in range(0, len(flat), 3)]
    labels = list(dict.fromkeys(item.label for item in items))
    names = list(dict.fromkeys(item.series for item in items))
    data = []
    for number, name in enumerate(names):
        own = [(item, triple) for item, triple in zip(items, triples) if item.series == name]
        nudge = (number - (len(names) - 1) / 2) * 0.7 / max(len(names), 1)
        bounds = [(low, high) for _, (_, low, high) in own]
        colour = load_palettes().category(number)
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": plain(name),
                "x": [estimate for _, (estimate, _, _) in own],
                "y": [labels.index(item.label) + nudge for item, _ in own],
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [_difference(high, estimate) for _, (estimate, _, high) in own],
                    "arrayminus": [_difference(estimate, low) for _, (estimate, low, _) in own],
                    "thickness": 2,
                    "width": 5,
                    "color": colour,
                },
                "marker": {"color": colour, "size": 9, "symbol": number % 8},
                "text": [plain(item.label) for item, _ in own],
                "customdata": [f"{format_number(low)} … {format_number(high)}" for low, high in bounds],
                "hovertemplate": hover("%{text}", f"%{{x:{HOVER_NUMBER}}} (%{{customdata}}) {plain(unit)}"),
            }
        )
    rows = len(labels)
    layout = {
        "xaxis": axis(title=axis_title(block.value_title, unit), rangemode="tozero", zeroline=True, zerolinewidth=2),
        "yaxis": axis(
            tickmode="array",
            tickvals=list(range(rows)),
            ticktext=[plain(label) for label in labels],
            range=[rows - 0.4, -0.6],
            showgrid=False,
            zeroline=False,
        ),
        "showlegend": len(names) > 1,
        "height": 130 + rows * (26 + 12 * len(names)),
    }
    return {"data": data, "layout": styled(layout)}


def _difference(larger: Number, smaller: Number) -> Number:
    return None if larger is None or smaller is None else larger - smaller


def _scaled_series(series: Sequence[Series], unit: str, language: str) -> tuple[list[list[Number]], str]:
    """All series by one power of ten, and the unit that says so."""
    flat, label = scaled([value for one in series for value in one.values], unit, language)
    rest = iter(flat)
    return [[next(rest) for _ in one.values] for one in series], label


def _distinct(names: Sequence[str]) -> list[str]:
    """Names with invisible marks where two are alike, since plotly merges equal categories.

    Names that are numbers, such as years, get one too: plotly takes them for places on the axis.
    """
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(plain(name) + "\u200b" * (seen[name] - (0 if re.fullmatch(r"[-+.\deE]+", name) else 1)))
    return result


def _colour(series: Series, index: int) -> str:
    return series.colour or load_palettes().category(index)
