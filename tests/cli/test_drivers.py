"""Drivers from rasters to regressions through the real `qgis_process`: a practice region with known effects, Assaba,
and the published table of the geographical detector."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence

import numpy as np
import pytest
from osgeo import ogr

YEARS = tuple(range(2010, 2017))
CELL_M = 5000


def read(path):
    with open(path, encoding="utf-8-sig") as lines:
        return list(csv.DictReader(lines))


def columns(path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Fields of a layer as arrays, by OGR alone."""
    dataset = ogr.Open(str(path))
    rows = [[feature[name] for name in names] for feature in dataset.GetLayer(0)]
    return dict(zip(names, np.array(rows, dtype=float).T))


def passed(outcome):
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome


def demeaned(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    means = np.bincount(codes, weights=values) / np.bincount(codes)
    return values - means[codes]


def two_way_slopes(sample, y: str, x: Sequence[str]) -> np.ndarray:
    """Within cells, with a column for each year but the first: exact whatever years a cell lacks."""
    _, cell = np.unique(sample["cell_id"], return_inverse=True)
    dummies = [sample["year"] == year for year in np.unique(sample["year"])[1:]]
    matrix = np.column_stack([demeaned(np.asarray(c, float), cell) for c in (*(sample[name] for name in x), *dummies)])
    return np.linalg.lstsq(matrix, demeaned(sample[y], cell), rcond=None)[0][: len(x)]


def test_known_effects_of_the_practice_region_are_found_again(qgis_process, tmp_path):
    region = tmp_path / "region"
    passed(qgis_process("ecoassets:practiceregion", FOLDER=region, SIZE=200))
    known = {row["driver"]: float(row["coefficient"]) for row in read(region / "known_coefficients.csv")}
    noise = known.pop("noise_sd")
    years = (2000, 2005, 2010, 2015)
    variables = ("response", *known)
    passed(
        qgis_process(
            "ecoassets:samplegrid",
            RASTERS=[region / f"{name}_{year}.tif" for name in variables for year in years],
            NAMES=",".join(name for name in variables for _ in years),
            YEARS=",".join(map(str, years)),
            CELL_SIZE=300,
            BOUNDARY=region / "boundary.gpkg",
            OUTPUT=tmp_path / "sample.gpkg",
        )
    )
    outcome = passed(
        qgis_process(
            "ecoassets:panelregression",
            INPUT=tmp_path / "sample.gpkg",
            ENTITY="cell_id",
            TIME="year",
            Y="response",
            X=";".join(known),
            CONFIDENCE=0.999,
            OUTPUT_TABLE=tmp_path / "panel.csv",
            OUTPUT_RESIDUALS=tmp_path / "residuals.gpkg",
        )
    )
    terms = {row["term"]: row for row in read(tmp_path / "panel.csv")}
    assert list(terms) == list(known)
    for name, effect in known.items():
        assert float(terms[name]["low"]) < effect < float(terms[name]["high"]), name
    assert float(terms["precipitation"]["estimate"]) == pytest.approx(known["precipitation"], rel=0.02)
    # The noise of a cell is the mean of that of its pixels; a quarter of it is lost to the effect of the cell.
    residuals = columns(tmp_path / "residuals.gpkg", ["residual"])["residual"]
    side = 300 / 30  # pixels
    assert residuals.std() == pytest.approx(noise / side * math.sqrt(3 / 4), rel=0.1)
    assert outcome.results["N"] == len(residuals)


@pytest.fixture(scope="module")
def assaba(shared_data, tmp_path_factory):
    """Links, because QGIS leaves statistics beside the rasters that it loads."""
    folder = tmp_path_factory.mktemp("assaba")
    source = shared_data / "assaba"
    for year in YEARS:
        (folder / f"gpp_{year}.tif").symlink_to(source / "MODIS_Gross_Primary_Production_GPP" / f"{year}_GP.tif")
        (folder / f"rain_{year}.tif").symlink_to(source / "Climate_Precipitation_Data" / f"{year}R.tif")
    for year in (2010, 2015):
        (folder / f"population_{year}.tif").symlink_to(source / f"Assaba_Pop_{year}.tif")
    return folder


def sampled(qgis_process, assaba, years, population, output):
    rasters = [assaba / f"{name}_{year}.tif" for name in ("gpp", "rain") for year in years]
    names = ["gpp"] * len(years) + ["rain"] * len(years) + ["population"] * len(population)
    return passed(
        qgis_process(
            "ecoassets:samplegrid",
            RASTERS=[*rasters, *(assaba / f"population_{year}.tif" for year in population)],
            NAMES=",".join(names),
            YEARS=",".join(map(str, years)),
            CELL_SIZE=CELL_M,
            VALID_RANGES="gpp::65000",
            OUTPUT=output,
        )
    )


@pytest.fixture(scope="module")
def seven_years(qgis_process, assaba, tmp_path_factory):
    """Seven years of production and rain and one map of people, on three grids, one with an undeclared fill value."""
    output = tmp_path_factory.mktemp("sample") / "sample.gpkg"
    return output, sampled(qgis_process, assaba, YEARS, (2010,), output)


def test_the_sample_holds_no_fill_value_and_every_year(seven_years):
    output, outcome = seven_years
    sample = columns(output, ["cell_id", "year", "gpp", "rain", "population"])
    assert outcome.results["N"] == len(sample["gpp"])
    assert outcome.results["CELLS"] == len(np.unique(sample["cell_id"]))
    assert set(sample["year"]) == set(YEARS)
    assert sample["gpp"].min() > 0 and sample["gpp"].max() < 10_000  # the fill value is 65533
    assert sample["rain"].min() > 40 and sample["rain"].max() < 640  # as the maps themselves
    assert "brought on the reference grid" in outcome.stderr + outcome.stdout


def test_two_way_effects_of_rain_by_an_independent_regression(qgis_process, seven_years, tmp_path):
    layer, _ = seven_years
    outcome = passed(
        qgis_process(
            "ecoassets:panelregression",
            INPUT=layer,
            ENTITY="cell_id",
            TIME="year",
            Y="gpp",
            X="rain;population",
            BLOCK_SIZE=50_000,
            OUTPUT_TABLE=tmp_path / "panel.csv",
            OUTPUT_TESTS=tmp_path / "tests.csv",
            OUTPUT_RESIDUALS=tmp_path / "residuals.gpkg",
            OUTPUT_HTML=tmp_path / "panel.html",
        )
    )
    (term,) = read(tmp_path / "panel.csv")  # population is one map: it cannot be told from the cells, and says so
    assert (
        "population" in outcome.stdout + outcome.stderr
        and "does not change over time" in outcome.stdout + outcome.stderr
    )
    sample = columns(layer, ["cell_id", "year", "gpp", "rain"])
    assert float(term["estimate"]) == pytest.approx(two_way_slopes(sample, "gpp", ["rain"])[0], rel=1e-9)
    assert outcome.results["N"] == len(sample["gpp"])
    assert {f"moran_residuals {year}" for year in YEARS} <= {row["test"] for row in read(tmp_path / "tests.csv")}


def test_people_of_two_years_have_a_slope(qgis_process, assaba, tmp_path):
    sampled(qgis_process, assaba, (2010, 2015), (2010, 2015), tmp_path / "sample.gpkg")
    passed(
        qgis_process(
            "ecoassets:panelregression",
            INPUT=tmp_path / "sample.gpkg",
            ENTITY="cell_id",
            TIME="year",
            Y="gpp",
            X="rain;population",
            OUTPUT_TABLE=tmp_path / "panel.csv",
        )
    )
    found = [float(row["estimate"]) for row in read(tmp_path / "panel.csv")]
    sample = columns(tmp_path / "sample.gpkg", ["cell_id", "year", "gpp", "rain", "population"])
    assert found == pytest.approx(two_way_slopes(sample, "gpp", ["rain", "population"]).tolist(), rel=1e-8)


def test_quantiles_are_optimal(qgis_process, seven_years, tmp_path):
    """At the optimum, slopes of the check function add up to nothing but for rows on the fit."""
    layer, _ = seven_years
    passed(
        qgis_process(
            "ecoassets:quantileregression",
            INPUT=layer,
            TIME="year",
            Y="gpp",
            X="rain;population",
            STD_ERROR="iid",
            OUTPUT_TABLE=tmp_path / "quantiles.csv",
            OUTPUT_HTML=tmp_path / "quantiles.html",
        )
    )
    rows = read(tmp_path / "quantiles.csv")
    sample = columns(layer, ["year", "gpp", "rain", "population"])
    for quantile in (0.1, 0.25, 0.5, 0.75, 0.9):
        terms = {row["term"]: float(row["estimate"]) for row in rows if float(row["quantile"]) == quantile}
        fitted = terms["const"] + terms["rain"] * sample["rain"] + terms["population"] * sample["population"]
        fitted = fitted + sum(terms[f"year_{year}"] * (sample["year"] == year) for year in YEARS[1:])
        residual = sample["gpp"] - fitted
        on_fit = np.abs(residual) < 1e-6
        assert on_fit.sum() == len(terms) == 9  # a vertex of the linear program
        slope = np.where(on_fit, 0, quantile - (residual < 0))
        reach = max(quantile, 1 - quantile)
        for values in (np.ones_like(residual), sample["rain"], sample["population"]):
            assert abs(slope @ values) <= reach * np.abs(values[on_fit]).sum()


def test_neural_tube_defects(qgis_process, shared_data, tmp_path):
    """Wang et al. 2010, table by the R package GD."""
    factors = "elevation;soiltype;watershed"
    passed(
        qgis_process(
            "ecoassets:geodetector",
            INPUT=shared_data / "geodetector" / "NTDs_disease.csv",
            Y="incidence",
            FACTORS=factors,
            CATEGORICAL=factors,
            OUTPUT_FACTORS=tmp_path / "factors.csv",
            OUTPUT_INTERACTIONS=tmp_path / "interactions.csv",
        )
    )
    q = {row["factor"]: float(row["q"]) for row in read(tmp_path / "factors.csv")}
    assert q == pytest.approx({"elevation": 0.6067087, "soiltype": 0.3857168, "watershed": 0.6377737}, abs=1e-7)
    assert {row["type"] for row in read(tmp_path / "interactions.csv")} == {"bi_enhance"}


def test_ndvi_of_inner_mongolia(qgis_process, shared_data, tmp_path):
    passed(
        qgis_process(
            "ecoassets:geodetector",
            INPUT=shared_data / "geodetector" / "ndvi_40.csv",
            Y="NDVIchange",
            FACTORS="Climatezone;Mining;Tempchange;GDP",
            OUTPUT_FACTORS=tmp_path / "factors.csv",
        )
    )
    rows = {row["factor"]: row for row in read(tmp_path / "factors.csv")}
    assert float(rows["Climatezone"]["q"]) == pytest.approx(0.8218335, abs=1e-7)
    assert float(rows["Mining"]["q"]) == pytest.approx(0.1411154, abs=1e-7)
    assert rows["Climatezone"]["method"] == "" and rows["Tempchange"]["method"] != ""


def test_a_failure_is_told_and_leaves_nothing(qgis_process, shared_data, tmp_path):
    outcome = qgis_process(
        "ecoassets:geodetector",
        INPUT=shared_data / "geodetector" / "ndvi_40.csv",
        Y="Climatezone",
        FACTORS="Mining",
        OUTPUT_FACTORS=tmp_path / "factors.csv",
    )
    assert outcome.returncode != 0
    assert "'Climatezone' must be numbers; it holds 'Bwk'" in outcome.stdout + outcome.stderr
    assert "Traceback" not in outcome.stdout + outcome.stderr
    assert not (tmp_path / "factors.csv").exists()
