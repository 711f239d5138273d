"""Soil conservation of a real region from its own rasters: two grids, three units, holes, and masks that differ."""

import shutil
import subprocess

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import InputError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.services.carbon.storage import CarbonOutputs, run_carbon_storage
from ecoassets.core.services.habitat.quality import QualityInputs, QualityOutputs, run_habitat_quality
from ecoassets.core.services.soil.conservation import SoilInputs, SoilOutputs, run_soil_conservation
from ecoassets.core.services.soil.erodibility import (
    ErodibilityInputs,
    ErodibilityOutputs,
    erodibility,
    run_soil_erodibility,
)
from ecoassets.core.services.soil.rainfall_erosivity import (
    ErosivityInputs,
    ErosivityOutputs,
    run_rainfall_erosivity,
    zhang_annual,
)
from ecoassets.core.services.soil.slope import Terrain
from ecoassets.core.services.soil.slope_length import SlopeLengthInputs, SlopeLengthOutputs, run_slope_length
from ecoassets.core.services.soil.support_practice import PracticeInputs, PracticeOutputs, run_support_practice
from ecoassets.core.services.soil.vegetation_cover import VegetationOutputs, run_class_cover_factor
from ecoassets.core.services.survey import Cover, Rasters
from ecoassets.core.tables import Table, read_table

from .conftest import Log, read


@pytest.fixture(scope="module")
def bungo(shared_data):
    folder = shared_data / "bungo"
    if not folder.is_dir():
        pytest.skip("the region bungo is not among the real data")
    return folder


@pytest.fixture(scope="module")
def dem(bungo):
    return str(bungo / "terrain" / "bungo_elev_srtm.tif")


@pytest.fixture(scope="module")
def cover(bungo):
    scheme = load_scheme("custom", read_table(bungo / "tables" / "classes_ecoassets.csv"))
    return Cover((str(bungo / "lulc" / "bungo_landcover_2005r.tif"),), scheme)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("bungo")


@pytest.fixture(scope="module")
def erosivity(bungo, folder):
    path = str(folder / "r.tif")
    rain = str(bungo / "climate" / "clim_precipitation_tot.tif")
    return path, run_rainfall_erosivity(ErosivityInputs((rain,), "zhang_annual"), ErosivityOutputs(path))


def soil(bungo):
    return [
        Rasters.of(str(bungo / "soil" / f"bungo_{name}_0-5cm_mean.tif")) for name in ("sand", "silt", "clay", "soc")
    ]


@pytest.fixture(scope="module")
def soil_k(bungo, folder):
    path = str(folder / "k.tif")
    inputs = ErodibilityInputs(*soil(bungo), carbon_unit="dg_per_kg")
    return path, run_soil_erodibility(inputs, ErodibilityOutputs(path))


@pytest.fixture(scope="module")
def accumulation(dem, folder):
    """Flow accumulation by GRASS, as the toolbox computes it."""
    if shutil.which("grass") is None:
        pytest.skip("GRASS is not installed")
    path = folder / "accumulation.tif"
    script = folder / "watershed.sh"
    script.write_text(
        f"r.in.gdal -o --quiet input={dem} output=dem\n"
        "g.region raster=dem\n"
        "r.watershed --quiet elevation=dem accumulation=cells\n"
        f"r.out.gdal -c --quiet input=cells output={path} type=Float64\n"
    )
    command = ["grass", "--tmp-location", "EPSG:32748", "--exec", "sh", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if not path.exists():
        pytest.skip(f"GRASS cannot compute flow accumulation here: {done.stderr[-200:]}")
    return str(path)


@pytest.fixture(scope="module")
def slope_length(dem, accumulation, folder):
    path, log = str(folder / "ls.tif"), Log()
    inputs = SlopeLengthInputs(Rasters.of(dem), accumulation)
    return path, run_slope_length(inputs, SlopeLengthOutputs(path), progress=log), log


@pytest.fixture(scope="module")
def cover_c(bungo, cover, folder):
    table = read_table(bungo / "tables" / "c_factor_bungo_usda1972.csv")
    c = [{"code": code, "c": c} for code, c in zip(table.values("ID"), table.values("C_factor"))]
    path = str(folder / "c.tif")
    run_class_cover_factor(cover, Table.of_rows("c", c), VegetationOutputs(None, path))
    return path


def test_erosivity_pixel_by_pixel(bungo, erosivity):
    path, found = erosivity
    rain = gdal.Open(str(bungo / "climate" / "clim_precipitation_tot.tif")).ReadAsArray()
    expected = zhang_annual(rain)
    np.testing.assert_allclose(read(path)[0], expected, rtol=1e-6)
    assert found.mean_rain_mm == pytest.approx([np.nanmean(rain.astype(float))], rel=1e-6)


def test_carbon_in_dg_per_kg_beside_texture_in_percent(bungo, soil_k, folder):
    path, found = soil_k
    sand, silt, clay, carbon = (gdal.Open(s.paths[0]).ReadAsArray().astype(float) for s in soil(bungo))
    expected = erodibility(sand, silt, clay, carbon / 100)
    np.testing.assert_allclose(read(path)[0], expected, rtol=1e-5)
    assert 0.005 < found.mean < 0.05
    with pytest.raises(InputError, match=r"Choose the unit soilgrids, percent_soilgrids_carbon \(UNITS\)"):
        run_soil_erodibility(ErodibilityInputs(*soil(bungo)), ErodibilityOutputs(str(folder / "wrong.tif")))


def test_slope_length_has_the_cells_of_grass(slope_length):
    path, found, log = slope_length
    values = read(path)[0]
    valid = values[np.isfinite(values)]
    assert found.sums.pixels.sum() == valid.size
    assert found.mean == pytest.approx(valid.mean(), rel=1e-6)
    # the highlands are long and steep, the plains are not
    assert np.percentile(valid, 5) < 0.3 < 10 < np.percentile(valid, 95)
    assert found.outside_pixels > 0
    assert any("negative flow accumulation" in line for line in log.warnings)


def test_slope_length_equals_that_of_saga(dem, accumulation, folder):
    """SAGA has the same formula without the aspect (x = 1), so ours lies below by up to sqrt(2)^m, and not above."""
    if shutil.which("saga_cmd") is None:
        pytest.skip("SAGA is not installed")
    slope = gdal.DEMProcessing("", dem, "slope", format="MEM", computeEdges=True)
    aspect = gdal.DEMProcessing("", dem, "aspect", format="MEM", computeEdges=True, zeroForFlat=True).ReadAsArray()
    cells = gdal.Open(accumulation).ReadAsArray()
    degrees = slope.ReadAsArray().astype(float)
    area = (np.abs(cells) - 1) * slope.GetGeoTransform()[1] ** 2
    hole = (degrees < 0) | ~np.isfinite(area)
    part = np.s_[300:600, 200:600]  # the formula is one of a pixel: a part will do
    for name, values in (("radians", np.radians(degrees)), ("area", area)):
        path = str(folder / f"saga_{name}.tif")
        target = gdal.GetDriverByName("GTiff").Create(path, 400, 300, 1, gdal.GDT_Float32)
        target.SetGeoTransform(slope.GetGeoTransform())
        target.SetProjection(slope.GetProjection())
        target.GetRasterBand(1).SetNoDataValue(-99999)
        target.GetRasterBand(1).WriteArray(np.where(hole, -99999, values)[part])
        del target
        saga("io_gdal", "0", "-FILES", path, "-GRIDS", str(folder / f"saga_{name}.sgrd"))
    grids = [str(folder / f"saga_{name}.sgrd") for name in ("radians", "area", "ls")]
    saga("ta_hydrology", "22", "-SLOPE", grids[0], "-AREA", grids[1], "-CONV", "0", "-METHOD", "1", "-LS", grids[2])
    theirs = gdal.Open(str(folder / "saga_ls.sdat")).ReadAsArray().astype(float)
    path = str(folder / "ls_rusle.tif")
    inputs = SlopeLengthInputs(Rasters.of(dem), accumulation, slope_factor="rusle", max_length_m=None)
    run_slope_length(inputs, SlopeLengthOutputs(path))
    ours, aspect, degrees = (values[part] for values in (read(path)[0], aspect, degrees))
    both = np.isfinite(ours) & (theirs > 0)
    along_axis = both & ((aspect % 90 < 1e-6) | (degrees == 0))
    assert both.sum() > 50_000
    assert along_axis.sum() > 100
    np.testing.assert_allclose(ours[along_axis], theirs[along_axis], rtol=1e-4)
    ratio = ours[both] / theirs[both]
    assert ratio.max() < 1.0001
    assert ratio.min() > 2 ** (-0.5 * 0.8)


def saga(*command):
    subprocess.run(["saga_cmd", "-f=s", *command], capture_output=True, check=True, timeout=120)


def test_slope_in_percent_is_told(bungo, cover, folder):
    slope = str(bungo / "terrain" / "bungo_slope.tif")
    with pytest.raises(InputError, match="looks like percent: degrees end at 90"):
        run_support_practice(PracticeInputs(cover, terrain=Terrain(slope, "degrees")), PracticeOutputs())
    found = run_support_practice(
        PracticeInputs(cover, terrain=Terrain(slope, "percent")), PracticeOutputs(str(folder / "p.tif"))
    )
    values = read(folder / "p.tif")[0]
    assert found.mean("support_practice")[0] == pytest.approx(np.nanmean(values), rel=1e-6)
    assert set(np.unique(values[np.isfinite(values)]).round(3)) <= {0, 0.01, 0.1, 0.221, 0.305, 0.575, 0.705, 0.8, 1}


def test_soil_conservation_from_its_factors(bungo, cover, erosivity, soil_k, slope_length, cover_c, folder):
    paths = [erosivity[0], soil_k[0], slope_length[0], cover_c]
    practice = str(bungo / "terrain" / "p_factor_bungo.tif")
    kept, lost, classes = (str(folder / f"{name}.tif") for name in ("kept", "lost", "classes"))
    log = Log()
    found = run_soil_conservation(
        SoilInputs(*map(Rasters.of, paths), p=Rasters.of(practice), cover=cover, tolerance=500.0),
        SoilOutputs(kept, lost, classes),
        progress=log,
    )
    assert any("p_factor_bungo.tif) is brought on the reference grid (bilinear)" in line for line in log.infos)
    retention, loss, code = read(kept)[0], read(lost)[0], read(classes)[0]
    hectares = 99.98016592873559**2 / 1e4
    assert found.totals[0] == pytest.approx(np.nansum(retention) * hectares, rel=1e-6)
    assert found.erosion_totals[0] == pytest.approx(np.nansum(loss) * hectares, rel=1e-6)
    # classes follow the loss in t/(km2 a), a hundredfold of the map
    limits = [500, 2500, 5000, 8000, 15000]
    valid = np.isfinite(loss)
    assert np.array_equal(code[valid], 1 + np.searchsorted(limits, 100 * loss[valid].astype(np.float32), side="right"))
    # where the service counts, what is kept and lost is the potential loss
    r, k, ls = (read(path)[0] for path in paths[:3])
    counted = valid & (retention > 0)
    np.testing.assert_allclose((retention + loss)[counted], (r * k * ls)[counted], rtol=1e-4)
    rows = found.table().rows
    assert sum(row[4] for row in rows) == pytest.approx(found.totals[0])
    assert found.sums.left_out[0].pixels == 459_796 - valid.sum()


def test_carbon_of_its_own_table(bungo, cover):
    table = read_table(bungo / "tables" / "carbon_bungo.csv")
    rows = [{"code": code, "carbon": carbon} for code, carbon in zip(table.values("ID"), table.values("CARBON"))]
    found = run_carbon_storage(cover, Table.of_rows("carbon", rows), CarbonOutputs())
    codes = gdal.Open(cover.paths[0]).ReadAsArray()
    density = {row["code"]: float(row["carbon"]) for row in rows}
    counts = {code: int((codes == code).sum()) for code in np.unique(codes) if code != 128}
    expected = sum(density[str(code)] * n for code, n in counts.items()) * 99.98016592873559**2 / 1e4
    assert found.totals == pytest.approx([expected])


class TestHabitat:
    """Settlements (codes 25 and 41) and three hand-made roads on the real land cover, against natcap.invest 3.20.2."""

    @pytest.fixture(scope="class")
    def threatened(self, cover, folder):
        dataset = gdal.Open(cover.paths[0])
        codes = dataset.ReadAsArray()
        rows, columns = codes.shape
        road, x = np.zeros(codes.shape, np.uint8), np.arange(columns)
        for row in (np.full(columns, 600), 100 + x // 2, x * x // 2000):
            road[np.minimum(row, rows - 1), x] = 1
        paths = {}
        for name, values in (("settlement", np.isin(codes, (25, 41)).astype(np.uint8)), ("road", road)):
            paths[name] = str(folder / f"{name}.tif")
            made = gdal.GetDriverByName("GTiff").Create(paths[name], columns, rows, 1, gdal.GDT_Byte)
            made.SetGeoTransform(dataset.GetGeoTransform())
            made.SetProjection(dataset.GetProjection())
            made.GetRasterBand(1).SetNoDataValue(255)
            made.GetRasterBand(1).WriteArray(values)
            made = None
        threats = [
            {"threat": "settlement", "max_distance_km": 8, "weight": 1, "decay": "exponential"},
            {"threat": "road", "max_distance_km": 3, "weight": 0.5, "decay": "linear"},
        ]
        sensitivity = [
            {"code": c, "habitat": 1 - c % 10 / 10, "settlement": c % 7 / 7, "road": c % 5 / 5} for c in range(1, 43)
        ]
        return QualityInputs(
            cover,
            {name: Rasters.of(path) for name, path in paths.items()},
            Table.of_rows("threats.csv", threats),
            Table.of_rows("sensitivity.csv", sensitivity),
            half_saturation=0.2,
        )

    def test_numbers_of_invest(self, threatened, folder):
        out = QualityOutputs(str(folder / "quality.tif"), str(folder / "degradation.tif"))
        run_habitat_quality(threatened, out)
        quality, degradation = read(out.quality)[0], read(out.degradation)[0]
        assert np.nanmean(degradation) == pytest.approx(0.16950438, abs=1e-7)
        assert np.nanmean(quality) == pytest.approx(0.43254602, abs=1e-7)
        assert np.nanmax(degradation) == pytest.approx(0.72539139, abs=1e-7)
        for place, d, q in (
            ((300, 300), 0.21139431, 0.13962762),
            ((450, 600), 0.23614693, 0.39763194),
            ((600, 500), 0.35270417, 0.05847938),
            ((500, 900), 0.27523485, 0.31039607),
        ):
            assert (degradation[place], quality[place]) == pytest.approx((d, q), abs=1e-6)

    def test_a_distance_transform_of_another_program(self, threatened, folder):
        from scipy.ndimage import distance_transform_edt

        out = QualityOutputs(str(folder / "quality.tif"), str(folder / "degradation.tif"))
        run_habitat_quality(threatened, out)
        codes = gdal.Open(threatened.cover.paths[0]).ReadAsArray().astype(int)
        pixel, expected = 99.980165928735587, np.zeros(codes.shape)
        for name, reach, weight, parts in (("settlement", 8000, 1, 7), ("road", 3000, 0.5, 5)):
            threat = gdal.Open(threatened.threats[name].paths[0]).ReadAsArray() == 1
            share = distance_transform_edt(~threat) * pixel / reach
            influence = np.where(share > 1, 0, np.exp(-2.99 * share) if name == "settlement" else 1 - share)
            expected += weight / 1.5 * (codes % parts / parts) * influence
        found = read(out.degradation)[0]
        valid = ~np.isnan(found)
        assert valid.sum() == 459_796
        assert found[valid] == pytest.approx(expected[valid], abs=1e-6)
