"""The detector by year: one set of classes or one a year, and the whole without the credit of a trend."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.drivers.feature_table import FeatureTable
from ecoassets.core.drivers.geodetector.detector import ALL_YEARS, detect
from ecoassets.core.drivers.geodetector.options import DetectorOptions
from ecoassets.core.drivers.geodetector.report import geodetector_report
from ecoassets.core.drivers.geodetector.run import (
    GeodetectorChoice,
    breaks_of,
    parse_breaks,
    run_geodetector,
)
from ecoassets.core.drivers.geodetector.strata import StrataSettings
from ecoassets.core.errors import InputError
from ecoassets.core.tables import Table
from ecoassets.tests.core.drivers.cases import case

FIVE = StrataSettings(methods=("quantile",), classes=(5,))
# Five quantile classes (type 7, closed on the right), q with pooled and with own classes
BY_YEAR = {
    "x1": {
        2000: (0.7211163459427834, 0.7381592512759924),
        2005: (0.6358209670190276, 0.6523263789287113),
        2010: (0.5803678733119497, 0.5503238043727999),
        2015: (0.6053818064749228, 0.6297851339993867),
        2020: (0.6959157383559278, 0.6740375486625116),
        None: 0.6232028719903905,
    },
    "x2": {
        2000: (0.13011996281788218, 0.05623341409280602),
        2005: (0.1680546167199194, 0.11890922423782879),
        2010: (0.17920398163382567, 0.18575098353418928),
        2015: (0.10503268812033639, 0.08115244481448058),
        2020: (0.16511909076756381, 0.1513597875173971),
        None: 0.09762686088573869,
    },
}


@pytest.fixture(scope="module")
def panel():
    return case("panel_lag")


def by_year(panel, **changes):
    options = DetectorOptions(strata=FIVE, **changes)
    return detect(panel["value"], {name: panel[name] for name in BY_YEAR}, options, years=panel["year"])


@pytest.mark.parametrize("breaks", ["pooled", "own"])
def test_q_of_each_year(panel, breaks):
    found = by_year(panel, year_breaks=breaks)
    assert list(found) == [2000, 2005, 2010, 2015, 2020, ALL_YEARS]
    for year, result in found.items():
        for row in result.factors:
            expected = BY_YEAR[row.factor][year]
            expected = expected if year is None else expected[breaks == "own"]
            assert row.q == pytest.approx(expected, rel=1e-9)


def test_pooled_classes_have_one_set_of_limits(panel):
    found = by_year(panel)
    limits = {year: [row.high for row in result.breaks if row.factor == "x1"][:-1] for year, result in found.items()}
    assert limits[ALL_YEARS] == pytest.approx([-1.2317924, -0.4624606, 0.1318742, 1.0405858])
    assert all(of_year == limits[ALL_YEARS] for of_year in limits.values())
    assert sum(row.n for row in found[2000].breaks if row.factor == "x1") == 56


def test_a_trend_of_y_is_not_credited_to_what_has_a_trend_too():
    # x and y both rise from year to year and have nothing else in common
    random = np.random.default_rng(3)
    year = np.repeat([2000, 2010, 2020], 200)
    y = random.normal(size=600) + year / 2
    x = random.normal(size=600) + year
    found = detect(y, {"x": x}, DetectorOptions(strata=FIVE), years=year)
    assert found[ALL_YEARS].factors[0].q < 0.05


def test_a_stratum_that_a_year_lacks_has_no_row_there():
    year = np.repeat([2000, 2010], 6)
    kind = [*"aaabbb", *"aaaccc"]
    y = np.arange(12.0)
    found = detect(y, {"kind": kind}, DetectorOptions(), years=year)
    assert [row.label for row in found[2010].risk] == ["a", "c"]
    assert [(row.stratum, row.n) for row in found[2010].risk] == [(1, 3), (3, 3)]
    assert found[2010].factors[0].strata == 2
    assert [row.n for row in found[2010].breaks] == [3, 0, 3]


def test_p_of_permutations_of_noise_by_year():
    """Classes pooled over three years and chosen anew in every order: 5 % with a binomial error of 1.3 %."""
    random = np.random.default_rng(9)
    low = []
    for _ in range(100):
        year = np.repeat([1, 2, 3], 30)
        x, y = random.gamma(2, 1, 90), random.normal(size=90) + year
        options = DetectorOptions(strata=StrataSettings(classes=(3, 4)), permutations=39)
        found = detect(y, {"x": x}, options, years=year)
        low += [found[label].factors[0].p_permutation <= 0.05 for label in (1, 2, 3)]
    assert 0.01 <= np.mean(low) <= 0.095


def test_tables_of_a_run_carry_the_year(panel):
    choice = GeodetectorChoice("value", ("x1", "x2"), options=DetectorOptions(strata=FIVE), time="year")
    run = run_geodetector(FeatureTable(panel, ("x", "y")), choice)
    table = run.factors()
    assert table.columns[-1].name == "year" and table.columns[0].name == "factor"
    assert [row[-1] for row in table.rows] == [year for year in (2000, 2005, 2010, 2015, 2020, None) for _ in "12"]
    without = run_geodetector(FeatureTable(panel), GeodetectorChoice("value", ("x1", "x2")))
    assert [row[-1] for row in without.risk().rows] == [None] * len(without.risk().rows)


def test_limits_are_read_from_text_and_table():
    assert parse_breaks("elevation: 200, 500；rain：800") == {"elevation": (200, 500), "rain": (800,)}
    assert parse_breaks("") == {}
    for wrong in ("200, 500", "rain: wet", "rain:"):
        with pytest.raises(InputError, match=f"BREAKS holds '{wrong}'"):
            parse_breaks(wrong)
    rows = [("rain", 800), ("rain", 1000), ("rain", None), ("height", 200)]
    table = Table("t", ("factor", "upper"), tuple({"factor": name, "upper": upper} for name, upper in rows))
    assert breaks_of(table) == {"rain": (800, 1000), "height": (200,)}


def test_a_slip_in_a_year_is_told_and_its_single_row_has_no_q(panel):
    year = np.array(panel["year"], dtype=float)
    year[6] = 20200
    found = detect(panel["value"], {"x1": panel["x1"]}, DetectorOptions(strata=FIVE), years=year)
    assert any("holds 20200 in 1 rows, first in row 7" in warning for warning in found[ALL_YEARS].warnings)
    assert found[20200].factors[0].q is None
    assert any("does not vary over the 1 rows" in warning for warning in found[20200].warnings)
    assert not any("its q is 0" in warning for warning in found[20200].warnings)


def test_shares_of_the_tree_of_all_years_stand_in_no_year(panel):
    pooled, own = (by_year(panel, shares=True, year_breaks=breaks) for breaks in ("pooled", "own"))
    assert all(row.share is None for row in pooled[2000].factors)
    assert all(row.share_a is None for row in pooled[2000].interactions)
    assert pooled[ALL_YEARS].factors[0].share == pytest.approx(own[ALL_YEARS].factors[0].share)
    assert own[2000].factors[0].share != own[2005].factors[0].share


def test_rows_that_lie_where_another_lies_are_told(panel):
    several = FeatureTable(panel, ("x", "y"))
    rows = len(panel["year"])

    def told(table, **changes):
        choice = GeodetectorChoice("value", ("x1", "x2"), options=DetectorOptions(strata=FIVE), **changes)
        return [text for text in run_geodetector(table, choice).result.warnings if "another row lies" in text]

    (pooled,) = told(several)
    assert f"{rows - 56} of {rows} rows" in pooled and "needs TIME" in pooled
    assert told(several, time="year") == []
    copied = FeatureTable({name: np.append(values, values[:2]) for name, values in panel.items()}, ("x", "y"))
    (twice,) = told(copied, time="year")
    assert f"2 of {rows + 2} rows" in twice and f"first row {rows + 1} where row 1 does" in twice


def test_shares_and_q_of_new_places_are_those_of_all_years(panel):
    """As the help says: blank in the rows of years, unless each year has classes of its own."""
    for breaks, blank in (("pooled", True), ("own", False)):
        options = DetectorOptions(strata=FIVE, shares=True, folds=3, year_breaks=breaks)
        choice = GeodetectorChoice("value", ("x1", "x2"), options=options, time="year")
        table = run_geodetector(FeatureTable(panel, ("x", "y")), choice).factors()
        names = [column.name for column in table.columns]
        for row in table.rows:
            values = dict(zip(names, row))
            assert (values["share"] is None) == (values["q_cv"] is None) == (blank and values["year"] is not None)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_factor_of_one_stratum_is_not_told_as_doubtful(tmp_path, language):
    random = np.random.default_rng(1)
    x, noise = random.normal(size=(2, 200))
    table = FeatureTable({"value": x + 0.1 * random.normal(size=200), "x": x, "noise": noise, "one": np.ones(200)})
    run = run_geodetector(table, GeodetectorChoice("value", ("x", "noise", "one"), ("one",)))
    report = geodetector_report(run, str(tmp_path), language)
    told = [sentence for _, sentence in report.sentences if "one" in sentence.replace("One", "")]
    assert len(told) == 1 and {"en": "One stratum only", "zh": "仅有一个分层"}[language] in told[0]
