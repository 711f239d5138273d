"""Headline figures, from tables that a pencil can follow."""

from __future__ import annotations

import pytest

from ecoassets.core.errors import InputError
from ecoassets.core.messages import say
from ecoassets.core.report import LeftOutArea, LeftOutAreas, Lines, MethodReport, Paragraph, Series
from ecoassets.core.report.blocks import Chapter, Heading, TableBlock
from ecoassets.core.report.texts import load_texts
from ecoassets.core.tables import Provenance, Table
from ecoassets.core.workflows.assets_headlines import (
    effect_headlines,
    terrain_headlines,
    turning_headlines,
    value_headlines,
)
from ecoassets.core.workflows.combined_report import StepReport, combined_report
from ecoassets.core.workflows.driver_headlines import (
    detector_years_headlines,
    importance_headlines,
    local_headlines,
    parse_factor_groups,
)
from ecoassets.core.workflows.esv_headlines import detector_headlines, land_headlines, profit_headlines, rsei_headlines
from ecoassets.core.workflows.headlines import Headline, change_pct, headline_chapter, headline_table, rows_of
from ecoassets.core.workflows.pressure_headlines import pressure_headlines, zone_headlines
from ecoassets.core.workflows.zoning_headlines import (
    conservation_headlines,
    kept_headlines,
    plan_headlines,
    quality_headlines,
    restoration_headlines,
    service_headlines,
)


def table(columns, *rows):
    """Cells as texts, as a CSV file holds them."""
    names = columns.split()
    return Table.of_rows("t", [dict(zip(names, ("" if cell is None else str(cell) for cell in row))) for row in rows])


def found(headlines, figure):
    return {(h.subject, h.from_year, h.year): h.value for h in headlines if h.figure == figure}


VALUES = table(
    "year ecosystem service area_ha value code",
    (2000, "forest", "climate", 4, 25.0, 21),
    (2000, "forest", "climate", 6, 35.0, 22),
    (2000, "forest", "soil", 10, 20.0),
    (2000, "cropland", "climate", 5, 30.0),
    (2000, "cropland", "soil", 5, -10.0),
    (2005, "forest", "climate", 12, 150.0),
    (2005, "cropland", "climate", 3, 50.0),
)
CHANGE = table(
    "from_year to_year ecosystem service change_pct",
    (2000, 2005, "all", "all", 100.0),
    (2000, 2005, "forest", "all", 87.5),
)


def test_totals_shares_and_services_of_the_assets():
    headlines = value_headlines(VALUES, CHANGE, "CNY")
    assert found(headlines, "assets_total") == {("", None, 2000): 100.0, ("", None, 2005): 200.0}
    assert found(headlines, "assets_growth") == {("", 2000, 2005): 100.0}
    assert found(headlines, "ecosystem_share") == {
        ("forest", None, 2000): 80.0,
        ("cropland", None, 2000): 20.0,
        ("forest", None, 2005): 75.0,
        ("cropland", None, 2005): 25.0,
    }
    assert found(headlines, "service_value")[("soil", None, 2000)] == 10.0
    assert {h.unit for h in headlines if h.figure == "assets_total"} == {"CNY/a"}


def test_terrain_tells_the_mean_of_the_years():
    summary = table(
        "year zone name area_ha total", (2000, 1, "flat", 30, 6), (2000, 2, "steep", 70, 10),
        (2005, 1, "flat", 30, 8), (2005, 2, "steep", 70, 30),
    )  # fmt: skip
    headlines = terrain_headlines("slope", summary, "CNY")
    assert found(headlines, "slope_assets") == {("flat", None, None): 7.0, ("steep", None, None): 20.0}
    assert found(headlines, "slope_area") == {("flat", None, None): 30.0, ("steep", None, None): 70.0}


def test_effects_are_those_of_the_drivers_and_keep_their_p():
    panel = table("term estimate p", ("rain", 2.5, 0.01), ("const", 7, 0.5))
    quantiles = table("quantile term estimate p", (0.1, "rain", -1, 0.2), (0.9, "rain", 4, 0.03), (0.9, "y2005", 1, 1))
    headlines = effect_headlines(panel, quantiles, ["rain"])
    assert [(h.figure, h.subject, h.value, h.p) for h in headlines] == [
        ("panel_effect", "rain", 2.5, 0.01),
        ("quantile_effect", "rain, 0.1", -1.0, 0.2),
        ("quantile_effect", "rain, 0.9", 4.0, 0.03),
    ]


def test_one_year_has_quantiles_only():
    assert effect_headlines(None, table("quantile term estimate p", (0.5, "rain", 1, 0)), ["rain"])[0].figure == (
        "quantile_effect"
    )


TRANSFER = table(
    "from_year to_year zone from_code to_code from_name to_name area_ha",
    (2000, 2005, "a", 1, 2, "crop", "town", 99),
    (2000, 2010, "all", 1, 1, "crop", "crop", 50),
    (2000, 2010, "all", 1, 2, "crop", "town", 7),
    (2000, 2010, "all", 1, 3, "crop", "grass", 2),
    (2000, 2010, "all", 3, 1, "grass", "crop", 1),
    (2000, 2010, "a", 1, 2, "crop", "town", 4),
    (2000, 2010, "b", 1, 2, "crop", "town", 3),
    (2000, 2010, "b", 1, 3, "crop", "grass", 2),
    (2000, 2010, "b", 3, 1, "grass", "crop", 1),
)


def test_land_is_compared_from_the_first_to_the_last_year_over_all_zones():
    headlines = land_headlines(TRANSFER)
    assert found(headlines, "land_lost") == {("crop", 2000, 2010): 9.0, ("grass", 2000, 2010): 1.0}
    assert found(headlines, "land_gained") == {
        ("town", 2000, 2010): 7.0, ("grass", 2000, 2010): 2.0, ("crop", 2000, 2010): 1.0,
    }  # fmt: skip
    assert next(h.subject for h in headlines if h.figure == "largest_change") == "crop → town"


def test_a_table_without_rows_has_no_headlines():
    assert land_headlines(Table.of_rows("t", [], columns=list(TRANSFER.columns))) == []


def test_profit_and_loss_of_the_whole_area():
    summary = table(
        "from_year to_year zone gain loss net change_index", (2000, 2005, "all", 5, -2, 3, 0.1),
        (2000, 2005, "a", 5, -2, 3, 0.4),
    )  # fmt: skip
    headlines = profit_headlines(summary, "CNY")
    assert [(h.figure, h.value) for h in headlines] == [
        ("esv_gain", 5.0), ("esv_loss", -2.0), ("esv_net", 3.0), ("esv_change_index", 0.1),
    ]  # fmt: skip


def test_means_are_weighted_by_area():
    rsei = table("year class area_ha mean", (2013, "poor", 10, 0.2), (2013, "good", 30, 0.6), (2023, "good", 5, None))
    assert found(rsei_headlines(rsei), "rsei_mean") == {("", None, 2013): 0.5, ("", None, 2023): 0.0}
    pressure = table(
        "year zone value area_ha", (2013, "all", 0.3, 40), (2013, "north", 0.2, 30), (2013, "south", 0.6, 10)
    )
    headlines = pressure_headlines("human_activity", pressure)
    assert found(headlines, "human_activity_mean") == {("", None, 2013): pytest.approx(0.3)}
    headlines = zone_headlines("human_activity", pressure)
    assert found(headlines, "human_activity_zone") == {("north", None, 2013): 0.2, ("south", None, 2013): 0.6}


def test_the_strongest_factor_comes_first():
    factors = table("factor q p_noncentral", ("rain", 0.2, 0.5), ("lights", 0.6, None))
    interactions = table("factor_a factor_b q_ab type", ("rain", "lights", 0.7, "bi_enhance"))
    headlines = detector_headlines(factors, interactions, {"nature": ("rain",), "people": ("lights",)})
    assert [(h.figure, h.subject, h.value) for h in headlines] == [
        ("factor_q", "lights", 0.6), ("factor_q", "rain", 0.2),
        ("factor_group_q", "nature", 0.2), ("factor_group_q", "people", 0.6),
        ("interactions", "bi_enhance", 1.0), ("strongest_pair", "rain, lights", 0.7),
    ]  # fmt: skip
    assert headlines[0].card and not headlines[1].card


def test_services_grow_by_their_totals():
    water = table("year ecosystem volume_m3", (2000, "forest", 60), (2000, "grassland", 40), (2015, "forest", 111))
    headlines = service_headlines("water_retention", water, "volume_m3", "m3/a")
    assert found(headlines, "service_total") == {
        ("water_retention", None, 2000): 100.0, ("water_retention", None, 2015): 111.0,
    }  # fmt: skip
    assert found(headlines, "service_change") == {("water_retention", 2000, 2015): 11.0}


QUALITY = table(
    "year ecosystem class index", (2000, "all", "all", 41), (2000, "forest", "all", 90), (2015, "all", "good", 1),
    (2015, "all", "all", 55),
)  # fmt: skip
PAIR = "from_year to_year ecosystem area_ha index_from index_to change_pct"


def test_the_change_of_quality_follows_from_the_means_beside_it():
    change = table(
        PAIR, (2000, 2005, "all", 9, 40, 44, 10), (2005, 2015, "all", 9, 44, 50, 13.6),
        (2000, 2015, "forest", 5, 1, 2, 7), (2000, 2015, "all", 9, 40, 50, 25),
    )  # fmt: skip
    headlines = quality_headlines(QUALITY, change)
    assert found(headlines, "quality_mean") == {("", None, 2000): 40, ("", None, 2005): 44, ("", None, 2015): 50}
    assert found(headlines, "quality_change") == {("", 2000, 2015): 25}


def test_years_between_have_no_mean_where_it_is_of_other_land():
    change = table(
        PAIR, (2000, 2005, "all", 8, 41, 44, 7), (2005, 2015, "all", 7, 45, 52, 15), (2000, 2015, "all", 9, 40, 50, 25)
    )
    headlines = quality_headlines(QUALITY, change)
    assert found(headlines, "quality_mean") == {("", None, 2000): 40, ("", None, 2015): 50}


def test_one_year_has_the_mean_of_all_its_land():
    none = Table.of_rows("t", [], columns=PAIR.split())
    assert found(quality_headlines(QUALITY, none), "quality_mean")["", None, 2000] == 41


def test_restoration_and_conservation_as_the_paper_tells_them():
    restoration = table(
        "reason ecosystem area_ha share_pct of_reason_pct", ("low_quality", "forest", 3, 3, 75),
        ("low_quality", "all", 4, 4, 100), ("union", "forest", 5, 5, 83), ("union", "all", 6, 6, 100),
    )  # fmt: skip
    headlines = restoration_headlines(restoration)
    assert found(headlines, "restoration_area") == {("", None, None): 6.0}
    assert found(headlines, "restoration_reason") == {("low_quality", None, None): 4.0}
    assert found(headlines, "restoration_ecosystem") == {("low_quality, forest", None, None): 75.0}
    zones = table("ecosystem area_ha share_pct of_ecosystem_pct", ("forest", 7, 70, 50), ("all", 10, 100, 39))
    headlines = conservation_headlines(zones)
    assert found(headlines, "conservation_share") == {("", None, None): 39.0}
    assert found(headlines, "conservation_ecosystem") == {("forest", None, None): 70.0}
    kept = table(
        "zone plan service kept_pct", ("all", 1, "water_retention", 50.5), ("all", 3, "water_retention", 29.13),
        ("all", 2, "water_retention", 7), ("north", 1, "water_retention", 20),
    )  # fmt: skip
    assert found(kept_headlines(kept), "service_kept") == {("water_retention", None, None): pytest.approx(79.63)}
    assert found(kept_headlines(kept), "service_kept_alone") == {("water_retention", None, None): 50.5}
    plan = table(
        "zone plan ecosystem area_ha share_pct", ("all", 0, "urban", 50, 50), ("all", 1, "forest", 20, 20),
        ("all", 1, "shrub", 5, 5), ("all", 2, "cropland", 15, 15), ("all", 3, "forest", 10, 10),
        ("east", 3, "forest", 10, 99),
    )  # fmt: skip
    parts = {subject: value for (subject, _, _), value in found(plan_headlines(plan), "plan_area").items()}
    assert parts == {"conservation_alone": 25, "restoration_alone": 15, "conservation_and_restoration": 10}


@pytest.mark.parametrize(("before", "after", "expected"), [(50, 60, 20), (-50, -40, 20), (0, 5, None), (None, 5, None)])
def test_change_is_relative_to_the_size_of_the_earlier_value(before, after, expected):
    assert change_pct(before, after) == expected


def test_rows_are_chosen_by_what_they_hold():
    assert len(rows_of(VALUES, year=2000, ecosystem="forest", code=21)) == 1


def test_the_table_and_the_chapter_hold_the_same_figures():
    headlines = [Headline("rsei_mean", 0.5, "", 2013, card=True), Headline("factor_q", None, "", subject="rain", p=0.1)]
    assert headline_table(headlines).rows == (
        ("rsei_mean", "", None, 2013, 0.5, "", None), ("factor_q", "rain", None, None, None, "", 0.1),
    )  # fmt: skip
    cards, rows = headline_chapter(headlines, load_texts("en")).blocks
    assert [card.label for card in cards.items] == ["Mean RSEI"]
    assert isinstance(rows, TableBlock) and rows.rows[1][0] == "Explanatory power q: rain"


def test_a_combined_report_holds_every_step_and_each_source_once():
    source = Provenance("factors", "Xie 2015")
    step = MethodReport(
        [Chapter("Totals", [Lines("Growth", [2000, 2005], [Series("all", [1, 2])])]), Chapter("Maps", [])],
        subtitle="2000–2005", sources=[source], left_out=[LeftOutArea("2005", "no value", 3.0)], warnings=["Look."],
    )  # fmt: skip
    whole = combined_report([], [StepReport("Value", step), StepReport("Loss", step)], "en", "2000–2005")
    assert [chapter.title for chapter in whole.chapters] == ["Headline figures", "Value", "Loss"]
    kinds = [type(block) for block in whole.chapters[1].blocks]
    assert kinds == [Paragraph, Heading, Lines, LeftOutAreas]
    assert list(whole.sources) == [source]
    assert list(whole.warnings) == ["Value: Look.", "Loss: Look."]


def test_warnings_of_the_steps_are_in_the_language_of_the_report():
    step = MethodReport([], warnings=[say("Choose the classified raster.")])
    assert list(combined_report([], [StepReport("面板回归", step)], "zh").warnings) == ["面板回归：请选择分类栅格。"]


def test_names_of_the_data_are_not_looked_up_in_the_dictionary():
    """The dictionary has a north (of the map's arrow) and a class; an aspect and a district may be called so."""
    words = load_texts("en")
    headlines = [
        Headline("aspect_area", 1.0, "%", subject=subject)
        for subject in ("north", "class", "forest", "low_quality, forest", "my_zone", "food")
    ]
    _, rows = headline_chapter([Headline("rsei_mean", 0.5, "", card=True), *headlines], words, {"food": "Food"}).blocks
    told = [str(row[0]).rpartition(": ")[2] for row in rows.rows[1:]]
    assert told == ["north", "class", "Forest", "low quality, Forest", "my_zone", "Food"]


def test_the_leader_and_the_year_since_when_it_leads():
    factors = table(
        "factor q p_noncentral share year",
        ("rain", 0.5, 0.01, None, 2000),
        ("people", 0.3, 0.01, None, 2000),
        ("rain", 0.3, 0.01, None, 2010),
        ("people", 0.4, 0.01, None, 2010),
        ("rain", 0.2, 0.01, None, 2020),
        ("people", 0.6, 0.01, None, 2020),
        ("rain", 0.3, 0.01, 0.15, None),
        ("people", 0.4, 0.01, 0.45, None),
    )
    headlines = detector_years_headlines(factors, {"nature": ("rain",), "society": ("people",)})
    assert found(headlines, "leading_factor") == {("people", 2010, 2020): 0.6}
    assert found(headlines, "factor_q")["rain", None, 2010] == 0.3
    assert found(headlines, "group_q_share") == {
        ("society", None, None): pytest.approx(75),
        ("nature", None, None): pytest.approx(25),
    }


def test_where_a_driver_matters_and_where_it_is_the_strongest():
    terms = table("term share_significant share_positive", ("const", 1, 1), ("rain", 0.25, 0.75), ("people", 0.8, 0.1))
    headlines = local_headlines(terms, 2020)
    assert found(headlines, "local_significant") == {("people", None, 2020): 80.0, ("rain", None, 2020): 25.0}
    assert found(headlines, "local_positive") == {("people", None, 2020): 10.0, ("rain", None, 2020): 75.0}

    headlines = importance_headlines(
        table("driver share_pct rank", ("rain", 30, 2), ("people", 70, 1)),
        table("driver kind x", ("rain", "shap_zero", 800), ("people", "ale_break", 9), ("people", "ale_zero", 50)),
        table("cell_id top_driver", (1, "rain"), (2, "people"), (3, "people"), (4, "people")),
        {"nature": ("rain",)},
    )
    assert found(headlines, "importance_share") == {("people", None, None): 70.0, ("rain", None, None): 30.0}
    assert found(headlines, "strongest_here") == {("people", None, None): 75.0, ("rain", None, None): 25.0}
    assert list(found(headlines, "driver_threshold").items()) == [
        (("people", None, None), 50.0),
        (("rain", None, None), 800.0),
    ]
    assert found(headlines, "group_importance") == {
        ("other_factors", None, None): pytest.approx(70),
        ("nature", None, None): pytest.approx(30),
    }


def test_groups_of_drivers_are_read_as_people_write_them():
    drivers = ["rain", "people", "elevation"]
    assert parse_factor_groups("nature：rain、elevation；society: people", drivers) == {
        "nature": ("rain", "elevation"),
        "society": ("people",),
    }
    assert parse_factor_groups("", ["elevation", "population", "soil"]) == {
        "natural_factors": ("elevation",),
        "socioeconomic_factors": ("population",),
    }
    for text, word in (("rain", "Write groups"), ("a: snow", "'snow'"), ("a: rain; b: rain", "twice")):
        with pytest.raises(InputError, match=word):
            parse_factor_groups(text, drivers)


def test_a_turning_point_whose_p_is_nought_is_the_most_certain():
    turning = table("term turning_point shape p_shape", ("hemeroby", 40, "inverted_u", 0), ("rain", 9, "u", 0.2))
    assert found(turning_headlines(turning), "turning_point") == {("hemeroby, inverted_u", None, None): 40.0}
