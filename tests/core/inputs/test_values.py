"""Values: fill codes, what is impossible, slips of the unit; a look decides early, the pass counts exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import InputError
from ecoassets.core.inputs.finding import Refused
from ecoassets.core.inputs.gate import Gate
from ecoassets.core.inputs.profile import look
from ecoassets.core.inputs.record import recorded
from ecoassets.core.progress import QUIET
from ecoassets.core.quantities import Measure
from ecoassets.core.raster.engine import run_job
from ecoassets.core.raster.reading.source import Source
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.raster.study import open_study_area
from ecoassets.core.raster.tally import Sums
from ecoassets.core.raster.work import Block, Result
from ecoassets.tests.rasters import write_raster


@dataclass(frozen=True)
class Add:
    """Sums what is valid."""

    def __call__(self, block: Block) -> Result:
        return Result(sums=Sums({"total": np.array(float(block.values["v"][block.valid["v"]].sum(dtype=float)))}))


def total(path: str, folder, quantity: str = "npp", ratio: bool = False, **more) -> tuple[float, list[str]]:
    """The sum of a raster that went through the gate, and what was told."""
    source = Source("v", path, label="NPP", measure=Measure(quantity, ratio=ratio), **more)
    with recorded() as record:
        area = open_study_area(source, RasterSettings(), str(folder), QUIET)
        sources = area.fit_all([source], QUIET)
        job = area.job(Add(), sources)
        area.require_pixels(found := run_job(job))
    return float(found.sums["total"]), [finding.told() for finding in record.findings]


def values(hole: float, usual: float = 500.0, shape=(20, 20)) -> np.ndarray:
    held = np.full(shape, usual)
    held[5:8, 3:6] = hole
    return held


@pytest.mark.parametrize("fill", [-9999, 65533, -3.4028235e38, 32766])
def test_fill_codes_that_are_impossible_are_left_out(tmp_path, fill):
    path = write_raster(tmp_path / "npp.tif", values(fill), "float32", nodata=None)
    found, told = total(path, tmp_path)
    assert found == (400 - 9) * 500
    assert any(f"holds {fill:.6g}" in line and "left out" in line for line in told)
    assert any("9 px (9.00 ha) hold" in line for line in told)


def test_an_impossible_value_stops_the_run(tmp_path):
    path = write_raster(tmp_path / "npp.tif", values(-3456.7), "float32", nodata=-1)
    with pytest.raises(Refused, match=r"NPP \(npp\.tif\) holds -3456\.7, which cannot be \(.*: -3000 – 3270\)"):
        total(path, tmp_path)


def test_the_valid_range_of_the_user_wins(tmp_path):
    path = write_raster(tmp_path / "npp.tif", values(-3456.7), "float32", nodata=-1)
    assert total(path, tmp_path, minimum=0.0, maximum=1000.0)[0] == 391 * 500
    assert total(path, tmp_path, minimum=-4000.0)[0] == pytest.approx(391 * 500 - 9 * 3456.7)


def test_the_pass_finds_what_the_look_has_not_seen(tmp_path):
    held = np.full((2500, 2500), 500.0, "float32")
    for hole in (-3456.7, -9999):
        held[2000, 1900] = hole
        path = write_raster(tmp_path / f"npp{hole}.tif", held, "float32", nodata=None, options=["TILED=YES"])
        seen = look(path, 1)
        assert not seen.whole
        assert (seen.low, seen.fills) == (500, {}), "the pixel lies in a block that is looked at: move it"
        if hole == -9999:
            assert total(path, tmp_path)[0] == (2500 * 2500 - 1) * 500.0
        else:
            with pytest.raises(InputError, match=r"holds -3456\.7 \(1 px in one block\)"):
                total(path, tmp_path)


def test_a_slip_warns_where_only_ratios_enter_and_stops_where_amounts_do(tmp_path):
    tenths = write_raster(tmp_path / "npp.tif", np.linspace(2000, 9000, 400).reshape(20, 20), "float32", nodata=-1)
    with pytest.raises(Refused, match="It looks like the integers of MODIS"):
        total(tenths, tmp_path)
    assert total(tenths, tmp_path, ratio=True)[0] == pytest.approx(5500 * 400)


def test_a_fill_of_a_slipped_series_is_left_out(tmp_path):
    """MOD17 as downloaded: 0.1 gC/m2, water 65533, of which the file declares 65535 only."""
    held = np.linspace(2000, 9000, 400).reshape(20, 20).round()
    held[0] = 65533
    path = write_raster(tmp_path / "npp.tif", held, "uint16", nodata=65535)
    assert total(path, tmp_path, ratio=True)[0] == held[1:].sum()


def test_a_fill_that_stands_apart_is_left_out_where_nobody_knows_the_range(tmp_path):
    path = write_raster(tmp_path / "v.tif", values(-9999), "float32", nodata=None)
    found, told = total(path, tmp_path, quantity="any")
    assert found == 391 * 500
    assert any("holds -9999, the usual -9999" in line and "left out" in line for line in told)


def test_a_fill_among_other_values_is_a_value(tmp_path):
    spread = np.linspace(-20000, 20000, 400).reshape(20, 20)
    spread[0, 0] = -9999
    path = write_raster(tmp_path / "s.tif", spread, "float32", nodata=-1)
    found, told = total(path, tmp_path, quantity="any")
    assert (found, told) == (pytest.approx(spread.sum()), [])


def test_a_fill_within_the_range_that_the_user_gave_is_a_value(tmp_path):
    path = write_raster(tmp_path / "v.tif", values(65533), "float32", nodata=-1)
    found, told = total(path, tmp_path, quantity="any", maximum=70000.0)
    assert found == 391 * 500 + 9 * 65533
    assert any("65533 (9 px)" in line and "taken as a value" in line for line in told)


def test_all_rasters_of_an_input_leave_out_the_same_codes(tmp_path):
    """65533 is far from the values of one year; where another year reaches up to it, it is a value in both."""
    low = write_raster(tmp_path / "low.tif", values(65533), "uint16", nodata=65535)
    other = write_raster(tmp_path / "other.tif", values(600), "uint16", nodata=65535)
    high = write_raster(tmp_path / "high.tif", values(60000), "uint16", nodata=65535)
    for second, codes in ((other, (65533.0,)), (high, ())):
        sources = [Source("v:1", low, label="V 1", series="V"), Source("v:2", second, label="V 2", series="V")]
        assert [source.admission.codes for source in Gate().admit(sources)] == [codes, codes]


@pytest.mark.parametrize(
    ("unit", "value", "factor", "refused"),
    [("mm", 480, 0.1, True), ("mm/yr", 480, 0.1, True), ("", 480, 0.1, False), ("mm", 4800, 0.1, False),
     ("mm", 480, 1, False), ("kg/m^2", 480, 0.1, False)],
)  # fmt: skip
def test_millimetres_that_the_file_declares_are_not_scaled_again(tmp_path, unit, value, factor, refused):
    path = write_raster(tmp_path / "et.tif", np.full((5, 5), value), "float32", nodata=-1)
    dataset = gdal.Open(path, gdal.GA_Update)
    dataset.GetRasterBand(1).SetUnitType(unit)
    dataset = None
    measure = Measure("evapotranspiration", factor, choice="EVAPOTRANSPIRATION_SCALE")
    gate = Gate()
    gate.admit([Source("v", path, label="Evapotranspiration", measure=measure)])
    stops = [finding.told() for finding in gate.findings() if finding.severity == "stop"]
    assert bool(stops) == refused
    if refused:
        assert f"its unit is {unit}, its typical value 480 fits that" in stops[0]
        assert "would make it 48 mm/a" in stops[0] and "Take the default of EVAPOTRANSPIRATION_SCALE" in stops[0]


def test_nobody_asks_what_the_plugin_has_made(tmp_path):
    """Lakes are worth five times as much as any land, in a map that says itself what has no value."""
    worth = np.linspace(10_000, 78_000, 400).reshape(20, 20)
    worth[5:8, 3:6] = 427_890
    path = write_raster(tmp_path / "esv.tif", worth, "float32", nodata=None)
    assert len(total(path, tmp_path, quantity="any")[1]) == 2
    for source, told in (("", 0), ("esv_of_the_user.tif", 2)):
        dataset = gdal.Open(path, gdal.GA_Update)
        dataset.SetMetadata({"ECOASSETS_METHOD": "aligntogrid", **({"ECOASSETS_SOURCE": source} if source else {})})
        dataset = None
        assert len(total(path, tmp_path, quantity="any")[1]) == told


@pytest.mark.parametrize("kind", ["continuous", "classes"])
def test_a_file_that_ends_before_its_last_pixels_stops_before_any_work(tmp_path, kind):
    """However much of it the study needs: what is left of a file is not what was ordered."""
    path = tmp_path / "npp.tif"
    write_raster(path, np.random.default_rng(1).integers(1, 900, (300, 400)), "int16", nodata=0)
    assert not look(str(path), 1).cut
    path.write_bytes(path.read_bytes()[:-50])
    gate = Gate()
    gate.admit([Source("v", str(path), label="NPP", kind=kind, measure=Measure("npp"))])
    with pytest.raises(Refused, match=r"NPP \(npp\.tif\): the file was not downloaded or copied whole.*copy it again"):
        gate.close(QUIET)
