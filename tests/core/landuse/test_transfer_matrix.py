"""Transfer matrices, counted by hand and by an independent program."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import GridError, InputError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.landuse.transfer.dynamic_degree import comprehensive_degree, single_degree
from ecoassets.core.landuse.transfer.run import TransferInputs, TransferOutputs, run_transfer_matrix
from ecoassets.core.landuse.transfer.tables import balance_table, change_legend, degree_table, transfer_table
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.raster.zones.zoning import ZoneLayer
from ecoassets.core.tables import read_table

from .maps import classes, read, records, write_map, write_rectangles

BEFORE = classes("112 122 33.")
AFTER = classes("112 222 331")


@pytest.fixture
def two_maps(tmp_path):
    return write_map(tmp_path / "a.tif", BEFORE), write_map(tmp_path / "b.tif", AFTER)


def run(maps, years=(2000, 2010), **kwargs):
    return run_transfer_matrix(TransferInputs(tuple(maps), years, **kwargs))


def test_by_hand(two_maps):
    # of three pixels (1 ha each) of class 1 two stay, one becomes 2; the last pixel has no class in 2000
    result = run(two_maps)
    assert result.codes == (1, 2, 3)
    assert result.pixels[0, 0].tolist() == [[2, 1, 0], [0, 3, 0], [0, 0, 2]]
    assert result.area_ha[0, 0] == pytest.approx(result.pixels[0, 0])
    rows = {(r["from_code"], r["to_code"]): r for r in records(transfer_table(result))}
    assert set(rows) == {(1, 1), (1, 2), (2, 2), (3, 3)}
    assert rows[1, 2]["from_pct"] == pytest.approx(100 / 3)
    assert rows[1, 2]["to_pct"] == pytest.approx(25)
    left_out = result.left_out
    assert [(item.pair, item.year, item.pixels, item.area_ha) for item in left_out] == [((2000, 2010), 2010, 1, 1.0)]


def test_loss_gain_net_and_persistence(two_maps):
    rows = {r["code"]: r for r in records(balance_table(run(two_maps)))}
    names = ("area_from_ha", "area_to_ha", "persistence_ha", "loss_ha", "gain_ha", "net_ha")
    assert [rows[1][n] for n in names] == [3, 2, 2, 1, 0, -1]
    assert [rows[2][n] for n in names] == [3, 4, 3, 0, 1, 1]


def test_swapped_years_transpose_the_matrix_and_flip_the_net_change(two_maps):
    forth, back = run(two_maps), run(two_maps[::-1])
    assert (back.pixels[0, 0] == forth.pixels[0, 0].T).all()
    net = [[r["net_ha"] for r in records(balance_table(result))] for result in (forth, back)]
    assert net[0] == [-x for x in net[1]]
    assert any(net[0])


def test_a_class_that_one_year_lacks_is_a_column_of_zeros(tmp_path):
    result = run([write_map(tmp_path / "a.tif", classes("11 12")), write_map(tmp_path / "b.tif", classes("11 14"))])
    assert result.codes == (1, 2, 4)
    assert result.pixels[0, 0].tolist() == [[3, 0, 0], [0, 0, 1], [0, 0, 0]]
    rows = {r["code"]: r for r in records(degree_table(result))}
    assert rows[2]["single_pct"] == pytest.approx(-10)
    assert rows[4]["single_pct"] is None


def test_three_years_give_three_pairs(tmp_path):
    stack = np.stack([classes("11"), classes("12"), classes("22")])
    out = str(tmp_path / "change.tif")
    result = run_transfer_matrix(
        TransferInputs((write_map(tmp_path / "t.tif", stack),), (2000, 2005, 2015)), TransferOutputs(out)
    )
    assert result.pairs == ((2000, 2005), (2005, 2015), (2000, 2015))
    assert [read(out, band).tolist() for band in (1, 2, 3)] == [[[1001, 1002]], [[1002, 2002]], [[1002, 1002]]]
    dataset = gdal.Open(out)
    described = [dataset.GetRasterBand(band).GetDescription() for band in (1, 2, 3)]
    assert described == ["2000-2005", "2005-2015", "2000-2015"]
    assert [(c.code, c.name) for c in change_legend(result, 0)] == [(1002, "1 → 2"), (1001, "1 (unchanged)")]


def test_nodata_in_one_year_counts_by_the_mask(tmp_path):
    stack = np.stack([classes("11"), classes("11"), classes("1.")])
    path = write_map(tmp_path / "t.tif", stack)
    inputs = TransferInputs((path,), (2000, 2005, 2010))
    common = run_transfer_matrix(inputs)
    yearly = run_transfer_matrix(inputs, settings=RasterSettings(mask="yearly"))
    assert common.pixels.sum(axis=(1, 2, 3)).tolist() == [1, 1, 1]
    assert yearly.pixels.sum(axis=(1, 2, 3)).tolist() == [2, 1, 1]
    assert [(item.pair, item.year) for item in yearly.left_out] == [((2005, 2010), 2005), ((2000, 2010), 2000)]


@pytest.mark.parametrize("mask", ["common", "yearly"])
def test_maps_that_do_not_meet_are_an_error(tmp_path, mask):
    paths = [write_map(tmp_path / "a.tif", classes("1.")), write_map(tmp_path / "b.tif", classes(".1"))]
    zones = ZoneLayer(write_map(tmp_path / "z.tif", classes("12")), kind="raster")
    older = tmp_path / "change.tif"
    older.write_bytes(b"an older map")
    inputs, settings = TransferInputs(tuple(paths), (2000, 2010), zones=zones), RasterSettings(mask=mask)
    with pytest.raises(InputError, match="No pixel"):
        run_transfer_matrix(inputs, TransferOutputs(str(older)), settings)
    assert older.read_bytes() == b"an older map"


def test_300_codes_beyond_a_byte(tmp_path):
    first = np.arange(700, 1000, dtype=np.uint16).reshape(15, 20)
    second = first[::-1].copy()
    out = str(tmp_path / "change.tif")
    paths = [write_map(tmp_path / f"{i}.tif", m, nodata=65535) for i, m in enumerate((first, second))]
    result = run_transfer_matrix(TransferInputs(tuple(paths), (2000, 2001)), TransferOutputs(out))
    assert len(result.codes) == 300
    assert (read(out) == first.astype(int) * 1000 + second).all()
    assert result.pixels[0, 0][0, 280 - 0] == 1  # 700 in the first row meets 980 in the last
    assert result.pixels.sum() == 300


def test_a_code_above_999_is_an_error(tmp_path):
    paths = [write_map(tmp_path / f"{i}.tif", np.full((2, 2), 1000 + i, np.uint16), nodata=65535) for i in (0, 1)]
    assert run(paths).pixels.sum() == 4
    with pytest.raises(InputError, match=r"class code 1001.*from \* 1000 \+ to.*reclassify"):
        run_transfer_matrix(TransferInputs(tuple(paths), (2000, 2010)), TransferOutputs(str(tmp_path / "change.tif")))


def test_unknown_codes_of_a_scheme_are_listed_with_their_pixels(tmp_path):
    paths = [write_map(tmp_path / f"{i}.tif", classes("11 77")) for i in (0, 1)]
    scheme = load_scheme("globeland30")
    with pytest.raises(InputError, match=r"7 \(2 px\), 1 \(2 px\)|1 \(2 px\), 7 \(2 px\)"):
        run(paths, scheme=scheme)


def test_a_shift_by_half_a_pixel_is_an_error(tmp_path):
    paths = [
        write_map(tmp_path / "a.tif", AFTER),
        write_map(tmp_path / "b.tif", AFTER, origin=(500050.0, 4000000.0)),
    ]
    with pytest.raises(GridError, match=r"0\.5 columns.*aligntogrid"):
        run(paths)


def test_one_year_is_an_error(two_maps):
    with pytest.raises(InputError, match="at least two"):
        run(two_maps[:1], years=(2000,))


def test_zones_add_up_to_the_whole(tmp_path, two_maps):
    # left column, middle column; the right column lies outside
    zones = write_rectangles(
        tmp_path / "z.gpkg", {"west": (500000, 3999700, 500100, 4000000), "mid": (500100, 3999700, 500200, 4000000)}
    )
    result = run(two_maps, zones=ZoneLayer(zones, "name"))
    assert result.zones == ("mid", "west", "outside")
    assert (result.pixels.sum(axis=1) == run(two_maps).pixels.sum(axis=1)).all()
    assert result.pixels[0, 1].tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert {r["zone"] for r in records(degree_table(result))} == {"all", "mid", "west", "outside"}


def test_a_zone_raster(tmp_path, two_maps):
    zones = write_map(tmp_path / "z.tif", np.array([[30, 30, 7], [30, 7, 7], [255, 255, 255]], np.uint8))
    result = run(two_maps, zones=ZoneLayer(zones, kind="raster"))
    assert result.zones == ("7", "30", "outside")
    assert result.pixels[0].sum(axis=(1, 2)).tolist() == [3, 3, 2]


def test_a_geographic_map_has_the_areas_of_its_equal_area_projection(tmp_path):
    """Blocks on 0.001 degrees, counted as they are and warped to 20 m in a projection that keeps areas."""
    rng = np.random.default_rng(5)
    blocks = [rng.integers(1, 4, (8, 8)).astype(np.uint8).repeat(20, 0).repeat(20, 1) for _ in range(2)]
    place = {"epsg": 4326, "pixel": 0.001, "origin": (116.0, 40.2)}
    paths = [write_map(tmp_path / f"{i}.tif", block, **place) for i, block in enumerate(blocks)]
    warped = [str(tmp_path / f"{i}_equal_area.tif") for i in range(2)]
    for path, target in zip(paths, warped):  # off its centre, so that edges run slantwise and rounding averages out
        gdal.Warp(target, path, dstSRS="+proj=laea +lat_0=36 +lon_0=108 +datum=WGS84", xRes=20, yRes=20)
    geographic, projected = run(paths), run(warped)
    assert geographic.area_ha.sum() == pytest.approx(projected.area_ha.sum(), rel=1e-3)
    assert geographic.area_ha[0, 0] == pytest.approx(projected.area_ha[0, 0], rel=1e-3)


def test_windows_and_threads_do_not_show(tmp_path):
    rng = np.random.default_rng(1)
    paths = [
        write_map(tmp_path / f"{i}.tif", rng.integers(0, 6, (150, 210)).astype(np.uint8), nodata=0) for i in (0, 1)
    ]
    inputs = TransferInputs(tuple(paths), (2000, 2001))
    whole = run_transfer_matrix(inputs)
    cut = run_transfer_matrix(inputs, settings=RasterSettings(tile=64, threads=1))
    assert (whole.pixels == cut.pixels).all()
    assert whole.area_ha == pytest.approx(cut.area_ha, rel=1e-12)


class TestDegrees:
    # 1: 60 -> 50 (20 lost, 10 gained); 2: 40 -> 50 (10 lost, 20 gained)
    MATRIX = np.array([[40.0, 20.0], [10.0, 30.0]])

    def test_single(self):
        assert single_degree(60, 50, 5) == pytest.approx(-100 / 30)
        assert single_degree(0, 50, 5) is None

    def test_three_readings(self):
        found = comprehensive_degree(self.MATRIX, 5)
        assert found.whole_period_pct == pytest.approx(30)  # 30 of 100 ha changed
        assert found.gross_annual_pct == pytest.approx(3)
        assert found.net_annual_pct == pytest.approx(2)  # (10 + 10) / 200 / 5

    def test_no_land_has_no_degree(self):
        assert comprehensive_degree(np.zeros((2, 2)), 5).whole_period_pct is None


class TestBungo:
    """Real maps whose nodata values, valid areas and zone grids differ."""

    YEARS = (1990, 2000, 2005)

    @pytest.fixture
    def region(self, shared_data):
        return shared_data / "bungo"

    @pytest.fixture
    def cover(self, region):
        return tuple(str(region / "lulc" / f"bungo_landcover_{year}r.tif") for year in self.YEARS)

    @pytest.fixture
    def scheme(self, region):
        return load_scheme("custom", read_table(region / "tables" / "classes_ecoassets.csv"))

    @staticmethod
    def independent(paths, zones, pairs):
        """Counts by numpy over whole arrays: (zone, from, to) -> pixels."""
        maps = [gdal.Open(path) for path in paths]
        arrays = [m.ReadAsArray().astype(np.int64) for m in maps]
        valid = np.logical_and.reduce([a != m.GetRasterBand(1).GetNoDataValue() for a, m in zip(arrays, maps)])
        found = []
        for i, j in pairs:
            triples = np.stack([zones[valid], arrays[i][valid], arrays[j][valid]], axis=1)
            kinds, counts = np.unique(triples, axis=0, return_counts=True)
            found.append(dict(zip(map(tuple, kinds.tolist()), counts.tolist())))
        return found

    def compare(self, result, expected, zone_numbers):
        for p, counts in enumerate(expected):
            assert result.pixels[p].sum() == sum(counts.values())
            for (zone, first, second), pixels in counts.items():
                place = zone_numbers[zone], result.codes.index(first), result.codes.index(second)
                assert result.pixels[p][place] == pixels

    def test_planning_units(self, region, cover, scheme):
        polygons = str(region / "vector" / "planning_unit_bungo.shp")
        result = run_transfer_matrix(TransferInputs(cover, self.YEARS, scheme, ZoneLayer(polygons, "IDS")))
        memory = gdal.Translate("", cover[0], format="MEM", outputType=gdal.GDT_Int32)
        memory.GetRasterBand(1).DeleteNoDataValue()
        memory.GetRasterBand(1).Fill(-1)
        warped = gdal.VectorTranslate("", polygons, format="Memory", dstSRS=memory.GetProjection())
        gdal.RasterizeLayer(memory, [1], warped.GetLayer(0), options=["ATTRIBUTE=IDS"])
        zones = memory.ReadAsArray()
        numbers = {int(z): result.zones.index(str(int(z))) for z in np.unique(zones) if z >= 0}
        numbers[-1] = result.zones.index("outside")
        self.compare(result, self.independent(cover, zones, [(0, 1), (1, 2), (0, 2)]), numbers)
        assert result.area_ha == pytest.approx(result.pixels * 0.9996033, rel=1e-6)

    def test_the_shifted_zone_raster(self, region, cover, scheme):
        path = str(region / "lulc" / "bungo_zone.tif")
        inputs = TransferInputs(cover, self.YEARS, scheme, ZoneLayer(path, kind="raster"))
        with pytest.raises(GridError, match="aligntogrid"):
            run_transfer_matrix(inputs)
        result = run_transfer_matrix(inputs, settings=RasterSettings(align_classes=True))
        grid = gdal.Open(cover[0])
        left, width, _, top, _, height = grid.GetGeoTransform()
        bounds = (left, top + height * grid.RasterYSize, left + width * grid.RasterXSize, top)
        zones = gdal.Warp(
            "", path, format="MEM", outputBounds=bounds, width=grid.RasterXSize, height=grid.RasterYSize
        ).ReadAsArray()
        numbers = {int(z): result.zones.index(str(z)) for z in np.unique(zones) if z != 255}
        numbers[255] = result.zones.index("outside")
        self.compare(result, self.independent(cover, zones, [(0, 1), (1, 2), (0, 2)]), numbers)

    def test_row_and_column_sums_are_class_areas(self, cover, scheme):
        result = run_transfer_matrix(TransferInputs(cover, self.YEARS, scheme))
        for p, pair in enumerate(result.pairs):
            for axis, year in ((1, pair[0]), (0, pair[1])):
                raster = read(cover[self.YEARS.index(year)])
                common = np.logical_and.reduce([read(c) != n for c, n in zip(cover, (128, 255, 128))])
                counted = [(raster[common] == code).sum() for code in result.codes]
                assert result.pixels[p, 0].sum(axis=axis).tolist() == counted
