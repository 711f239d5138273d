"""The catalogue of the core names what the toolbox holds."""

from __future__ import annotations

from ecoassets.core.methods import METHODS

# A region and reports made in QGIS, polygons read by QGIS, and chains of other algorithms.
NEED_QGIS = {
    "practiceregion", "reportbundle", "targetselection", "assetsworkflow", "esvworkflow", "gepworkflow",
    "zoningworkflow",
}  # fmt: skip


def test_every_algorithm_can_be_run_without_qgis_or_needs_it(processing_ready):
    assert METHODS.keys() | NEED_QGIS == {algorithm.name() for algorithm in processing_ready.algorithms()}
    assert not METHODS.keys() & NEED_QGIS
