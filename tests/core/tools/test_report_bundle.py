"""A bundled report: what of several steps stands side by side, how tables are read, which charts they get."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import InputError
from ecoassets.core.report import Bars, Classes, Command, Lines, Ramp, TableBlock, render_report
from ecoassets.core.report.texts import load_texts
from ecoassets.core.tables import Table
from ecoassets.core.tools.bundle.maps import MOST_PICTURES, BundledRaster, maps_of
from ecoassets.core.tools.bundle.report import BundledTable, bundle_report
from ecoassets.core.tools.bundle.tables import MOST_ROWS_SAVED, MOST_SERIES, blocks_of
from ecoassets.core.tools.bundle.words import heading
from ecoassets.tests.rasters import write_raster

WORDS = load_texts("en")
HILLS = np.arange(100, 200, dtype="float32").reshape(10, 10)


@pytest.fixture
def described(tmp_path):
    """Writes a raster whose bands bear descriptions and a unit."""

    def write(name: str, values, descriptions, unit: str = "", dtype: str = "float32") -> BundledRaster:
        path = write_raster(tmp_path / name, values, dtype, nodata=-9999 if dtype == "float32" else 255)
        dataset = gdal.Open(path, gdal.GA_Update)
        for number, description in enumerate(descriptions, start=1):
            dataset.GetRasterBand(number).SetDescription(description)
            dataset.GetRasterBand(number).SetUnitType(unit)
        return BundledRaster(path, name[: name.index(".")])

    return write


def table_of(text: str) -> Table:
    header, *lines = (line.split(",") for line in text.split())
    return Table.of_rows("table", [dict(zip(header, line)) for line in lines])


def charts_of(text: str) -> list[Lines | Bars]:
    return [block for block in blocks_of("table", table_of(text), WORDS) if isinstance(block, (Lines, Bars))]


class TestMaps:
    def test_years_of_a_quantity_stand_side_by_side_with_their_unit(self, described):
        bands = ["2000|food", "2000|water_supply", "2005|food", "2005|water_supply"]
        food, water = maps_of([described("services.tif", [HILLS] * 4, bands, "CNY/(ha a)")], WORDS)
        assert (food.title, [one.title for one in food.pictures]) == ("Services: Food", ["2000", "2005"])
        assert (water.title, [one.band for one in water.pictures]) == ("Services: Water supply", [2, 4])
        assert food.legend == Ramp("CNY/(ha a)")

    def test_files_of_one_folder_that_differ_by_the_year_do_too(self, described):
        rasters = [described(f"npp_{year}.tif", HILLS, [""]) for year in (2000, 2005)]
        (npp,) = maps_of(rasters, WORDS)
        assert (npp.title, [one.title for one in npp.pictures]) == ("Npp", ["2000", "2005"])

    def test_files_of_the_same_name_in_other_folders_do_not(self, tmp_path):
        rasters = []
        for folder in ("a", "b"):
            (tmp_path / folder).mkdir()
            path = write_raster(tmp_path / folder / "npp.tif", HILLS, "float32", nodata=-9999)
            rasters.append(BundledRaster(path, "npp"))
        assert [len(one.pictures) for one in maps_of(rasters, WORDS)] == [1, 1]

    def test_gains_and_losses_diverge_from_zero(self, described):
        (change,) = maps_of([described("change.tif", HILLS - 150, ["2000-2005"], "t")], WORDS)
        assert change.legend == Ramp("t", "diverging")
        assert change.pictures[0].title == "2000-2005"

    def test_a_few_pixels_below_zero_are_no_losses(self, described):
        sea = HILLS.copy()
        sea[0, :3] = -4
        (dem,) = maps_of([described("dem.tif", sea, [""], "m")], WORDS)
        assert dem.legend == Ramp("m")

    def test_a_lake_does_not_hide_the_land(self, described):
        held = HILLS.copy()
        held[0, :5] = 4000
        (flood,) = maps_of([described("flood.tif", held, ["2000"], "mm")], WORDS)
        assert (flood.legend.low, flood.legend.high) == (None, pytest.approx(430, abs=15))  # 190 + 3 x 80

    def test_whole_numbers_are_classes_and_share_colours_over_the_years(self, described):
        first = described("land_2000.tif", [[11, 21]], [""], dtype="uint8")
        second = described("land_2005.tif", [[21, 31]], [""], dtype="uint8")
        (land,) = maps_of([first, second], WORDS)
        assert isinstance(land.legend, Classes)
        assert [(entry.code, entry.name) for entry in land.legend.items] == [(11, "11"), (21, "21"), (31, "31")]
        assert len({entry.colour for entry in land.legend.items}) == 3

    def test_names_and_colours_of_a_file_are_kept(self, tmp_path):
        path = write_raster(tmp_path / "soil.tif", [[1, 2]])
        dataset = gdal.Open(path, gdal.GA_Update)
        colours = gdal.ColorTable()
        colours.SetColorEntry(1, (255, 0, 0, 255))
        colours.SetColorEntry(2, (0, 0, 255, 255))
        dataset.GetRasterBand(1).SetRasterColorTable(colours)
        dataset.GetRasterBand(1).SetCategoryNames(["", "sand", "clay"])
        dataset = None
        (soil,) = maps_of([BundledRaster(path, "soil")], WORDS)
        assert [(entry.name, entry.colour) for entry in soil.legend.items] == [("sand", "#ff0000"), ("clay", "#0000ff")]

    def test_whole_numbers_with_a_unit_are_amounts(self, described):
        (people,) = maps_of([described("people.tif", [[1, 2]], [""], "persons", "uint8")], WORDS)
        assert people.legend == Ramp("persons")

    def test_of_many_bands_the_last_of_each_quantity_is_shown_and_told(self, described):
        bands = [f"{year}|{what}" for year in range(2000, 2007) for what in ("food", "soil")]
        assert len(bands) > MOST_PICTURES
        food, soil = maps_of([described("services.tif", [HILLS] * 14, bands)], WORDS)
        assert [[one.title for one in map_.pictures] for map_ in (food, soil)] == [["2006"], ["2006"]]
        assert food.note == "2 of 14 bands are shown: the last of each quantity."

    def test_a_raster_that_is_gone_is_told(self, tmp_path):
        with pytest.raises(InputError, match="npp"):
            maps_of([BundledRaster(str(tmp_path / "gone.tif"), "npp")], WORDS)


class TestTables:
    @pytest.mark.parametrize(
        ("column", "shown"),
        [
            ("area_ha", ("Area", "ha")),
            ("erosion_t_km2", ("Erosion", "t/km2")),
            ("share_pct", ("Share", "%")),
            ("GDP_total", ("GDP total", "")),
        ],
    )
    def test_units_are_read_from_the_names_of_columns(self, column, shown):
        assert heading(column, WORDS) == shown

    def test_years_and_codes_are_not_grouped_and_names_are_readable(self):
        text = "year,ecosystem,class,area_ha,note\n2000,forest,3,1234.5,\n2005,forest,4,1300.25,drained"
        *_, block = blocks_of("by_type", table_of(text), WORDS)
        assert isinstance(block, TableBlock)
        assert [column.kind for column in block.columns] == ["code", "text", "code", "number", "text"]
        assert list(block.rows) == [(2000, "Forest", 3, 1234.5, None), (2005, "Forest", 4, 1300.25, "drained")]
        assert (block.title, block.download) == ("By type", "by_type.csv")

    def test_a_table_too_long_to_save_is_not_offered(self):
        rows = Table.of_rows("long", [{"id": number} for number in range(MOST_ROWS_SAVED + 1)])
        (block,) = blocks_of("long", rows, WORDS)
        assert block.download == ""

    def test_lines_over_the_years_by_what_tells_the_rows_apart(self):
        (chart,) = charts_of("year,code,name,volume_m3\n2000,1,oak,5\n2000,2,fir,7\n2005,1,oak,\n2005,2,fir,9")
        assert (chart.title, chart.unit, list(chart.x)) == ("Volume", "m3", [2000, 2005])
        assert [(one.name, one.values) for one in chart.series] == [("oak", [5, None]), ("fir", [7, 9])]

    def test_a_measure_is_drawn_by_what_it_depends_on(self):
        value, area = charts_of(
            "year,ecosystem,service,area_ha,value\n"
            "2000,forest,food,10,1\n2000,forest,soil,10,2\n2000,bare,food,4,3\n2000,bare,soil,4,5\n"
            "2005,forest,food,12,2\n2005,forest,soil,12,3\n2005,bare,food,2,4\n2005,bare,soil,2,6"
        )
        assert [one.name for one in value.series] == [
            "Forest · Food", "Forest · Soil", "Bare land · Food", "Bare land · Soil",
        ]  # fmt: skip
        assert [(one.name, one.values) for one in area.series] == [("Forest", [10, 12]), ("Bare land", [4, 2])]

    def test_one_year_gives_bars(self):
        (chart,) = charts_of("year,zone,total\n2005,north,5.5\n2005,south,7")
        assert isinstance(chart, Bars)
        assert (chart.title, chart.categories, chart.series[0].values) == ("Total 2005", ["north", "south"], [5.5, 7])

    def test_units_of_rows_do_not_share_an_axis(self):
        text = "year,figure,value,unit\n2000,a,1,m3\n2005,a,2,m3\n2000,b,30,%\n2005,b,40,%"
        assert [(chart.unit, chart.series[0].values) for chart in charts_of(text)] == [("m3", [1, 2]), ("%", [30, 40])]

    def test_only_the_largest_of_many_are_drawn_and_it_is_told(self):
        rows = "".join(f"\n{year},z{zone},{zone}.5" for year in (2000, 2005) for zone in range(20))
        (chart,) = charts_of(f"year,zone,value{rows}")
        assert [one.name for one in chart.series] == [f"z{zone}" for zone in range(20 - MOST_SERIES, 20)]
        assert chart.note == "The 8 largest of 20 are drawn; the table holds them all."

    @pytest.mark.parametrize(
        "text",
        ["zone,value\na,1\nb,2", "year,value\n2000,1\n2000,2\n2005,3", "year,name\n2000,a\n2005,b"],
        ids=["no year", "rows that nothing tells apart", "no number"],
    )
    def test_no_chart_without_a_year_a_number_and_distinct_rows(self, text):
        assert charts_of(text) == []

    def test_a_table_without_rows_shows_its_columns(self):
        report = bundle_report([], [BundledTable("empty", Table("empty", ("year", "value"), ()))], "en")
        assert "Value" in render_report(report.complete("Empty", "en", [], ""))


class TestReport:
    def test_all_of_it_on_one_page(self, described):
        raster = described("npp.tif", HILLS, ["2000"], "gC/m2")
        dataset = gdal.Open(raster.path, gdal.GA_Update)
        dataset.SetMetadataItem("ECOASSETS_COMMAND", "qgis_process run ecoassets:zonesummary -- YEARS=2000")
        dataset = None
        tables = [BundledTable("sums", table_of("year,value\n2000,1\n2005,2"))] * 2
        report = bundle_report([raster, raster], tables, "en")
        assert [chapter.title for chapter in report.chapters] == ["Maps", "Sums", "Sums 2", "How the maps were made"]
        (command,) = report.chapters[-1].blocks
        assert command == Command("# Npp, Npp\nqgis_process run ecoassets:zonesummary -- YEARS=2000")
        page = render_report(report.complete("All", "en", [], ""))
        assert [word for word in ("gC/m²", "sums 2.csv", "zonesummary") if word not in page] == []

    def test_chinese(self, described):
        report = bundle_report([described("npp.tif", HILLS, ["2000"])], [], "zh")
        assert report.chapters[0].title == "地图"

    def test_nothing_to_report_is_told(self):
        with pytest.raises(InputError, match="RASTERS.*TABLES"):
            bundle_report([], [], "en")
