"""Natural habitat, habitat quality and carbon."""

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
from ecoassets.core.services.habitat.quality import (
    QualityInputs,
    QualityOutputs,
    Threat,
    decay,
    decay_kernel,
    habitat_quality,
    run_habitat_quality,
)
from ecoassets.core.services.survey import Cover, Series
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

    def test_weighted_by_quality(self, cover, raster, out):
        quality = Series.of(raster("q", np.array([[5, 2], [-9999, -9999]])))
        found = run_natural_habitat(HabitatInputs(cover, quality=quality), HabitatOutputs(out("h")))
        # the lake has no grade and is left out; the town needs none
        assert read(out("h"))[0] == pytest.approx(np.array([[1, 0.4], [np.nan, 0]]), nan_ok=True)
        assert found.totals == pytest.approx([1.4])
        assert found.sums.left_out[0].pixels == 1

    def test_an_index_is_no_grade(self, cover, raster):
        index = Series.of(raster("eqi", np.full((2, 2), 67.0)))
        with pytest.raises(InputError, match="67, which is no grade"):
            run_natural_habitat(HabitatInputs(cover, quality=index), HabitatOutputs())


class TestDecay:
    def test_by_hand(self):
        distance = np.array([0.0, 500, 999, 1000, 2000])
        assert decay(distance, 1000, "linear") == pytest.approx([1, 0.5, 0.001, 0, 0])
        # exp(-2.99 / 2) = 0.2243; just inside the limit exp(-2.99) = 0.05
        assert decay(distance, 1000, "exponential") == pytest.approx([1, 0.22425, 0.0504, 0, 0], abs=2e-4)

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
        threats = {"road": Series.of(raster("road", road)), "town": Series.of(raster("town", town))}
        return Cover((raster("lc", codes, nodata=0),), CNLUCC), threats, codes, road, town

    def test_the_equations_by_a_double_loop(self, region, out):
        cover, threats, codes, road, town = region
        found = run_habitat_quality(QualityInputs(cover, threats, **tables()), QualityOutputs(out("q"), out("d")))
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
        nothing = Series.of(raster("nothing", np.zeros((12, 15))))
        inputs = QualityInputs(cover, {"road": nothing, "town": nothing}, **tables())
        run_habitat_quality(inputs, QualityOutputs(out("q")))
        assert read(out("q"))[0] == pytest.approx(np.select([codes == FOREST, codes == GRASS], [1.0, 0.7], 0.0))

    def test_protected_land_is_not_degraded(self, region, raster, out):
        cover, threats, _, _, _ = region
        access = Series.of(raster("access", np.zeros((12, 15))))
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
        strong = {**threats, "town": Series.of(raster("strong", np.full((12, 15), 100.0)))}
        with pytest.raises(InputError, match="holds 100.*between 0 and 1"):
            run_habitat_quality(QualityInputs(cover, strong, **tables()), QualityOutputs())
        rows = [{"code": FOREST, "habitat": 1, "road": 0.8, "town": 0.6}]
        with pytest.raises(InputError, match="sensitivity lacks"):
            changed = tables(sensitivity=Table.of_rows("sensitivity.csv", rows))
            run_habitat_quality(QualityInputs(cover, threats, **changed), QualityOutputs())

    def test_degrees_are_no_distances(self, raster):
        codes = raster("lc", np.full((4, 4), FOREST), nodata=0, epsg=4326, pixel=0.01, origin=(116, 40))
        threat = Series.of(raster("t", np.zeros((4, 4)), epsg=4326, pixel=0.01, origin=(116, 40)))
        with pytest.raises(GridError, match="EPSG:4326"):
            inputs = QualityInputs(Cover((codes,), CNLUCC), {"road": threat, "town": threat}, **tables())
            run_habitat_quality(inputs, QualityOutputs())


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
