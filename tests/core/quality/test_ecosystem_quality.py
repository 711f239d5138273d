"""Quality of a few pixels by pencil, references that fall back, and the published arithmetic of the summary index."""

from __future__ import annotations

import math

import numpy as np
import pytest
from osgeo import gdal, ogr, osr

from ecoassets.core.errors import InputError, TableError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.quality.ecosystem.kernel import quality_grades
from ecoassets.core.quality.ecosystem.run import QualityInputs, QualityOutputs, run_ecosystem_quality, summary_index
from ecoassets.core.quality.ecosystem.tables import headline, quality_change_table, quality_table
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
        shares = (np.array(breaks) / 100).astype(np.float32).astype(np.float64)  # 0.35 lies below itself here
        assert quality_grades(shares * 100, scheme).tolist() == [2, 3, 4, 5]


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
        with pytest.raises(InputError, match=r"does not know: 99 \(2 px\)"):
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


class TestKnownGrades:
    LAKE, MARSH, ARABLE = 42, 41, 51

    def run(self, raster, cover, outputs, rows, **others):
        """A forest, two hectares of lake, a marsh and a field; only the forest has an indicator."""
        inputs = QualityInputs(
            {"biomass": (raster([[80, -9999, -9999, -9999, 60]]),)},
            (2020,),
            (cover([[FOREST, self.LAKE, self.LAKE, self.MARSH, self.ARABLE]]),),
            SCHEME,
            "relative_biomass",
            percentile=100,
            grade_table=Table.of_rows("grades", rows),
            **others,
        )
        return run_ecosystem_quality(inputs, outputs)

    def test_wetland_by_water_quality(self, raster, cover, outputs, read):
        # class III is medium, inferior V poor; a code goes before the ecosystem because its row is later
        rows = [{"water_class": "III", "code": ""}, {"water_class": "劣V类", "code": str(self.MARSH)}]
        result = self.run(raster, cover, outputs, rows)
        assert np.nan_to_num(read(outputs.classes)[0]).tolist() == [5, 3, 3, 1, 0]
        assert np.isfinite(read(outputs.index)[0]).tolist() == [True, False, False, False, False]
        table = quality_table(result)
        (wetland,) = rows_of(table, ecosystem="wetland", **{"class": "all"})
        assert (wetland["area_ha"], wetland["index"]) == (3, None)
        assert wetland["summary_index"] == pytest.approx((3 + 3 + 1) / 15 * 100)
        (every,) = rows_of(table, ecosystem="all", **{"class": "all"})
        assert (every["area_ha"], every["index"]) == (4, 100)  # of the forest alone
        assert every["summary_index"] == pytest.approx((5 + 3 + 3 + 1) / 20 * 100)

    def test_lakes_by_name_and_year(self, raster, cover, outputs, read, zones):
        rows = [
            {"zone": "east lake", "trophic_state": "mesotrophic", "year": ""},
            {"zone": "west lake", "trophic_state": "hyper_eutrophic", "year": "2020"},
        ]
        path = zones({"west lake": (0, 2), "east lake": (2, 5)})
        self.run(raster, cover, outputs, rows, grade_zones=path, grade_zone_field="name")
        # the forest and the field lie in the polygons too, but trophic states are of wetland
        assert np.nan_to_num(read(outputs.classes)[0]).tolist() == [5, 1, 4, 4, 0]

    def test_cropland_by_its_national_grade_goes_before_its_index(self, raster, cover, outputs, read):
        rows = [{"cropland_grade": "9"}]
        result = self.run(raster, cover, outputs, rows, ecosystems=("forest", "cropland"))
        assert np.nan_to_num(read(outputs.classes)[0]).tolist() == [5, 0, 0, 0, 3]
        assert result.ecosystems == ("forest", "cropland")

    @pytest.mark.parametrize(
        ("row", "told"),
        [
            ({"water_class": "VII"}, "water_class holds 'VII'. Write one of I, II, III"),
            ({"grade": "4"}, "does not say what land it is about"),
            ({"grade": "4", "code": "7"}, "code holds 7, which the scheme"),
            ({"grade": "4", "ecosystem": "lake"}, "ecosystem holds 'lake'. Write one of forest"),
            ({"water_class": "I", "trophic_state": "oligotrophic"}, "it holds water_class, trophic_state"),
            ({"water_class": "I", "year": "1999"}, "year holds 1999. Write one of 2020"),
            ({"code": "42"}, "holds no grade"),
        ],
    )
    def test_bad_tables(self, raster, cover, outputs, row, told):
        with pytest.raises(TableError, match=told):
            self.run(raster, cover, outputs, [row])

    def test_a_zone_needs_polygons(self, raster, cover, outputs):
        with pytest.raises(InputError, match="Give the polygons of the zones"):
            self.run(raster, cover, outputs, [{"water_class": "I", "zone": "lake"}])


class TestChange:
    @pytest.mark.parametrize(("mask", "first_pair"), [("common", (2, 45, 50)), ("yearly", (3, 60, 200 / 3))])
    def test_a_year_has_one_mean_in_all_pairs(self, raster, cover, outputs, mask, first_pair):
        """The third hectare is paved in the last year: with the mask common it is in no pair."""
        biomass = [raster([values], f"b{n}") for n, values in enumerate(([40, 50, 90], [50, 50, 100], [60, 70, 100]))]
        covers = [cover([[FOREST, FOREST, last]], f"c{n}") for n, last in enumerate((FOREST, FOREST, PAVED))]
        inputs = QualityInputs(
            {"biomass": tuple(biomass)}, (2000, 2005, 2010), tuple(covers), SCHEME, "relative_biomass", percentile=100
        )
        result = run_ecosystem_quality(inputs, outputs, RasterSettings(mask=mask))
        pairs = rows_of(quality_change_table(result), ecosystem="all")
        assert [pairs[0][c] for c in ("area_ha", "index_from", "index_to")] == [pytest.approx(n) for n in first_pair]
        whole = pairs[-1]
        assert (whole["from_year"], whole["to_year"], whole["area_ha"]) == (2000, 2010, 2)
        found = headline(result)
        assert (found.same_first, found.same_last) == (whole["index_from"], whole["index_to"]) == (45, 65)
        assert found.change_pct == pytest.approx((65 / 45 - 1) * 100)
        assert found.means[0] == 60  # of all land that has an index in 2000
