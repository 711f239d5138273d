"""The geographical detector through QGIS: q by hand, the published tables, options, bad input."""

from __future__ import annotations

import math

import pytest

from ecoassets.tests.algorithms.helpers import read_csv, run
from ecoassets.tests.algorithms.panels import panel_rows, write_csv, write_layer

DETECTOR = "ecoassets:geodetector"
TABLES = ("FACTORS", "INTERACTIONS", "RISK", "ECOLOGICAL", "BREAKS")


@pytest.fixture
def detect(tmp_path):
    """Runs with changes; gives the rows of all tables by name, and the results."""

    def found(layer, **changes):
        paths = {f"OUTPUT_{name}": str(tmp_path / f"{name.lower()}.csv") for name in TABLES}
        results = run(DETECTOR, {"INPUT": layer, "Y": "value", **paths, **changes})
        return {name: read_csv(paths[f"OUTPUT_{name}"]) for name in TABLES}, results

    return found


def soils(number=12):
    """Values 0, 2 on clay, 4, 6 on sand, repeated: SST = 20, SSW = 4 per four rows, q = 0.8."""
    rows = [
        {"value": float(v), "soil": s, "code": c}
        for v, s, c in ((0, "clay", 1), (2, "clay", 1), (4, "sand", 2), (6, "sand", 2))
    ]
    return [{**row, "x": 1000.0 * i, "y": 0.0} for i, row in enumerate(rows * (number // 4))]


def test_q_by_hand(detect, tmp_path):
    tables, results = detect(write_layer(tmp_path / "soils.gpkg", soils()), FACTORS=["soil"])
    (row,) = tables["FACTORS"]
    assert float(row["q"]) == pytest.approx(0.8, rel=1e-12)
    assert (row["strata"], row["n"], row["method"]) == ("2", "12", "")
    assert results["N"] == 12
    means = {row["label"]: (float(row["mean"]), row["differs_from"]) for row in tables["RISK"]}
    assert means == {"clay": (1, "sand"), "sand": (5, "clay")}


def test_codes_in_a_text_table_are_categories_where_said(detect, tmp_path):
    table = write_csv(tmp_path / "soils.csv", soils())
    tables, _ = detect(table, FACTORS=["code"], CATEGORICAL=["code"])
    assert [row["label"] for row in tables["RISK"]] == ["1", "2"]  # not 1.0 and 2.0
    assert float(tables["FACTORS"][0]["q"]) == pytest.approx(0.8, rel=1e-12)


def test_numbers_of_a_text_table_are_put_in_classes(detect, tmp_path):
    rows = [{"value": float(i % 7 + i), "depth": float(i)} for i in range(60)]
    tables, _ = detect(write_csv(tmp_path / "depth.csv", rows), FACTORS=["depth"], DISCRETISE=["quantile"], CLASSES="4")
    (row,) = tables["FACTORS"]
    assert (row["method"], row["classes"], row["strata"]) == ("quantile", "4", "4")
    assert [b["n"] for b in tables["BREAKS"]] == ["15"] * 4


def test_published_q_of_neural_tube_defects(detect, shared_data):
    """Wang et al. 2010: 0.61, 0.39, 0.64; the pairs by the R package GD, which leaves out strata of one row."""
    tables, _ = detect(
        str(shared_data / "geodetector" / "NTDs_disease.csv"),
        Y="incidence",
        FACTORS=["elevation", "soiltype", "watershed"],
        CATEGORICAL=["elevation", "soiltype", "watershed"],
        SINGLETONS="drop",
    )
    q = {row["factor"]: float(row["q"]) for row in tables["FACTORS"]}
    assert q == pytest.approx({"elevation": 0.6067087, "soiltype": 0.3857168, "watershed": 0.6377737}, abs=1e-7)
    pairs = {(r["factor_a"], r["factor_b"]): (float(r["q_ab"]), r["type"]) for r in tables["INTERACTIONS"]}
    expected = {
        ("elevation", "soiltype"): 0.6630,
        ("elevation", "watershed"): 0.7103,
        ("soiltype", "watershed"): 0.7232,
    }
    assert {pair: value for pair, (value, _) in pairs.items()} == pytest.approx(expected, abs=1e-4)
    assert {kind for _, kind in pairs.values()} == {"bi_enhance"}


def test_published_q_of_ndvi(detect, shared_data):
    """By the R package GD; the pair differs by its strata of one row."""
    tables, results = detect(
        str(shared_data / "geodetector" / "ndvi_40.csv"), Y="NDVIchange", FACTORS=["Climatezone", "Mining", "GDP"]
    )
    q = {row["factor"]: float(row["q"]) for row in tables["FACTORS"]}
    assert q["Climatezone"] == pytest.approx(0.8218335, abs=1e-7)
    assert q["Mining"] == pytest.approx(0.1411154, abs=1e-7)
    (pair,) = [r for r in tables["INTERACTIONS"] if {r["factor_a"], r["factor_b"]} == {"Climatezone", "Mining"}]
    assert float(pair["q_ab"]) == pytest.approx(0.8344877, abs=1e-7)
    assert results["N"] == 713


def test_permutations_blocks_and_report(detect, tmp_path):
    html = tmp_path / "report.html"
    layer = write_layer(tmp_path / "panel.gpkg", [r for r in panel_rows() if r["year"] == 2000])
    tables, _ = detect(
        layer, FACTORS=["height", "rain"], PERMUTATIONS=39, BLOCK_SIZE=2000, CLASSES="3-4", OUTPUT_HTML=str(html)
    )
    p = {row["factor"]: float(row["p_permutation"]) for row in tables["FACTORS"]}
    assert 1 / 40 <= p["height"] <= 1
    text = html.read_text(encoding="utf-8")
    assert "Mean of the stratum" in text and "data:image/png" in text  # the risk map


def changed(**columns):
    rows = panel_rows()
    for number, row in enumerate(rows):
        row.update({name: make(number, row) for name, make in columns.items()})
    return rows


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        (changed(value=lambda i, r: 3.0), {}, "'value' is 3 in all 108 rows"),
        (changed(value=lambda i, r: "high"), {}, "'value' must be numbers; it holds 'high'"),
        (changed(rain=lambda i, r: str(i % 5) if i else "wet"), {}, "'rain' must be numbers; it holds 'wet'"),
        (changed(soil=lambda i, r: f"soil {i}"), {"FACTORS": ["soil"]}, "more than half"),
        (changed(rain=lambda i, r: None if i else 1.0, heat=lambda i, r: 1.0 if i else None),
         {"FACTORS": ["rain", "heat"]}, "No row of 108 holds"),
        (panel_rows(), {"CATEGORICAL": ["heat"]}, "CATEGORICAL names heat"),
        (panel_rows(), {"CLASSES": "eight"}, "CLASSES holds 'eight'"),
        (panel_rows(), {"CLASSES": "1-3"}, "run from 2 to 100"),
        (panel_rows(), {"FACTORS": ["value"]}, "cannot explain itself"),
        (panel_rows(), {"BLOCKS": "cell_id", "BLOCK_SIZE": 100}, "both given"),
    ],
)  # fmt: skip
def test_bad_input(detect, tmp_path, rows, changes, message):
    from qgis.core import QgsProcessingException

    layer = write_layer(tmp_path / "bad.gpkg", rows)
    with pytest.raises(QgsProcessingException, match=message):
        detect(layer, **{"FACTORS": ["rain"], **changes})
    assert not (tmp_path / "factors.csv").exists()


def test_one_stratum_has_a_q_of_zero_and_no_p(detect, tmp_path):
    tables, _ = detect(write_layer(tmp_path / "one.gpkg", changed(soil=lambda i, r: "clay")), FACTORS=["soil"])
    (row,) = tables["FACTORS"]
    assert (float(row["q"]), row["p_f"], row["strata"]) == (0, "", "1")


def test_infinite_values_are_left_out_and_counted(detect, tmp_path):
    rows = changed(rain=lambda i, r: math.inf if i < 3 else r["rain"])
    _, results = detect(write_csv(tmp_path / "infinite.csv", rows), FACTORS=["rain"])
    assert results["N"] == 105


def test_years_shares_folds_and_own_limits(detect, tmp_path):
    html = tmp_path / "report.html"
    layer = write_layer(tmp_path / "panel.gpkg", panel_rows())
    tables, _ = detect(
        layer, FACTORS=["height", "rain"], TIME="year", BREAKS="height: 150", FOLDS=3, OUTPUT_HTML=str(html),
        OUTPUT_TREES=str(tmp_path / "trees.csv"),
    )  # fmt: skip
    years = [row["year"] for row in tables["FACTORS"]]
    assert years == ["2000", "2000", "2005", "2005", "2010", "2010", "", ""]
    assert {row["method"] for row in tables["FACTORS"] if row["factor"] == "height"} == {"own"}
    whole = [row for row in tables["FACTORS"] if not row["year"]]
    assert all(float(row["q_cv"]) <= float(row["q"]) for row in whole)
    joint = [row for row in read_csv(tmp_path / "trees.csv") if row["set"] == "height + rain"]
    assert sum(int(row["n"]) for row in joint) == 108
    text = html.read_text(encoding="utf-8")
    assert "rank of the factors by year" in text and "Shares of the factors" in text


def test_limits_from_a_table_and_not_from_both(detect, tmp_path):
    from qgis.core import QgsProcessingException

    layer = write_layer(tmp_path / "panel.gpkg", panel_rows())
    limits = write_csv(tmp_path / "limits.csv", [{"factor": "rain", "upper": 50.0}])
    tables, _ = detect(layer, FACTORS=["rain"], BREAKS_TABLE=limits)
    assert [row["class"] for row in tables["BREAKS"]] == [1, 2] or [row["class"] for row in tables["BREAKS"]] == [
        "1",
        "2",
    ]
    with pytest.raises(QgsProcessingException, match="BREAKS and BREAKS_TABLE are both given"):
        detect(layer, FACTORS=["rain"], BREAKS_TABLE=limits, BREAKS="rain: 50")
