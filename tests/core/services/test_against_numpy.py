"""Services on random rasters of unequal pixels, several strips and blocks, against the formula on whole arrays."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.land_cover import load_scheme
from ecoassets.core.raster.area import pixel_areas_ha
from ecoassets.core.raster.grid import Grid
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.raster.zones.polygons import burn_zones
from ecoassets.core.services.habitat.quality import QualityInputs, QualityOutputs, run_habitat_quality
from ecoassets.core.services.soil.slope import Terrain
from ecoassets.core.services.survey import Cover, Rasters
from ecoassets.core.services.water.curve_number import curve_numbers, for_moisture, for_slope, runoff
from ecoassets.core.services.water.flood_mitigation import FloodInputs, FloodOutputs, run_flood_mitigation
from ecoassets.core.services.water.retention import (
    RetentionInputs,
    RetentionOutputs,
    run_water_retention,
    runoff_coefficients,
)
from ecoassets.core.tables import Table

from ...rasters import WGS_84, read_raster, write_raster
from .test_flood_mitigation import polygons

HJ1166 = load_scheme("hj1166")
CODES = np.array(HJ1166.codes)
YEARS = (2000, 2005)
SHAPE = (310, 290)  # two strips of a block; with tiles of 128 several blocks
NOTHING = -1


class Land:
    """Land cover of two years with gaps, on a grid in degrees, and what lies within the boundary."""

    def __init__(self, folder, seed: int, bounded: bool) -> None:
        self.random, self._folder = np.random.default_rng(seed), folder
        self.codes = [self.with_gaps(self.random.choice(CODES, SHAPE), 255) for _ in YEARS]
        self.paths = tuple(self.write(f"cover{n}", codes, "uint8", 255) for n, codes in enumerate(self.codes))
        self.covered = [codes != 255 for codes in self.codes]
        self.classes = [np.searchsorted(CODES, np.where(c == 255, CODES[0], c)) for c in self.codes]
        grid = Grid.of_dataset(gdal.Open(self.paths[0]), "land cover")
        self.areas = np.broadcast_to(pixel_areas_ha(grid)[:, np.newaxis], SHAPE)
        self.inside, self.boundary = np.ones(SHAPE, dtype=bool), None
        if bounded:
            self.boundary = str(folder / "boundary.gpkg")
            polygons(self.boundary, [((30, 40, 200, 220), "", None, "")])
            burned = burn_zones(self.boundary, None, grid, str(folder), "boundary", "Boundary").source
            self.inside = read_raster(burned.path)[0] > 0

    def write(self, name, values, dtype, nodata=NOTHING):
        where = {"epsg": WGS_84, "pixel": 0.001, "top_left": (117.0, 39.75)}  # where the polygons of UTM 50 N lie
        return write_raster(self._folder / f"{name}.tif", values, dtype, nodata=nodata, **where)

    def with_gaps(self, values, nodata=NOTHING):
        return np.where(self.random.random(SHAPE) < 0.03, nodata, values)

    def settings(self, mask):
        return RasterSettings(boundary=self.boundary, mask=mask, tile=128, threads=2)

    def shown(self, valid, mask):
        """Where each year has a value."""
        inside = [self.inside & each for each in valid]
        return [np.logical_and.reduce(inside)] * len(inside) if mask == "common" else inside

    def total_m3(self, depth, shown):
        return 10 * np.sum(np.where(shown, depth * self.areas, 0))


@pytest.mark.parametrize("mask", ["common", "yearly"])
@pytest.mark.parametrize("elsewhere", ["zero", "nodata"])
@pytest.mark.parametrize("climate", ["actual", "mean"])
def test_water_retention(tmp_path, mask, elsewhere, climate):
    land = Land(tmp_path, seed=1, bounded=mask == "yearly")
    rain = [land.with_gaps(land.random.random(SHAPE) * 1500).astype(np.float32) for _ in YEARS]
    loss = [land.with_gaps(land.random.integers(0, 900, SHAPE)).astype(np.float32) for _ in YEARS]
    inputs = RetentionInputs(
        Cover(land.paths, HJ1166),
        Rasters(tuple(land.write(f"p{n}", values, "float32") for n, values in enumerate(rain))),
        Rasters(tuple(land.write(f"et{n}", values, "float32") for n, values in enumerate(loss))),
        YEARS,
        elsewhere=elsewhere,
        climate=climate,
    )
    found = run_water_retention(inputs, RetentionOutputs(str(tmp_path / "w.tif")), land.settings(mask))
    has_both = [(p != NOTHING) & (e != NOTHING) for p, e in zip(rain, loss)]
    if climate == "mean":
        rain, loss = [np.mean(rain, axis=0)] * 2, [np.mean(loss, axis=0)] * 2
        has_both = [np.logical_and.reduce(has_both)] * 2
    percent = [runoff_coefficients(HJ1166)[classes] for classes in land.classes]
    balance = [np.where(np.isnan(r), 0, p * (1 - r / 100) - e) for p, e, r in zip(rain, loss, percent)]
    valid = [
        covered & (both | np.isnan(r) if elsewhere == "zero" else both & ~np.isnan(r))
        for covered, both, r in zip(land.covered, has_both, percent)
    ]
    shown = land.shown(valid, mask)
    for year, seen in enumerate(shown):
        kept = np.maximum(balance[year], 0)
        # means and maps are float32
        np.testing.assert_allclose(
            read_raster(tmp_path / "w.tif")[year], np.where(seen, kept, np.nan), rtol=1e-5, atol=1e-3
        )
        assert found.totals[year] == pytest.approx(land.total_m3(kept, seen), rel=1e-6)
        assert found.unclipped_m3[year].sum() == pytest.approx(land.total_m3(balance[year], seen), rel=1e-6)
        assert found.clipped[year].sum() == np.count_nonzero(seen & (balance[year] < 0))
        assert found.area_ha[year].sum() == pytest.approx(land.areas[seen & ~np.isnan(percent[year])].sum())


@pytest.mark.parametrize("mask", ["common", "yearly"])
@pytest.mark.parametrize("form", ["held", "against_bare"])
@pytest.mark.parametrize("sloping", [False, True])
def test_flood_mitigation(tmp_path, mask, form, sloping):
    land = Land(tmp_path, seed=2, bounded=mask == "common")
    soil = land.with_gaps(land.random.integers(1, 5, SHAPE), 0)
    rain = land.with_gaps(land.random.random(SHAPE) * 300).astype(np.float32)
    slope = land.with_gaps(land.random.random(SHAPE) * 60).astype(np.float32)
    bodies = str(tmp_path / "bodies.gpkg")
    polygons(bodies, [((50, 60, 90, 110), "reservoir", 5e6, ""), ((150, 150, 80, 90), "swamp", 3e5, "")])
    inputs = FloodInputs(
        Cover(land.paths, HJ1166),
        YEARS,
        storm_rainfall=Rasters((land.write("storm", rain, "float32"),)),
        soil_group=Rasters((land.write("soil", soil, "uint8", 0),)),
        form=form,
        antecedent="wet",
        terrain=Terrain(land.write("slope", slope, "float32"), "degrees") if sloping else None,
        water_bodies=bodies,
    )
    found = run_flood_mitigation(inputs, FloodOutputs(str(tmp_path / "h.tif")), land.settings(mask))
    grid = Grid.of_dataset(gdal.Open(land.paths[0]), "land cover")
    number = read_raster(burn_zones(bodies, None, grid, str(tmp_path), "bodies", "Bodies").source.path)[0]
    curves = curve_numbers(HJ1166)
    incline = np.tan(np.radians(slope.astype(np.float64)))

    def wet(curve):
        return for_moisture(for_slope(curve, incline) if sloping else curve, "wet")

    depths, described, valid = [], [], []
    in_body = np.zeros(SHAPE, dtype=bool)
    for classes, covered in zip(land.classes, land.covered):
        curve = curves.values[classes, np.maximum(soil, 1) - 1]
        described.append(~np.isnan(curve))
        lost = runoff(rain, wet(np.where(described[-1], np.clip(curve, 30, 100), 100)))
        bare = wet(np.where(described[-1], curves.bare[np.maximum(soil, 1) - 1], 100))
        depth = (runoff(rain, bare) if form == "against_bare" else rain) - lost
        for body, capacity in ((1, 0.35 * 5e6), (2, 3e5)):
            here = number == body
            depth[here] = capacity / land.areas[here].sum() / 10
            in_body |= here & land.inside
        depths.append(depth)
        has_all = (soil != 0) & (rain != NOTHING) & ((slope != NOTHING) | (not sloping))
        valid.append(covered & (has_all | ~described[-1] | in_body))
    shown = land.shown(valid, mask)
    for year, seen in enumerate(shown):
        # where the class has no curve number all rain runs off, and where there is none nothing is held
        depth = np.where(~in_body & (rain == NOTHING), 0, depths[year])
        np.testing.assert_allclose(
            read_raster(tmp_path / "h.tif")[year], np.where(seen, depth, np.nan), rtol=1e-5, atol=1e-3
        )
        assert found.totals[year] == pytest.approx(land.total_m3(depth, seen), rel=1e-6)
        assert found.water_bodies_m3[year].sum() == pytest.approx(land.total_m3(depth, seen & in_body), rel=1e-6)
        of_year = [body.capacity_m3 for body in found.bodies if body.year in (None, YEARS[year])]
        assert sum(of_year) == pytest.approx(found.water_bodies_m3[year].sum())
        counted = seen & (described[year] | in_body)
        assert found.area_ha[year].sum() == pytest.approx(land.areas[counted].sum())


@pytest.mark.parametrize("mask", ["common", "yearly"])
@pytest.mark.parametrize("seed", range(15))
def test_habitat_quality(tmp_path, mask, seed):
    """A road that stays and towns of each year, by the distances to all their pixels; pixels are 85.6 x 111.0 m."""
    land = Land(tmp_path, seed=10 + seed, bounded=mask == "yearly")
    road, towns = np.zeros(SHAPE), [np.zeros(SHAPE) for _ in YEARS]
    road[np.arange(310), land.random.integers(0, 290) + np.arange(310) // 9 - 40] = 1
    for town in towns:
        town[tuple(land.random.integers(0, 290, (2, 12)))] = 1
    road, *towns = (np.where(land.random.random(SHAPE) < 0.1, np.nan, values) for values in (road, *towns))
    access = land.with_gaps(land.random.random(SHAPE)).astype(np.float32)
    suits, to_road, to_town = land.random.random((3, len(CODES))).round(3)
    sensitivity = [
        {"code": int(c), "habitat": h, "road": r, "town": t} for c, h, r, t in zip(CODES, suits, to_road, to_town)
    ]
    threats = [
        {"threat": "road", "max_distance_km": 4, "weight": 1, "decay": "linear"},
        {"threat": "town", "max_distance_km": 9, "weight": 3, "decay": "exponential"},
    ]
    maps = {
        "road": Rasters.of(land.write("road", road, "float64", float("nan"))),
        "town": Rasters(tuple(land.write(f"town{n}", t, "float64", float("nan")) for n, t in enumerate(towns))),
    }
    inputs = QualityInputs(
        Cover(land.paths, HJ1166),
        maps,
        Table.of_rows("threats.csv", threats),
        Table.of_rows("sensitivity.csv", sensitivity),
        YEARS,
        half_saturation=0.3,
        access=Rasters.of(land.write("access", access, "float32")),
    )
    out = QualityOutputs(str(tmp_path / "q.tif"), str(tmp_path / "d.tif"))
    found = run_habitat_quality(inputs, out, land.settings(mask))

    latitude = np.radians(39.75 - 0.001 * (np.arange(310) + 0.5))[:, np.newaxis]
    curvature = 1 - 0.00669437999 * np.sin(latitude) ** 2
    across = 6378137 / np.sqrt(curvature) * np.cos(latitude) * np.radians(0.001)
    down = 6378137 * (1 - 0.00669437999) / curvature**1.5 * np.radians(0.001)
    y, x = np.mgrid[:310, :290]

    def metres(threat):
        nearest = np.full(SHAPE, np.inf)
        for row, column in zip(*np.nonzero(threat == 1)):
            nearest = np.minimum(nearest, np.hypot((y - row) * down, (x - column) * across))
        return nearest

    linear = np.maximum(1 - metres(road) / 4000, 0)
    shown = land.shown([covered & (access != NOTHING) for covered in land.covered], mask)
    names = list(found.ecosystems)
    of_class = np.array([names.index(HJ1166.ecosystem_of(int(code))) for code in CODES])
    for year in range(2):
        distance, classes = metres(towns[year]), land.classes[year]
        exponential = np.where(distance <= 9000, np.exp(-2.99 * distance / 9000), 0)
        degradation = (0.25 * to_road[classes] * linear + 0.75 * to_town[classes] * exponential) * np.maximum(access, 0)
        quality = suits[classes] * (1 - degradation**2.5 / (degradation**2.5 + 0.3**2.5))
        for path, expected in ((out.degradation, degradation), (out.quality, quality)):
            np.testing.assert_allclose(
                read_raster(path)[year], np.where(shown[year], expected, np.nan), rtol=1e-5, atol=1e-6
            )
        for kind in np.unique(of_class):
            here = shown[year] & (of_class[classes] == kind)
            area = land.areas[here].sum()
            assert found.area_ha[year, kind] == pytest.approx(area, rel=1e-9)
            assert found.quality[year, kind] == pytest.approx((quality * land.areas)[here].sum() / area, rel=1e-6)
            assert found.degradation[year, kind] == pytest.approx(
                (degradation * land.areas)[here].sum() / area, rel=1e-6
            )
