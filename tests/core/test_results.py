"""Tables of results as scripts take them."""

import pytest

from ecoassets.core.results import Column, ResultTable

COLUMNS = (Column("zone", "text"), Column("year", "integer"), Column("value"))


def test_a_table_as_a_frame_of_pandas():
    pandas = pytest.importorskip("pandas")
    frame = ResultTable(COLUMNS, (("north", 2000, 1.5), ("south", None, None))).to_pandas()
    assert list(frame.columns) == ["zone", "year", "value"]
    assert [str(kind) for kind in frame.dtypes] == ["object", "Int64", "float64"]
    assert frame["year"][0] == 2000 and frame["year"][1] is pandas.NA
    assert frame["value"].sum() == 1.5


def test_an_empty_table_keeps_its_columns():
    pytest.importorskip("pandas")
    assert list(ResultTable(COLUMNS, ()).to_pandas().columns) == ["zone", "year", "value"]
