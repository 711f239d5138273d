"""One reader for all statistics: numbers, labels and factors by their role, whatever their worst cell holds."""

import numpy as np
import pytest

from ecoassets.core.drivers.columns import ColumnReader, fill_warnings
from ecoassets.core.drivers.feature_table import FeatureTable
from ecoassets.core.errors import TableError


def reader(**columns):
    return ColumnReader(columns)


def objects(*values):
    return np.array(values, dtype=object)


class TestNumbers:
    def test_numbers_written_in_many_ways(self):
        found = reader(v=objects(1, "2.5", " 3 ", None, "", "  ", "1e2", True, np.nan)).numbers("v")
        assert found.tolist()[:3] + found.tolist()[6:8] == [1, 2.5, 3, 100, 1]
        assert np.isnan(found[[3, 4, 5, 8]]).all()

    @pytest.mark.parametrize("word", ["n/a", "NA", "#N/A", "NULL", "-", "无", "nodata"])
    def test_words_for_no_value_are_left_out_and_told_with_their_row(self, word):
        columns = reader(v=objects("1", "2", word, "4", word))
        assert np.isnan(columns.numbers("v")).tolist() == [False, False, True, False, True]
        assert columns.warnings == [f"'v' holds {word!r} in 2 rows, first in row 3: taken as no value."]

    def test_other_words_are_refused_with_the_first_of_their_rows(self):
        with pytest.raises(TableError, match=r"'v'.*: 3 rows, first 'wet' in row 2.*it holds 'wet', 'dry'\."):
            reader(v=objects(1.0, "wet", "dry", 2.0, "wet")).numbers("v")

    def test_a_masked_item_is_missing(self):
        found = reader(v=np.ma.masked_array([1.0, 2.0], mask=[False, True])).numbers("v")
        assert found[0] == 1 and np.isnan(found[1])

    def test_an_unknown_column_names_those_there_are(self):
        with pytest.raises(TableError, match="no column 'w'; it has v"):
            reader(v=[1.0]).numbers("w")


class TestFills:
    def test_a_code_apart_from_all_values_is_told(self):
        (told,) = fill_warnings("rain", np.array([-9999.0, 900, 1200, -9999, 700]))
        assert told.startswith("'rain' holds -9999 in 2 rows, apart from all other values")

    def test_both_ends_and_one_behind_the_other(self):
        told = fill_warnings("v", np.array([-99999.0, -9999, 3, 4, 5, 99999]))
        assert [warning.split(" in ")[0] for warning in told] == [
            "'v' holds -99999",
            "'v' holds 99999",
            "'v' holds -9999",
        ]

    def test_a_depth_of_the_sea_is_no_fill_code(self):
        assert fill_warnings("height", np.linspace(-9999, 5000, 400)) == []

    def test_a_constant_column_is_not(self):
        assert fill_warnings("v", np.full(5, -9999.0)) == []


class TestLabels:
    def test_whole_numbers_however_they_are_written(self):
        for column in ([3, 1, 3], [3.0, 1.0, 3.0], objects(3, "1", 3.0)):
            labels = reader(v=column).labels("v")
            assert (labels.values.tolist(), labels.codes.tolist()) == ([1, 3], [1, 0, 1])

    def test_text_and_numbers_together_are_text_and_one_number_is_one_label(self):
        labels = reader(v=objects(1, "1", 1.0, "a", None)).labels("v")
        assert labels.values.tolist() == ["1", "a"]
        assert labels.codes.tolist() == [0, 0, 0, 1, -1]

    def test_labels_of_some_rows_are_numbered_without_gaps(self):
        labels = reader(v=objects("a", "b", "c", None)).labels("v").of(np.array([True, False, True, False]))
        assert (labels.values.tolist(), labels.codes.tolist()) == (["a", "c"], [0, 1])

    def test_a_number_too_large_for_64_bits_is_text(self):
        assert reader(v=objects("99999999999999999999", "1")).labels("v").values.tolist() == ["1", "9" * 20]

    def test_text_that_was_not_decoded_is_refused_with_a_mend(self):
        broken = "红壤".encode("gbk").decode("utf-8", errors="replace")
        with pytest.raises(TableError, match=r"'soil' holds text that could not be decoded, first in row 2.*GBK"):
            reader(soil=objects("a", broken)).labels("soil")

    def test_a_word_for_no_value_stays_a_name_and_is_told(self):
        columns = reader(soil=objects("clay", "n/a", "n/a"))
        assert columns.labels("soil").values.tolist() == ["clay", "n/a"]
        assert "'soil' holds 'n/a' in 2 rows, taken as a name" in columns.warnings[0]


class TestFactors:
    def test_most_rows_decide_and_the_worst_cell_does_not(self):
        columns = reader(t=objects("1.5", "2", "3", "n/a"))
        assert columns.factor("t", categorical=False).tolist()[:3] == [1.5, 2, 3]
        with pytest.raises(TableError, match="'t' must be numbers; it holds 'warm'"):
            reader(t=objects("1.5", "2", "3", "warm")).factor("t", categorical=False)

    def test_text_is_categories_though_one_looks_like_a_number(self):
        columns = reader(soil=objects("clay", "sand", "7", "clay"))
        assert columns.factor("soil", categorical=False).values.tolist() == ["7", "clay", "sand"]
        assert "Factor 'soil' is text: its 3 values" in columns.notes[0]

    def test_codes_with_leading_zeros_are_categories(self):
        assert reader(v=objects("0101", "0102", "0101")).factor("v", categorical=False).values.tolist() == [
            "0101",
            "0102",
        ]

    @pytest.mark.parametrize(
        "cells",
        [
            ("0,6", "0,75", "-1,2"),
            ("1,000", "12,345.5", "1,234,567"),
            ("1.234,5", "2.000,25", "0,5"),
            ("12%", "7.5 %", "8，5％"),
            ("0,6", "1", "0,75"),
            ("0,6", "0,7", "n/a"),
        ],
    )
    def test_numbers_as_europeans_and_spreadsheets_write_them_are_no_categories(self, cells):
        with pytest.raises(TableError, match=r"'gdp' is text that looks like numbers with decimal commas.* in row 1\."):
            reader(gdp=objects(*cells)).factor("gdp", categorical=False)
        columns = reader(gdp=objects(*cells))
        assert len(columns.factor("gdp", categorical=True).values) == 3
        assert not any("looks like" in warning for warning in columns.warnings), "the user has declared them"

    def test_a_few_such_cells_among_words_are_told(self):
        columns = reader(soil=objects("clay", "0,6", "sand", "clay"))
        assert columns.factor("soil", categorical=False).values.tolist() == ["0,6", "clay", "sand"]
        assert columns.warnings[0].startswith("'soil' is text that looks like numbers with decimal commas")
        assert "1 rows, first '0,6' in row 2." in columns.warnings[0]

    @pytest.mark.parametrize("cells", [("1-5", "6-10"), ("a, b", "b, c"), ("1,2,3", "2,3"), (">50%", "<50%")])
    def test_ranges_and_lists_stay_categories(self, cells):
        columns = reader(v=objects(*cells, *cells[:1]))
        assert len(columns.factor("v", categorical=False).values) == 2

    def test_the_declared_role_holds(self):
        assert reader(v=[2.0, 1.0, 2.0]).factor("v", categorical=True).texts() == ["1", "2"]


def test_a_field_that_is_a_variable_is_no_coordinate():
    table = FeatureTable({"x": np.zeros(3), "y": np.zeros(3), "value": np.zeros(3)}, ("x", "y"))
    assert table.with_roles(["value"]).place == ("x", "y")
    assert table.with_roles(["y", "value"]).place is None
    placed = FeatureTable({"geometry x": np.zeros(3), "geometry y": np.zeros(3)}, ("geometry x", "geometry y"))
    assert placed.with_roles(["x", "y"]).place == ("geometry x", "geometry y")


@pytest.mark.parametrize("value", [1.7976931348623157e308, -1e101])
def test_numbers_whose_squares_are_none_are_refused_by_row(value):
    reader = ColumnReader({"y": [1.0, 2.0, value]})
    with pytest.raises(TableError, match=r"'y' holds .* in row 3 \(1 rows beyond 1e\+100\).* make it NULL"):
        reader.numbers("y")
    assert ColumnReader({"y": [1e99, 1e-99]}).numbers("y").tolist() == [1e99, 1e-99]
