"""Findings: one fact one line, in the language of who reads it."""

from __future__ import annotations

import pickle

import pytest

from ecoassets.core.inputs.finding import Finding, Place, Refused, merged
from ecoassets.core.inputs.record import Record, recorded, tell
from ecoassets.core.messages import say, told
from ecoassets.core.progress import Progress

NO_NODATA = "{where} declares no nodata value: every pixel is taken as a value."


class Listener(Progress):
    def __init__(self) -> None:
        self.heard: list[str] = []

    def warn(self, message: str) -> None:
        self.heard.append(message)


def month(number: int) -> Finding:
    return Finding("nodata", "warn", (Place("Precipitation", f"/data/p{number:02}.tif"),), NO_NODATA)


def test_twelve_months_without_nodata_are_one_line():
    (finding,) = merged(map(month, range(1, 13)))
    assert finding.told() == (
        "Precipitation (p01.tif, p02.tif, p03.tif, p04.tif and 8 more) declares no nodata value: every pixel is taken "
        "as a value."
    )
    assert finding.told("zh").endswith("未声明无数据值（nodata）：所有像元均按有效值计算。")


def test_pixels_of_one_fact_add_up_and_another_value_is_another_fact():
    def fill(value: float, year: int, pixels: int) -> Finding:
        place = Place("NPP", f"npp_{year}.tif", year=year)
        return Finding(
            "fill", "warn", (place,), "{where} holds {value} ({pixels} px)", "", {"value": value}, value, pixels
        )

    found = merged([fill(-9999, 2000, 3), fill(-9999, 2005, 4), fill(65533, 2005, 1)])
    assert [finding.told() for finding in found] == [
        "NPP (npp_2000.tif, npp_2005.tif) holds -9999 (7 px)",
        "NPP 2005 (npp_2005.tif) holds 65533 (1 px)",
    ]


def test_a_fact_is_told_once_in_a_run_and_again_in_the_next():
    listener = Listener()
    with recorded():
        tell([month(1)], listener)
        with recorded() as of_a_step:
            tell([month(1), month(2)], listener)
    assert len(listener.heard) == 1 == len(of_a_step.findings)
    with recorded():
        tell([month(1)], listener)
    assert len(listener.heard) == 2


def test_a_warning_of_a_step_is_noted_once_and_in_the_language_of_the_report():
    note = say("Layers have the same name: {names}. Give each its own.", names="a, b")
    record = Record(warnings=[note, "Only here."])
    for language in ("en", "zh"):
        of_step = f"Step: {told(note, language)}"
        assert record.notes(language, [of_step]) == [of_step, "Only here."]
        assert record.notes(language, [note]) == [told(note, language), "Only here."]


def test_everything_that_stops_a_run_is_told_at_once():
    stops = [
        Finding("years", "stop", (Place("Land cover", "a.tif"),), "{where} is of another year.", "Sort it."),
        Finding("possible", "stop", (Place("NPP", "b.tif"),), "{where} holds {value}.", "", {"value": -7}, -7),
    ]
    listener = Listener()
    with pytest.raises(Refused) as refused:
        tell([month(1), *stops], listener)
    assert str(refused.value) == "Land cover (a.tif) is of another year. Sort it.\nNPP (b.tif) holds -7."
    assert len(listener.heard) == 1, "what only warns is told too"


def test_messages_are_texts_that_know_their_template():
    message = say("{files} and {more} more", files="a.tif", more=2)
    assert message == "a.tif and 2 more"
    assert told(pickle.loads(pickle.dumps(message)), "zh") == "a.tif 等（另有 2 个）"
    assert told("no message", "zh") == "no message"
