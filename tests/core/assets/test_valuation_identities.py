"""What must hold for any landscape: sums agree, scaling scales, and threads and windows do not show."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ecoassets.core.assets.valuation.tables import by_part, parts_of
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.raster.settings import RasterSettings

CODES = load_scheme("cnlucc").codes
YEARS = (2000, 2005)
ROWS, COLUMNS = 150, 350


@pytest.fixture(scope="module")
def landscape():
    """Land cover of two years with gaps, NPP with gaps, rain of one year, as a run takes them."""
    rng = np.random.default_rng(20)
    size = (ROWS, COLUMNS)
    cover = {year: np.where(rng.random(size) < 0.1, 255, rng.choice(CODES, size)) for year in YEARS}
    npp = {year: np.where(rng.random(size) < 0.05, np.nan, rng.gamma(4, 100, size)) for year in YEARS}
    return {"cover": cover, "NPP": npp, "PREC": rng.normal(600, 50, size)}


@pytest.fixture
def value(valued, landscape):
    def run(**changes):
        given = {**landscape, **changes}
        return valued(given.pop("cover"), **given)

    return run


@pytest.mark.parametrize("mask", ["common", "yearly"])
def test_classes_services_ecosystems_and_maps_agree(value, mask):
    found = value(settings=RasterSettings(mask=mask))
    for year, total in enumerate(found.result.totals):
        values = found.result.values[year]
        assert values.sum(axis=0).sum() == pytest.approx(total, rel=1e-13)
        assert values.sum(axis=1).sum() == pytest.approx(total, rel=1e-13)
        for of_classes in (False, True):
            parts = [part for part in parts_of(found.result) if (part.code is not None) == of_classes]
            assert by_part(found.result, parts)[1][year].sum() == pytest.approx(total, rel=1e-13)
        # Maps are float32: each pixel is off by up to 6e-8 per operation (coefficient, adjustment, their product, and
        # the sum of groups), with either sign, so the sum of 40 000 pixels of 1 ha is off by far less than 3e-7.
        assert np.nansum(found.total[year]) == pytest.approx(total, rel=3e-7)
        assert np.nansum(found.services[year]) == pytest.approx(total, rel=3e-7)
        np.testing.assert_allclose(found.services[year].sum(axis=0), found.total[year], rtol=1e-5, atol=1e-2)


def test_areas_are_pixels_of_one_hectare(value):
    found = value()
    assert found.result.area_ha.sum(axis=1).tolist() == [np.isfinite(found.total[0]).sum()] * 2


def test_adjustments_of_one_are_the_static_result_bit_for_bit(valued, landscape):
    static = valued(landscape["cover"])
    ones = np.ones((ROWS, COLUMNS))
    adjusted = valued(landscape["cover"], NPP=ones, PREC=ones, SOIL=ones)
    assert adjusted.result.totals == static.result.totals
    np.testing.assert_array_equal(adjusted.result.values, static.result.values)
    np.testing.assert_array_equal(adjusted.services, static.services)
    # The maps of the total add groups of services in another order.
    np.testing.assert_allclose(adjusted.total, static.total, rtol=3e-7)


def test_the_value_of_one_equivalent_scales_everything(value):
    once, twice = value(standard_value=1703.25), value(standard_value=3406.50)
    # A factor of two is exact in binary.
    assert twice.result.totals == tuple(2 * total for total in once.result.totals)
    np.testing.assert_array_equal(twice.total, 2 * once.total)
    np.testing.assert_array_equal(twice.services, 2 * once.services)
    assert twice.result.references == once.result.references


def test_the_unit_of_an_adjustment_cancels(value, landscape):
    grams = value()
    tonnes = value(NPP={year: npp / 64 for year, npp in landscape["NPP"].items()})
    assert tonnes.result.totals == pytest.approx(grams.result.totals, rel=1e-13)


def test_threads_change_no_bit(value):
    runs = [value(settings=RasterSettings(threads=threads, tile=64)) for threads in (1, 2, 4)]
    for other in runs[1:]:
        assert other.result.totals == runs[0].result.totals
        assert other.result.references == runs[0].result.references
        np.testing.assert_array_equal(other.result.values, runs[0].result.values)
        np.testing.assert_array_equal(other.total, runs[0].total)
        np.testing.assert_array_equal(other.services, runs[0].services)


@pytest.mark.parametrize(
    ("tile", "layout"),
    [
        (32, ["TILED=YES", "BLOCKXSIZE=16", "BLOCKYSIZE=16"]),
        (64, ["BLOCKYSIZE=1"]),
        (1024, ["COMPRESS=LZW"]),
    ],
)
def test_windows_and_tiles_of_files_change_totals_by_less_than_rounding(value, tile, layout):
    totals = value(settings=RasterSettings(tile=100)).result.totals
    other = value(settings=RasterSettings(tile=tile), grid={"options": layout})
    assert other.result.totals == pytest.approx(totals, rel=1e-12)


def test_an_independent_sum(value, landscape):
    """The formula once more, over whole arrays and in another order: V = E adj D, summed over pixels."""
    found = value()
    scheme, equivalents = found.result.inputs.scheme, found.result.inputs.equivalents
    cover, npp, rain = landscape["cover"], landscape["NPP"], landscape["PREC"].astype(np.float32).astype(float)
    stored = {year: npp[year].astype(np.float32).astype(float) for year in YEARS}
    covered = (cover[2000] != 255) & (cover[2005] != 255)
    has_npp = np.isfinite(stored[2000]) & np.isfinite(stored[2005])
    water = [code for code in CODES if scheme.classes[code].water]
    town = [code for code in CODES if scheme.ecosystem_of(code) == "urban"]
    valued_pixels = covered.copy()
    for year in YEARS:
        valued_pixels &= np.isfinite(stored[year]) | np.isin(cover[year], [*water, *town])
    measured = valued_pixels & has_npp
    reference = {
        "NPP": math.fsum(stored[y][measured].sum() for y in YEARS) / (2 * measured.sum()),
        "PREC": rain[valued_pixels].mean(),
    }
    for position, year in enumerate(YEARS):
        expected = 0.0
        for code in CODES:
            of_class = valued_pixels & (cover[year] == code)
            weights = scheme.classes[code].equivalents("xie2015")
            ratio = {
                "NPP": stored[year] / reference["NPP"],
                "PREC": rain / reference["PREC"],
                "SOIL": np.ones_like(rain),
            }
            ratio["NPP"] = np.where(np.isfinite(ratio["NPP"]), ratio["NPP"], 1.0)
            for number, service in enumerate(equivalents.services):
                factor = sum(
                    weight * equivalents.values[equivalents.columns.index(column), number]
                    for column, weight in weights.items()
                )
                expected += factor * 1000 * ratio[service.factor][of_class].sum()
        assert found.result.totals[position] == pytest.approx(expected, rel=1e-12)
