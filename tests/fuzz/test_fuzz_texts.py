"""Tables, years and crosswalks of any text: read, or refused in words; nothing else."""

from __future__ import annotations

import csv
import io
import string
import tempfile
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from ecoassets.core.assets.equivalents import load_equivalents
from ecoassets.core.errors import EcoAssetsError, InputError, TableError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.raster.files import intermediate_path
from ecoassets.core.tables import Table, read_table
from ecoassets.core.years import parse_years

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "gb18030")
CELLS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12)
NUMBERS = ("1,5", "1.5", " 2 ", "1 000", "1e3", "1e999", "-0", "nan", "inf", "=1+1", "=cmd|' /C calc'!A0", "٣", "½", "")
NASTY = st.one_of(
    CELLS, st.sampled_from(NUMBERS), st.text(max_size=8), st.sampled_from(["'", '"', ";", ",", "\t", "\0"])
)


def read_bytes(content: bytes, name: str = "t.csv") -> Table:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        return read_table(path)


@given(st.binary(max_size=400))
@example(b"\xff\xfea")  # half a character of UTF-16
@example(b"a,b\n" + b'"' * 140_000)
@example(b"a" * 200_000)
def test_any_bytes(content):
    try:
        table = read_bytes(content)
    except TableError as error:
        assert "t.csv" in str(error)
        return
    for column in table.columns:
        assert len(table.texts(column)) == len(table.rows)


@given(
    st.lists(st.lists(NASTY, min_size=3, max_size=3), max_size=6), st.sampled_from(ENCODINGS), st.sampled_from(",;\t")
)
def test_what_a_spreadsheet_writes_comes_back(rows, encoding, delimiter):
    rows = [[cell.replace("\0", "").replace("\r", " ").replace("\n", " ") for cell in row] for row in rows]
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([["code", "name", "value"], *rows])
    table = read_bytes(written.getvalue().encode(encoding, "surrogatepass" if encoding == "utf-8" else "replace"))
    kept = [row for row in rows if any(cell.strip() for cell in row)]
    if encoding == "utf-8" and not any(ord(c) > 127 for row in rows for cell in row for c in cell):
        assert [[row[c] for c in table.columns] for row in table.rows] == kept
    assert table.columns == ("code", "name", "value")


@given(st.lists(st.tuples(NASTY, NASTY), min_size=1, max_size=5), st.booleans())
def test_numbers_are_numbers_or_an_error_that_names_the_cell(cells, decimal_comma):
    table = Table.of_rows("t", [{"a": a, "b": b} for a, b in cells], decimal_comma=decimal_comma)
    for read in (table.numbers, table.codes):
        try:
            found = read("a")
        except TableError as error:
            assert "Table t, row " in str(error)
        else:
            assert len(found) == len(cells)


@given(st.text(max_size=40) | st.text(string.digits + " ,;，；、\n", max_size=40))
@example("1990 1990")
@example("٢٠٠٠, ٢٠٠٥")
@example("2000" * 2000)
def test_years(text):
    try:
        years = parse_years(text)
    except InputError as error:
        assert "YEARS" in str(error)
    else:
        assert list(years) == sorted(set(years))
        assert all(0 <= year <= 9999 for year in years)


CROSSWALKS = st.one_of(
    st.text(max_size=20),
    st.text("abc:;.0123456789 ", max_size=20),
    st.sampled_from(["paddy:1", "paddy:0.5;wetland:0.5", "none"]),
)


@given(st.integers(-2, 1200) | NASTY, NASTY, CROSSWALKS, NASTY, NASTY)
def test_class_tables_and_crosswalks(code, ecosystem, crosswalk, colour, water):
    row = {"code": code, "ecosystem": ecosystem, "equivalents": crosswalk, "color": colour, "water": water}
    try:
        scheme = load_scheme("custom", Table.of_rows("classes", [row]))
    except EcoAssetsError as error:
        assert "classes" in str(error) or "custom" in str(error)
        return
    for land_class in scheme:
        try:
            weights = land_class.equivalents("xie2015")
        except TableError:
            continue
        assert not weights or abs(sum(weights.values()) - 1) < 1e-6


@given(st.lists(st.tuples(NASTY, NASTY, NASTY, NASTY), min_size=1, max_size=4))
def test_equivalents(rows):
    columns = ("service_id", "service", "adjust_factor", "forest")
    try:
        load_equivalents("custom", Table.of_rows("mine", [dict(zip(columns, row)) for row in rows]))
    except TableError as error:
        assert "mine" in str(error)


@given(st.lists(st.text(max_size=30), min_size=2, max_size=6, unique=True))
@example(["../../etc/passwd", "/etc/passwd", "..", "", "a b", "a_b", "a\0b", "x" * 30])
def test_names_from_tables_stay_in_their_folder_and_apart(names):
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(intermediate_path(folder, name)) for name in names]
        assert len({str(path).casefold() for path in paths}) == len(names)
        for path in paths:
            assert path.resolve().parent == Path(folder).resolve()
            path.write_bytes(b"")  # a name that the file system takes
