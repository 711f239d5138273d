"""How every chart of a report looks: fonts, axes, hover texts. No chart of its own."""

from __future__ import annotations

from typing import Any

from .numbers import THIN_SPACE
from .texts import rgb

Figure = dict[str, Any]

FONTS = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', "
    "'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', 'Source Han Sans SC', sans-serif"
)
INK, GRID, ZERO = "#1f2937", "#e5e7eb", "#6b7280"
HOVER_NUMBER = ",.4~r"


def plain(text: str) -> str:
    """Text that plotly shows as it is: plotly reads a small HTML of its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def translucent(colour: str, opacity: float) -> str:
    """A colour (``#rrggbb``) that lets the paper shine through."""
    red, green, blue = rgb(colour)
    return f"rgba({red},{green},{blue},{opacity})"


def hover(where: str, value: str, named: bool = True) -> str:
    """The text beside the pointer: the series, the place, the value with its unit."""
    name = "<b>%{fullData.name}</b><br>" if named else ""
    return f"{name}{where}: {value}<extra></extra>"


def axis_title(text: str, unit: str = "") -> Figure:
    """The title of an axis with its unit in brackets; none where there is nothing to say."""
    text, unit = plain(text), plain(unit)
    if not text and not unit:
        return {}
    return {
        "text": f"{text} ({unit})" if text and unit else text or unit,
        "standoff": 12,
    }


def axis(**given: Any) -> Figure:
    """An axis in the style of the report, with properties of its own."""
    style: Figure = {
        "automargin": True,
        "gridcolor": GRID,
        "linecolor": GRID,
        "zerolinecolor": ZERO,
        "zeroline": False,
        "exponentformat": "none",
        "separatethousands": True,
        "ticks": "outside",
        "tickcolor": GRID,
        "ticklen": 4,
    }
    return style | given


def styled(layout: Figure) -> Figure:
    """A layout in the style of the report."""
    style: Figure = {
        "font": {"family": FONTS, "size": 13, "color": INK},
        "separators": f".{THIN_SPACE}",
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "margin": {"l": 16, "r": 16, "t": 24, "b": 24, "pad": 2},
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.03,
            "yanchor": "bottom",
            "traceorder": "normal",
        },
        "hoverlabel": {"align": "left", "font": {"family": FONTS}},
        "dragmode": False,
        "autosize": True,
    }
    return style | layout
