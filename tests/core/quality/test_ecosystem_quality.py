"""Quality of a few pixels by pencil, references that fall back, and the published arithmetic of the summary index."""

from __future__ import annotations

import math

import numpy as np
import pytest
from osgeo import gdal, ogr, osr

from ecoassets.core.errors import InputError, TableError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.quality.ecosystem_quality import (
    QualityInputs,
    QualityOutputs,
    quality_grades,
    run_ecosystem_quality,
    summary_index,
)
from ecoassets.core.quality.quality_tables import headline, quality_change_table, quality_table
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.tables import Table

FOREST, SHRUB, MEADOW, PAVED = 11, 21, 31, 61
SCHEME = load_scheme("hj1166")


@pytest.fixture
def cover(raster):
    return lambda codes, name="cover": raster(codes, name, gdal.GDT_Byte, nodata=0)


@pytest.fixture
def outputs(tmp_path):
    return QualityOutputs(str(tmp_path / "index.tif"), str(tmp_path / "classes.tif"))


def rows_of(table, **wanted):
    names = [column.name for column in table.columns]
    rows = [dict(zip(names, row)) for row in table.rows]
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


class TestIndex:
    def test_the_mean_of_three_relative_densities(self, raster, cover, outputs, read):
        """Forest: LAI 3 of 6, cover 0.9 of 0.9, GPP 500 of 1000: (0.5 + 1 + 0.5) / 3. Paved land is not graded."""
        inputs = QualityInputs(
            {
                "lai": (raster([[6, 3, 2, 1]], "lai"),),
                "fvc": (raster([[0.8, 0.9, 0.4, 0.1]], "fvc"),),
                "gpp": (raster([[1000, 500, 300, 100]], "gpp"),),
            },
            (2020,),
            (cover([[FOREST, FOREST, MEADOW, PAVED]]),),
            SCHEME,
            percentile=100,
        )
        result = run_ecosystem_quality(inputs, outputs)
        index = read(outputs.index)[0]
        assert index[1] == pytest.approx(200 / 3)
        assert index[0] == pytest.approx((1 + 0.8 / 0.9 + 1) / 3 * 100)
        assert index[2] == pytest.approx(100)
        assert math.isnan(index[3])
        assert read(outputs.classes)[0, :3].tolist() == [5, 4, 5]
        (gpp,) = [row for row in result.references.table.rows if row[:2] == ("gpp", "forest")]
        assert gpp == ("gpp", "forest", "all", None, 1000, 2, "its own pixels")

    def test_biomass_density_is_cut_off_at_its_reference(self, raster, cover, outputs, read):
        """The 50th percentile of 50, 100 and 400 is 100: densities 50, 100, 100 (cut off)."""
        inputs = QualityInputs(
            {"biomass": (raster([[50, 100, 400]]),)},
            (2020,),
            (cover([[FOREST] * 3]),),
            SCHEME,
            "relative_biomass",
            percentile=50,
        )
        run_ecosystem_quality(inputs, outputs)
        assert read(outputs.index)[0].tolist() == [50, 100, 100]
        assert read(outputs.classes)[0].tolist() == [3, 5, 5]  # 50 is medium: the lower bound is included

    def test_pooled_references_show_change_that_yearly_ones_hide(self, raster, cover, read, outputs):
        """Everything halves: pooled, the index halves; by the letter of the standard it stays."""
        given = {"gpp": (raster([[100, 60, 20]], "a"), raster([[50, 30, 10]], "b"))}
        land = (cover([[FOREST] * 3]),)
        pooled = run_ecosystem_quality(QualityInputs(given, (2000, 2020), land, SCHEME, percentile=100), outputs)
        assert read(outputs.index)[:, 0] == pytest.approx(np.array([[100, 60, 20], [50, 30, 10]]))
        assert headline(pooled).means == pytest.approx((60, 30))
        (change,) = rows_of(quality_change_table(pooled), ecosystem="all")
        assert (change["change"], change["change_pct"]) == pytest.approx((-30, -50))
        yearly = QualityInputs(given, (2000, 2020), land, SCHEME, reference="yearly")
        run_ecosystem_quality(yearly, outputs)
        # densities 1, 0.6, 0.2, stretched from 0.2..1 to 0..1
        assert read(outputs.index)[:, 0] == pytest.approx(np.array([[100, 50, 0]] * 2), abs=1e-5)

    def test_percentiles_are_those_of_numpy(self, raster, cover, outputs):
        values = np.random.default_rng(1).gamma(2, 50, (30, 20)).astype(np.float32)
        land = np.where(np.arange(20) < 12, FOREST, MEADOW) * np.ones((30, 1), dtype=int)
        inputs = QualityInputs({"gpp": (raster(values),)}, (2020,), (cover(land),), SCHEME)
        result = run_ecosystem_quality(inputs, outputs)
        found = {row[1]: row[4] for row in result.references.table.rows}
        assert found["forest"] == np.percentile(values[land == FOREST].astype(float), 99)
        assert found["grassland"] == np.percentile(values[land == MEADOW].astype(float), 99)


class TestReferences:
    def test_small_zones_take_the_reference_of_the_whole_area_and_say_so(
        self, raster, cover, outputs, read, tmp_path, told
    ):
        """West: three pixels, maximum 60. East: one pixel, too few for its own; the whole area has 60."""
        inputs = QualityInputs(
            {"gpp": (raster([[60, 30, 15, 40]]),)},
            (2020,),
            (cover([[FOREST] * 4]),),
            SCHEME,
            percentile=100,
            fewest_pixels=2,
            ecoregions=ecoregions(tmp_path),
            ecoregion_field="name",
        )
        result = run_ecosystem_quality(inputs, outputs, progress=told)
        assert read(outputs.index)[0].tolist() == pytest.approx([100, 50, 25, 200 / 3])
        assert any("gpp, forest, east: only 1 pixels" in warning for warning in told.warnings)
        taken = {row[2]: row[6] for row in result.references.table.rows}
        assert taken == {"all": "its own pixels", "west": "its own pixels", "east": "the ecosystem everywhere"}

    def test_references_of_a_run_lock_the_next(self, raster, cover, outputs, read):
        land = (cover([[FOREST] * 2]),)
        first = run_ecosystem_quality(
            QualityInputs({"gpp": (raster([[80, 40]], "a"),)}, (2000,), land, SCHEME, percentile=100), outputs
        )
        kept = first.references.table
        table = Table.of_rows("kept", [dict(zip([c.name for c in kept.columns], row)) for row in kept.rows])
        later = QualityInputs(
            {"gpp": (raster([[40, 20]], "b"),)}, (2020,), land, SCHEME, ecosystems=("forest",), reference_table=table
        )
        run_ecosystem_quality(later, outputs)
        assert read(outputs.index)[0].tolist() == [50, 25]

    def test_a_table_without_an_ecosystem(self, raster, cover, outputs):
        table = Table.of_rows("kept", [{"indicator": "gpp", "ecosystem": "forest", "reference": 80}])
        rasters = {"gpp": (raster([[80, 8]]),)}
        inputs = QualityInputs(rasters, (2000,), (cover([[FOREST, MEADOW]]),), SCHEME, reference_table=table)
        with pytest.raises(TableError, match="no reference of gpp for grassland"):
            run_ecosystem_quality(inputs, outputs)

    def test_a_reference_of_zero(self, raster, cover, outputs):
        inputs = QualityInputs({"gpp": (raster([[0, 0]]),)}, (2000,), (cover([[FOREST] * 2]),), SCHEME)
        with pytest.raises(InputError, match="reference of gpp, forest, all is 0"):
            run_ecosystem_quality(inputs, outputs)


class TestSummary:
    def test_published_arithmetic(self):
        # 10 ha poor, 20 low, 30 medium, 25 good, 15 excellent: (10 + 40 + 90 + 100 + 75) / (5 * 100)
        assert summary_index(np.array([10, 20, 30, 25, 15])) == pytest.approx(63)
        assert summary_index(np.array([0, 0, 0, 0, 7])) == 100
        assert summary_index(np.array([7, 0, 0, 0, 0])) == 20

    def test_contributions_add_up_to_the_index_of_all(self, raster, cover, outputs):
        """Forest 5 and 3, meadow 5 (its own reference): (5 + 3 + 5) / 15."""
        inputs = QualityInputs(
            {"gpp": (raster([[100, 40, 20]]),)}, (2020,), (cover([[FOREST, FOREST, MEADOW]]),), SCHEME, percentile=100
        )
        table = quality_table(run_ecosystem_quality(inputs, outputs))
        summary = {row["ecosystem"]: row for row in rows_of(table, **{"class": "all"})}
        assert summary["forest"]["summary_index"] == pytest.approx(80)
        assert summary["all"]["summary_index"] == pytest.approx(13 / 15 * 100)
        parts = [summary[name]["contribution"] for name in ("forest", "shrub", "grassland")]
        assert parts == pytest.approx([8 / 15 * 100, 0, 5 / 15 * 100])
        assert summary["forest"]["index"] == pytest.approx(70)

    @pytest.mark.parametrize(("scheme", "breaks"), [("HJ1172", (20, 35, 55, 75)), ("RBD", (25, 50, 70, 85))])
    def test_grades_include_their_lower_bound(self, scheme, breaks):
        assert quality_grades(np.array(breaks), scheme).tolist() == [2, 3, 4, 5]
        assert quality_grades(np.array(breaks) - 0.01, scheme).tolist() == [1, 2, 3, 4]


class TestMasks:
    def test_common_and_yearly_masks(self, raster, cover, outputs, read):
        given = {"gpp": (raster([[100, 50]], "a"), raster([[100, -9999]], "b"))}
        inputs = QualityInputs(given, (2000, 2020), (cover([[FOREST] * 2]),), SCHEME)
        common = run_ecosystem_quality(inputs, outputs)
        assert np.isnan(read(outputs.index)[:, 0, 1]).all()
        assert common.missing_ha == (1, 1)
        yearly = run_ecosystem_quality(inputs, outputs, RasterSettings(mask="yearly"))
        assert np.isnan(read(outputs.index)[:, 0, 1]).tolist() == [False, True]
        assert yearly.missing_ha == (0, 1)

    def test_land_cover_may_change(self, raster, cover, outputs, read):
        """A pixel that was paved is graded before only, and is left out of the change."""
        given = {"gpp": (raster([[100, 50]], "a"), raster([[100, 50]], "b"))}
        covers = (cover([[FOREST, FOREST]], "before"), cover([[FOREST, PAVED]], "after"))
        result = run_ecosystem_quality(QualityInputs(given, (2000, 2020), covers, SCHEME), outputs)
        assert np.isnan(read(outputs.index)[:, 0, 1]).tolist() == [False, True]
        (change,) = rows_of(quality_change_table(result), ecosystem="all")
        assert change["area_ha"] == 1

    def test_unknown_codes_are_listed(self, raster, cover, outputs):
        inputs = QualityInputs({"gpp": (raster([[1, 2, 3]]),)}, (2000,), (cover([[FOREST, 99, 99]]),), SCHEME)
        with pytest.raises(TableError, match=r"does not know: 99 \(2 px\)"):
            run_ecosystem_quality(inputs, outputs)


def ecoregions(tmp_path):
    """West covers the first three pixels of a row, east the fourth."""
    path = str(tmp_path / "ecoregions.gpkg")
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(path)
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32650)
    layer = dataset.CreateLayer("ecoregions", reference, ogr.wkbPolygon)
    layer.CreateField(ogr.FieldDefn("name", ogr.OFTString))
    for name, left, right in (("west", 500_000, 500_300), ("east", 500_300, 500_400)):
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetField("name", name)
        top, bottom = 4_400_000, 4_399_900
        ring = f"{left} {top}, {right} {top}, {right} {bottom}, {left} {bottom}, {left} {top}"
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON (({ring}))"))
        layer.CreateFeature(feature)
    del feature, layer, dataset
    return path
