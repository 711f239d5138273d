"""Reports of driver methods within a workflow name drivers in words."""

from __future__ import annotations

import pytest

from ecoassets.core.report import Chapter, Column, Figure, Figures, Lines, MethodReport, Paragraph, Series, TableBlock
from ecoassets.core.workflows.driver_headlines import driver_names
from ecoassets.core.workflows.driver_words import in_words, model_in_words


def report(subtitle="esv ~ gdp, MyField"):
    return MethodReport(
        chapters=[
            Chapter(
                "Factors",
                [
                    Figures([Figure("gdp", 0.4, "q")]),
                    Lines(
                        "gdp", [0.1], [Series("MyField", [1.0])], value_title="esv / gdp", note="Of the esv of 1 km."
                    ),
                    TableBlock("All", [Column("Factor", kind="text")], [("gdp",), ("hemeroby^2",), ("MyField",)]),
                    Paragraph("gdp"),
                ],
            )
        ],
        subtitle=subtitle,
        facts=[("X", "gdp")],
    )


@pytest.mark.parametrize(
    "language, gdp, value", [("en", "GDP density", "Ecosystem service value"), ("zh", "GDP 密度", "生态系统服务价值")]
)
def test_captions_cells_and_axes_are_in_words_and_a_users_own_field_keeps_its_name(language, gdp, value):
    told = model_in_words(report(), driver_names(language))
    cards, lines, table, prose = told.chapters[0].blocks
    assert told.subtitle == f"{value} ~ {gdp}, MyField"
    assert cards.items[0].label == lines.title == gdp
    assert lines.value_title == f"{value} / {gdp}"
    assert lines.series[0].name == "MyField"
    assert table.rows[0] == (gdp,) and table.rows[1][0].endswith("²") and table.rows[2] == ("MyField",)
    assert prose.text == "gdp" and told.facts == [("X", "gdp")]  # settings and prose are not searched


def test_notes_name_what_is_explained_within_the_sentence():
    note = model_in_words(report(), driver_names("en")).chapters[0].blocks[1].note
    assert note == "Of the ecosystem service value of 1 km."


def test_a_report_that_is_about_no_model_stays():
    one = report("2000–2015")
    assert model_in_words(one, driver_names("en")) is one


def test_a_name_within_another_word_stays():
    assert in_words("gdp_index / gdp", {"gdp": "GDP"}) == "gdp_index / GDP"
