"""The catalogue of the core names what the toolbox holds."""

from __future__ import annotations

from ecoassets.algorithms.provider import ALGORITHMS
from ecoassets.core.methods import METHODS

# A region and reports made in QGIS, polygons read by QGIS, and chains of other algorithms.
NEED_QGIS = {
    "practiceregion", "reportbundle", "targetselection", "assetsworkflow", "esvworkflow", "zoningworkflow"
}  # fmt: skip


def test_every_algorithm_can_be_run_without_qgis_or_needs_it():
    assert METHODS.keys() | NEED_QGIS == {algorithm.NAME for algorithm in ALGORITHMS}
    assert not METHODS.keys() & NEED_QGIS
