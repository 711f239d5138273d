"""What stands where in a report: the answer first, warnings after the results, the appendix folded; headings once."""

from __future__ import annotations

import re

from ecoassets.core.report import (
    Answer,
    Bars,
    Chapter,
    Column,
    Heading,
    Report,
    Series,
    TableBlock,
    Terms,
    render_report,
)

BARS = Bars("Value by service", ["2000"], [Series("a", [2.0])])
TABLE = TableBlock("Value by service", [Column("Year", kind="code")], [[2000]])


def page(*chapters, **more):
    return render_report(Report("Title", chapters, **more))


def test_warnings_stand_after_the_results_and_before_the_appendix():
    body = page(Chapter("How", [TABLE], appendix=True), Chapter("What", [TABLE]), warnings=["beware"])
    places = [body.index(text) for text in ("<h2>What</h2>", "beware", '<details class="appendix">', "<h2>How</h2>")]
    assert places == sorted(places)


def test_the_answer_is_a_question_and_sentences():
    body = page(Chapter("In short", [Answer("How much?", [("Level", "7 < 8.")]), Terms([("p", "A chance.")])]))
    assert '<p class="question">How much?</p>' in body
    assert "<li><strong>Level</strong> 7 &lt; 8.</li>" in body
    assert "<dt>p</dt><dd>A chance.</dd>" in body


def test_a_name_is_told_once_in_a_chapter():
    body = page(Chapter("Services", [Heading("Services"), BARS, TABLE]))
    assert re.findall(r"<h[23]>([^<]*)</h", body) == ["Services"]
    assert re.findall("<figcaption>([^<]*)<", body) == ["Value by service"]


def test_a_report_without_appendix_has_none():
    assert "<details" not in page(Chapter("What", [TABLE]))
