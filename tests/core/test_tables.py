"""Tables: what is read from files and rows, and what is refused."""

from __future__ import annotations

import math
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, ogr

from ecoassets.core.errors import TableError
from ecoassets.core.resources import RESOURCES
from ecoassets.core.tables import Table, provenance, read_table, resource_table


def one_column(*values: object, decimal_comma: bool = False) -> Table:
    return Table.of_rows("prices", [{"x": value} for value in values], decimal_comma=decimal_comma)


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def layer_file(path: Path, driver: str, layers: dict[str, Sequence[tuple[object, ...]]], types: Sequence[int]) -> Path:
    """A file with the fields code, value and name, and a layer or sheet per key."""
    dataset = ogr.GetDriverByName(driver).CreateDataSource(str(path))
    for layer_name, rows in layers.items():
        layer = dataset.CreateLayer(layer_name, geom_type=ogr.wkbNone)
        for name, kind in zip(("code", "value", "name"), types):
            layer.CreateField(ogr.FieldDefn(name, kind))
        for row in rows:
            feature = ogr.Feature(layer.GetLayerDefn())
            for index, value in enumerate(row):
                if value is not None:
                    feature.SetField(index, value)
            layer.CreateFeature(feature)
            del feature
        del layer
    del dataset
    return path


class TestColumns:
    def test_names_are_found_whatever_their_capitals_and_outer_spaces(self):
        table = Table.of_rows("classes", [{" Code ": "11"}])
        assert table.columns == ("Code",)
        assert table.has("CODE")
        assert table.codes("code") == (11,)

    def test_missing_columns_are_told_with_those_that_are_there(self):
        table = Table.of_rows("classes", [{"code": 1, "name": "Forest"}])
        with pytest.raises(TableError, match=r"Table classes lacks the columns ecosystem, water. It has code, name."):
            table.require("code", "ecosystem", "water")
        with pytest.raises(TableError, match="lacks the column ecosystem"):
            table.texts("ecosystem")

    def test_two_columns_of_one_name_are_refused(self):
        with pytest.raises(TableError, match="more than one column called code"):
            Table.of_rows("classes", [{"code": 1, "Code ": 2}])

    def test_columns_that_rows_lack_are_blank(self):
        table = Table.of_rows("classes", [{"a": 1}, {"b": 2}])
        assert table.texts("a") == ("1", "")

    def test_a_table_without_rows_is_empty_and_keeps_its_columns(self):
        table = Table.of_rows("classes", [], columns=["code", "name"])
        assert table.is_empty
        assert table.codes("code") == ()

    def test_a_table_travels_to_another_process(self):
        table = one_column(1, "2", None)
        assert pickle.loads(pickle.dumps(table)) == table


class TestNumbers:
    def test_numbers_come_from_numbers_texts_and_booleans(self):
        numbers = one_column(1, 2.5, "3", " -4.5 ", "1e3", ".5", "5.", True, False).numbers("x")
        assert numbers.dtype == np.float64
        assert numbers.tolist() == [1, 2.5, 3, -4.5, 1000, 0.5, 5, 1, 0]

    def test_a_blank_is_refused_unless_a_value_stands_for_it(self):
        table = one_column(1, None, "  ", math.nan)
        with pytest.raises(TableError, match="Table prices, row 2, column x is blank"):
            table.numbers("x")
        assert table.numbers("x", blank=0).tolist() == [1, 0, 0, 0]

    def test_text_is_refused_with_table_row_column_and_value(self):
        with pytest.raises(TableError, match="Table prices, row 2, column x holds 'many', which is not a number"):
            one_column("1", "many").numbers("x")

    @pytest.mark.parametrize("written", ["1 204", "1,204.5", "1,204", "1\u00a0204", "1'204", "1.204,5", "1.204.000"])
    @pytest.mark.parametrize("decimal_comma", [False, True])
    def test_separators_of_thousands_are_not_guessed_at(self, written, decimal_comma):
        if decimal_comma and written == "1,204":
            assert one_column(written, decimal_comma=True).numbers("x").tolist() == [1.204]
            return
        with pytest.raises(TableError, match="without separators of thousands"):
            one_column(written, decimal_comma=decimal_comma).numbers("x")

    def test_a_decimal_comma_counts_only_where_it_is_the_custom_of_the_file(self):
        assert one_column("1,5", "2.5", decimal_comma=True).numbers("x").tolist() == [1.5, 2.5]
        with pytest.raises(TableError, match=r"'1,5', which is not a number. Write it with a decimal point"):
            one_column("1,5").numbers("x")

    def test_infinity_is_for_the_open_ends_of_classes(self):
        table = one_column("-inf", "inf", 3)
        assert table.numbers("x", infinite=True).tolist() == [-math.inf, math.inf, 3]
        with pytest.raises(TableError, match="'-inf', which is not a number"):
            table.numbers("x")
        with pytest.raises(TableError):
            one_column("nan").numbers("x")


class TestCodes:
    def test_codes_come_in_many_clothes(self):
        assert one_column(0, 11, 12.0, "13", "14.0", " 15 ").codes("x") == (0, 11, 12, 13, 14, 15)

    def test_a_column_that_was_taken_for_true_and_false_is_codes_all_the_same(self):
        assert one_column(True, False).codes("x") == (1, 0)

    @pytest.mark.parametrize(
        ("value", "fault"),
        [
            ("forest", "row 2, column x holds 'forest', which is not a class code"),
            (None, "row 2, column x is blank"),
            (1.5, "row 2, column x holds 1.5, which is not a class code"),
            ("-1", "row 2, column x holds '-1', which is not a class code"),
            ("inf", "row 2, column x holds 'inf', which is not a class code"),
            ("7.0", "row 2, column x repeats the code 7 of row 1"),
        ],
    )
    def test_what_is_not_a_code_is_refused(self, value, fault):
        with pytest.raises(TableError, match=fault):
            one_column(7, value).codes("x")


def test_texts_are_stripped_and_whole_numbers_lose_their_point():
    assert one_column(" forest ", None, 3.0, 0.61, True, math.nan).texts("x") == ("forest", "", "3", "0.61", "1", "")


class TestCsv:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_encodings_and_delimiters(self, tmp_path, encoding, delimiter):
        lines = [("code", "name"), ("11", "水田"), ("12", "旱地")]
        text = "\r\n".join(delimiter.join(line) for line in lines) + "\r\n"
        table = read_table(written(tmp_path / "classes.csv", text, encoding))
        assert table.name == "classes.csv"
        assert table.columns == ("code", "name")
        assert table.codes("code") == (11, 12)
        assert table.texts("name") == ("水田", "旱地")

    def test_weights_with_semicolons_do_not_make_the_semicolon_a_delimiter(self, tmp_path):
        text = "code,equivalents\n1,paddy:0.5;wetland:0.5\n2,\n"
        table = read_table(written(tmp_path / "classes.csv", text))
        assert table.texts("equivalents") == ("paddy:0.5;wetland:0.5", "")

    def test_a_delimiter_in_a_quoted_column_name_does_not_count(self, tmp_path):
        table = read_table(written(tmp_path / "a.csv", 'code,"a;b;c"\n1,2\n'))
        assert table.columns == ("code", "a;b;c")

    def test_decimal_commas_go_with_semicolons(self, tmp_path):
        assert read_table(written(tmp_path / "a.csv", "x;y\n1,5;2\n")).numbers("x").tolist() == [1.5]

    def test_blank_lines_and_blank_trailing_columns_are_left_out(self, tmp_path):
        table = read_table(written(tmp_path / "a.csv", "\ncode,name,,\n\n1,Forest,,\n,,,\n2,Water\n\n"))
        assert table.columns == ("code", "name")
        assert table.codes("code") == (1, 2)

    def test_short_rows_are_blank_at_the_end(self, tmp_path):
        assert read_table(written(tmp_path / "a.csv", "code,name\n1\n")).texts("name") == ("",)

    def test_a_cell_without_a_column_name_is_refused(self, tmp_path):
        with pytest.raises(TableError, match=r"Table a.csv, row 1 holds 'x' in cell 3, which has no column name"):
            read_table(written(tmp_path / "a.csv", "code,name\n1,Forest,x\n"))

    def test_the_columns_of_a_csv_without_rows_are_known(self, tmp_path):
        table = read_table(written(tmp_path / "a.csv", "code,name\n"))
        assert table.is_empty
        assert table.columns == ("code", "name")

    def test_an_empty_file_is_refused(self, tmp_path):
        with pytest.raises(TableError, match=r"Table a.csv is empty"):
            read_table(written(tmp_path / "a.csv", "\n\n"))

    def test_a_missing_file_is_refused(self, tmp_path):
        with pytest.raises(TableError, match=r"absent.csv cannot be read: No such file"):
            read_table(tmp_path / "absent.csv")

    def test_the_options_of_a_qgis_source_are_left_out(self, tmp_path):
        path = written(tmp_path / "a.csv", "code\n1\n")
        assert read_table(f"{path}|option:AUTODETECT_TYPE=YES").codes("code") == (1,)


class TestOgr:
    ROWS = ((1, 0.5, "Forest"), (2, None, "Water"), (3, -2.63, None))
    TYPES = (ogr.OFTInteger, ogr.OFTReal, ogr.OFTString)
    FORMATS = (("a.gpkg", "GPKG"), ("a.xlsx", "XLSX"), ("a.ods", "ODS"), ("a.dbf", "ESRI Shapefile"))

    @pytest.mark.parametrize(("file", "driver"), FORMATS)
    def test_layers_and_sheets(self, tmp_path, file, driver):
        table = read_table(layer_file(tmp_path / file, driver, {"a": self.ROWS}, self.TYPES))
        assert table.name == file
        assert table.codes("code") == (1, 2, 3)
        assert table.numbers("value", blank=0).tolist() == [0.5, 0, -2.63]
        assert table.texts("name") == ("Forest", "Water", "")

    @pytest.mark.parametrize(("file", "driver"), FORMATS[1:3])
    def test_the_first_row_of_a_sheet_of_texts_names_its_columns(self, tmp_path, file, driver):
        rows = [("11", "0.5", "Paddy"), ("12", "1", "Dry land")]
        table = read_table(layer_file(tmp_path / file, driver, {"a": rows}, (ogr.OFTString,) * 3))
        assert table.columns == ("code", "value", "name")
        assert table.codes("code") == (11, 12)

    def test_a_layer_by_name(self, tmp_path):
        path = layer_file(tmp_path / "a.gpkg", "GPKG", {"first": self.ROWS[:1], "second": self.ROWS[1:]}, self.TYPES)
        assert read_table(path).codes("code") == (1,)
        assert read_table(f"{path}|layername=second").codes("code") == (2, 3)
        with pytest.raises(TableError, match=r"has no layer third. It has first, second."):
            read_table(f"{path}|layername=third")

    @pytest.mark.parametrize("raises", [False, True])
    def test_a_file_that_is_not_a_table_is_refused_and_the_host_setting_is_left_alone(self, tmp_path, raises):
        before = gdal.GetUseExceptions()
        (gdal.UseExceptions if raises else gdal.DontUseExceptions)()
        try:
            with pytest.raises(TableError, match=r"a.xlsx cannot be read: .*not recognized"):
                read_table(written(tmp_path / "a.xlsx", "not a sheet"))
            with pytest.raises(TableError, match=r"absent.gpkg cannot be read: .*No such file"):
                read_table(tmp_path / "absent.gpkg")
            assert bool(gdal.GetUseExceptions()) == raises
        finally:
            (gdal.UseExceptions if before else gdal.DontUseExceptions)()


class TestResources:
    NAMES = sorted(path.stem for path in (RESOURCES / "tables").glob("*.csv") if path.stem != "provenance")

    @pytest.mark.parametrize("name", NAMES)
    def test_every_table_has_rows_and_provenance(self, name):
        assert not resource_table(name).is_empty
        told = provenance(name)
        assert told.table == name
        assert told.title and told.source and told.year and told.region and told.confidence

    def test_no_provenance_is_orphaned(self):
        assert sorted(resource_table("provenance").texts("table")) == self.NAMES

    def test_an_unknown_table_is_refused(self):
        with pytest.raises(TableError, match="The plugin has no table xie1997"):
            resource_table("xie1997")
        with pytest.raises(TableError, match="No provenance is written down for the table provenance"):
            provenance("provenance")


class TestColumnsByOtherNames:
    def test_a_code_may_be_called_as_other_programs_do(self):
        for name in ("lucode", "LULC", "ID", "Value", "编码"):
            assert Table.of_rows("t", [{name: 7, "carbon": 1}]).codes("code") == (7,)

    def test_words_of_other_columns_stand_in_only_where_they_are_needed(self):
        assert not Table.of_rows("t", [{"value": 7}]).has("code")

    def test_the_own_name_comes_first(self):
        assert Table.of_rows("t", [{"ID": 1, "code": 7}]).codes("code") == (7,)

    @pytest.mark.parametrize("near", ["soill", "siol", "above1x"])
    def test_a_name_that_differs_by_a_letter_stops(self, near):
        table = Table.of_rows("t", [{"code": 7, near: 1}])
        known = "soil" if near != "above1x" else "above"
        if near == "above1x":
            assert not table.has(known)
        else:
            with pytest.raises(TableError, match=f"has the column {near}, which nothing reads; is soil meant"):
                table.has(known)

    def test_digits_tell_columns_apart(self):
        assert not Table.of_rows("t", [{"equivalents_xie2015": 1}]).has("equivalents_xie2008")

    def test_what_was_read_and_what_was_not(self):
        table = Table.of_rows("t", [{"code": 7, "carbon": 1, "note": "x"}])
        table.codes("code")
        table.numbers("carbon")
        assert table.unread == ("note",)


class TestFilesAsOthersWriteThem:
    ROWS = "code,carbon\n11,5\n"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
    def test_encodings(self, tmp_path, encoding):
        path = tmp_path / "表.csv"
        path.write_bytes(self.ROWS.encode(encoding))
        assert read_table(path).numbers("carbon").tolist() == [5]

    @pytest.mark.parametrize("head", ["sep=,\n", "Table 3 Carbon densities\n", "\n\n"])
    def test_lines_above_the_header(self, tmp_path, head):
        path = tmp_path / "t.csv"
        path.write_text(head + self.ROWS, encoding="utf-8")
        assert read_table(path).codes("code") == (11,)

    def test_sep_tells_the_separator(self, tmp_path):
        path = tmp_path / "t.csv"
        path.write_text("sep=;\ncode;carbon\n11;5,5\n", encoding="utf-8")
        assert read_table(path).numbers("carbon").tolist() == [5.5]

    def sheet(self, tmp_path, lines):
        openpyxl = pytest.importorskip("openpyxl")
        book = openpyxl.Workbook()
        for line in lines:
            book.active.append(line)
        book.save(tmp_path / "t.xlsx")
        return read_table(tmp_path / "t.xlsx")

    @pytest.mark.parametrize("cells", [[11, 5.5], ["11", "5.5"]])
    @pytest.mark.parametrize("title", [[], [["Table 3"]]])
    def test_sheets(self, tmp_path, cells, title):
        table = self.sheet(tmp_path, [*title, ["code", "carbon"], cells])
        assert (table.codes("code"), table.numbers("carbon").tolist()) == ((11,), [5.5])

    def test_a_column_twice_in_a_sheet(self, tmp_path):
        with pytest.raises(TableError, match="more than one column called soil"):
            self.sheet(tmp_path, [["code", "soil", "soil"], [11, 1, 2]])
