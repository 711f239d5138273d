"""Quantities: what numbers mean, told once."""

from __future__ import annotations

import ast
import math
from pathlib import Path

import pytest

from ecoassets.core.errors import TableError
from ecoassets.core.quantities import QUANTITIES, Measure, load_quantities, quantities, quantity, quantity_of_file

CORE = Path(__file__).resolve().parents[2] / "core"
ONE = """
fills: {common: {codes: [-9999, -9999], means: {en: the usual, zh: 常用}}}
always: [common]
quantities:
  rain: {name: {en: Rain, zh: 雨}, symbol: P, unit: mm, kind: depth, possible: [0, 100], usual: [1, 50]%s}
"""


def written(folder: Path, rest: str = "", text: str = ONE) -> Path:
    path = folder / "own.yaml"
    path.write_text(text % rest, encoding="utf-8")
    return path


def test_one_quantity_by_hand():
    npp = quantity("npp")
    assert npp.label() == "Net primary production (g C/(m2 a))"
    assert npp.label("zh") == "净初级生产力（g C/(m2 a)）"
    assert npp.possible.holds(800) and not npp.possible.holds(6553.3)
    assert npp.fill(65533).means.en == "a fill value of MODIS unsigned 16-bit products"
    assert npp.fill(800) is None
    assert Measure("npp").meant is npp


@pytest.mark.parametrize(
    ("identifier", "statistics", "looks", "right"),
    [
        ("npp", {"p98": 0.65}, "kg C/m2", 650),
        ("npp", {"p98": 6500.0}, "integers of MODIS", 650),
        ("precipitation", {"median": 8000.0, "p98": 9000.0}, "tenths of a millimetre", 800),
        ("evapotranspiration", {"p98": 4500.0, "median": 3000.0}, "MOD16", 450),
        ("temperature", {"p98": 293.15}, "kelvin", 20),
        ("temperature", {"p98": 200.0}, "tenths of a degree", 20),
        ("surface_temperature", {"p98": 14657.5}, "MOD11", 293.15),
        ("surface_temperature", {"p98": 42173.0}, "Landsat", 293.1482),
        ("vegetation_cover", {"p98": 85.0}, "percent", 0.85),
        ("sand", {"p98": 430.0}, "g/kg", 43),
        ("erodibility", {"p98": 0.3}, "US customary", 0.03951),
        ("elevation", {"most": 29029.0}, "feet", 8848.0392),
        ("price_index", {"most": 1.05}, "base 1", 105),
        ("crop_yield", {"most": 6.5}, "t/ha", 6500),
        ("threat_distance", {"most": 8000.0}, "metres", 8),
    ],
)
def test_a_slip_tells_what_it_looks_like_and_what_makes_it_right(identifier, statistics, looks, right):
    slip = quantity(identifier).slip(statistics)
    assert looks in slip.looks.en
    (value,) = [statistics[slip.statistic]]
    assert value * slip.factor + slip.offset == pytest.approx(right, rel=1e-4)
    assert quantity(identifier).usual.holds(right) or identifier == "elevation"


def test_what_is_in_its_unit_is_no_slip():
    assert quantity("npp").slip({"least": 20, "median": 500, "p98": 1300, "most": 1600}) is None
    assert quantity("temperature").slip({"p98": 28.0}) is None
    assert quantity("slope").slip({"most": 61.0}) is None


def test_a_mend_is_made_of_the_scale():
    mend = quantity("surface_temperature").slip({"p98": 42173.0}).mend
    assert "gdal_edit.py -scale 0.00341802 -offset 149" in mend.en
    assert "乘以 0.00341802，再加 149" in mend.zh


@pytest.mark.parametrize("identifier", list(quantities()))
def test_every_quantity_is_whole(identifier):
    found = quantity(identifier)
    assert found.possible.low <= found.usual.low <= found.usual.high <= found.possible.high
    assert found.fill(-9999) and found.fill(65533) and not found.fill(17)
    for slip in found.slips:
        if slip.factor is not None and math.isfinite(slip.above + slip.up_to):
            middle = (slip.above + slip.up_to) / 2 * slip.factor + slip.offset
            assert found.possible.holds(middle), f"{identifier}: {slip.looks.en} gives {middle:g}"


@pytest.mark.parametrize(
    ("file", "identifier"),
    [
        ("npp/MOD17_2010.tif", "npp"),
        ("mod17a3_gpp", "gpp"),
        ("rain_2005", "precipitation"),
        ("wc2.1_30s_prec_07", "precipitation_month"),
        ("wettest_day", "storm_rainfall"),
        ("k_factor", "erodibility"),
        ("soil/ls.tif", "slope_length"),
        ("terrain/dem", "elevation"),
        ("clay_0-5cm_mean", "clay"),
    ],
)
def test_a_file_name_tells_its_quantity(file, identifier):
    assert quantity_of_file(file).id == identifier


def test_a_name_that_tells_nothing():
    assert quantity_of_file("scene_17") is None


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        (", colour: red", "colour not known"),
        (", kind: weight", "the kind 'weight' is none of"),
        (", usual: [1, 500]", "lies outside what is possible"),
        (", possible: [100, 0]", "possible needs two rising numbers"),
        (", fills: [moon]", "there are no fills called moon"),
        (", files: '('", "the pattern of files is wrong"),
        (", name: {en: Rain}", "name needs a text in en and one in zh"),
        (", slips: [{when: {mode: [0, 1]}, looks: {en: m, zh: 米}}]", "a slip is known by one of least, median"),
        (", slips: [{when: {p98: [0, 1]}, looks: {en: m, zh: 米}}]", "needs a mend"),
    ],
)
def test_a_wrong_entry_is_told_with_file_and_entry(tmp_path, rest, told):
    with pytest.raises(TableError, match=r"own\.yaml, rain: ") as error:
        load_quantities(written(tmp_path, rest))
    assert told in str(error.value)


def test_an_entry_without_a_unit(tmp_path):
    with pytest.raises(TableError, match=r"own\.yaml, rain: unit missing"):
        load_quantities(written(tmp_path, text=ONE.replace(" unit: mm,", "")))


def test_a_file_without_fills(tmp_path):
    with pytest.raises(TableError, match=r"own\.yaml: the part fills is missing"):
        load_quantities(written(tmp_path, text="quantities: {}%s"))


def test_an_unknown_quantity():
    with pytest.raises(TableError, match=f"There is no quantity rane in {QUANTITIES.name}"):
        quantity("rane")


# Where only the user knows what rasters hold, or nothing depends on it, or another line of the file says it.
OPEN = {
    "core/drivers/sampling/inputs.py",
    "core/inputs/profile.py",
    "core/quality/degradation/run.py",
    "core/quality/rsei/inputs.py",
    "core/quality/trend/run.py",
    "core/terrain/zone_summary.py",
    "core/tools/align_to_grid.py",
    "core/tools/check/band_profile.py",
    "core/workflows/preflight.py",
}
# Rasters that a method has made itself a moment ago; they hold whatever it put there.
MADE = {
    ("core/landuse/pressure/run.py", "f'pressure:{year}'"),
    ("core/zoning/conservation/zones.py", "COMPOSITE"),
    ("core/zoning/plan/comparison.py", "RANK"),
}


def _rasters_that_are_read() -> list[tuple[str, ast.Call]]:
    """Calls that name a raster of the user, outside of the engine; `Source` may be a citation in reports."""
    found = []
    for path in sorted(CORE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        makers = ["yearly_sources", "band_source", *(["Source"] if "raster.reading.source import" in text else [])]
        if "raster" not in path.relative_to(CORE).parts:
            calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
            found += [(str(path.relative_to(CORE.parent)), call) for call in calls if ast.unparse(call.func) in makers]
    return found


def test_every_method_says_what_its_continuous_rasters_hold():
    silent = []
    for file, call in _rasters_that_are_read():
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        classes = any(ast.unparse(argument) == "'classes'" for argument in arguments)
        band_of_classes = ast.unparse(call.func) == "band_source" and "'continuous'" not in map(ast.unparse, arguments)
        told = any(keyword.arg == "measure" for keyword in call.keywords) or "Measure(" in ast.unparse(call)
        known = file in OPEN or (file, ast.unparse(call.args[0])) in MADE
        if not (classes or band_of_classes or told or known):
            silent.append(f"{file}: {ast.unparse(call)[:80]}")
    assert not silent, (
        "say which quantity they hold: measure=Measure('...'), or ANY where only the user knows:\n" + "\n".join(silent)
    )
