"""Composites of made scenes in their true layouts, against plain numpy."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import InputError
from ecoassets.core.prepare.scenes.masking import MASKS
from ecoassets.core.prepare.scenes.run import SceneInputs, SceneOutputs, run_scene_composite
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.tests.core.prepare.runs import Told
from ecoassets.tests.rasters import read_raster, write_raster
from ecoassets.tests.scene_files import CLEAR, OLI, TM, TOP_LEFT, landsat_numbers, write_landsat

SHAPE = (12, 10)
DAYS = ("20210601", "20210617", "20210703", "20210719", "20210804")
BITS = {"dilated": 1, "cirrus": 2, "cloud": 3, "shadow": 4, "snow": 5}


def near(expected):
    """Equal but for the digits of float32; NaN where NaN is expected."""
    return pytest.approx(expected, rel=3e-7, abs=1e-6, nan_ok=True)


def product(day: str, craft: str = "LC08", tile: str = "123032", tier: str = "T1", processed: str = "20220101") -> str:
    return f"{craft}_L2SP_{tile}_{day}_{processed}_02_{tier}"


def compose(place: Path | list[Path], tmp_path: Path, progress: Told | None = None, settings=None, **inputs):
    """The result, composites by year, and clear scenes by year."""
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    places = [str(one) for one in (place if isinstance(place, list) else [place])]
    outputs = SceneOutputs(str(out), str(out / "count.tif"))
    result = run_scene_composite(SceneInputs(places, **inputs), outputs, settings, progress or Told())
    counts = read_raster(outputs.count)
    by_year = {year: read_raster(path) for year, path in result.composites.items()}
    return result, by_year, dict(zip(by_year, counts))


def values_of(numbers: dict[str, np.ndarray], names=OLI) -> np.ndarray:
    """Reflectance and Kelvin by the formulas of USGS, NaN for fill; shape (bands, rows, columns)."""
    bands = []
    for name in names:
        stored = numbers[name].astype(np.float64)
        heat = name.startswith("ST")
        value = stored * 0.00341802 + 149 if heat else stored * 2.75e-05 - 0.2
        bands.append(np.where((stored >= 1) & (stored <= (65535 if heat else 65455)), value, np.nan))
    return np.stack(bands)


def masked(numbers: dict[str, np.ndarray], *bits: int, names=OLI) -> np.ndarray:
    """`values_of`, NaN where the pixel quality has one of the bits, or bit 0."""
    bad = np.zeros(numbers["QA_PIXEL"].shape, dtype=bool)
    for bit in (0, *bits):
        bad |= (numbers["QA_PIXEL"] >> bit & 1).astype(bool)
    return np.where(bad, np.nan, values_of(numbers, names))


@pytest.fixture
def scenes(tmp_path):
    """Five scenes of a year, of which each pixel lacks some; the numbers by day."""
    random = np.random.default_rng(3)
    made = {}
    for seed, day in enumerate(DAYS):
        numbers = landsat_numbers(seed, SHAPE)
        numbers["QA_PIXEL"][random.random(SHAPE) < 0.4] = CLEAR | 1 << 3
        numbers["QA_PIXEL"][0, 0] = CLEAR if seed == 4 else CLEAR | 1 << 4
        numbers["SR_B4"][2, seed] = 0  # a hole in one band alone
        made[day] = numbers
        write_landsat(tmp_path / "in", product(day), numbers, tar=seed % 2 == 1)
    return made


@pytest.mark.parametrize("statistic", ["median", "mean"])
def test_clear_pixels_become_one_band_by_band(scenes, tmp_path, statistic):
    result, composites, counts = compose(tmp_path / "in", tmp_path, statistic=statistic)
    stack = np.stack([masked(numbers, 1, 2, 3, 4) for numbers in scenes.values()])
    combine = {"median": np.nanmedian, "mean": np.nanmean}[statistic]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pixels that are never clear
        expected = combine(stack, axis=0)
    seen = np.isfinite(stack[:, :6]).sum(axis=0).min(axis=0)
    expected[:, seen == 0] = np.nan
    assert composites[2021] == near(expected)
    assert counts[2021] == pytest.approx(seen)
    assert result.clear_pct == pytest.approx(100 * (seen > 0).mean())
    assert result.sensors == {2021: "landsat8"} and result.thermal == {2021: True}


def test_the_medoid_is_the_scene_closest_to_the_medians(scenes, tmp_path):
    _, composites, counts = compose(tmp_path / "in", tmp_path, statistic="medoid")
    stack = np.stack([masked(numbers, 1, 2, 3, 4) for numbers in scenes.values()])
    for row, column in np.ndindex(SHAPE):
        pixels = stack[:, :6, row, column]
        whole = np.isfinite(pixels).all(axis=1)
        if not whole.any():
            assert np.isnan(composites[2021][:, row, column]).all()
            continue
        stored = np.array(
            [[numbers[name][row, column] for name in OLI[:6]] for numbers in scenes.values()], dtype=float
        )
        middle = np.median(stored[whole], axis=0)  # in whole numbers, so that equal distances are equal
        distance = np.where(whole, ((stored - middle) ** 2).sum(axis=1), np.inf)
        chosen = stack[int(np.argmin(distance)), :, row, column]
        assert composites[2021][:, row, column] == near(chosen)
        assert counts[2021][row, column] == whole.sum()


def test_of_scenes_that_are_equally_close_the_first_by_date_is_taken(tmp_path):
    first, second = landsat_numbers(1, SHAPE), landsat_numbers(2, SHAPE)
    write_landsat(tmp_path / "in", product("20210701"), second)
    write_landsat(tmp_path / "in", product("20210601"), first)
    _, composites, _ = compose(tmp_path / "in", tmp_path, statistic="medoid")  # of two the median lies in the middle
    assert composites[2021] == near(values_of(first))


def test_the_greenest_scene_is_taken_with_all_its_bands(scenes, tmp_path):
    _, composites, _ = compose(tmp_path / "in", tmp_path, statistic="best_ndvi")
    stack = np.stack([masked(numbers, 1, 2, 3, 4) for numbers in scenes.values()])
    red, nir = stack[:, 2], stack[:, 3]
    ndvi = np.where(np.isfinite(red) & np.isfinite(nir), (nir - red) / (nir + red), -np.inf)
    best = ndvi.argmax(axis=0)
    expected = np.take_along_axis(stack, best[np.newaxis, np.newaxis], axis=0)[0]
    expected[:, np.isneginf(ndvi.max(axis=0))] = np.nan
    assert composites[2021] == near(expected)


@pytest.mark.parametrize("word", MASKS)
def test_every_bit_masks_what_it_is_called(tmp_path, word):
    clear, other = landsat_numbers(1, SHAPE), landsat_numbers(2, SHAPE)
    for column, bit in enumerate(BITS.values()):
        other["QA_PIXEL"][:, column] |= 1 << bit
    other["QA_PIXEL"][:, 7] = 1  # fill
    other["QA_PIXEL"][:, 8] = 21952  # clear water, whose number is another than that of clear land
    write_landsat(tmp_path / "in", product("20210601"), clear)
    write_landsat(tmp_path / "in", product("20210703"), other)
    _, composites, counts = compose(tmp_path / "in", tmp_path, mask=(word,))
    gone = [list(BITS).index(word), 7]
    assert [column for column in range(10) if (counts[2021][:, column] == 1).all()] == sorted(gone)
    one, two = values_of(clear), values_of(other)
    expected = np.where(np.isin(np.arange(10), gone), one, (one + two) / 2)
    assert composites[2021] == near(expected)


def test_without_masks_only_what_was_not_measured_is_left_out(tmp_path):
    numbers = landsat_numbers(1, SHAPE)
    numbers["QA_PIXEL"][:] = CLEAR | 0b111110
    numbers["QA_PIXEL"][3, 3] = 1
    numbers["SR_B2"][4, 4], numbers["SR_B2"][4, 5] = 65456, 65455
    numbers["ST_B10"][5, 5], numbers["ST_B10"][5, 6] = 0, 65535
    write_landsat(tmp_path / "in", product("20210601"), numbers)
    _, composites, counts = compose(tmp_path / "in", tmp_path, mask=())
    made = composites[2021]
    assert np.isnan(made[:, 3, 3]).all() and counts[2021][3, 3] == 0
    assert np.isnan(made[:, 4, 4]).all() and made[0, 4, 5] == pytest.approx(65455 * 2.75e-05 - 0.2)
    assert np.isnan(made[6, 5, 5]) and np.isfinite(made[:6, 5, 5]).all(), "holes of the temperature are its own"
    assert made[6, 5, 6] == pytest.approx(65535 * 0.00341802 + 149, abs=1e-4)


def test_a_buffer_reaches_beyond_windows_and_leaves_holes_as_they_are(tmp_path):
    shape = (40, 1100)  # several windows wide
    numbers = landsat_numbers(1, shape)
    numbers["QA_PIXEL"][20, 511] |= 1 << 3
    numbers["QA_PIXEL"][30, 700] = 1
    write_landsat(tmp_path / "in", product("20210601"), numbers)
    _, _, counts = compose(tmp_path / "in", tmp_path, buffer=2)
    expected = np.ones(shape)
    expected[18:23, 509:514] = 0
    expected[30, 700] = 0
    assert counts[2021] == pytest.approx(expected)


def test_scale_and_offset_are_those_of_level_2_in_the_mtl(tmp_path):
    """Keys of the same names stand for Level 1 further down in the file."""
    numbers = landsat_numbers(1, SHAPE)
    for number, kind in enumerate(("txt", "xml", "json")):
        day = f"20{20 + number}0601"
        write_landsat(tmp_path / "in", product(day), numbers, metadata=kind, scale=3e-05)
    _, composites, _ = compose(tmp_path / "in", tmp_path)
    assert list(composites) == [2020, 2021, 2022]
    for made in composites.values():
        assert made[0] == near(numbers["SR_B2"] * 3e-05 - 0.2)


def test_without_an_mtl_names_tell_and_that_is_told(tmp_path):
    numbers = landsat_numbers(1, SHAPE)
    write_landsat(tmp_path / "in", product("20210601"), numbers, metadata="")
    result, composites, _ = compose(tmp_path / "in", tmp_path)
    assert composites[2021] == near(values_of(numbers))
    assert "no MTL" in result.scenes.rows[0][-1]


def test_bands_have_the_names_of_their_sensor(tmp_path):
    write_landsat(tmp_path / "in", product("20000601", "LT05"), landsat_numbers(1, SHAPE, TM))
    write_landsat(tmp_path / "in", product("20210601"), landsat_numbers(2, SHAPE))
    result, _, _ = compose(tmp_path / "in", tmp_path)
    found = {}
    for year, path in result.composites.items():
        dataset = gdal.Open(path)
        found[year] = [dataset.GetRasterBand(n).GetDescription() for n in range(1, dataset.RasterCount + 1)]
        assert dataset.GetRasterBand(7).GetUnitType() == "K"
        assert dataset.GetMetadataItem("ECOASSETS_SCENES") == product(f"{year}0601", "LT05" if year == 2000 else "LC08")
        assert "2.75e-05" in dataset.GetMetadataItem(f"ECOASSETS_CONVERSION_{found[year][0]}")
    assert found == {2000: list(TM), 2021: list(OLI)}
    assert result.sensors == {2000: "landsat5", 2021: "landsat8"}


def test_path_rows_of_two_zones_meet_on_one_grid(tmp_path):
    """The second scene lies in the neighbouring zone: its nearest pixels are taken, all bands alike."""
    size = 60
    left, right = landsat_numbers(1, (size, size)), landsat_numbers(2, (size, size))
    right["QA_PIXEL"][::7] = CLEAR | 1 << 3
    here = write_landsat(tmp_path / "in", product("20210601"), left, top_left=(760_005.0, 4_423_215.0))
    write_landsat(
        tmp_path / "in", product("20210602", tile="122032"), right, top_left=(246_315.0, 4_424_685.0), epsg=32651
    )
    study = write_raster(tmp_path / "study.tif", np.zeros((70, 80)), pixel=30.0, top_left=(760_005.0, 4_423_815.0))
    result, composites, counts = compose(tmp_path / "in", tmp_path, reference=study)
    made = composites[2021]
    assert here.is_dir() and result.used == 2
    expected = []
    for name, nodata in (("SR_B2", 0), ("QA_PIXEL", 1)):
        source = str(
            tmp_path / "in" / product("20210602", tile="122032") / f"{product('20210602', tile='122032')}_{name}.TIF"
        )
        reference = gdal.Open(study)
        x, y = 760_005.0, 4_423_815.0
        warped = gdal.Warp(
            "", source, format="MEM", dstSRS=reference.GetProjection(), outputBounds=(x, y - 70 * 30, x + 80 * 30, y),
            xRes=30, yRes=30, resampleAlg="near", errorThreshold=0, dstNodata=nodata,
        )  # fmt: skip
        expected.append(warped.ReadAsArray())
    blue, quality = expected
    alone = (counts[2021] == 1) & (blue > 0)
    alone[20 : 20 + size, :size] = False  # where the first scene lies
    assert alone.sum() > 500
    same = np.isclose(made[0], blue * 2.75e-05 - 0.2, atol=1e-6)
    assert same[alone].mean() > 0.995, "positions are interpolated over 8 pixels, which shifts a few at the edges"
    cloud = (quality >> 3 & 1) == 1
    outside_first = np.ones_like(cloud)
    outside_first[20 : 20 + size, :size] = False
    assert np.isnan(made[:, cloud & outside_first & (blue > 0)]).mean() > 0.98


def test_other_pixels_in_the_same_crs_are_picked(tmp_path):
    """The study has pixels of 45 x 20 m: of each the scene's pixel under its centre is taken."""
    numbers = landsat_numbers(1, SHAPE)
    write_landsat(tmp_path / "in", product("20210601"), numbers)
    corner = (TOP_LEFT[0] - 45, TOP_LEFT[1] + 20)
    study = write_raster(tmp_path / "study.tif", np.zeros((22, 9)), pixel=(45.0, 20.0), top_left=corner)
    _, composites, _ = compose(tmp_path / "in", tmp_path, reference=study)
    x = np.arange(9) * 45 - 45 + 22.5
    y = np.arange(22) * 20 - 20 + 10
    columns, rows = np.floor(x / 30).astype(int), np.floor(y / 30).astype(int)
    expected = np.full((22, 9), np.nan)
    inside = np.ix_((rows >= 0) & (rows < 12), (columns >= 0) & (columns < 10))
    expected[inside] = values_of(numbers)[0][
        np.ix_(rows[(rows >= 0) & (rows < 12)], columns[(columns >= 0) & (columns < 10)])
    ]
    assert composites[2021][0] == near(expected)


def test_the_grid_is_that_of_most_scenes_over_all_of_them(tmp_path):
    one, two = landsat_numbers(1, SHAPE), landsat_numbers(2, SHAPE)
    write_landsat(tmp_path / "in", product("20210601"), one)
    write_landsat(tmp_path / "in", product("20210617"), two, top_left=(TOP_LEFT[0] + 90, TOP_LEFT[1] - 60))
    _, composites, counts = compose(tmp_path / "in", tmp_path)
    assert composites[2021].shape == (7, 14, 13)
    assert counts[2021][5, 5] == 2 and counts[2021][0, 0] == 1 and counts[2021][0, 12] == 0
    assert composites[2021][:, 2:12, 3:10] == near((values_of(one)[:, 2:, 3:] + values_of(two)[:, :10, :7]) / 2)


def test_sensors_of_one_year_are_harmonised_where_that_is_asked_for(tmp_path):
    tm, oli = landsat_numbers(1, SHAPE, TM), landsat_numbers(2, SHAPE)
    write_landsat(tmp_path / "in", product("20210601", "LE07"), tm)
    write_landsat(tmp_path / "in", product("20210609"), oli)
    told = Told()
    _, plain, _ = compose(tmp_path / "in", tmp_path, told)
    assert any("mixes sensors" in text for text in told.warnings)
    one, two = values_of(tm, TM), values_of(oli)
    assert plain[2021] == near((one + two) / 2)
    result, harmonised, _ = compose(tmp_path / "in", tmp_path, harmonise="roy2016")
    slopes = [
        (0.8474, 0.0003),
        (0.8483, 0.0088),
        (0.9047, 0.0061),
        (0.8462, 0.0412),
        (0.8937, 0.0254),
        (0.9071, 0.0172),
    ]
    moved = np.stack([slope * band + more for (slope, more), band in zip(slopes, one)] + [one[6]])
    assert harmonised[2021] == near((moved + two) / 2)
    assert result.sensors == {2021: "landsat8"}


def test_the_boundary_bounds_grid_and_values(scenes, tmp_path):
    boundary = tmp_path / "boundary.geojson"
    x, y = TOP_LEFT
    ring = [[x + 61, y - 89], [x + 239, y - 89], [x + 239, y - 271], [x + 61, y - 271], [x + 61, y - 89]]
    boundary.write_text(
        '{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"EPSG:32650"}},"features":[{"type":"Feature",'
        f'"properties":{{}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}]}}'
    )
    result, composites, _ = compose(tmp_path / "in", tmp_path, settings=RasterSettings(boundary=str(boundary)))
    assert composites[2021].shape == (7, 8, 6)
    assert np.isnan(composites[2021][:, 0]).all() and np.isnan(composites[2021][:, 7]).all()
    assert np.isfinite(composites[2021][0, 1:7]).any() and result.clear_pct <= 100


def test_the_same_bits_whatever_the_threads_and_windows(tmp_path, monkeypatch):
    from ecoassets.core.prepare.scenes import compositing

    random = np.random.default_rng(1)
    for seed, day in enumerate(DAYS[:4]):
        numbers = landsat_numbers(seed, (700, 900))
        numbers["QA_PIXEL"][random.random((700, 900)) < 0.3] |= 1 << 3
        write_landsat(tmp_path / "in", product(day), numbers)
    _, one, _ = compose(tmp_path / "in", tmp_path, settings=RasterSettings(threads=1))
    monkeypatch.setattr(compositing, "BUDGET", 2**20)
    _, other, _ = compose(tmp_path / "in", tmp_path, settings=RasterSettings(threads=4))
    assert np.array_equal(one[2021], other[2021], equal_nan=True)


def test_a_cancel_leaves_nothing(scenes, tmp_path):
    from ecoassets.core.errors import Cancelled

    class Stops(Told):
        asked = 0

        def cancelled(self) -> bool:
            self.asked += 1
            return self.asked > 8

    with pytest.raises(Cancelled):
        compose(tmp_path / "in", tmp_path, Stops())
    assert list((tmp_path / "out").iterdir()) == []


def test_a_year_without_a_clear_pixel_is_named_and_nothing_is_written(scenes, tmp_path):
    cloudy = landsat_numbers(9, SHAPE)
    cloudy["QA_PIXEL"][:] = CLEAR | 1 << 3
    write_landsat(tmp_path / "in", product("20190601"), cloudy)
    with pytest.raises(InputError, match=r"2019 \(1 scenes\)"):
        compose(tmp_path / "in", tmp_path)
    assert list((tmp_path / "out").iterdir()) == []
