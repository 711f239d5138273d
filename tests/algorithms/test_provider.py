"""The toolbox holds every algorithm, and one that is broken does not empty it."""

from __future__ import annotations

import pytest

from ecoassets.algorithms import tools
from ecoassets.algorithms.provider import ALGORITHMS, EcoAssetsProvider

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
