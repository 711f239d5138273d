"""What is read from a table, what is left out, and what is refused."""

import numpy as np
import pytest

from ecoassets.core.drivers.observations import read_observations, summarise, transform
from ecoassets.core.errors import InputError, TableError


def table(**changes):
    columns = {
        "cell": [1, 1, 2, 2, 3, 3],
        "year": [2000, 2005, 2000, 2005, 2000, 2005],
        "assets": [1.0, 2.0, 3.0, 5.0, 8.0, 13.0],
        "rain": [10.0, 20.0, 30.0, 40.0, 50.0, 60.0],
    }
    return {**columns, **changes}


def read(columns, **others):
    return read_observations(columns, "assets", ["rain"], "cell", "year", **others)


def test_complete_table_is_read_as_it_is():
    rows = read(table())
    assert rows.y.tolist() == [1, 2, 3, 5, 8, 13]
    assert rows.x[:, 0].tolist() == [10, 20, 30, 40, 50, 60]
    assert rows.entity.tolist() == [0, 0, 1, 1, 2, 2]
    assert rows.times.tolist() == [2000, 2005]
    assert rows.dropped == ()


def test_rows_without_a_value_are_counted_by_the_first_reason():
    rows = read(table(assets=[1, None, 3, 5, 8, 13], rain=[10, None, np.nan, 40, 50, 60]))
    assert rows.rows.tolist() == [0, 3, 4, 5]
    assert [(item.count, item.reason) for item in rows.dropped] == [(1, "no value in assets"), (1, "no value in rain")]
    assert summarise(rows.dropped).startswith("Left out: 1 rows (no value in assets)")


def test_zero_is_a_value():
    assert read(table(rain=[0, 0, 0, 1, 2, 3])).n == 6


def test_masked_items_are_missing():
    rain = np.ma.masked_array([10.0, 20, 30, 40, 50, 60], mask=[0, 0, 0, 0, 0, 1])
    assert read(table(rain=rain)).n == 5


def test_numbers_written_as_text_are_numbers_and_blank_text_is_missing():
    rows = read(table(rain=["10", "20.5", "", "40", " 50 ", "1e2"]))
    assert rows.x[:, 0].tolist() == [10, 20.5, 40, 50, 100]


def test_text_is_refused_with_its_place():
    with pytest.raises(TableError, match=r"'rain'.*1 rows, first 'wet' in row 3"):
        read(table(rain=["10", "20", "wet", "40", "50", "60"]))


def test_infinite_values_are_refused_with_their_place():
    with pytest.raises(TableError, match=r"'assets' holds infinite values: 1 rows, first in row 4"):
        read(table(assets=[1.0, 2, 3, np.inf, 8, 13]))


def test_text_entities_and_missing_entities():
    rows = read(table(cell=["b", "b", "a", "a", None, "c"]))
    assert rows.entities.tolist() == ["a", "b", "c"]
    assert rows.entity.tolist() == [1, 1, 0, 0, 2]
    assert rows.dropped[0].reason == "no value in cell"


def test_codes_with_leading_zeros_stay_apart_and_long_numbers_stay_exact():
    # As numbers 0101 and 101 would be one county, and 2^53 and 2^53 + 1 one float.
    counties = ["0101", "0101", "101", "101", "7", "7"]
    assert read(table(cell=counties)).entities.tolist() == ["0101", "101", "7"]
    cells = [2**53, 2**53, 2**53 + 1, 2**53 + 1, None, 3]
    assert read(table(cell=cells)).entities.tolist() == [3, 2**53, 2**53 + 1]


def test_years_written_as_text_are_years():
    assert read(table(year=["2000", "2005"] * 3)).times.tolist() == [2000, 2005]


def test_entity_with_two_rows_in_a_year_is_refused():
    with pytest.raises(TableError, match=r"1 pairs of cell and year .*cell 2 in year 2000"):
        read(table(year=[2000, 2005, 2000, 2000, 2000, 2005]))


def test_missing_column_names_those_there_are():
    columns = table()
    del columns["rain"]
    with pytest.raises(TableError, match=r"no column 'rain'; it has cell, year, assets"):
        read(columns)


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(TableError, match="differ in length"):
        read(table(rain=[1.0, 2.0]))


def test_column_in_two_roles_is_refused():
    with pytest.raises(InputError, match="'assets' is used twice"):
        read_observations(table(), "assets", ["assets", "rain"], "cell", "year")


def test_no_complete_row_is_refused_with_the_reasons():
    with pytest.raises(TableError, match="6 rows with no value in rain"):
        read(table(rain=[None] * 6))


def test_transforms_by_hand():
    values = np.array([0.0, 1.0])
    assert transform(values, "none", "v").tolist() == [0, 1]
    assert transform(values, "log1p", "v") == pytest.approx([0, np.log(2)])
    # asinh(1) = ln(1 + sqrt 2)
    assert transform(values, "asinh", "v") == pytest.approx([0, np.log(1 + np.sqrt(2))])
    assert transform(values + 1, "log", "v") == pytest.approx([0, np.log(2)])


def test_transformed_columns_carry_the_transform_in_their_name():
    rows = read(table(), transforms={"rain": "log"})
    assert rows.x_names == ("log(rain)",)
    assert rows.x[0, 0] == pytest.approx(np.log(10))


def test_logarithm_of_zero_is_never_silent():
    with pytest.raises(TableError, match=r"log of column 'rain'.*2 of 6 values are 0 or less.*log1p or asinh"):
        read(table(rain=[0, -1, 1, 1, 1, 2]), transforms={"rain": "log"})
    with pytest.raises(TableError, match=r"log1p of column 'rain'.*-1 or less"):
        read(table(rain=[0, -1, 1, 1, 1, 2]), transforms={"rain": "log1p"})


def test_missing_rows_do_not_stop_a_logarithm():
    assert read(table(rain=[None, 1, 1, 1, 1, 2]), transforms={"rain": "log"}).n == 5


def test_unknown_transform_is_refused():
    with pytest.raises(InputError, match="'sqrt' of 'rain'"):
        read(table(), transforms={"rain": "sqrt"})


def test_a_year_with_a_digit_too_many_is_told():
    years = [2000, 2005, 2010, 2000, 2005, 20005]
    found = read(table(cell=[1, 1, 1, 2, 2, 2], year=years)).warnings
    assert len(found) == 1
    assert "year holds 20005 in 1 rows, first in row 6, far from all others (2000 to 2010)" in found[0]
    assert not read(table(cell=[1, 1, 1, 2, 2, 2], year=[1990, 2005, 2010, 1990, 2005, 2010])).warnings
