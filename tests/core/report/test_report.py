"""Reports: numbers, tables, charts, quick-look maps and the page that holds them."""

from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import yaml
from osgeo import gdal, osr

from ecoassets.core.errors import InputError, OutputError
from ecoassets.core.report import (
    Bars,
    Chapter,
    ClassColour,
    Classes,
    Column,
    Command,
    Figure,
    Figures,
    Flow,
    Heatmap,
    Interval,
    Intervals,
    LeftOutArea,
    LeftOutAreas,
    Lines,
    Map,
    MapPicture,
    Paragraph,
    Ramp,
    Report,
    Sankey,
    Scatter,
    Series,
    TableBlock,
    about_this_run,
    render_report,
    write_report,
)
from ecoassets.core.report.charts import chart
from ecoassets.core.report.page import MAX_ROWS, scale_bar, view
from ecoassets.core.report.pictures.quicklook import quick_looks
from ecoassets.core.report.texts import FOLDER, load_palettes, ramp_colour, rgb
from ecoassets.core.tables import Provenance

HOSTILE = '</script><img src=x onerror=alert(1)> & "O\'Neil"'


def quick_look(path, band=1, legend=None, **more):
    return quick_looks([MapPicture(path, band=band)], legend or Ramp(), **more)[0]


def write_raster(
    path: Path, values: np.ndarray, nodata: float | None = None, epsg: int = 32650, pixel: float = 30
) -> Path:
    types = {"uint8": gdal.GDT_Byte, "float32": gdal.GDT_Float32, "int32": gdal.GDT_Int32}
    rows, columns = values.shape
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), columns, rows, 1, types[values.dtype.name])
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(epsg)
    dataset.SetProjection(crs.ExportToWkt())
    dataset.SetGeoTransform((100, pixel, 0, 60, 0, -pixel))
    if nodata is not None:
        dataset.GetRasterBand(1).SetNoDataValue(nodata)
    dataset.GetRasterBand(1).WriteArray(values)
    dataset = None
    return path


def read_png(png: bytes) -> np.ndarray:
    """Rows x columns x RGBA, decoded by GDAL: an independent reader of what we encode."""
    gdal.FileFromMemBuffer("/vsimem/look.png", png)
    try:
        dataset = gdal.Open("/vsimem/look.png")
        indices = dataset.ReadAsArray()
        table = dataset.GetRasterBand(1).GetColorTable()
        return np.array([table.GetColorEntry(i) for i in range(table.GetCount())])[indices]
    finally:
        gdal.Unlink("/vsimem/look.png")


def rich_report(folder: Path, language: str = "en", name: str = "Forest") -> Report:
    """A report with every kind of block, in which `name` stands wherever a name from data can stand."""
    raster = write_raster(folder / "a.tif", np.arange(12, dtype="float32").reshape(3, 4))
    classes = write_raster(folder / "b.tif", np.array([[1, 2], [9, 1]], dtype="uint8"))
    series = [Series(name, [1e9, 2e9]), Series("Other", [None, math.nan])]
    results = [
        Paragraph(name),
        Figures([Figure(name, 1.2345e10, "CNY/a", name), Figure("Text", name)]),
        TableBlock(
            name, [Column(name, name, "text"), Column("Area", "ha")], [[name, 1.5], [name, None]], name, "t.csv"
        ),
        Bars(name, ["2000", name], series, name, category_title=name, value_title=name, note=name),
        Lines(name, [2000, 2010], [Series(name, [1, 2], low=[0, 1], high=[2, 3])], name, name, name),
        Heatmap(name, [name, name], ["a", name], [[1, 2], [3, -4]], name, name, name, "diverging"),
        Sankey(name, ["2000", name], [Flow(0, name, name, 3.0)], name, [(name, "#112233")]),
        Intervals(name, [Interval(name, 0.5, 0.1, 0.9, name)], name, name),
        Scatter(
            name, [1, 2], [0, 1], [0.1, 0.9], name, [name, "b"], [(1, 0), (2, 1)], [(1.5, 1.2, 1.7)], name, name, name
        ),
        Map(name, [MapPicture(raster, name)], Ramp(name)),
        Map(name, [MapPicture(classes, name)], Classes([ClassColour(1, name, "#112233")])),
    ]
    about = about_this_run(
        language, [(name, name)], [Provenance(name, name)], [LeftOutArea(name, name, 12.0, 0.5)], f"qgis_process {name}"
    )
    return Report(name, [Chapter(name, results), about], name, language, [(name, name)], [name])


class Page(HTMLParser):
    """Elements with their attributes, and the text outside of scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style") else self._inside

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.text += data


# Tables


def test_table_cells_share_the_digits_of_their_column_and_codes_stay_as_they_are():
    columns = [Column("Year", kind="code"), Column("Share", "%"), Column("Area", "ha"), Column("Name", kind="text")]
    shown = view(TableBlock("T", columns, [[2005, 12.345, 12000.4, "a"], [2010.0, 3.0, None, "b"]]), "en")
    assert shown["rows"] == [["2005", "12.35", "120.00", "a"], ["2010", "3.00", "–", "b"]]
    assert shown["columns"][2].unit == "km²"


def test_numbers_from_numpy_are_shown_like_plain_ones():
    columns = [Column("Year", kind="code"), Column("Area", "ha"), Column("Share", "%")]
    row = [np.int32(2005), np.float32("nan"), np.float64(12.5)]
    assert view(TableBlock("T", columns, [row]), "en")["rows"] == [["2005", "–", "12.50"]]


def test_long_tables_fold_and_very_long_ones_are_cut_and_say_so():
    rows = [[i] for i in range(MAX_ROWS + 1)]
    folded = view(TableBlock("T", [Column("n")], rows[:16]), "en")
    assert (len(folded["rows"]), len(folded["rest"]), folded["show_all"]) == (10, 6, "Show all 16 rows")
    cut = view(TableBlock("T", [Column("n")], rows, download="t.csv"), "en")
    assert len(cut["rows"]) + len(cut["rest"]) == MAX_ROWS
    assert "first 500 of 501 rows" in cut["note"]
    assert len(unquote(cut["data_uri"]).splitlines()) == 1 + 501  # the download holds them all


def test_download_keeps_full_precision_and_quotes_names():
    block = TableBlock("T", [Column("Name", kind="text"), Column("Area", "ha")], [["a,b", 1 / 3]], download="t.csv")
    text = unquote(view(block, "en")["data_uri"].split(",", 1)[1])
    assert text.lstrip("\ufeff").splitlines() == ["Name,Area (ha)", '"a,b",0.3333333333333333']


def test_nothing_left_out_is_said_in_words():
    assert view(LeftOutAreas([]), "en")["text"] == "Nothing was left out."


# Charts


def test_rounding_is_no_change_over_time():
    alike = chart(Lines("T", [2000, 2010], [Series("a", [5.738743149641786e6, 5.738743149641787e6])], "t"), "en")
    low, high = alike["layout"]["yaxis"]["range"]
    assert low < 5.2 < 6.3 < high
    changed = chart(Lines("T", [2000, 2010], [Series("a", [5.7387e6, 5.7388e6])], "t"), "en")
    assert "range" not in changed["layout"]["yaxis"]


def test_bars_share_one_scale_and_name_it_on_the_axis():
    figure = chart(Bars("V", ["2000"], [Series("a", [2e9]), Series("b", [-5e8])], "CNY/a", value_title="Value"), "en")
    assert [trace["y"] for trace in figure["data"]] == [[2.0], [-0.5]]
    assert figure["layout"]["yaxis"]["title"]["text"] == "Value (billion CNY/a)"
    assert figure["layout"]["barmode"] == "relative"  # losses pile down from zero


def test_sankey_keeps_a_class_that_ends_half_way_at_its_own_stage():
    flows = [Flow(0, "A", "A", 3), Flow(0, "B", "C", 1), Flow(1, "A", "A", 3), Flow(0, "B", "B", 0)]
    node = chart(Sankey("T", ["1990", "2000", "2010"], flows, "ha"), "en")["data"][0]["node"]
    assert list(zip(node["label"], node["x"])) == [("A", 0.001), ("B", 0.001), ("A", 0.5), ("C", 0.5), ("A", 0.999)]


def test_heatmap_of_years_writes_numbers_into_their_cells():
    """A note at 2015 would otherwise lie at the 2015th place of the axis."""
    heat = chart(Heatmap("T", ["2000", "2015"], ["a", "-4"], [[1, 2], [3, 4]]), "en")
    assert heat["data"][0]["y"] == ["2000\u200b", "2015\u200b"]
    assert [(note["x"], note["y"]) for note in heat["layout"]["annotations"]][-1] == ("-4\u200b", "2015\u200b")


def test_heatmap_scale_leaves_out_the_muted_diagonal():
    heat = chart(Heatmap("T", ["a", "b"], ["a", "b"], [[900, 2], [4, 900]], mute_diagonal=True), "en")
    assert heat["data"][0]["z"] == [[None, 2], [4, None]]
    assert heat["data"][0]["zmax"] == 4
    assert [note["text"] for note in heat["layout"]["annotations"]] == ["900", "2", "4", "900"]


def test_confidence_intervals_are_distances_from_the_estimate():
    trace = chart(Intervals("T", [Interval("x", 0.5, 0.2, 0.9)]), "en")["data"][0]
    assert trace["error_x"]["array"] == [pytest.approx(0.4)]
    assert trace["error_x"]["arrayminus"] == [pytest.approx(0.3)]


def test_more_series_than_colours_still_differ():
    colours = [load_palettes().category(index) for index in range(16)]
    assert len(set(colours)) == 16


# Quick looks


def test_ramp_runs_from_the_2nd_to_the_98th_percentile(tmp_path):
    # 0 .. 100: the percentiles of 101 evenly spaced values are the values themselves.
    path = write_raster(tmp_path / "a.tif", np.arange(101, dtype="float32").reshape(1, 101))
    look = quick_look(path, legend=Ramp("m"))
    assert (look.low, look.high) == (pytest.approx(2), pytest.approx(98))
    pixels = read_png(look.png)[0, :, :3]
    stops = load_palettes().sequential
    assert tuple(pixels[0]) == tuple(pixels[2]) == rgb(stops[0])
    assert tuple(pixels[98]) == tuple(pixels[100]) == rgb(stops[-1])
    np.testing.assert_allclose(pixels[50], rgb(ramp_colour(stops, 0.5)), atol=2)


def test_nodata_nan_and_infinity_are_transparent_and_do_not_count(tmp_path):
    values = np.array([[1, 2, -9999], [np.nan, np.inf, 3]], dtype="float32")
    look = quick_look(write_raster(tmp_path / "a.tif", values, nodata=-9999))
    assert (read_png(look.png)[:, :, 3] > 0).tolist() == [[True, True, False], [False, False, True]]
    assert look.low == pytest.approx(1.04)  # 2 % of the way from 1 to 3
    assert look.high == pytest.approx(2.96)


def test_classes_take_the_colours_given_and_others_are_grey(tmp_path):
    path = write_raster(tmp_path / "a.tif", np.array([[1, 2], [77, 0]], dtype="uint8"), nodata=0)
    items = [ClassColour(1, "Forest", "#00ff00"), ClassColour(2, "Water", "#0000ff"), ClassColour(3, "Ice", "#ffffff")]
    look = quick_look(path, legend=Classes(items))
    pixels = read_png(look.png)
    assert pixels[0].tolist() == [[0, 255, 0, 255], [0, 0, 255, 255]]
    assert tuple(pixels[1, 0, :3]) == rgb(load_palettes().other)
    assert pixels[1, 1, 3] == 0
    assert [item.name for item in look.classes] == ["Forest", "Water"]  # ice does not occur
    assert look.others


def test_maps_side_by_side_share_one_scale(tmp_path):
    first = write_raster(tmp_path / "a.tif", np.full((2, 2), 10, dtype="float32"))
    second = write_raster(tmp_path / "b.tif", np.full((2, 2), 30, dtype="float32"))
    looks = quick_looks([MapPicture(first), MapPicture(second)], Ramp())
    assert {(look.low, look.high) for look in looks} == {(10.0, 30.0)}
    assert not np.array_equal(read_png(looks[0].png), read_png(looks[1].png))


def test_diverging_ramp_has_its_middle_at_zero(tmp_path):
    path = write_raster(tmp_path / "a.tif", np.linspace(-1, 5, 301, dtype="float32").reshape(1, 301))
    look = quick_look(path, legend=Ramp(palette="diverging"))
    assert look.low == -look.high == pytest.approx(-4.88)  # 98 % of the way from -1 to 5


def test_what_is_not_significant_is_grey_and_sets_no_limit(tmp_path):
    values = write_raster(tmp_path / "a.tif", np.array([[-1, 1, 90]], dtype="float32"))
    grey = write_raster(tmp_path / "g.tif", np.array([[0, 0, 1]], dtype="float32"))
    look = quick_looks([MapPicture(values, greyed=grey)], Ramp("t", "diverging", greyed="Not significant"))[0]
    assert look.high == pytest.approx(0.96)  # 98 % of the way from -1 to 1
    stops, palettes = load_palettes().diverging, load_palettes()
    assert [tuple(pixel[:3]) for pixel in read_png(look.png)[0]] == [
        rgb(stops[0]),
        rgb(stops[-1]),
        rgb(palettes.greyed),
    ]
    small = Map("t", [MapPicture(values, greyed=grey)], Ramp("t", "diverging", greyed="Not significant"), beside=True)
    page = render_report(Report("R", [Chapter("C", [small])]))
    assert "Not significant" in page and palettes.greyed in page and "half small" in page


def test_large_rasters_are_read_small_in_their_shape(tmp_path):
    look = quick_look(write_raster(tmp_path / "a.tif", np.zeros((300, 900), dtype="float32")), max_size=90)
    assert look.size == (90, 30)
    assert look.width_m == pytest.approx(900 * 30)


def test_degrees_shrink_with_latitude(tmp_path):
    # 4 x 4 pixels of 1e-6 degrees just south of 60 N: half as wide on the ground as high.
    path = write_raster(tmp_path / "a.tif", np.ones((4, 4), dtype="float32"), epsg=4326, pixel=1e-6)
    assert quick_look(path).aspect == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize("exceptions", [True, False])
def test_a_missing_raster_is_told_and_gdal_is_left_as_found(tmp_path, exceptions):
    before = gdal.GetUseExceptions()
    (gdal.UseExceptions if exceptions else gdal.DontUseExceptions)()
    try:
        with pytest.raises(InputError, match="none.tif"), _quiet():
            quick_look(tmp_path / "none.tif")
        path = write_raster(tmp_path / "a.tif", np.ones((2, 2), dtype="uint8"))
        with pytest.raises(InputError, match="Band 7"):
            quick_look(path, band=7)
        assert bool(gdal.GetUseExceptions()) == exceptions
    finally:
        (gdal.UseExceptions if before else gdal.DontUseExceptions)()


class _quiet:
    def __enter__(self) -> None:
        gdal.PushErrorHandler("CPLQuietErrorHandler")

    def __exit__(self, *_: object) -> None:
        gdal.PopErrorHandler()


@pytest.mark.parametrize(
    ("width", "text", "percent"), [(100_000, "20 km", 20), (1000, "200 m", 20), (6000, "1 km", 16.667)]
)
def test_scale_bar_is_round_and_fits(width, text, percent):
    assert scale_bar(width) == (percent, text)


# The page


def test_hostile_names_are_text_everywhere(tmp_path):
    clean, hostile = (Page(render_report(rich_report(tmp_path, name=name))) for name in ("Forest", HOSTILE))
    assert [tag for tag, _ in clean.elements] == [tag for tag, _ in hostile.elements]
    assert not any(name.startswith("on") for _, attributes in hostile.elements for name in attributes)
    assert hostile.text.count(HOSTILE) == clean.text.count("Forest") > 20


def test_hostile_names_are_text_in_charts(tmp_path):
    html = render_report(rich_report(tmp_path, name=HOSTILE))
    line = re.search(r"<script>const CHARTS = (.*);</script>\n", html)
    charts = json.loads(line.group(1))
    texts = re.findall(r"<(/?\w+)", json.dumps(charts))
    assert set(texts) == {"b", "/b", "br", "extra", "/extra"}  # our own marks, none of the name's


def test_plotly_is_embedded_once_and_only_where_there_are_charts(tmp_path):
    start = (FOLDER / "plotly.min.js").read_text(encoding="utf-8")[:60]
    assert render_report(rich_report(tmp_path)).count(start) == 1
    assert start not in render_report(Report("T", [Chapter("C", [Paragraph("p")])]))


def test_nothing_is_loaded_from_elsewhere(tmp_path):
    page = Page(render_report(rich_report(tmp_path)))
    links = [a[key] for _, a in page.elements for key in ("src", "href", "action", "data") if key in a]
    assert links
    assert all(link.startswith(("data:", "#")) for link in links)
    policy = next(a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    assert "url(" not in (FOLDER / "report.css").read_text(encoding="utf-8")


def test_command_is_kept_letter_for_letter():
    command = "qgis_process run ecoassets:rsei --YEARS='2000, 2005' --OUTPUT=a--b.tif"
    assert command in Page(render_report(Report("T", [Chapter("C", [Command(command)])]))).text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_language_says_everything(tmp_path, language):
    words = yaml.safe_load((FOLDER / "texts" / f"{language}.yaml").read_text(encoding="utf-8"))
    english = yaml.safe_load((FOLDER / "texts" / "en.yaml").read_text(encoding="utf-8"))
    assert words.keys() == english.keys()
    for key, text in words.items():
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", english[key]))
        joint = not re.search(r"\w", re.sub(r"{\w+}", "", text))  # punctuation between what is filled in
        assert language == "en" or key == "html_language" or joint or re.search(r"[\u4e00-\u9fff]", text), key
    page = Page(render_report(rich_report(tmp_path, language)))
    assert ("html", {"lang": words["html_language"]}) in page.elements
    assert words["parameters"] in page.text


def test_unknown_language_names_the_known_ones():
    with pytest.raises(InputError, match="en, zh"):
        render_report(Report("T", [], language="fr"))


def test_writing_replaces_an_older_report_and_leaves_no_litter(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")
    write_report(Report("New title", [Chapter("C", [Paragraph("p")])]), path)
    assert "New title" in path.read_text(encoding="utf-8")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_failing_report_leaves_the_older_one(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")
    broken = Report("T", [Chapter("C", [Map("M", [MapPicture(tmp_path / "none.tif")], Ramp())])])
    with pytest.raises(InputError, match="none.tif"), _quiet():
        write_report(broken, path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_unwritable_places_are_told(tmp_path):
    report = Report("T", [])
    with pytest.raises(OutputError, match="missing does not exist"):
        write_report(report, tmp_path / "missing" / "report.html")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(OutputError, match="folder.html"):
        write_report(report, tmp_path / "folder.html")
    assert [p.name for p in tmp_path.iterdir()] == ["folder.html"]  # no half file beside it
