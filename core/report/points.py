"""The chart of points: a cloud with a curve and marks, or a swarm about the names of its rows."""

from __future__ import annotations

from .blocks import Scatter
from .charts import chart
from .look import HOVER_NUMBER, INK, ZERO, Figure, axis, axis_title, hover, plain, styled, translucent
from .texts import load_palettes, ramp_colour

_ROW_PX = 46
_STOPS = 5


@chart.register
def _scatter(block: Scatter, language: str) -> Figure:
    palette = load_palettes()
    marker: Figure = {"size": 4 if block.rows else 5, "opacity": 0.75, "color": palette.category(0)}
    if block.shade:
        scale = [[i / _STOPS, ramp_colour(palette.sequential, i / _STOPS)] for i in range(_STOPS + 1)]
        bar = {"title": {"text": plain(block.shade_title), "side": "right"}, "thickness": 10, "outlinewidth": 0}
        marker |= {"color": list(block.shade), "colorscale": scale, "colorbar": bar, "showscale": True}
    data: list[Figure] = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": plain(block.title),
            "x": list(block.x),
            "y": list(block.y),
            "marker": marker,
            "hovertemplate": hover(f"%{{x:{HOVER_NUMBER}}}", f"%{{y:{HOVER_NUMBER}}}", named=False),
        }
    ]
    if block.curve:
        across, up = zip(*block.curve)
        line = {"color": INK, "width": 2.5}
        data.append(
            {"type": "scatter", "mode": "lines", "x": list(across), "y": list(up), "line": line, "hoverinfo": "skip"}
        )
    upright: Figure = {"title": axis_title(block.y_title), "zeroline": True}
    if block.rows:
        rows = len(block.rows)
        upright |= {
            "tickmode": "array",
            "tickvals": list(range(rows)),
            "ticktext": [plain(name) for name in block.rows],
            "range": [rows - 0.4, -0.6],
            "showgrid": False,
            "zeroline": False,
        }
    layout = {
        "xaxis": axis(title=axis_title(block.x_title), zeroline=bool(block.rows)),
        "yaxis": axis(**upright),
        "shapes": [shape for mark in block.marks for shape in _mark(*mark)],
        "showlegend": False,
        "height": 120 + _ROW_PX * len(block.rows) if block.rows else 360,
    }
    return {"data": data, "layout": styled(layout)}


def _mark(x: float, low: float, high: float) -> list[Figure]:
    """An upright line and the band of its interval."""
    whole: Figure = {"yref": "paper", "y0": 0, "y1": 1}
    band = {"type": "rect", "x0": low, "x1": high, "fillcolor": translucent(ZERO, 0.15), "line": {"width": 0}}
    line = {"type": "line", "x0": x, "x1": x, "line": {"color": INK, "width": 1.5, "dash": "dash"}}
    return [{**whole, **band, "layer": "below"}, {**whole, **line}]
