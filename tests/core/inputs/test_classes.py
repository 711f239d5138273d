"""Class rasters: unknown codes name the scheme that has them, codes may stand for no data, legends may contradict."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.errors import InputError, TableError
from ecoassets.core.inputs.classes import (
    check_codes,
    check_legend,
    check_moved,
    check_water,
    ecosystems_named,
    schemes_of,
)
from ecoassets.core.inputs.finding import Place, Refused
from ecoassets.core.inputs.gate import Gate
from ecoassets.core.inputs.record import recorded
from ecoassets.core.land_cover import load_scheme, require_known_codes
from ecoassets.core.landuse.transfer.run import TransferInputs, TransferOutputs, run_transfer_matrix
from ecoassets.core.progress import QUIET
from ecoassets.core.quantities import Measure
from ecoassets.core.raster.output import ClassColour
from ecoassets.core.raster.reading.source import Source
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.tables import Table
from ecoassets.tests.rasters import write_raster

LAND = Place("Land cover", "land.tif")
CNLUCC = load_scheme("cnlucc")


def told(findings) -> list[str]:
    return [finding.told() for finding in findings]


def test_the_scheme_that_knows_all_codes_is_named():
    (line,) = told(check_codes(LAND, {2: 170, 4: 170, 1: 20, 7: 20, 8: 20}, CNLUCC))
    assert line == (
        "Land cover (land.tif) holds codes that scheme CNLUCC does not know: 2 (170 px), 4 (170 px), 1 (20 px), "
        "7 (20 px), 8 (20 px). These are codes of another scheme, which knows all of them: choose the scheme clcd, "
        "dynamicworld, esri10m, mcd12q1pft, igbp, corine (SCHEME)."
    )
    assert schemes_of({10: 5, 20: 5, 30: 5, 95: 1}) == ("worldcover",)


def test_no_class_is_ever_advised_to_be_no_data():
    (line,) = told(check_codes(LAND, {21: 5, 299: 900, 0: 3}, CNLUCC))
    assert "299 (900 px), 0 (3 px)" in line
    assert "nodata value" not in line
    assert "written into NODATA_CODES, or has the ecosystem nodata in the class table" in line
    assert told(check_codes(LAND, {21: 5, 51: 2}, CNLUCC)) == []


def test_a_class_may_be_no_data():
    table = Table.of_rows("mine.csv", [{"code": 0, "ecosystem": "nodata"}, {"code": 51, "ecosystem": "NoData"}])
    scheme = load_scheme("cnlucc", table)
    assert scheme.nodata == (0, 51)
    assert not scheme.known(51), "a class of the scheme may be declared no data too"
    with pytest.raises(TableError, match="no class but those that stand for no data"):
        load_scheme("custom", Table.of_rows("mine.csv", [{"code": 0, "ecosystem": "nodata"}]))


def test_a_class_that_is_moved_keeps_what_it_was_worth_and_that_is_told():
    orchard = {"code": 23, "ecosystem": "grassland"}
    (line,) = told(check_moved(LAND, {21: 5, 23: 2}, load_scheme("cnlucc", Table.of_rows("mine.csv", [orchard]))))
    assert "moves 23 forest → grassland" in line
    assert "equivalents_xie2015" in line and "c_row" in line and "name" not in line.split("scheme has: ")[1]
    own = {**orchard, "equivalents": "meadow:1"}
    (line,) = told(check_moved(LAND, {23: 2}, load_scheme("cnlucc", Table.of_rows("mine.csv", [own]))))
    assert "equivalents_" not in line
    assert told(check_moved(LAND, {21: 5}, load_scheme("cnlucc", Table.of_rows("mine.csv", [orchard])))) == []
    same = Table.of_rows("mine.csv", [{"code": 23, "ecosystem": "Forest"}, {"code": 51, "ecosystem": "nodata"}])
    assert load_scheme("cnlucc", same).moved == ()


def test_a_table_of_other_codes_is_refused():
    with pytest.raises(TableError, match=r"none of its codes \(1, 2\).*\(SCHEME\)"):
        require_known_codes(Table.of_rows("mine.csv", [{"code": 1}, {"code": 2}]), CNLUCC)
    require_known_codes(Table.of_rows("mine.csv", [{"code": 1}, {"code": 21}]), CNLUCC)


@pytest.fixture
def maps(tmp_path):
    """Two years of nine pixels: two are 0 in both, one turns from forest to town; 255 is the nodata value."""
    first = np.array([[0, 0, 21], [21, 21, 11], [11, 11, 255]])
    second = np.where(np.arange(9).reshape(3, 3) == 3, 51, first)
    return [write_raster(tmp_path / f"{year}.tif", codes) for year, codes in ((2000, first), (2010, second))]


def test_codes_beside_the_nodata_value_are_left_out_and_counted(maps):
    table = Table.of_rows("mine.csv", [{"code": 0, "ecosystem": "nodata"}])
    ways = [
        (TransferInputs(tuple(maps), (2000, 2010), CNLUCC), RasterSettings(nodata_codes=(0,))),
        (TransferInputs(tuple(maps), (2000, 2010), load_scheme("cnlucc", table)), RasterSettings()),
    ]
    for inputs, settings in ways:
        with recorded() as record:
            found = run_transfer_matrix(inputs, settings=settings)
        assert found.pixels.sum() == 6
        assert any("4 px (4.00 ha) hold 0, which stands for no data" in line for line in told(record.findings))
    with pytest.raises(Refused, match=r"\(2000\.tif, 2010\.tif\).*does not know: 0 \(2 px\)"):
        run_transfer_matrix(TransferInputs(tuple(maps), (2000, 2010), CNLUCC))


def test_codes_that_stand_for_no_data_and_never_occur_are_told(maps):
    """255 is declared by the files, 0 occurs, 225 is a slip."""
    settings = RasterSettings(nodata_codes=(0, 225, 255))
    with recorded() as record:
        run_transfer_matrix(TransferInputs(tuple(maps), (2000, 2010), CNLUCC), settings=settings)
    (line,) = [line for line in told(record.findings) if "NODATA_CODES" in line]
    assert "names codes that no raster holds: 225. Check them for a slip." in line


def test_codes_outside_the_boundary_do_not_stop_a_run(maps):
    scheme = load_scheme("cnlucc")
    gate = Gate(scheme=scheme, bounded=True)
    gate.admit([Source("land_cover:2000", maps[0], 1, "classes", "Land cover")])
    gate.close(QUIET)


def heights_at(path, first: int, last: int) -> str:
    """Whole metres, each number once."""
    return write_raster(path, np.arange(first, last).reshape(-1, 10), "int16", nodata=-32768)


@pytest.mark.parametrize("last", [200, 600])
def test_heights_given_for_land_cover_are_refused_before_work(tmp_path, last):
    """Below 256 different numbers, and beyond; in a study area as well, where codes are only counted by the pass."""
    dem = heights_at(tmp_path / "dem.tif", 100, last)
    for bounded in (False, True):
        gate = Gate(scheme=CNLUCC, bounded=bounded)
        gate.admit([Source("land_cover:2000", dem, 1, "classes", "Land cover")])
        with pytest.raises(
            Refused, match=r"^Land cover \(dem.tif\) holds no class codes.*from 100 to \d+.*elevation"
        ) as no:
            gate.close(QUIET)
        assert len(no.value.findings) == 1


def test_heights_given_for_soil_groups_are_refused_in_one_line(tmp_path):
    """249 to 255 are fill codes of MODIS, which nobody wants to hear of one by one here."""
    dem = heights_at(tmp_path / "dem.tif", 100, 600)
    gate = Gate()
    gate.admit([Source("soil_group", dem, 1, "classes", "Soil group", measure=Measure("soil_group"))])
    with recorded() as record, pytest.raises(Refused, match=r"^Soil group \(dem.tif\) holds no class codes"):
        gate.close(QUIET)
    assert [finding.check for finding in record.findings if finding.check == "fill"] == []


def test_codes_above_999_are_refused_where_a_change_is_mapped(tmp_path):
    table = Table.of_rows("c.csv", [{"code": 301, "ecosystem": "forest"}, {"code": 1101, "ecosystem": "urban"}])
    files = [
        write_raster(tmp_path / f"{year}.tif", [[301, code]], "int16", nodata=-1)
        for year, code in ((1, 301), (2, 1101))
    ]
    inputs = TransferInputs(tuple(files), (2001, 2002), load_scheme("custom", table))
    assert run_transfer_matrix(inputs).pixels.sum() == 2
    with pytest.raises(InputError, match="holds the class code 1101. Change codes are from"):
        run_transfer_matrix(inputs, TransferOutputs(str(tmp_path / "change.tif")))


@pytest.mark.parametrize(
    ("name", "ecosystems"),
    [
        ("Evergreen broadleaf forest", {"forest"}),
        ("Cropland/natural vegetation mosaic", {"cropland"}),
        ("Water bodies", {"wetland"}),
        ("有林地", {"forest"}),
        ("灌木林", {"shrub"}),
        ("水田", {"wetland", "cropland"}),
        ("城镇用地", {"urban"}),
        ("Class 7", set()),
    ],
)
def test_names_of_classes_speak_of_ecosystems(name, ecosystems):
    assert ecosystems_named(name) == ecosystems


def legend(**names: str) -> dict[int, ClassColour]:
    return {int(code[1:]): ClassColour(int(code[1:]), name, "") for code, name in names.items()}


def test_names_inside_the_file_that_contradict_the_scheme_are_told():
    counts = {1: 50, 2: 40, 5: 10}
    clcd = load_scheme("clcd")
    (line,) = told(check_legend(LAND, legend(c1="Forest", c2="Cropland", c5="Water"), counts, clcd))
    assert "1 Forest ≠" in line
    assert told(check_legend(LAND, legend(c1="Cropland", c2="Forest", c5="Water"), counts, clcd)) == []
    assert told(check_legend(LAND, legend(c1="a", c2="b", c5="c"), counts, clcd)) == []


def test_the_palette_of_another_scheme_is_told():
    igbp, clcd = load_scheme("igbp"), load_scheme("clcd")
    codes = [code for code in clcd.codes if igbp.known(code)][:6]
    palette = {code: ClassColour(code, "", igbp.colour_of(code)) for code in codes}
    (line,) = told(check_legend(LAND, palette, dict.fromkeys(codes, 9), clcd))
    assert "colours inside the file are those of IGBP, not of scheme CLCD" in line
    assert told(check_legend(LAND, palette, dict.fromkeys(codes, 9), igbp)) == []


def test_much_water_may_be_the_sea():
    assert told(check_water(LAND, 10, 100)) == []
    assert "open water covers 35 % of the study area" in told(check_water(LAND, 35, 100))[0]
