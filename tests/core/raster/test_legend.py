"""Names and colours that a class raster brings along."""

from __future__ import annotations

from osgeo import gdal

from ecoassets.core.raster.output import ClassColour
from ecoassets.core.raster.reading.legend import read_legend
from ecoassets.tests.rasters import write_raster


def test_a_plain_raster_has_no_legend(tmp_path):
    assert read_legend(write_raster(tmp_path / "plain.tif", [[1, 2]])) == {}


def test_palette_and_category_names(tmp_path):
    path = write_raster(tmp_path / "cover.tif", [[1, 2]])
    dataset = gdal.Open(path, gdal.GA_Update)
    table = gdal.ColorTable()
    table.SetColorEntry(1, (0, 100, 0, 255))
    dataset.GetRasterBand(1).SetColorTable(table)
    dataset = None
    dataset = gdal.Open(path)  # beside the file, as most programs write them
    dataset.GetRasterBand(1).SetCategoryNames(["", "Forest", "Water"])
    dataset = None
    assert read_legend(path) == {1: ClassColour(1, "Forest", "#006400"), 2: ClassColour(2, "Water", "")}


def test_an_attribute_table_wins(tmp_path):
    path = write_raster(tmp_path / "cover.tif", [[10, 20]])
    table = gdal.RasterAttributeTable()
    table.CreateColumn("Value", gdal.GFT_Integer, gdal.GFU_MinMax)
    table.CreateColumn("Class", gdal.GFT_String, gdal.GFU_Name)
    for name, usage in (("R", gdal.GFU_Red), ("G", gdal.GFU_Green), ("B", gdal.GFU_Blue)):
        table.CreateColumn(name, gdal.GFT_Integer, usage)
    for row, (code, name, channels) in enumerate([(10, "Trees", (0, 128, 0)), (20, "Shrub", (200, 180, 60))]):
        table.SetValueAsInt(row, 0, code)
        table.SetValueAsString(row, 1, name)
        for column, channel in enumerate(channels, start=2):
            table.SetValueAsInt(row, column, channel)
    dataset = gdal.Open(path, gdal.GA_Update)
    dataset.GetRasterBand(1).SetDefaultRAT(table)
    dataset = None
    assert read_legend(path) == {10: ClassColour(10, "Trees", "#008000"), 20: ClassColour(20, "Shrub", "#c8b43c")}
