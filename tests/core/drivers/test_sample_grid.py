"""Rasters to cells: what a pencil gives on small grids, and an independent loop over pixels on odd ones."""

from __future__ import annotations

import json

import numpy as np
import pytest
from osgeo import gdal, osr
from scipy import integrate

from ecoassets.core.drivers.sampling.inputs import read_variables
from ecoassets.core.drivers.sampling.sample_grid import SampleInputs, run_sample_grid
from ecoassets.core.errors import InputError
from ecoassets.core.progress import Progress
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.tests.rasters import TOP_LEFT, WGS_84, write_raster

LEFT, TOP = TOP_LEFT
FOUR_BY_FOUR = np.arange(16.0).reshape(4, 4)


def sample(tmp_path, paths, names, statistics="mean", *, years=(), size=200.0, tile=None, ranges="", **changes):
    inputs = SampleInputs(read_variables(paths, names, statistics, ranges), tuple(years), size, **changes)
    folder = tmp_path / f"pieces{len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    return run_sample_grid(inputs, RasterSettings(tile=tile), str(folder))


def floats(tmp_path, name, values, **where):
    return write_raster(tmp_path / f"{name}.tif", values, "float32", **{"nodata": -9999, **where})


def test_cells_of_whole_pixels_by_hand(tmp_path):
    #  0  1 |  2  3        north-west mean (0 + 1 + 4 + 5) / 4 = 2.5
    #  4  5 |  6  7
    table = sample(tmp_path, [floats(tmp_path, "a", FOUR_BY_FOUR)], "a").table()
    assert table["cell_id"].tolist() == [1, 2, 3, 4]
    assert table["a"].tolist() == [2.5, 4.5, 10.5, 12.5]
    assert table["valid_pct"].tolist() == [100] * 4
    assert table["x"].tolist() == [LEFT + 100, LEFT + 300] * 2
    assert table["y"].tolist() == [TOP - 100, TOP - 100, TOP - 300, TOP - 300]


def test_a_pixel_on_a_border_counts_by_its_share(tmp_path):
    # Cells of 150 m on pixels of 100 m: the first holds pixel 0 whole and half of pixel 1, in both directions.
    result = sample(tmp_path, [floats(tmp_path, "a", FOUR_BY_FOUR)], "a", size=150.0)
    table = result.table()
    weights = np.array([[1, 0.5], [0.5, 0.25]])
    assert table["a"][0] == pytest.approx((weights * FOUR_BY_FOUR[:2, :2]).sum() / 2.25, rel=1e-15)
    # Four pixels make 2 2/3 cells: the last column holds two thirds of a cell, and the corner 4/9, which is too little.
    assert table["valid_pct"][2] == pytest.approx(200 / 3)
    assert result.rows == 8
    assert result.left_out == 1


def test_sums_keep_the_total(tmp_path):
    table = sample(tmp_path, [floats(tmp_path, "a", FOUR_BY_FOUR)], "a", "sum", size=170.0, minimum_valid_pct=0).table()
    assert table["a"].sum() == pytest.approx(FOUR_BY_FOUR.sum(), rel=1e-14)


def test_what_cells_at_the_edge_hold_of_a_sum_is_told(tmp_path):
    # Cells of 250 m on 4 x 4 pixels of 100 m: one whole cell, and a rim of 150 m that holds 60 % of a cell, 36 % at the
    # corner, which is too little. The corner holds half of pixel row and column 2 and all of 3.
    people = np.ones((4, 4))
    people[3, 3] = 100
    told = []
    listener = Progress()
    listener.warn = told.append
    inputs = SampleInputs(read_variables([floats(tmp_path, "people", people)], "people", "sum"), (), 250.0)
    result = run_sample_grid(inputs, RasterSettings(), str(tmp_path), listener)
    corner = 0.25 + 0.5 + 0.5 + 100
    assert result.amounts == {"people": (pytest.approx(115), pytest.approx(115 - corner))}
    assert f"people: {corner / 115:.2%} of its sum ({corner:,.6g} of 115)" in told[-1]


def test_missing_pixels_do_not_count(tmp_path):
    values = FOUR_BY_FOUR.copy()
    values[0, 0] = -9999
    values[2:, 2:] = -9999
    values[3, 3] = 15
    result = sample(tmp_path, [floats(tmp_path, "a", values)], "a")
    table = result.table()
    assert table["a"][0] == pytest.approx((1 + 4 + 5) / 3)
    assert table["valid_pct"].tolist() == [75, 100, 100]
    assert (result.left_out, dict(result.left_out_by)) == (1, {"a": 1})


def test_pixels_outside_the_boundary_do_not_count(tmp_path):
    """A boundary around the western three columns: the eastern cells keep one column each."""
    boundary = str(tmp_path / "boundary.gpkg")
    ring = [(LEFT, TOP), (LEFT + 300, TOP), (LEFT + 300, TOP - 400), (LEFT, TOP - 400), (LEFT, TOP)]
    gdal.VectorTranslate(boundary, _polygon(ring), format="GPKG", dstSRS="EPSG:32650")
    inputs = SampleInputs(read_variables([floats(tmp_path, "a", FOUR_BY_FOUR)], "a", "mean"), (), 200.0)
    folder = tmp_path / "pieces"
    folder.mkdir()
    table = run_sample_grid(inputs, RasterSettings(boundary=boundary), str(folder)).table()
    assert table["a"].tolist() == [2.5, (2 + 6) / 2, 10.5, (10 + 14) / 2]
    assert table["valid_pct"].tolist() == [100, 50, 100, 50]


def _polygon(ring):
    """A layer in memory with one polygon."""
    corners = [list(corner) for corner in ring]
    geometry = {"type": "Polygon", "coordinates": [corners]}
    feature = {"type": "Feature", "properties": {}, "geometry": geometry}
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32650"}}
    return gdal.OpenEx(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}))


def test_the_origin_moves_the_cells(tmp_path):
    # A corner at 100 m east, 100 m south of the raster's: three cells a side, of which only the middle one is full.
    path = floats(tmp_path, "a", FOUR_BY_FOUR)
    table = sample(tmp_path, [path], "a", origin=(LEFT + 100, TOP - 100)).table()
    full = table["valid_pct"] == 100
    assert table["a"][full].tolist() == [FOUR_BY_FOUR[1:3, 1:3].mean()]
    assert table["cell_id"][full].tolist() == [5]
    assert table["valid_pct"].tolist() == [50, 50, 100, 50, 50]


def test_years_and_static_variables_make_a_long_table(tmp_path):
    one, two = floats(tmp_path, "one", FOUR_BY_FOUR), floats(tmp_path, "two", FOUR_BY_FOUR + 100)
    still = floats(tmp_path, "still", -FOUR_BY_FOUR)
    table = sample(tmp_path, [one, two, still], "a, a, b", years=(2000, 2005)).table()
    assert table["cell_id"].tolist() == [1, 1, 2, 2, 3, 3, 4, 4]
    assert table["year"].tolist() == [2000, 2005] * 4
    assert table["a"][:2].tolist() == [2.5, 102.5]
    assert table["b"][:2].tolist() == [-2.5, -2.5]


def test_bands_are_years_too(tmp_path):
    both = floats(tmp_path, "both", np.stack([FOUR_BY_FOUR, FOUR_BY_FOUR + 100]))
    assert sample(tmp_path, [both], "a", years=(2000, 2005)).table()["a"][:2].tolist() == [2.5, 102.5]


def test_classes_by_majority_and_share(tmp_path):
    #  1 1 | 2 2     north-east: two pixels of 2 and two of 3: the smaller code
    #  1 9 | 3 3     north-west: 75 % of 1, 25 % of 9
    codes = np.array([[1, 1, 2, 2], [1, 9, 3, 3], [7, 7, 255, 255], [7, 7, 255, 255]])
    path = write_raster(tmp_path / "cover.tif", codes)
    result = sample(tmp_path, [path, path], "cover, part", "majority, share")
    table = result.table()
    assert table["cover"].tolist() == [1, 2, 7]
    assert [column.name for column in result.columns[6:]] == [f"part_{code}_pct" for code in (1, 2, 3, 7, 9)]
    assert table["part_1_pct"].tolist() == [75, 0, 0]
    assert table["part_9_pct"].tolist() == [25, 0, 0]
    assert sum(table[f"part_{code}_pct"] for code in (1, 2, 3, 7, 9)).tolist() == [100, 100, 100]


def test_a_class_that_occurs_only_elsewhere_has_a_share_of_zero(tmp_path):
    # Windows of 16 pixels: class 5 occurs in the last row of windows only, and in the second year only.
    first = np.ones((64, 16))
    second = first.copy()
    second[48:] = 5
    paths = [write_raster(tmp_path / f"{year}.tif", codes) for year, codes in ((2000, first), (2005, second))]
    result = sample(tmp_path, paths, "c, c", "share", years=(2000, 2005), size=1600.0, tile=16)
    assert len(result.pieces) > 1
    table = result.table()
    assert table["c_5_pct"].tolist() == [0, 0, 0, 0, 0, 0, 0, 100]


def test_with_no_minimum_what_is_missing_stays_blank(tmp_path):
    holes = FOUR_BY_FOUR.copy()
    holes[:2, :2] = -9999
    paths = [floats(tmp_path, "a", FOUR_BY_FOUR), floats(tmp_path, "b", holes)]
    table = sample(tmp_path, paths, "a, b", minimum_valid_pct=0).table()
    assert np.isnan(table["b"]).tolist() == [True, False, False, False]
    assert table["a"][0] == 2.5
    assert table["valid_pct"][0] == 0


def test_valid_ranges_drop_fill_values(tmp_path):
    filled = FOUR_BY_FOUR.copy()
    filled[0, 0] = 65533
    path = floats(tmp_path, "gpp", filled)
    assert sample(tmp_path, [path], "gpp", ranges="gpp::100").table()["gpp"][0] == pytest.approx(10 / 3)


def test_a_variable_called_by_a_quantity_leaves_out_its_fill_codes(tmp_path):
    """-99 is a fill code of temperature; the same pixels are left out where the raster enters as temperature."""
    degrees = FOUR_BY_FOUR.copy()
    degrees[0, 0] = -99
    path = floats(tmp_path, "t", degrees, nodata=None)
    assert sample(tmp_path, [path], "temperature").table()["temperature"][0] == pytest.approx((1 + 4 + 5) / 3)
    assert sample(tmp_path, [path], "warmth").table()["warmth"][0] == pytest.approx((-99 + 1 + 4 + 5) / 4)


def test_the_name_of_a_variable_stops_nothing(tmp_path):
    kelvin = 280 + FOUR_BY_FOUR
    assert sample(tmp_path, [floats(tmp_path, "t", kelvin)], "temperature").table()["temperature"][0] == 282.5
    below = FOUR_BY_FOUR - 8
    assert sample(tmp_path, [floats(tmp_path, "r", below)], "precipitation").table()["precipitation"][0] == -5.5


def by_loop(values, valid, pixel, size, shift):
    """Area-weighted means and valid shares, pixel by pixel and cell by cell, from overlaps of intervals."""
    rows, columns = values.shape
    first = int(np.floor(-shift / size))
    edges = [shift + size * k for k in range(first, int(np.ceil((columns * pixel - shift) / size)) + 1)]
    found = {}
    for i, (top, bottom) in enumerate(zip(edges, edges[1:])):
        for j, (left, right) in enumerate(zip(edges, edges[1:])):
            total = area = 0.0
            for r in range(rows):
                high = min(bottom, (r + 1) * pixel) - max(top, r * pixel)
                for c in range(columns):
                    wide = min(right, (c + 1) * pixel) - max(left, c * pixel)
                    if high > 0 and wide > 0 and valid[r, c]:
                        area += high * wide
                        total += high * wide * values[r, c]
            if area:
                found[1 + i * (len(edges) - 1) + j] = (total / area, 100 * area / size**2)
    return found


@pytest.mark.parametrize(("size", "shift"), [(317.0, 0.0), (317.0, 41.3), (500.0, -120.0), (101.0, 7.0)])
@pytest.mark.parametrize("tile", [16, 512])
def test_any_size_and_origin_as_a_loop_over_pixels(tmp_path, size, shift, tile):
    rng = np.random.default_rng(3)
    values = rng.normal(50, 20, (37, 37)).round(2).astype("float32")
    holes = rng.random((37, 37)) < 0.2
    values[holes] = -9999
    path = floats(tmp_path, "a", values)
    origin = (LEFT + shift, TOP - shift)
    table = sample(tmp_path, [path], "a", size=size, tile=tile, origin=origin, minimum_valid_pct=0).table()
    expected = by_loop(values.astype(float), ~holes, 100.0, size, shift)
    assert table["cell_id"].tolist() == sorted(expected)
    # Sums in another order: a few units in the last place of 37 x 37 terms.
    assert table["a"] == pytest.approx([expected[cell][0] for cell in table["cell_id"]], rel=1e-12)
    assert table["valid_pct"] == pytest.approx([expected[cell][1] for cell in table["cell_id"]], rel=1e-9)


def test_a_shift_of_half_a_pixel_between_years_is_resampled_not_ignored(tmp_path):
    # Trap 19: the raster of 2005 lies half a pixel to the east; on a ramp of 1 per pixel its values are half lower.
    ramp = np.tile(np.arange(12.0), (12, 1))
    one = floats(tmp_path, "one", ramp)
    two = floats(tmp_path, "two", ramp, top_left=(LEFT + 50, TOP))
    table = sample(tmp_path, [one, two], "a, a", years=(2000, 2005)).table()
    inner = np.abs(table["x"] - (LEFT + 600)) < 450
    first, second = (table["a"][inner & (table["year"] == year)] for year in (2000, 2005))
    assert first - second == pytest.approx(np.full(first.shape, 0.5), abs=1e-6)


def test_amounts_on_another_grid_keep_their_total(tmp_path):
    fine = floats(tmp_path, "fine", np.zeros((40, 40)))
    coarse = floats(tmp_path, "coarse", np.full((10, 10), 16.0), pixel=400.0)
    table = sample(tmp_path, [fine, coarse], "a, people", "mean, sum", size=800.0).table()
    assert table["people"] == pytest.approx(np.full(25, 64.0))


def test_feet_are_feet(tmp_path):
    # Massachusetts in US survey feet: 1200/3937 m; cells of 2 pixels of 100 feet.
    path = floats(tmp_path, "a", FOUR_BY_FOUR, epsg=2249, top_left=(800_000.0, 3_000_000.0))
    table = sample(tmp_path, [path], "a", size=200 * 1200 / 3937).table()
    assert table["a"].tolist() == [2.5, 4.5, 10.5, 12.5]


def test_rows_come_in_order_without_gaps_across_windows(tmp_path):
    values = np.arange(64.0 * 48).reshape(64, 48)
    path = floats(tmp_path, "a", values)
    pieces = sample(tmp_path, [path], "a", size=300.0, tile=16, minimum_valid_pct=0)
    assert len(pieces.pieces) > 2
    cells = pieces.table()["cell_id"]
    assert cells.tolist() == list(range(1, 22 * 16 + 1))
    whole = sample(tmp_path, [path], "a", size=300.0, minimum_valid_pct=0).table()
    assert pieces.table()["a"] == pytest.approx(whole["a"], rel=1e-14)


HIGH_NORTH = {"epsg": WGS_84, "top_left": (10.0, 60.0), "pixel": (0.3, 0.2)}


class TestDegrees:
    """Pixels of 0.3 x 0.2 degrees from 60 N to 56 N: the lower ones are larger, and cells are square in the middle."""

    ROWS, COLUMNS = 20, 12

    @staticmethod
    def band_km2(south, north, width):
        """Area of a piece of the WGS 84 ellipsoid by numerical integration, km2."""
        a, e2 = 6378.137, 0.00669437999014
        latitude = np.radians(np.linspace(south, north, 2001))
        element = a**2 * (1 - e2) * np.cos(latitude) / (1 - e2 * np.sin(latitude) ** 2) ** 2
        return integrate.trapezoid(element, latitude) * np.radians(width)

    def test_means_weigh_pixels_by_their_area(self, tmp_path):
        rng = np.random.default_rng(5)
        values = rng.uniform(1, 9, (self.ROWS, self.COLUMNS))
        values[rng.random(values.shape) < 0.2] = -9999
        paths = [floats(tmp_path, name, values, **HIGH_NORTH) for name in ("a", "b")]
        result = sample(tmp_path, paths, "a, b", "mean, sum", size=70_000.0, minimum_valid_pct=0)
        net, table = result.net, result.table()
        # 70 km at 57.9 N, in the middle row: a degree of latitude is 111.38 km, one of longitude 59.29 km.
        assert (net.height, net.width) == (pytest.approx(70 / 111.38, rel=1e-3), pytest.approx(70 / 59.29, rel=1e-3))
        stored = values.astype(np.float32).astype(float)
        for cell, x, y, share, mean, total in zip(
            *(table[name] for name in ("cell_id", "x", "y", "valid_pct", "a", "b"))
        ):
            west, east = x - net.width / 2, x + net.width / 2
            south, north = y - net.height / 2, y + net.height / 2
            area = of_values = amount = 0.0
            for row in range(self.ROWS):
                top = 60 - 0.2 * row
                down = max(0.0, min(north, top) - max(south, top - 0.2)) / 0.2
                pixel = self.band_km2(top - 0.2, top, 0.3) if down > 1e-9 else 0.0
                for column in range(self.COLUMNS):
                    left = 10 + 0.3 * column
                    part = down * max(0.0, min(east, left + 0.3) - max(west, left)) / 0.3
                    if part > 1e-9 and stored[row, column] > 0:
                        area += part * pixel
                        of_values += part * pixel * stored[row, column]
                        amount += part * stored[row, column]
            assert mean == pytest.approx(of_values / area, rel=1e-6), cell
            assert total == pytest.approx(amount, rel=1e-6)
            whole = self.band_km2(south, north, net.width)
            assert share == pytest.approx(100 * area / whole, rel=1e-3)  # pixels on a border are cut as if flat

    def test_a_cell_without_gaps_is_full_at_every_latitude(self, tmp_path):
        path = floats(tmp_path, "a", np.ones((200, 60)), epsg=WGS_84, top_left=(10.0, 60.0), pixel=0.1)
        table = sample(tmp_path, [path], "a", size=30_000.0).table()
        inner = table["valid_pct"] > 60
        assert np.allclose(np.sort(table["valid_pct"][inner])[len(table["x"]) // 2 :], 100, atol=0.05)
        assert set(table["a"]) == {1.0}

    def test_metres_of_web_mercator_are_those_on_the_ground(self, tmp_path):
        # At 60 N the projection stretches lengths twofold.
        top_left = (1_100_000.0, 8_399_737.9)
        path = floats(tmp_path, "a", np.ones((20, 20)), epsg=3857, top_left=top_left, pixel=100.0)
        assert sample(tmp_path, [path], "a", size=200.0).net.width == pytest.approx(400, rel=0.01)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"names": "a"}, "1 names .a. for 2 rasters .one.tif, two.tif."),
        ({"names": "a, year"}, "'year', which cannot be a field"),
        ({"names": "a, A"}, "capital letters only"),
        ({"names": "a, 2b"}, "'2b', which cannot be a field"),
        ({"statistics": "median"}, "'median'. Choose from mean, sum, majority, share"),
        ({"statistics": "mean, sum, sum"}, "3 words for 2 variables"),
        ({"ranges": "c:0:1"}, "names 'c', which is not among NAMES"),
        ({"ranges": "a:low:1"}, "Write name:lowest:highest"),
        ({"size": 50.0}, "smaller than the pixels of the first raster .100 m."),
        ({"size": -1.0}, "positive number of metres"),
        ({"minimum_valid_pct": 120}, "between 0 and 100"),
        ({"names": "a, a", "years": (2000, 2005, 2010)}, "2 rasters"),
        ({"names": "a, a"}, "YEARS is empty"),
        ({"statistics": "majority"}, "holds fractions"),
    ],
)
def test_what_cannot_be_sampled_is_told(tmp_path, changes, message):
    given = {"names": "a, b", "statistics": "mean", **changes}
    paths = [floats(tmp_path, name, FOUR_BY_FOUR + 0.5) for name in ("one", "two")]
    with pytest.raises(InputError, match=message):
        sample(tmp_path, paths, **given)


def test_no_cell_with_enough_values(tmp_path):
    values = np.full((4, 4), -9999.0)
    values[::2, ::2] = 1
    with pytest.raises(InputError, match="None of 4 rows has values in 50 %.*a alone leaves out 4"):
        sample(tmp_path, [floats(tmp_path, "a", values)], "a")


def test_the_crs_goes_with_the_cells(tmp_path):
    net = sample(tmp_path, [floats(tmp_path, "a", FOUR_BY_FOUR)], "a").net
    reference = osr.SpatialReference()
    reference.ImportFromWkt(net.crs)
    assert reference.GetAuthorityCode(None) == "32650"
    assert (net.width, net.height) == (200, 200)
