"""Page one of the workflows: sentences with their numbers, figures by year, places, and what goes to the appendix."""

from __future__ import annotations

import pytest

from ecoassets.core.report import Chapter, Column, Heatmap, MethodReport, TableBlock
from ecoassets.core.report.names import told
from ecoassets.core.report.texts import load_texts
from ecoassets.core.workflows.answers.assets import assets_page
from ecoassets.core.workflows.answers.esv import esv_page
from ecoassets.core.workflows.answers.found import Found
from ecoassets.core.workflows.answers.gep import gep_page
from ecoassets.core.workflows.answers.zoning import zoning_page
from ecoassets.core.workflows.combined_report import PageOne, StepReport, combined_report
from ecoassets.core.workflows.headlines import Headline


def found(*headlines, language="en"):
    words = load_texts(language)
    return Found(headlines, language, lambda subject: told(words, subject))


def answer_of(page, *headlines, language="en"):
    told_by = found(*headlines, language=language)
    return dict(page(told_by).answer(told_by).sentences)


def totals(*values, years=(2000, 2005, 2010, 2015)):
    levels = [Headline("assets_total", value, "CNY/a", year) for value, year in zip(values, years)]
    pairs = [*zip(levels, levels[1:]), (levels[0], levels[-1])]
    return levels + [
        Headline("assets_growth", (b.value - a.value) / a.value * 100, "%", b.year, a.year) for a, b in pairs
    ]


class TestAssets:
    def test_levels_and_growth_of_the_paper(self):
        """Rapid growth, then a slow decline: +133.81 %, +44.45 %, -11.02 %."""
        first = 10e9
        values = (first, first * 2.3381, first * 2.3381 * 1.4445, first * 2.3381 * 1.4445 * 0.8898)
        told_ = answer_of(assets_page, *totals(*values))
        assert told_["Level."].startswith(
            "Ecological assets: 10.00 billion CNY/a in 2000, 23.38 billion CNY/a in 2005,"
        )
        assert "rose until 2010, then fell until 2015" in told_["Growth."]
        for growth in ("+133.81 % from 2000 to 2005", "+44.45 % from 2005 to 2010", "−11.02 % from 2010 to 2015"):
            assert growth in told_["Growth."]

    def test_shares_differ_in_points(self):
        told_ = answer_of(
            assets_page,
            Headline("ecosystem_share", 74.0, "%", 2010, subject="forest"),
            Headline("ecosystem_share", 26.0, "%", 2010, subject="cropland"),
            Headline("ecosystem_share", 71.0, "%", 2015, subject="forest"),
            Headline("ecosystem_share", 29.0, "%", 2015, subject="cropland"),
            Headline("ecosystem_share_change", -3.0, "pp", 2015, 2010, "forest"),
        )["Ecosystems."]
        assert "forest (71.00 %), cropland (29.00 %)" in told_
        assert "−3.00 percentage points from 2010 to 2015" in told_
        assert "In no year was it below 71.00 %" in told_

    def test_services_that_are_always_largest(self):
        values = {"a": (3, 9), "b": (2, 8), "c": (4, 7), "d": (1, 1)}
        headlines = [
            Headline("service_value", float(value), "CNY/a", year, subject=name)
            for name, of_years in values.items()
            for value, year in zip(of_years, (2000, 2015))
        ]
        told_ = answer_of(assets_page, *headlines)["Services."]
        assert (
            told_
            == "In every year the largest services are the same three; in 2015: a (9 CNY/a), b (8 CNY/a), c (7 CNY/a)."
        )
        turned = [Headline("service_value", 5.0, "CNY/a", 2000, subject="d"), *headlines[:-2], headlines[-1]]
        assert answer_of(assets_page, *turned)["Services."].startswith("In 2015 the largest services are a")

    def test_drivers_and_their_direction(self):
        told_ = answer_of(
            assets_page,
            Headline("panel_effect", 2.0, "", subject="rain", p=0.001),
            Headline("panel_effect", -2.0, "", subject="people", p=0.01),
            Headline("panel_effect", 1.0, "", subject="gdp", p=0.3),
            Headline("quantile_effect", -1.0, "", subject="heat, 0.1", p=0.01),
            Headline("quantile_effect", -1.0, "", subject="heat, 0.25", p=0.01),
            Headline("quantile_effect", 0.1, "", subject="heat, 0.5", p=0.9),
            Headline("quantile_effect", 1.0, "", subject="heat, 0.9", p=0.01),
            Headline("turning_point", 47.3, "", subject="hemeroby, inverted_u"),
        )
        assert told_["Drivers."] == (
            "More rain goes with higher values. More people goes with lower values. "
            "For gdp no effect is certain (p ≥ 0.05)."
        )
        assert "heat: more of it goes with higher values at the quantiles 90 %, with lower ones at 10 % and 25 %" in (
            told_["Low and high values."][0].lower() + told_["Low and high values."][1:]
        )
        assert told_["Range of a driver."].endswith("up to 47.3, beyond that with lower ones.")

    def test_chinese_counts_in_its_own_units(self):
        told_ = answer_of(assets_page, *totals(18.34e9, 36e9, years=(2000, 2005)), language="zh")
        assert told_["总量。"] == "生态资产：2000年183.40亿元/年和2005年360.00亿元/年。"


def test_zoning_tells_each_part_where_it_lies_and_of_what_it_is():
    told_ = answer_of(
        zoning_page,
        Headline("restoration_reason", 76_040.0, "ha", subject="degraded"),
        Headline("restoration_ecosystem", 60.0, "%", subject="degraded, cropland"),
        Headline("restoration_ecosystem", 30.0, "%", subject="degraded, urban"),
        Headline("restoration_ecosystem", 99.0, "%", subject="low_quality, forest"),
        Headline("district_part_share", 70.0, "%", subject="degraded, Plainfield"),
        Headline("landform_part_share", 80.0, "%", subject="degraded, plain"),
        Headline("restoration_area", 560_600.0, "ha"),
        Headline("restoration_share", 34.16, "%"),
        Headline("service_kept", 79.63, "%", subject="water_retention"),
        Headline("conservation_area", 639_100.0, "ha"),
        Headline("conservation_share", 38.95, "%"),
        Headline("conservation_ecosystem", 54.81, "%", subject="forest"),
    )
    assert told_["Degraded land."] == (
        "760.40 km² are degraded, most of it cropland (60.00 %), built-up land (30.00 %). "
        "By district it lies mainly in Plainfield (70.00 %). By landform: plain (80.00 %)."
    )
    assert told_["To restore."] == "Together 5\u202f606.00 km² are to be restored, 34.16 % of the study area."
    assert "water retention (79.63 %)" in told_["What that keeps."]


def test_esv_tells_loss_then_gain_then_balance_and_the_best_span():
    totals_ = {2013: 100.0, 2015: 95.0, 2017: 103.0, 2019: 103.1}
    pairs = [(2013, 2015, -5.0), (2015, 2017, 8.0), (2017, 2019, 0.1)]
    told_ = answer_of(
        esv_page,
        *(Headline("assets_total", value, "CNY/a", year) for year, value in totals_.items()),
        *(Headline("esv_net", net, "CNY/a", last, first) for first, last, net in pairs),
        Headline("best_span", 8.1, "CNY/a", 2019, 2015),
        Headline("factor_group_q", 0.4, "", subject="socioeconomic_factors"),
        Headline("factor_group_q", 0.1, "", subject="natural_factors"),
        Headline("factor_q", 0.5, "", subject="night_light"),
    )  # fmt: skip
    assert told_["Gain and loss."] == (
        "Loss of 5 CNY/a from 2013 to 2015, gain of 8 CNY/a from 2015 to 2017 and about balanced from 2017 to 2019 "
        "(+0.1 CNY/a). The span that gained most is 2015 to 2019, with 8.1 CNY/a."
    )
    assert "Socio-economic factors explain more (mean q 0.4) than natural factors (mean q 0.1)." in told_["Factors."]


def test_areas_of_one_sentence_have_one_unit_and_a_negative_index_is_explained():
    told_ = answer_of(
        esv_page,
        Headline("ecosystem_lost", 30482.0, "ha", 2005, 1990, "forest"),
        Headline("ecosystem_flow", 16036.0, "ha", 2005, 1990, "forest, cropland"),
        Headline("ecosystem_flow", 9262.0, "ha", 2005, 1990, "forest, urban"),
        *totals(3e10, 2.8e10, 2.7e10, years=(1990, 2000, 2005)),
        Headline("esv_net", -2e9, "CNY/a", 2000, 1990),
        Headline("esv_net", -1e9, "CNY/a", 2005, 2000),
        Headline("esv_change_index", -0.083, "", 2000, 1990),
        Headline("esv_change_index", -0.012, "", 2005, 2000),
    )
    land = next(text for text in told_.values() if "304.82" in text)
    assert "304.82 km²" in land and "160.36 km²" in land and "92.62 km²" in land
    assert any("below 0 the value falls" in text for text in told_.values())


def test_gep_per_area_and_person():
    told_ = answer_of(
        gep_page,
        Headline("gep", 5e9, "CNY/a", 2015),
        Headline("gep_per_km2", 2.5e6, "CNY/km2", 2015),
        Headline("gep_per_person", 1533.0, "CNY", 2015),
    )
    assert told_["Per area and person."] == "In 2015 it is 2.50 million CNY/km² and 1\u202f533 CNY per person."


def test_nothing_is_told_of_what_was_not_found():
    for page in (assets_page, zoning_page, esv_page, gep_page):
        assert answer_of(page) == {}


@pytest.mark.parametrize(
    ("values", "course"),
    [
        ((1, 2, 3), "rose throughout"),
        ((3, 2, 1), "fell throughout"),
        ((100, 100.5, 100.2), "stayed about the same"),
        ((3, 2, 4), "fell until 2005, then rose until 2010"),
    ],
)
def test_the_course_of_a_series(values, course):
    levels = [Headline("x", float(value), "", year) for value, year in zip(values, (2000, 2005, 2010))]
    assert found().course(levels) == course


def test_figures_by_year_scale_a_row_together_and_place_changes():
    page = assets_page(found())
    table = page.table(found(*totals(0.5e6, 2e6, 3e6), Headline("hemeroby_mean", 50.0, "", 2010)))
    assert [column.title for column in table.columns] == ["Figure", "Unit", "2000", "2005", "2010", "2000–2010"]
    assert table.rows[0] == ["Total value", "million CNY/a", "0.50", "2.00", "3.00", None]
    assert table.rows[1] == ["Growth", "%", None, "300.00", "50.00", "500.00"]
    assert table.rows[2][:5] == ["Mean hemeroby", "", None, None, "50"]
    assert table.whole


def test_long_tables_and_earlier_matrices_go_behind():
    column = [Column("n")]
    short, long = TableBlock("s", column, [[1]]), TableBlock("l", column, [[n] for n in range(40)])
    matrices = [Heatmap(f"m{n}", ["a"], ["a"], [[1.0]]) for n in range(2)]
    report = MethodReport([Chapter("Found", [short, long, *matrices]), Chapter("How", [short])])
    whole = combined_report([], [StepReport("Step", report, (0,))], "en", page_one=PageOne(assets_page))
    told_ = {chapter.title: (chapter.appendix, list(chapter.blocks)) for chapter in whole.chapters}
    assert told_["Step"][0] is False and short in told_["Step"][1] and matrices[1] in told_["Step"][1]
    behind = told_["Method: Step"]
    assert behind[0] is True and long in behind[1] and matrices[0] in behind[1] and matrices[1] not in behind[1]


def test_no_heading_stands_twice():
    step = MethodReport([Chapter("Maps", [TableBlock("t", [Column("n")], [[1]])]), Chapter("More", [])])
    whole = combined_report([], [StepReport("A", step, (0,)), StepReport("B", step), StepReport("C", step, (0,))], "en")
    titles = [chapter.title for chapter in whole.chapters]
    headings = [block.text for chapter in whole.chapters for block in chapter.blocks if hasattr(block, "text")]
    assert len(titles) == len(set(titles)) and len(headings) == len(set(headings))


def test_who_drives_where_since_when():
    """What the chain of driver methods has found, in sentences of both languages."""
    figures = [
        Headline("leading_factor", 0.6, "", 2015, 2005, "population"),
        Headline("group_q_share", 60.0, "%", subject="socioeconomic_factors"),
        Headline("group_q_share", 40.0, "%", subject="natural_factors"),
        Headline("local_significant", 80.0, "%", 2015, subject="population"),
        Headline("local_positive", 10.0, "%", 2015, subject="population"),
        Headline("importance_share", 70.0, "%", subject="population"),
        Headline("strongest_here", 75.0, "%", subject="population"),
        Headline("driver_threshold", 120.0, "", subject="population"),
    ]
    told_by = found(*figures)
    text = " ".join(sentence for _, sentence in esv_page(told_by).answer(told_by).sentences)
    for words in (
        "opulation has explained most since 2005 (q 0.6 in 2015)",
        "socio-economic factors (60",
        "matters at 80",
        "means more at 10",
        "turns at: ",
    ):
        assert words in text, (words, text)
    told_by = found(*figures, language="zh")
    text = " ".join(sentence for _, sentence in assets_page(told_by).answer(told_by).sentences)
    assert "自2005年以来" in text and "作用转折的阈值" in text
