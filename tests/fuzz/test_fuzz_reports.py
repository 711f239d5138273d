"""Names that come from data stay text in reports, whatever they hold."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

from hypothesis import example, given
from hypothesis import strategies as st

from ecoassets.core.report import (
    Bars,
    Chapter,
    Column,
    Figure,
    Figures,
    Flow,
    Heatmap,
    LeftOutArea,
    LeftOutAreas,
    Paragraph,
    Report,
    Sankey,
    Series,
    TableBlock,
    render_report,
)

MARKUP = st.sampled_from(
    ("<script>", "</script>", "<img src=x onerror=alert(1)>", "'", '"', "&", "<!--", "]]>", "{{7*7}}", "javascript:")
    + ("\u2028", "</title>", "<svg/onload=a>", "%3C", "\\u003c", "</textarea>")
)
NAMES = st.lists(MARKUP | st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=6), max_size=5).map(
    "".join
)


class Elements(HTMLParser):
    """The elements of a page and the names of their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, tuple(name for name, _ in attributes)))


def report(name: str) -> Report:
    blocks = [
        Paragraph(name),
        Figures([Figure(name, 1.0, name, name)]),
        TableBlock(name, [Column(name, name), Column("b", kind="text")], [[1.0, name]], name, "a.csv"),
        Bars(name, [name], [Series(name, [1.0])], name),
        Heatmap(name, [name], [name], [[1.0]], name),
        Sankey(name, ["1", "2"], [Flow(0, name, name + "2", 1.0)], name),
        LeftOutAreas([LeftOutArea(name, name, 1.0)]),
    ]
    return Report(name, [Chapter(name, blocks)], name, facts=[(name, name)], warnings=[name])


PLAIN = Elements(render_report(report("Forest"))).found


@given(NAMES)
@example("</script><script>alert(1)</script>")
@example("<!--<script>")
def test_names_add_no_element_and_no_attribute(name):
    html = render_report(report(name or "Forest"))
    assert Elements(html).found == PLAIN
    for figure in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', html, re.DOTALL):
        json.loads(figure)
