"""Data that cannot answer, or only in part: clear words, nothing dropped in silence."""

import numpy as np
import pytest

from ecoassets.core.drivers.observations import read_observations
from ecoassets.core.drivers.panel.regression import panel_regression
from ecoassets.core.errors import InputError


def panel(entities=8, years=(2000, 2005, 2010, 2015), seed=0, **columns):
    """A balanced panel with drivers rain and heat; `columns` are functions of cell, year and a generator."""
    rng = np.random.default_rng(seed)
    cell, year = [v.ravel() for v in np.meshgrid(range(entities), years, indexing="ij")]
    table = {"cell": cell, "year": year, "rain": rng.normal(size=cell.size), "heat": rng.normal(size=cell.size)}
    table["y"] = table["rain"] + cell + rng.normal(size=cell.size)
    return {**table, **{name: make(cell, year, rng) for name, make in columns.items()}}


def regress(table, drivers=("rain", "heat"), effects="entity", covariance="iid", **others):
    data = read_observations(table, "y", list(drivers), "cell", "year")
    return panel_regression(data, effects, covariance, **others)


def names(result):
    return [term.term for term in result.terms]


def reasons(result):
    return {item.what: item.reason for item in result.dropped}


def test_driver_that_never_changes_is_named_and_dropped():
    # Trap: elevation vanishes under entity effects; round-off must not give it a slope.
    table = panel(elevation=lambda cell, year, rng: 1500.1 + 0.37 * cell)
    result = regress(table, ("rain", "elevation", "heat"))
    assert names(result) == ["rain", "heat"]
    assert "does not change over time within any cell" in reasons(result)["driver elevation"]
    without = regress(table, ("rain", "heat"))
    assert [t.std_error for t in result.terms] == pytest.approx([t.std_error for t in without.terms])


def test_driver_that_never_changes_stays_with_time_effects():
    table = panel(elevation=lambda cell, year, rng: rng.permutation(8)[cell] * 1.0)
    assert names(regress(table, ("rain", "elevation"), "time")) == ["rain", "elevation"]


def test_driver_that_is_the_same_everywhere_falls_to_time_effects():
    result = regress(panel(price=lambda cell, year, rng: 1.02 ** (year - 2000)), ("rain", "price"), "time")
    assert "the same for all entities in each year" in reasons(result)["driver price"]


def test_sum_of_a_cell_part_and_a_year_part_falls_to_two_way_effects():
    table = panel(trend=lambda cell, year, rng: 0.1 * cell**2 + np.sqrt(year - 1999.0))
    assert names(regress(table, ("rain", "trend"), "entity")) == ["rain", "trend"]
    result = regress(table, ("rain", "trend"), "twoway")
    assert names(result) == ["rain"]
    assert "a part of cell and a part of year" in reasons(result)["driver trend"]


def test_driver_made_of_others_is_dropped_and_they_are_named():
    table = panel()
    table["both"] = 2 * table["rain"] - table["heat"] + 5
    result = regress(table, ("rain", "heat", "both"))
    assert names(result) == ["rain", "heat"]
    assert reasons(result)["driver both"] == "made up of rain, heat beside the effects"


def test_first_of_two_equal_drivers_stays():
    table = panel(copy=lambda cell, year, rng: np.zeros(cell.size))
    table["copy"] = table["rain"] * 1000
    assert names(regress(table, ("copy", "rain", "heat"))) == ["copy", "heat"]


def test_nearly_equal_drivers_are_kept_and_show_in_the_inflation():
    table = panel()
    table["near"] = table["rain"] + 1e-4 * table["heat"] ** 2
    result = regress(table, ("rain", "near"))
    assert names(result) == ["rain", "near"]
    assert result.terms[0].vif_within > 1e6


@pytest.mark.parametrize("effects", ["none", "entity"])
def test_constant_driver_is_dropped(effects):
    result = regress(panel(slope=lambda cell, year, rng: np.full(cell.size, 7.1)), ("rain", "slope"), effects)
    assert "slope" not in names(result)
    assert reasons(result)["driver slope"] == "the same value in every row"


def test_no_driver_left_is_refused_with_the_reason():
    table = panel(elevation=lambda cell, year, rng: 1.0 * cell)
    with pytest.raises(InputError, match="No driver is left.*elevation.*does not change over time"):
        regress(table, ("elevation",))


@pytest.mark.parametrize("effects", ["none", "entity", "time", "twoway"])
def test_constant_y_is_refused(effects):
    with pytest.raises(InputError, match="Y y does not vary"):
        regress(panel(y=lambda cell, year, rng: np.full(cell.size, 0.1)), effects=effects)


def test_y_that_effects_explain_fully_is_refused():
    with pytest.raises(InputError, match=r"does not vary beside the effects \(twoway\)"):
        regress(panel(y=lambda cell, year, rng: 0.1 * cell + 3.3 * (year - 2000)), effects="twoway")


def test_one_year_cannot_have_entity_effects():
    with pytest.raises(InputError, match=r"All rows are of one time \(2000\).*EFFECTS none"):
        regress(panel(years=(2000,)))


def test_one_entity_has_no_test_of_effects():
    result = regress(panel(entities=1, years=tuple(range(2000, 2012))))
    assert "f_effects" not in [test.test for test in result.tests]
    assert result.df == 12 - 2 - 1


def test_singletons_are_dropped_and_counted():
    table = panel()
    lonely = (table["cell"] < 3) & (table["year"] > 2000)
    table = {name: values[~lonely] for name, values in table.items()}
    result = regress(table)
    assert result.n == 5 * 4
    assert [(i.what, i.count) for i in result.dropped] == [("rows", 3)]
    assert result.rows.tolist() == list(range(3, 23))


def test_dropping_a_singleton_can_make_another_one():
    # Cell 9 has only 2020 and 2000; 2020 has no other cell. Both rows of cell 9 go.
    table = panel()
    extra = {"cell": [9, 9], "year": [2000, 2020], "rain": [1.0, 2.0], "heat": [0.0, 1.0], "y": [3.0, 4.0]}
    table = {name: np.concatenate([values, extra[name]]) for name, values in table.items()}
    result = regress(table, effects="twoway")
    assert (result.n, result.n_entities, result.n_times) == (32, 8, 4)


def test_all_singletons_are_refused():
    table = {"cell": [1, 2, 3], "year": [2000, 2005, 2010], "rain": [1.0, 2, 4], "heat": [0.0, 1, 0], "y": [1.0, 2, 2]}
    with pytest.raises(InputError, match="Every row is alone in its cell"):
        regress(table)


def test_fewer_rows_than_parameters_are_refused_with_the_numbers():
    with pytest.raises(InputError, match=r"4 rows cannot estimate 2 coefficients and 2 effects.*at least 5 rows"):
        regress(panel(entities=2, years=(2000, 2005)))


def test_exact_fit_is_said():
    table = panel()
    table["y"] = 3 * table["rain"] + table["cell"]
    result = regress(table)
    assert result.terms[0].estimate == pytest.approx(3)
    assert result.r2_within == pytest.approx(1)
    assert any("fit y exactly" in warning for warning in result.warnings)


def test_robust_errors_with_entity_effects_are_warned_about():
    assert any("inconsistent with entity effects" in w for w in regress(panel(), covariance="robust").warnings)
    assert regress(panel(), effects="time", covariance="robust").warnings == ()


def test_cross_section_without_entity_and_time():
    data = read_observations({"y": [1.0, 3.0, 2.0, 5.0], "rain": [0.0, 1.0, 2.0, 3.0]}, "y", ["rain"])
    result = panel_regression(data, "none", "iid")
    # Slope = sum (x - 1.5)(y - 2.75) / 5 = 5.5/5, constant = 2.75 - 1.1 * 1.5.
    assert [term.estimate for term in result.terms] == pytest.approx([1.1, 1.1])
    assert (result.n_entities, result.n_times, result.r2_between) == (None, None, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"effects": "both"}, "EFFECTS 'both' is not known"),
        ({"covariance": "hac"}, "COVARIANCE 'hac' is not known"),
        ({"confidence": 1.0}, "between 0 and 1"),
        ({"covariance": "driscoll_kraay", "lags": -1}, "0 or more steps; it is -1"),
        ({"covariance": "conley"}, "conley needs coordinates"),
    ],
)
def test_unknown_choices_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        regress(panel(), **options)


@pytest.mark.parametrize(
    ("effects", "covariance", "message"),
    [
        ("entity", "iid", "needs the column ENTITY"),
        ("time", "iid", "needs the column TIME"),
        ("none", "cluster", "needs ENTITY or CLUSTER"),
        ("none", "driscoll_kraay", "needs the column TIME"),
    ],
)
def test_columns_that_a_choice_needs(effects, covariance, message):
    data = read_observations({"y": [1.0, 3.0, 2.0, 5.0], "rain": [0.0, 1.0, 2.0, 3.0]}, "y", ["rain"])
    with pytest.raises(InputError, match=message):
        panel_regression(data, effects, covariance)
