"""Rasters side by side: a break of the scale, one raster under two years, two inputs swapped."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.inputs.gate import Gate
from ecoassets.core.inputs.record import recorded
from ecoassets.core.progress import QUIET
from ecoassets.core.quantities import ANY, Measure
from ecoassets.core.raster.reading.series import yearly_sources
from ecoassets.core.raster.reading.source import Source
from ecoassets.tests.rasters import write_raster

YEARS = (2000, 2010, 2020)
LAND = np.random.default_rng(3).uniform(0.2, 0.9, (20, 20))


@pytest.fixture
def told(tmp_path):
    """What the gate tells of series; each is a quantity and its arrays by year."""

    def tell(**series) -> list[str]:
        gate = Gate()
        for quantity, arrays in series.items():
            paths = [
                write_raster(tmp_path / f"{quantity}{i}.tif", array, "float32", nodata=-1)
                for i, array in enumerate(arrays)
            ]
            measure = Measure(quantity, ratio=True)
            gate.admit(yearly_sources(quantity, paths, YEARS[: len(paths)], measure.meant.name.en, measure=measure))
        with recorded() as record:
            gate.close(QUIET)
        return [finding.told() for finding in record.findings if finding.check != "nodata"]

    return tell


def test_a_scale_that_changes_between_years_is_told_with_its_factor(told):
    (line,) = told(any=[LAND, LAND * 1.1, LAND * 97])
    assert "values of 2020 are about 97 times those of 2000" in line


def test_a_series_that_grows_is_no_break(told):
    assert told(any=[LAND, LAND * 2, LAND * 4]) == []


def test_one_part_that_grows_tenfold_is_no_break(told):
    town = LAND.copy()
    town[:5] *= 10
    assert told(any=[LAND, town]) == []


def test_equal_pixels_under_two_years_are_told(told):
    (line,) = told(any=[LAND, LAND * 2, LAND])
    assert "the pixels of 2000 and 2020 are the same" in line


def test_one_file_for_two_years_is_told(tmp_path):
    path = write_raster(tmp_path / "land.tif", np.full((2, 2), 11))
    gate = Gate()
    gate.admit(yearly_sources("land_cover", [path, path], YEARS[:2], "Land cover", kind="classes"))
    with recorded() as record:
        gate.close(QUIET)
    assert any("the same raster is given for 2000 and for 2010" in finding.told() for finding in record.findings)


def test_one_file_for_four_years_is_one_line(tmp_path):
    path = write_raster(tmp_path / "v.tif", np.full((2, 2), 11.0), "float32", nodata=-1)
    gate = Gate()
    gate.admit(yearly_sources("v", [path] * 4, (2000, 2001, 2002, 2003), "Values"))
    (line,) = [finding.told() for finding in gate.findings()]
    assert "the same raster is given for 2000, 2001, 2002 and for 2003" in line


def test_rain_below_evapotranspiration_nearly_everywhere_may_be_swapped(told):
    lines = told(precipitation=[LAND * 500], evapotranspiration=[LAND * 300 + 500])
    assert any("Evapotranspiration exceeds Precipitation nearly everywhere" in line for line in lines)
    assert told(precipitation=[LAND * 500 + 500], evapotranspiration=[LAND * 600]) == []


def test_a_dry_month_is_no_other_unit(tmp_path):
    """January has 0.4 mm at most, which alone would look like metres."""
    gate = Gate()
    for month, rain in enumerate((0.4, 2, 8, 40, 120, 160), start=1):
        path = write_raster(tmp_path / f"p{month}.tif", LAND * rain, "float32", nodata=-1)
        measure = Measure("precipitation_month")
        gate.admit(yearly_sources(f"rain {month}", [path], YEARS[:1], "Precipitation", measure=measure))
    gate.close(QUIET)


def looked_at(tmp_path, **inputs) -> list[str]:
    """What the gate tells of single inputs, each a quantity with the name of a file and its values."""
    gate = Gate()
    for held, (file, values) in inputs.items():
        path = write_raster(tmp_path / f"{file}.tif", values, "float32", nodata=-1)
        measure = Measure(held, ratio=True)
        gate.admit([Source(held, path, label=measure.meant.name.en, measure=measure)])
    return [finding.told() for finding in gate.findings()]


def test_two_inputs_called_by_each_other_are_swapped(tmp_path):
    even = LAND * 400 + 600  # usual for both
    (line,) = looked_at(tmp_path, npp=("rain_2000", even), precipitation=("npp_2000", even * 1.1))
    assert line.startswith("Net primary production (rain_2000.tif); Precipitation (npp_2000.tif): by the names")
    assert looked_at(tmp_path, npp=("npp", even), precipitation=("rain_of_npp_model", even * 1.2)) == []


def test_a_dem_given_for_its_flow_accumulation_is_swapped(tmp_path):
    heights = 300 + 100 * LAND
    flow = np.ones((20, 20))
    flow[::4] = 6
    flow[10] = np.arange(1, 21) * 20.0
    lines = looked_at(tmp_path, elevation=("a", flow), flow_accumulation=("b", heights))
    assert any("by their values, Elevation and Flow accumulation are swapped" in line for line in lines)
    assert looked_at(tmp_path, elevation=("c", heights), flow_accumulation=("d", flow)) == []


def test_heights_in_kilometres_are_suspected(tmp_path):
    (line,) = looked_at(tmp_path, elevation=("dem", 0.3 + LAND))
    assert "It looks like kilometres, unless the land is as flat as a delta" in line


def test_maps_of_two_inputs_that_are_called_alike_are_not_held_against_each_other(tmp_path):
    """The maps of an account are all called Values, and litres are no tonnes."""
    small = write_raster(tmp_path / "small.tif", np.full((9, 9), 2.0), "float32")
    large = write_raster(tmp_path / "large.tif", np.full((9, 9), 2e6), "float32")

    def found(second):
        sources = [Source(name, path, label="Values", series="Values", measure=ANY) for name, path in second]
        gate = Gate()
        gate.admit(sources)
        return [finding.check for finding in gate.findings()]

    assert "break" in found([("carbon:2000", small), ("carbon:2010", large)])
    assert "break" not in found([("carbon:2000", small), ("water:2000", large)])


def test_a_file_that_is_plainly_another_is_told(tmp_path):
    def found(file, quantity, values=LAND * 500):
        path = write_raster(tmp_path / file, values, "float32", nodata=-1)
        gate = Gate()
        gate.admit([Source("v", path, label="V", measure=Measure(quantity))])
        return [finding.told() for finding in gate.findings() if finding.check == "named"]

    (line,) = found("dem_30m.tif", "npp")
    assert "by its name the file holds Elevation, and it is given for Net primary production" in line
    assert "Net primary production" in found("npp_2015.tif", "elevation")[0]
    assert found("npp_over_dem.tif", "npp") == [], "its own name wins"
    assert found("county.tif", "npp") == []


def test_evapotranspiration_is_not_held_against_rain_in_metres(tmp_path):
    """The unit is told; that the two were swapped would send the reader the wrong way."""
    rain = write_raster(tmp_path / "a.tif", LAND * 0.9, "float32", nodata=-1)
    loss = write_raster(tmp_path / "b.tif", LAND * 500, "float32", nodata=-1)
    gate = Gate()
    given = (("precipitation", rain), ("evapotranspiration", loss))
    gate.admit([Source(name, path, label=name, measure=Measure(name)) for name, path in given])
    found = [finding.check for finding in gate.findings()]
    assert "swapped" not in found and "unit" in found


def test_fill_codes_of_a_raster_that_is_refused_are_not_told(tmp_path):
    values = np.full((20, 20), 700.0)
    values[0, 0], values[1, 1] = 249.0, 250.0
    path = write_raster(tmp_path / "x.tif", values, "float32", nodata=None)
    gate = Gate()
    gate.admit([Source("v", path, label="C", measure=Measure("cover_factor"))])
    found = gate.findings()
    assert [finding.check for finding in found if finding.severity == "stop"]
    assert "fill" not in [finding.check for finding in found]
