"""A raster is declared by its quantity: label, unit, help and valid range come from there, in both languages."""

from __future__ import annotations

import pytest

from ecoassets.algorithms import declared
from ecoassets.algorithms.declared import DeclaredAlgorithm
from ecoassets.algorithms.help_texts import Use, entry_of

EN = "One raster per year, one with a band per year, or one for all years. "
ZH = "每年一个栅格，或一个每年一个波段的栅格，或各年共用一个。"


class Sample(DeclaredAlgorithm):
    """Declares as algorithms do, and has no help of its own."""

    NAME = "sample"

    def declare(self):
        self.add_series("CROWN", quantity="lai")
        self.add_series("PLANTS", quantity="gpp", optional=True, ratio=True)
        self.add_raster("STEEP", quantity="slope", unit_from="STEEP_UNIT", ranges=True)
        self.add_raster("ANYTHING", quantity="any", ranges=True)
        self.add_ranges()
        self.add_raster_output("KEPT", quantity="soil_retention")


@pytest.fixture(params=["en", "zh"])
def told(request, monkeypatch):
    """Labels and help by parameter, in a language."""
    monkeypatch.setattr(declared, "user_language", lambda: request.param)
    algorithm = Sample()
    algorithm.initAlgorithm()
    takes, gives = algorithm.told()
    return request.param, {**takes, **gives}


EXPECTED = {
    "en": {
        "CROWN": ("Leaf area index (m²/m²)", f"{EN}Usual: 0 to 7 m²/m²."),
        "PLANTS": ("Gross primary production (any unit)", f"{EN}Usual: 0 to 3,000 g C/(m² a)."),
        "STEEP": ("Slope (chosen unit)", "Usual: 0 to 60 °."),
        "ANYTHING": ("Values", ""),
        "CROWN_MIN": (
            "Smallest valid leaf area index",
            "Smaller values count as nodata. Possible: 0 to 20 m²/m².",
        ),
        "STEEP_MAX": (
            "Largest valid slope",
            "Larger values count as nodata, such as fill values that are not declared. In the unit of the raster. "
            "Possible: 0 to 90 °.",
        ),
        "ANYTHING_MIN": ("Smallest valid value", "Smaller values count as nodata."),
        "KEPT": ("Soil retention", "t/(ha a), a band per year."),
    },
    "zh": {
        "CROWN": ("叶面积指数（m²/m²）", f"{ZH}常见范围：0 至 7 m²/m²。"),
        "PLANTS": ("总初级生产力（单位不限）", f"{ZH}常见范围：0 至 3,000 g C/(m² a)。"),
        "STEEP": ("坡度（所选单位）", "常见范围：0 至 60 °。"),
        "ANYTHING": ("数值", ""),
        "CROWN_MIN": ("有效叶面积指数下限", "小于该值的像元视为无数据。可能范围：0 至 20 m²/m²。"),
        "STEEP_MAX": (
            "有效坡度上限",
            "大于该值的像元视为无数据，如未声明的填充值。采用栅格自身的单位。可能范围：0 至 90 °。",
        ),
        "ANYTHING_MIN": ("有效值下限", "小于该值的像元视为无数据。"),
        "KEPT": ("土壤保持量", "t/(ha a)，每年一个波段。"),
    },
}


def test_a_declaration_tells_all(told):
    language, entries = told
    for name, expected in EXPECTED[language].items():
        assert (entries[name].label, entries[name].help) == expected


def test_every_series_has_a_range_and_every_map_none(told):
    _, entries = told
    ranged = [name for name in entries if name.endswith(("_MIN", "_MAX"))]
    assert ranged == [f"{name}_{end}" for name in ("CROWN", "PLANTS", "STEEP", "ANYTHING") for end in ("MIN", "MAX")]


def test_own_words_stand_between_those_of_the_quantity():
    entry = entry_of("soilconservation", "LS", "en", Use("slope_length", "series"))
    assert entry.label == "Slope length and steepness LS"
    assert entry.help == (
        f"Such as the output of Slope length and steepness. {EN}Without land cover its grid is the reference. "
        "Usual: 0.03 to 80."
    )


def test_every_raster_of_every_algorithm_has_a_quantity(processing_ready):
    silent = [
        f"{algorithm.name()}: {definition.name()}"
        for algorithm in processing_ready.algorithms()
        for definition in algorithm.parameterDefinitions()
        if definition.type() in ("raster", "rasterDestination")
        or (definition.type() == "multilayer" and definition.layerType() == 1)
        if declared.QUANTITY not in definition.metadata()
    ]
    assert silent == []
