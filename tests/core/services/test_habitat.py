"""Natural habitat, habitat quality and carbon."""

from dataclasses import replace

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import GridError, InputError, TableError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.progress import QUIET
from ecoassets.core.raster.grid import Grid
from ecoassets.core.raster.passes import convolve
from ecoassets.core.raster.reading.source import Source
from ecoassets.core.services.carbon.storage import CarbonOutputs, run_carbon_storage
from ecoassets.core.services.habitat.natural import HabitatInputs, HabitatOutputs, run_natural_habitat
from ecoassets.core.services.habitat.quality import QualityInputs, QualityOutputs, habitat_quality, run_habitat_quality
from ecoassets.core.services.habitat.threats import Threat, decay, decay_kernel
from ecoassets.core.services.survey import Cover, Rasters
from ecoassets.core.tables import Table

from .conftest import read

CNLUCC = load_scheme("cnlucc")
DRY, FOREST, GRASS, LAKE, URBAN = 12, 21, 31, 42, 51


@pytest.fixture
def cover(raster):
    return Cover((raster("lc", np.array([[FOREST, GRASS], [LAKE, URBAN]]), nodata=0),), CNLUCC)


class TestNaturalHabitat:
    def test_forest_shrub_grassland_and_wetland_count(self, cover, out):
        found = run_natural_habitat(HabitatInputs(cover), HabitatOutputs(out("h")))
        assert read(out("h"))[0].tolist() == [[1, 1], [1, 0]]
        assert found.totals == pytest.approx([3])
        assert [row[1:] for row in found.table().rows] == [("forest", 1, 1), ("grassland", 1, 1), ("wetland", 1, 1)]

    def test_weighted_by_quality(self, cover, raster, out, log):
        quality = Rasters.of(raster("q", np.array([[-9999, 2], [-9999, -9999]])))
        found = run_natural_habitat(HabitatInputs(cover, quality=quality), HabitatOutputs(out("h")), progress=log)
        # the forest lacks its grade and is left out; the lake has none and counts as a whole; the town needs none
        assert read(out("h"))[0] == pytest.approx(np.array([[np.nan, 0.4], [1, 0]]), nan_ok=True)
        assert found.totals == pytest.approx([1.4])
        assert found.sums.left_out[0].pixels == 1
        assert any("1.00 ha of wetland have no grade" in warning for warning in log.warnings)

    def test_wetland_that_is_graded_counts_by_its_grade(self, cover, raster):
        quality = Rasters.of(raster("q", np.array([[5, 2], [3, -9999]])))
        assert run_natural_habitat(HabitatInputs(cover, quality=quality), HabitatOutputs()).totals == pytest.approx([2])

    def test_an_index_is_no_grade(self, cover, raster):
        index = Rasters.of(raster("eqi", np.full((2, 2), 67.0)))
        with pytest.raises(InputError, match="Give the quality classes, not the index"):
            run_natural_habitat(HabitatInputs(cover, quality=index), HabitatOutputs())


class TestDecay:
    def test_by_hand(self):
        distance = np.array([0.0, 500, 999, 1000, 2000])
        assert decay(distance, 1000, "linear") == pytest.approx([1, 0.5, 0.001, 0, 0])
        # exp(-2.99 / 2) = 0.2243; just inside the limit exp(-2.99) = 0.05
        assert decay(distance, 1000, "exponential") == pytest.approx([1, 0.22425, 0.0504, 0, 0], abs=2e-4)

    def test_the_end_itself_is_in_reach_where_invest_has_it_so(self):
        distance = np.array([1000.0, 1001.0])
        assert decay(distance, 1000, "linear", closed=True).tolist() == [0, 0]
        assert decay(distance, 1000, "exponential", closed=True) == pytest.approx([np.exp(-2.99), 0])

    def test_half_of_the_habitat_is_lost_at_half_saturation(self):
        assert habitat_quality(np.array([1.0, 0.6]), np.array([0.05, 0.05])) == pytest.approx([0.5, 0.3])
        assert habitat_quality(np.array([1.0]), np.array([0.0])) == 1


def by_double_loop(threat, kernel, radius):
    """The sum over all pixels within reach, pixel by pixel."""
    rows, columns = threat.shape
    found = np.zeros(threat.shape)
    for y in range(rows):
        for x in range(columns):
            for j in range(max(0, y - radius), min(rows, y + radius + 1)):
                for i in range(max(0, x - radius), min(columns, x + radius + 1)):
                    found[y, x] += threat[j, i] * kernel[j - y + radius, i - x + radius]
    return found


def by_distances(threat):
    """Metres to the nearest of all pixels of the threat, on pixels of 100 m."""
    rows, columns = np.nonzero(threat)
    y, x = np.mgrid[: threat.shape[0], : threat.shape[1]]
    return np.hypot(y[..., np.newaxis] - rows, x[..., np.newaxis] - columns).min(axis=-1) * 100


class TestConvolution:
    @pytest.mark.parametrize("form", ["linear", "exponential"])
    def test_blocks_by_fft_equal_a_double_loop(self, raster, tmp_path, monkeypatch, form):
        monkeypatch.setattr(convolve, "TILE", 16)  # many blocks, also narrow ones at the edges
        random = np.random.default_rng(4)
        threat = np.where(random.random((37, 41)) < 0.1, random.random((37, 41)), 0)
        threat[5:9, 5:9] = -9999
        path = raster("threat", threat)
        grid = Grid.of_dataset(gdal.Open(path))
        kernel = decay_kernel(Threat("t", 0.55, 1, form), 100, 100)
        found = convolve.convolve_source(Source("t", path), kernel, grid, str(tmp_path), QUIET)
        expected = by_double_loop(np.where(threat < 0, 0, threat).astype(np.float32), kernel, 5)
        # stored in single precision: 6e-8 of the value; nothing where no threat is near
        assert read(found.path)[0] == pytest.approx(expected, rel=1e-6, abs=1e-9)

    def test_oblong_pixels_are_as_far_away_as_they_lie(self):
        """1 - d / 1000 at two columns of 100 m, at three rows of 250 m, and at both."""
        kernel = decay_kernel(Threat("t", 1.0, 1, "linear"), 100, 250, normalise=False)
        assert kernel.shape == (9, 21)
        assert kernel[4, [10, 12]] == pytest.approx([1, 0.8])
        assert kernel[7, [10, 12]] == pytest.approx([0.25, 1 - np.hypot(750, 200) / 1000])

    def test_a_kernel_wider_than_the_raster(self, raster, tmp_path):
        threat = np.zeros((6, 4))
        threat[0, 0] = 1
        path = raster("threat", threat)
        kernel = decay_kernel(Threat("t", 2.0, 1, "linear"), 100, 100, normalise=False)
        found = convolve.convolve_source(
            Source("t", path), kernel, Grid.of_dataset(gdal.Open(path)), str(tmp_path), QUIET
        )
        y, x = np.mgrid[:6, :4] * 100.0
        assert read(found.path)[0] == pytest.approx(1 - np.hypot(y, x) / 2000, abs=1e-6)

    def test_weights_add_up_to_one(self):
        assert decay_kernel(Threat("t", 3.0, 1, "exponential"), 30, 30).sum() == pytest.approx(1)

    def test_beyond_the_raster_a_kernel_takes_no_room(self):
        """300 km on a raster of 4 x 6 pixels of 100 x 50 m: the weights are those of the whole kernel."""
        threat = Threat("t", 20.0, 1, "exponential")
        whole = decay_kernel(threat, 100, 50)
        part = decay_kernel(threat, 100, 50, size=(4, 6))
        assert part.shape == (7, 11)
        assert part == pytest.approx(whole[400 - 3 : 400 + 4, 200 - 5 : 200 + 6], rel=1e-12)


def tables(**changes):
    threats = [
        {"threat": "road", "max_distance_km": 0.25, "weight": 1, "decay": "linear"},
        {"threat": "town", "max_distance_km": 0.35, "weight": 3, "decay": "exponential"},
    ]
    sensitivity = [
        {"code": FOREST, "habitat": 1, "road": 0.8, "town": 0.6},
        {"code": GRASS, "habitat": 0.7, "road": 0.5, "town": 1.0},
        {"code": URBAN, "habitat": 0, "road": 0, "town": 0},
    ]
    return {
        "threat_table": changes.get("threats", Table.of_rows("threats.csv", threats)),
        "sensitivity_table": changes.get("sensitivity", Table.of_rows("sensitivity.csv", sensitivity)),
    }


class TestHabitatQuality:
    @pytest.fixture
    def region(self, raster):
        random = np.random.default_rng(7)
        codes = random.choice([FOREST, GRASS, URBAN], size=(12, 15))
        road, town = np.zeros((12, 15)), (codes == URBAN).astype(float)
        road[:, 7] = 1
        threats = {"road": Rasters.of(raster("road", road)), "town": Rasters.of(raster("town", town))}
        return Cover((raster("lc", codes, nodata=0),), CNLUCC), threats, codes, road, town

    def test_one_threat_pixel(self, raster, out):
        """Linear to 2 km: 1 at the pixel, .75 at 500 m, .5 at 1 km; a second threat pixel beside it changes nothing."""
        threat = np.zeros((41, 41))
        threat[20, 20] = threat[20, 19] = 1
        rows = [{"threat": "road", "max_distance_km": 2, "weight": 5, "decay": "linear"}]
        sensitivity = [{"code": FOREST, "habitat": 1, "road": 1}]
        inputs = QualityInputs(
            Cover((raster("lc", np.full((41, 41), FOREST), nodata=0),), CNLUCC),
            {"road": Rasters.of(raster("road", threat))},
            Table.of_rows("threats.csv", rows),
            Table.of_rows("sensitivity.csv", sensitivity),
            half_saturation=0.5,
        )
        run_habitat_quality(inputs, QualityOutputs(out("q"), out("d")))
        found = read(out("d"))[0]
        assert found[20, [20, 25, 30, 40]] == pytest.approx([1, 0.75, 0.5, 0])
        assert found[23, 24] == pytest.approx(1 - 0.5 / 2)  # 300 and 400 m away: 500 m
        assert found[20, 15] == pytest.approx(0.8)  # 400 m from the second one
        assert read(out("q"))[0, 20, 30] == pytest.approx(0.5)

    @pytest.mark.parametrize("method", ["nearest", "accumulated"])
    def test_the_equations_pixel_by_pixel(self, region, out, method):
        cover, threats, codes, road, town = region
        inputs = QualityInputs(cover, threats, **tables(), method=method)
        found = run_habitat_quality(inputs, QualityOutputs(out("q"), out("d")))
        if method == "nearest":
            of_road = decay(by_distances(road), 250, "linear")
            of_town = decay(by_distances(town), 350, "exponential")
        else:
            of_road = by_double_loop(road, decay_kernel(Threat("", 0.25, 1, "linear"), 100, 100), 2)
            of_town = by_double_loop(town, decay_kernel(Threat("", 0.35, 3, "exponential"), 100, 100), 3)
        to_road = np.select([codes == FOREST, codes == GRASS], [0.8, 0.5], 0.0)
        to_town = np.select([codes == FOREST, codes == GRASS], [0.6, 1.0], 0.0)
        degradation = 1 / 4 * of_road * to_road + 3 / 4 * of_town * to_town
        habitat = np.select([codes == FOREST, codes == GRASS], [1.0, 0.7], 0.0)
        quality = habitat * (1 - degradation**2.5 / (degradation**2.5 + 0.05**2.5))
        assert read(out("d"))[0] == pytest.approx(degradation, rel=1e-5, abs=1e-9)
        assert read(out("q"))[0] == pytest.approx(quality, rel=1e-5, abs=1e-9)
        rows = {row[1]: row for row in found.table().rows}
        assert rows["forest"][3] == pytest.approx(quality[codes == FOREST].mean(), rel=1e-5)
        assert found.means == pytest.approx([quality.mean()], rel=1e-5)

    def test_without_threats_in_reach_quality_is_the_habitat(self, region, raster, out):
        cover, _, codes, _, _ = region
        nothing = Rasters.of(raster("nothing", np.zeros((12, 15))))
        inputs = QualityInputs(cover, {"road": nothing, "town": nothing}, **tables())
        run_habitat_quality(inputs, QualityOutputs(out("q")))
        assert read(out("q"))[0] == pytest.approx(np.select([codes == FOREST, codes == GRASS], [1.0, 0.7], 0.0))

    def test_protected_land_is_not_degraded(self, region, raster, out):
        cover, threats, _, _, _ = region
        access = Rasters.of(raster("access", np.zeros((12, 15))))
        run_habitat_quality(QualityInputs(cover, threats, **tables(), access=access), QualityOutputs(None, out("d")))
        assert (read(out("d"))[0] == 0).all()

    def test_a_threat_without_sensitivity(self, region):
        rows = [{"code": FOREST, "habitat": 1, "road": 0.8}]
        changed = tables(sensitivity=Table.of_rows("sensitivity.csv", rows))
        with pytest.raises(TableError, match="no sensitivity to the threat town"):
            run_habitat_quality(QualityInputs(region[0], region[1], **changed), QualityOutputs())

    @pytest.mark.parametrize(
        ("column", "value", "message"),
        [
            ("max_distance_km", 3000, "kilometres, such as 3; not metres"),
            ("decay", "gaussian", "linear or exponential"),
            ("weight", 0, "positive"),
            ("threat", "mine", "no row for the threat road"),
        ],
    )
    def test_bad_threats(self, region, column, value, message):
        rows = [
            {"threat": "road", "max_distance_km": 0.25, "weight": 1, "decay": "linear"},
            {"threat": "town", "max_distance_km": 0.35, "weight": 3, "decay": "exponential"},
        ]
        rows[0][column] = value
        changed = tables(threats=Table.of_rows("threats.csv", rows))
        with pytest.raises(TableError, match=message):
            run_habitat_quality(QualityInputs(region[0], region[1], **changed), QualityOutputs())

    def test_threats_beyond_one_and_missing_classes(self, region, raster):
        cover, threats, _, _, _ = region
        strong = {**threats, "town": Rasters.of(raster("strong", np.full((12, 15), 100.0)))}
        with pytest.raises(InputError, match="Threat is 100 in a typical pixel.*percent"):
            run_habitat_quality(QualityInputs(cover, strong, **tables()), QualityOutputs())
        rows = [{"code": FOREST, "habitat": 1, "road": 0.8, "town": 0.6}]
        with pytest.raises(InputError, match="the table of sensitivity does not have: 31"):
            changed = tables(sensitivity=Table.of_rows("sensitivity.csv", rows))
            run_habitat_quality(QualityInputs(cover, threats, **changed), QualityOutputs())

    def test_degrees(self, raster, out):
        """At 60 degrees north a hundredth of a degree is 558 m across and 1114 m down; one kernel would fit no row."""
        where = {"epsg": 4326, "pixel": 0.01, "origin": (10, 60.045)}
        cover = Cover((raster("lc", np.full((9, 9), FOREST), nodata=0, **where),), CNLUCC)
        road = np.zeros((9, 9))
        road[4, 4] = 1
        road, none = Rasters.of(raster("road", road, **where)), Rasters.of(raster("none", np.zeros((9, 9)), **where))
        rows = [{"threat": t, "max_distance_km": 4, "weight": 1, "decay": "linear"} for t in ("road", "town")]
        threats = {"road": road, "town": none}
        inputs = QualityInputs(cover, threats, **tables(threats=Table.of_rows("threats.csv", rows)))
        run_habitat_quality(inputs, QualityOutputs(None, out("d")))
        at = read(out("d"))[0] / (0.5 * 0.8)
        assert at[4, [4, 5, 7]] == pytest.approx([1, 1 - 0.558 / 4, 1 - 3 * 0.558 / 4], abs=1e-4)
        assert at[[3, 6], 4] == pytest.approx([1 - 1.1141 / 4, 1 - 2.2282 / 4], abs=1e-4)
        with pytest.raises(GridError, match="EPSG:4326"):
            run_habitat_quality(replace(inputs, method="accumulated"), QualityOutputs())

    def test_a_raster_that_stands_for_two_threats_is_told(self, region, log):
        cover, threats, *_ = region
        run_habitat_quality(QualityInputs(cover, threats, **tables()), QualityOutputs(), progress=log)
        assert "one and the same raster" not in "\n".join(map(str, log.warnings))
        twice = {"road": threats["road"], "town": threats["road"]}
        run_habitat_quality(QualityInputs(cover, twice, **tables()), QualityOutputs(), progress=log)
        assert "road and town are one and the same raster (road.tif)" in "\n".join(map(str, log.warnings))

    def test_threats_beyond_the_land_cover_are_told_not_to_be_seen(self, region, raster, log):
        cover, threats, _, road, town = region
        wide = np.zeros((town.shape[0], town.shape[1] + 3))
        wide[:, -1] = 1  # two pixels and a half east of the land cover, within reach
        beyond = {**threats, "town": Rasters.of(raster("wide", wide))}
        run_habitat_quality(QualityInputs(cover, beyond, **tables()), QualityOutputs(), progress=log)
        told = "\n".join(map(str, log.warnings))
        assert "(wide.tif) reaches beyond the land cover" in told
        assert "(road.tif) reaches beyond" not in told
        assert "(wide.tif) is 0 everywhere on the land cover" in told

    def test_what_the_distance_does_not_tell_is_told(self, region, raster, log):
        cover, threats, _, _, _ = region
        rows = [
            {"threat": "road", "max_distance_km": 300, "weight": 1, "decay": "linear"},
            {"threat": "town", "max_distance_km": 0.05, "weight": 3, "decay": "linear"},
        ]
        weak = np.zeros((12, 15))
        weak[3, 3] = 0.4
        given = {"road": Rasters.of(raster("weak", weak)), "town": Rasters.of(raster("none", np.zeros((12, 15))))}
        changed = tables(threats=Table.of_rows("threats.csv", rows))
        run_habitat_quality(QualityInputs(cover, given, **changed), QualityOutputs(), progress=log)
        told = " ".join(log.warnings)
        assert "reaches 300 km, farther than the map is long (1.5 x 1.2 km)" in told
        assert "whatever is above 0 counts as 1, as in InVEST" in told
        assert "less than a pixel (100 m)" in told
        assert "this threat degrades nothing" in told


class TestCarbon:
    def test_by_hand(self, cover, out):
        rows = [
            {"code": FOREST, "above": 80, "below": 20, "soil": 100, "dead": 5},
            {"code": GRASS, "above": 2, "below": 8, "soil": 90, "dead": 0},
            {"code": LAKE, "above": 0, "below": 0, "soil": 0, "dead": 0},
            {"code": URBAN, "above": 0, "below": 0, "soil": 30, "dead": 0},
        ]
        found = run_carbon_storage(cover, Table.of_rows("carbon.csv", rows), CarbonOutputs(out("c")))
        assert read(out("c"))[0].tolist() == [[205, 100], [0, 30]]
        assert found.totals == pytest.approx([335])
        assert found.table().rows[0][1:] == pytest.approx(("forest", 1, 205, 205, 205 * 44 / 12))

    def test_a_class_without_carbon(self, cover):
        table = Table.of_rows("carbon.csv", [{"code": FOREST, "carbon": 205}])
        with pytest.raises(InputError, match="does not have"):
            run_carbon_storage(cover, table, CarbonOutputs())
