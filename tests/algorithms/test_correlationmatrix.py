"""The correlation matrix through QGIS: a table, years, the report, a table without places."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.tests.algorithms.helpers import read_csv, run
from ecoassets.tests.algorithms.panels import panel_rows, write_csv, write_layer

MATRIX = "ecoassets:correlationmatrix"


def test_pairs_of_a_layer_by_year(tmp_path):
    rows, html, path = panel_rows(), tmp_path / "report.html", str(tmp_path / "pairs.csv")
    found = run(
        MATRIX,
        {
            "INPUT": write_layer(tmp_path / "panel.gpkg", rows),
            "FIELDS": ["value", "rain", "heat"],
            "TIME": "year",
            "OUTPUT_TABLE": path,
            "OUTPUT_HTML": str(html),
        },
    )
    assert found["N"] == 108
    table = read_csv(path)
    assert [row["year"] for row in table] == ["2000"] * 3 + ["2005"] * 3 + ["2010"] * 3 + [""] * 3
    one = [row for row in rows if row["year"] == 2005]
    expected = np.corrcoef([row["value"] for row in one], [row["rain"] for row in one])[0, 1]
    assert float(table[3]["r"]) == pytest.approx(expected)
    assert float(table[3]["n_effective"]) <= 36
    text = html.read_text(encoding="utf-8")
    assert "Partial r" in text and "Independent rows" in text


def test_a_table_without_places(tmp_path):
    rows = [{"a": float(i % 7), "b": float(i % 5), "c": float(i)} for i in range(35)]
    path = str(tmp_path / "pairs.csv")
    run(
        MATRIX,
        {
            "INPUT": write_csv(tmp_path / "table.csv", rows),
            "FIELDS": ["a", "b"],
            "PARTIAL": ["c"],
            "METHOD": "spearman",
            "OUTPUT_TABLE": path,
        },
    )
    (row,) = read_csv(path)
    assert row["n_effective"] == "" and row["method"] == "spearman"
    assert float(row["r"]) == pytest.approx(0)  # every pair of remainders occurs once
