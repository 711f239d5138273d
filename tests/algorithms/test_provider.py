"""The toolbox holds every algorithm, and one that is broken does not empty it."""

from __future__ import annotations

import pytest

from ecoassets.algorithms import tools
from ecoassets.algorithms.provider import ALGORITHMS, EcoAssetsProvider

GROUPS = (
    "tools",
    "prepare",
    "terrain",
    "assets",
    "landuse",
    "services",
    "quality",
    "accounts",
    "zoning",
    "drivers",
    "workflows",
)
BROKEN = {
    "no_import": "from ..nowhere import nothing",
    "no_class": "",
    "no_help": """
from ..base import EcoAlgorithm
class Algorithm(EcoAlgorithm):
    NAME, GROUP = "nohelp", "tools"
    def declare(self):
        self.add_raster("VALUES")
""",
}


@pytest.fixture
def logged(qgis_app):
    """What the log of QGIS takes meanwhile: message and tag."""
    found = []

    def keep(message, tag, level):
        found.append((message, tag))

    log = qgis_app.messageLog()
    log.messageReceived.connect(keep)
    yield found
    log.messageReceived.disconnect(keep)


def test_every_algorithm_is_in_the_toolbox(logged):
    provider = EcoAssetsProvider()
    provider.refreshAlgorithms()
    assert logged == []
    assert len(provider.algorithms()) == len(ALGORITHMS)


def test_groups_stand_in_the_order_of_the_work(processing_ready):
    """QGIS sorts them by title, so the numbers of the titles make the order."""
    titles = {algorithm.group(): algorithm.groupId() for algorithm in processing_ready.algorithms()}
    told = [titles[title] for title in sorted(titles)]
    assert [group for group in GROUPS if group in told] == told


# What people type into the toolbox, and what they must find in both languages of QGIS.
SOUGHT = {
    "GEP": ("gepaccount", "gepworkflow", "gepquantities"),
    "生态产品总值": ("gepaccount", "gepworkflow"),
    "生态红线": ("conservationzones", "zoningplan", "zoningworkflow"),
    "redline": ("conservationzones", "zoningplan"),
    "国土空间生态修复": ("restorationzones", "zoningplan", "zoningworkflow"),
    "碳储量": ("carbonstorage",),
    "carbon": ("carbonstorage",),
    "水土流失": ("soilconservation",),
    "归因分析": ("driverimportance", "geodetector", "panelregression", "quantileregression"),
    "NPP": ("carbonstorage", "ecosystemservicevalue", "ecologicalassets"),
    "InVEST": ("habitatquality", "carbonstorage", "waterretention", "soilconservation"),
    "RUSLE": ("soilconservation", "rainfallerosivity", "slopelength", "soilerodibility", "vegetationcover"),
    "ESV": ("ecosystemservicevalue", "esvworkflow"),
    "LULC": ("transfermatrix",),
    "land use change": ("transfermatrix",),
    "示例数据": ("practiceregion",),
    "sample data": ("practiceregion",),
    "hotspot": ("spatialautocorrelation",),
    "geographical detector": ("geodetector",),
    "双重评价": ("zoningplan",),
}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("typed", SOUGHT)
def test_what_people_type_finds_what_they_mean(processing_ready, monkeypatch, typed, language):
    monkeypatch.setattr("ecoassets.algorithms.declared.user_language", lambda: language)
    for name in SOUGHT[typed]:
        algorithm = processing_ready.algorithm(name)
        # as the toolbox searches: each word somewhere in what an algorithm says of itself
        told = " ".join([algorithm.displayName(), algorithm.id(), algorithm.shortDescription(), *algorithm.tags()])
        assert all(word.casefold() in told.casefold() for word in typed.split()), name


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_algorithm_is_told_and_left_out(broken, logged, tmp_path, monkeypatch):
    (tmp_path / f"{broken}.py").write_text(BROKEN[broken], encoding="utf-8")
    monkeypatch.setattr(tools, "__path__", [*tools.__path__, str(tmp_path)])
    provider = EcoAssetsProvider(["tools.aligntogrid.AlignToGrid", f"tools.{broken}.Algorithm", "quality.trend.Trend"])
    provider.refreshAlgorithms()
    assert sorted(algorithm.name() for algorithm in provider.algorithms()) == ["aligntogrid", "trend"]
    ((message, tag),) = logged
    assert tag == "EcoAssets"
    assert message.startswith(f"tools.{broken}.Algorithm is left out of the toolbox: ")
