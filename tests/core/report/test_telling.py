"""Sentences of answers: levels and their course, parts of a whole, and what stands in front of a method's report."""

from __future__ import annotations

import math

import numpy as np

from ecoassets.core.report import (
    Answer,
    Chapter,
    Column,
    Figure,
    Figures,
    LeftOutArea,
    Map,
    MapPicture,
    MethodReport,
    Ramp,
    Report,
    TableBlock,
    write_report,
)
from ecoassets.core.report.page import MOST_BYTES
from ecoassets.core.report.page_one import with_answer
from ecoassets.core.report.telling import Teller, within
from ecoassets.tests.rasters import write_raster

ENGLISH, CHINESE = Teller("en"), Teller("zh")


def texts(sentences):
    return [text for _, text in sentences]


class TestLevels:
    def test_every_year_the_course_and_the_change(self):
        (told,) = texts(ENGLISH.levels("Water retention", (2000, 2005, 2010), (2e6, 3e6, 2.5e6), "m3/a"))
        assert told == (
            "Water retention: 2.00 million m³/a in 2000, 3.00 million m³/a in 2005 and 2.50 million m³/a in 2010. "
            "It rose until 2005, then fell until 2010 (from 2000 to 2010: +25.00 %)."
        )
        (told,) = texts(CHINESE.levels("水源涵养量", (2000, 2010), (2e6, 3e6), "m3/a"))
        assert told == "水源涵养量：2000年200.00万m³/年和2010年300.00万m³/年。2000–2010年持续上升（变化+50.00%）。"

    def test_amounts_beside_each_other_have_one_unit(self):
        (told,) = texts(CHINESE.levels("总值", (2000, 2010), (4958e4, 1.04e8), "CNY/a"))
        assert told.startswith("总值：2000年0.50亿元/年和2010年1.04亿元/年。")

    def test_of_many_years_the_first_and_the_last(self):
        (told,) = texts(ENGLISH.levels("NPP", range(2000, 2010), [500.0 + n for n in range(10)], "gC/m2"))
        assert told.startswith("NPP: 500 gC/m² in 2000 and 509 gC/m² in 2009.")

    def test_one_year_none_and_no_value(self):
        assert texts(ENGLISH.levels("K", (None,), (0.0153,))) == ["K: 0.0153."]
        assert texts(ENGLISH.levels("K", (2000,), (0.0153,))) == ["K in 2000: 0.0153."]
        assert ENGLISH.levels("K", (2000,), (math.nan,)) == []

    def test_no_percent_of_nothing_or_of_a_loss(self):
        (told,) = texts(ENGLISH.levels("Net", (2000, 2010), (-5.0, 5.0)))
        assert "%" not in told


class TestParts:
    def test_the_largest_with_their_shares_of_what_is_above_zero(self):
        parts = {"forest": 60.0, "wetland": 40.0, "bare land": -50.0}
        assert texts(ENGLISH.made_of(parts)) == ["Most of it lies in forest (60.00 %), wetland (40.00 %)."]
        assert "forest (60 ha, 60.00 %)" in texts(ENGLISH.made_of(parts, unit="ha"))[0]

    def test_a_single_part_tells_nothing(self):
        assert ENGLISH.made_of({"forest": 5.0, "bare land": 0.0}) == []

    def test_most_and_least_where_they_differ(self):
        assert texts(ENGLISH.extremes({"a": 1.0, "b": 3.0, "c": math.nan}, "", "zones")) == [
            "Most is in b (3), least in a (1)."
        ]
        assert ENGLISH.extremes({"a": 1.0, "b": 1.0}, "", "zones") == []


def test_names_within_a_sentence():
    assert [within(name) for name in ("Forest", "GDP", "NDVI 2000", "森林")] == ["forest", "GDP", "NDVI 2000", "森林"]


class TestPageOne:
    FIGURES = Figures([Figure("Total", 3.0)])
    MAP = Map("Where", [MapPicture("a.tif")], Ramp())
    TABLE = TableBlock("Rows", [Column("Year", kind="code")], [[2000]])
    SENTENCE = (("Level.", "3 in all."),)

    def in_front(self, *blocks, **more):
        report = MethodReport([Chapter("Total", blocks)], sentences=self.SENTENCE, **more)
        return with_answer(report, "How much?", "en").chapters

    def test_figures_and_map_go_in_front_and_stand_nowhere_else(self):
        front, rest = self.in_front(self.FIGURES, self.TABLE, self.MAP)
        assert front.blocks == [Answer("How much?", list(self.SENTENCE)), self.FIGURES, self.MAP]
        assert rest.blocks == [self.TABLE]

    def test_without_a_map_a_short_table(self):
        assert self.in_front(self.TABLE)[0].blocks[-1] == self.TABLE
        assert len(self.in_front(TableBlock("Rows", self.TABLE.columns, [[y] for y in range(99)]))[0].blocks) == 1

    def test_what_to_mind_is_the_largest_area_left_out_and_how_many_notes_there_are(self):
        lost = [LeftOutArea("2000", "no rain", 3.0, 1.0), LeftOutArea("2005", "no rain", 9.0, 3.0)]
        answer = self.in_front(self.TABLE, left_out=lost, warnings=["a", "b"])[0].blocks[0]
        assert answer.sentences[-1] == (
            "To mind.",
            "The largest part without a result is 9 ha or 3.00 % of the area (2005: no rain). "
            "Notes on data and method, told after the results: 2.",
        )

    def test_a_report_that_answers_nothing_stays_as_it_is(self):
        report = MethodReport([Chapter("Total", [self.TABLE])])
        assert with_answer(report, "How much?", "en") is report


def test_a_report_of_many_tables_and_maps_can_still_be_sent_by_mail(tmp_path):
    noise = np.random.default_rng(1).random((700, 700)).astype(np.float32)
    path = str(write_raster(tmp_path / "noise.tif", noise))
    rows = [[f"{number} " + "x" * 90] for number in range(450)]
    tables = [TableBlock(f"T{n}", [Column("Text", kind="text")], rows) for n in range(30)]
    maps = [Map(f"M{n}", [MapPicture(path)], Ramp()) for n in range(8)]
    write_report(Report("Title", [Chapter("C", [*maps, *tables])]), tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size < 1.02 * MOST_BYTES
