"""Layers and tables of many thousand rows become columns: numbers as float64, each text once, blanks as no value."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.algorithms.features import read_features
from ecoassets.core.errors import Cancelled
from ecoassets.core.progress import Progress
from ecoassets.tests.algorithms.helpers import read_csv, run
from ecoassets.tests.rasters import write_raster

ROWS = 12_000  # read in more than two pieces


@pytest.fixture
def table(tmp_path):
    """Reads fields of a CSV file; `change` makes some cells anew."""
    from qgis.core import QgsProcessingContext, QgsProcessingFeatureSource, QgsProcessingUtils

    def read(names, numbers=(), change=None, progress=None):
        path = tmp_path / "table.csv"
        lines = ["region,value,note,x,y"]
        for row in range(ROWS):
            cells = {"region": f"R{row % 3}", "value": repr(row / 2), "note": "", "x": str(row), "y": "7"}
            cells.update((change or {}).get(row, {}))
            lines.append(",".join(cells.values()))
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        context = QgsProcessingContext()
        layer = QgsProcessingUtils.mapLayerFromString(str(path), context)
        source = QgsProcessingFeatureSource(layer, context)
        return read_features(source, names, progress or Progress(), numbers)

    return read


def test_numbers_of_a_text_table_are_floats_and_blanks_are_nan(table):
    value = table(["value"], ["value"], {7_000: {"value": ""}}).columns["value"]
    assert value.dtype == np.float64
    assert value[[0, 5_001, 11_999]].tolist() == [0, 2500.5, 5999.5]
    assert np.flatnonzero(np.isnan(value)).tolist() == [7_000]


def test_a_word_among_numbers_is_kept_for_the_statistics_to_tell(table):
    value = table(["value"], ["value"], {7_000: {"value": "much"}}).columns["value"]
    assert len(value) == ROWS
    assert value[7_000] == "much"
    assert [float(number) for number in value[[1, 6_999, 11_999]]] == [0.5, 3499.5, 5999.5]


def test_each_text_is_kept_once(table):
    region = table(["region"]).columns["region"]
    assert region[:4].tolist() == ["R0", "R1", "R2", "R0"]
    assert len({id(text) for text in region}) == 3


def test_the_place_comes_from_the_fields_x_and_y(table):
    found = table(["region"], change={5: {"x": ""}})
    assert found.place == ("x", "y")
    assert found.coordinates()[[0, -1]].tolist() == [[0, 7], [ROWS - 1, 7]]
    assert np.isnan(found.coordinates()[5, 0])


def test_an_empty_table_has_columns_of_no_rows(tmp_path):
    from qgis.core import QgsProcessingContext, QgsProcessingFeatureSource, QgsVectorLayer

    layer = QgsVectorLayer("Point?crs=EPSG:32650&field=a:double&field=b:string", "empty", "memory")
    found = read_features(QgsProcessingFeatureSource(layer, QgsProcessingContext()), ["a", "b"], Progress())
    assert found.columns["a"].size == 0
    assert found.coordinates().shape == (0, 2)


def test_reading_can_be_cancelled(table):
    class Impatient(Progress):
        highest = 0.0

        def set(self, percent):
            self.highest = max(self.highest, percent)

        def cancelled(self):
            return self.highest > 20

    progress = Impatient()
    with pytest.raises(Cancelled):
        table(["value"], progress=progress)
    assert 20 < progress.highest < 100


class TestInvalidRings:
    """QGIS stops at invalid features, as it is set up; rings are mended and told where shapes count."""

    BOW = "POLYGON((500000 4400000, 500400 4399600, 500400 4400000, 500000 4399600, 500000 4400000))"

    @pytest.fixture
    def bow(self, tmp_path):
        rows = [f'{number};{number * 2};"{self.BOW}"' for number in range(1, 13)]
        (tmp_path / "bow.csv").write_text("\n".join(["a;b;WKT", *rows]), encoding="utf-8")
        path = str(tmp_path / "bow.gpkg")
        options = gdal.VectorTranslateOptions(dstSRS="EPSG:32650", srcSRS="EPSG:32650", layerName="bow")
        gdal.VectorTranslate(path, gdal.OpenEx(str(tmp_path / "bow.csv")), options=options)
        return path

    def test_of_zones_are_mended(self, bow, tmp_path):
        values = write_raster(tmp_path / "v.tif", np.full((4, 4), 5.0), "float32", nodata=-1)
        table = str(tmp_path / "zones.csv")
        run(
            "ecoassets:zonesummary",
            {"VALUES": [values], "YEARS": "2000", "BOUNDARY": bow, "ZONES_RASTER": None, "OUTPUT_TABLE": table},
        )
        assert {float(row["area_ha"]) for row in read_csv(table)} == {8.0}  # pixels whose centre lies in either half

    def test_do_not_matter_to_columns(self, bow, tmp_path):
        table = str(tmp_path / "correlation.csv")
        run("ecoassets:correlationmatrix", {"INPUT": bow, "FIELDS": ["a", "b"], "OUTPUT_TABLE": table})
        assert read_csv(table)
