"""Tables take their places as maps do: whole, with all else that a run makes, and none half."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from ecoassets.core.errors import Cancelled, OutputError
from ecoassets.core.raster.files import together
from ecoassets.core.raster.table_files import LayersChange, commit_layer, pending_table, require_rows

from .test_together import put


def put_layer(path: Path, **layers: list[float]) -> None:
    """Writes tables of a GeoPackage as a run does."""
    for name, values in layers.items():
        pending = pending_table(str(path))
        write_layer(Path(pending.path), "GPKG", **{name: values})
        commit_layer(pending, name)


class TestTables:
    def test_a_shapefile_moves_with_all_its_files(self, tmp_path):
        shape = tmp_path / "cells.shp"
        write_layer(shape, "ESRI Shapefile", cells=[1.0, 2.0])
        (tmp_path / "cells.qix").write_text("an index of the older rows", encoding="utf-8")
        with together():
            pending = pending_table(str(shape))
            write_layer(Path(pending.path), "ESRI Shapefile", cells=[3.0])
            pending.commit()
            assert read_layer(shape, "cells") == [1.0, 2.0]
        assert read_layer(shape, "cells") == [3.0]
        assert sorted(p.suffix for p in tmp_path.iterdir()) == [".dbf", ".shp", ".shx"]

    @pytest.mark.parametrize("older", [{"cells": [1.0, 2.0], "other": [5.0]}, {"other": [5.0]}])
    def test_a_table_of_a_geopackage_comes_back_and_others_stay(self, tmp_path, older):
        path = tmp_path / "all.gpkg"
        write_layer(path, "GPKG", **older)
        with pytest.raises(OutputError), together():
            put_layer(path, cells=[3.0])
            raise OutputError("no space left")
        assert layers_of(path) == older
        assert [p.name for p in tmp_path.iterdir()] == ["all.gpkg"]

    @pytest.mark.parametrize("name", ["cells", "Cells"])
    def test_after_a_run_that_succeeds_the_older_table_is_gone(self, tmp_path, name):
        """Names of tables are compared as databases do."""
        path = tmp_path / "all.gpkg"
        write_layer(path, "GPKG", **{name: [1.0, 2.0]}, other=[5.0], cells_before=[7.0])
        with together():
            put_layer(path, cells=[3.0], third=[4.0])
        assert layers_of(path) == {"cells": [3.0], "other": [5.0], "cells_before": [7.0], "third": [4.0]}
        assert [p.name for p in tmp_path.iterdir()] == ["all.gpkg"]

    def test_many_rows_keep_their_places_and_are_found_by_them(self, tmp_path):
        from osgeo import gdal

        path = tmp_path / "all.gpkg"
        write_layer(path, "GPKG", cells=[1.0])
        put_layer(path, cells=[float(number) for number in range(5000)])
        layer = (data := gdal.OpenEx(str(path), gdal.OF_VECTOR)).GetLayerByName("cells")
        layer.SetSpatialFilterRect(1200.5, -1, 1203.5, 1)
        assert [(row.GetFID(), row["value"]) for row in layer] == [(1202, 1201.0), (1203, 1202.0), (1204, 1203.0)]
        del layer, data

    def test_two_tables_of_a_new_geopackage(self, tmp_path):
        path = tmp_path / "new.gpkg"
        with together():
            put_layer(path, cells=[3.0], other=[4.0])
            assert not path.exists()
        assert layers_of(path) == {"cells": [3.0], "other": [4.0]}

    def test_all_tables_or_none(self, tmp_path):
        """The second is no table, which shows when the first is already copied."""
        path = tmp_path / "all.gpkg"
        write_layer(path, "GPKG", cells=[1.0])
        write_layer(tmp_path / "map.gpkg", "GPKG", cells=[1.0])
        with pytest.raises(OutputError, match="Cannot replace a table"), together():
            put(tmp_path / "report.html", "new report")
            put_layer(path, cells=[3.0])
            broken = pending_table(str(path))
            Path(broken.path).write_text("no table", encoding="utf-8")
            commit_layer(broken, "other")
        assert layers_of(path) == {"cells": [1.0]}
        assert not (tmp_path / "report.html").exists()

    def test_a_reader_is_no_hindrance(self, tmp_path):
        """Another program reads the file, as a QGIS that shows it."""
        import sqlite3

        path = tmp_path / "all.gpkg"
        write_layer(path, "GPKG", cells=[1.0], other=[5.0])
        reader = sqlite3.connect(path)
        reader.execute("PRAGMA journal_mode = WAL").fetchone()
        rows = reader.execute("SELECT value FROM cells")
        assert rows.fetchone() == (1.0,)
        put_layer(path, cells=[3.0])
        rows.close()
        assert reader.execute("SELECT value FROM cells").fetchall() == [(3.0,)]
        reader.close()

    @pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
    def test_a_kill_at_no_moment_closes_the_file_to_readers(self, tmp_path):
        """SQLite must roll a journal back, which nobody can who only reads. Where this link lies, none can be made."""
        path = tmp_path / "all.gpkg"
        write_layer(path, "GPKG", cells=[1.0])
        (tmp_path / "all.gpkg-journal").symlink_to("nowhere/at-all")
        put_layer(path, cells=[3.0])
        assert layers_of(path) == {"cells": [3.0]}
        assert path.read_bytes()[18:20] == b"\1\1"  # it is one file again: no write-ahead log beside it

    @pytest.mark.parametrize("stop", [Cancelled, None])
    def test_another_program_writes(self, tmp_path, monkeypatch, stop):
        import sqlite3

        path = tmp_path / "all.gpkg"
        write_layer(path, "GPKG", cells=[1.0])
        monkeypatch.setattr("ecoassets.core.raster.table_files.LOCK_SECONDS", 0.3)
        writer = sqlite3.connect(path, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        expected = pytest.raises(stop or OutputError, match=None if stop else "another program is writing to it")
        with expected, together() as changes:
            put_layer(path, cells=[3.0])
            if stop:
                changes.check = lambda: (_ for _ in ()).throw(stop)
        writer.execute("ROLLBACK")
        writer.close()
        assert layers_of(path) == {"cells": [1.0]}
        put_layer(path, cells=[3.0])
        assert layers_of(path) == {"cells": [3.0]}

    def test_two_geopackages_change_together(self, tmp_path, monkeypatch):
        """The second cannot be committed: the first, which is by then, gets its older tables back."""
        one, two = tmp_path / "one.gpkg", tmp_path / "two.gpkg"
        write_layer(one, "GPKG", Cells=[1.0, 2.0], other=[5.0])
        write_layer(two, "GPKG", cells=[1.0])
        put_in_place = LayersChange.put

        def fails_late(change):
            put_in_place(change)
            if change.target == str(two):
                raise OutputError("no space left")

        for failing in (True, False):
            if failing:
                monkeypatch.setattr(LayersChange, "put", fails_late)
            else:
                monkeypatch.undo()
            expected = pytest.raises(OutputError, match="no space left") if failing else nullcontext()
            with expected, together():
                put(tmp_path / "report.html", "new report")
                put_layer(one, cells=[3.0], third=[7.0])
                put_layer(two, cells=[4.0])
            if failing:
                assert layers_of(one) == {"Cells": [1.0, 2.0], "other": [5.0]}
                assert not (tmp_path / "report.html").exists()
        assert layers_of(one) == {"cells": [3.0], "other": [5.0], "third": [7.0]}
        assert layers_of(two) == {"cells": [4.0]}
        assert sorted(path.name for path in tmp_path.iterdir()) == ["one.gpkg", "report.html", "two.gpkg"]

    def test_a_run_waits_for_another_program_and_says_so(self, tmp_path):
        import sqlite3

        path = tmp_path / "all.gpkg"
        write_layer(path, "GPKG", cells=[1.0])
        writer = sqlite3.connect(path, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        told: list[str] = []

        def let_go(message: object) -> None:
            told.append(str(message))
            writer.execute("ROLLBACK")

        with together() as changes:
            changes.tell = let_go
            put_layer(path, cells=[3.0])
        writer.close()
        assert layers_of(path) == {"cells": [3.0]}
        assert len(told) == 1 and "waits up to 10 minutes" in told[0]


class TestWhole:
    @pytest.mark.parametrize(("file", "driver"), [("t.csv", "CSV"), ("t.gpkg", "GPKG"), ("t.shp", "ESRI Shapefile")])
    def test_rows_that_are_missing_are_noticed(self, tmp_path, file, driver):
        path = tmp_path / file
        write_layer(path, driver, t=[1.0, 2.0, 3.0])
        require_rows(str(path), "", 3)
        with pytest.raises(OutputError, match=r"the table is cut off\. Is the disk full"):
            require_rows(str(path), "", 4)

    def test_a_row_that_is_cut_in_the_middle(self, tmp_path):
        path = tmp_path / "t.csv"
        path.write_text("code,value\n1,20\n2,30\n", encoding="utf-8")
        require_rows(str(path), "", 2)
        path.write_text("code,value\n1,20\n2,3", encoding="utf-8")
        with pytest.raises(OutputError, match="cut off"):
            require_rows(str(path), "", 2)

    def test_a_file_that_is_no_geopackage_any_more(self, tmp_path):
        path = tmp_path / "t.gpkg"
        write_layer(path, "GPKG", t=[1.0])
        path.write_bytes(path.read_bytes()[:5000])
        with pytest.raises(OutputError, match="cut off"):
            require_rows(str(path), "", 1)

    def test_one_table_of_several(self, tmp_path):
        path = tmp_path / "t.gpkg"
        write_layer(path, "GPKG", one=[1.0], three=[1.0, 2.0, 3.0])
        require_rows(str(path), "three", 3)
        with pytest.raises(OutputError, match="cut off"):
            require_rows(str(path), "one", 3)


def write_layer(path: Path, driver: str, **layers: list[float]) -> None:
    from osgeo import gdal, ogr

    exists = path.exists()
    data = (
        gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_UPDATE)
        if exists
        else gdal.GetDriverByName(driver).Create(str(path), 0, 0, 0, gdal.GDT_Unknown)
    )
    for name, values in layers.items():
        layer = data.CreateLayer(name, geom_type=ogr.wkbNone if driver == "CSV" else ogr.wkbPoint)
        layer.CreateField(ogr.FieldDefn("value", ogr.OFTReal))
        for value in values:
            feature = ogr.Feature(layer.GetLayerDefn())
            feature["value"] = value
            if driver != "CSV":
                feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POINT ({value} 0)"))
            layer.CreateFeature(feature)


def read_layer(path: Path, name: str) -> list[float]:
    from osgeo import gdal

    data = gdal.OpenEx(str(path), gdal.OF_VECTOR)
    return [feature["value"] for feature in data.GetLayerByName(name)]


def layers_of(path: Path) -> dict[str, list[float]]:
    from osgeo import gdal

    data = gdal.OpenEx(str(path), gdal.OF_VECTOR)
    names = [data.GetLayer(number).GetName() for number in range(data.GetLayerCount())]
    return {name: read_layer(path, name) for name in sorted(names)}
