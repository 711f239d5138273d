"""A report in a real browser: its charts are drawn, and what its buttons save is a picture."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.report import (
    Bars,
    Chapter,
    ClassColour,
    Classes,
    Flow,
    Heatmap,
    Interval,
    Intervals,
    Lines,
    Map,
    MapPicture,
    Ramp,
    Report,
    Sankey,
    Scatter,
    Series,
    write_report,
)

from ...rasters import write_raster

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Presses every button that saves, and leaves in the page what a user would find among the downloads.
PRESS = """
<script>
const saved = [];
HTMLAnchorElement.prototype.click = function () {
  const { download, href } = this;
  found(href).then((data) => { saved.push([download, data]); });
};
function found(href) {
  return new Promise((done) => {
    const blob = made.get(href);
    if (!blob) return done(href);
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.readAsDataURL(blob);
  });
}
const made = new Map();
const createObjectURL = URL.createObjectURL;
URL.createObjectURL = (blob) => { const url = createObjectURL(blob); made.set(url, blob); return url; };
const faults = CHARTS.flatMap(({ data, layout }) => {
  const { legend, ...rest } = layout; // which plotly's own check cannot look into
  const found = Plotly.validate(data, rest) || [];
  return found.filter((fault) => ["schema", "value", "object", "array"].includes(fault.code)).map((fault) => fault.msg);
});
const buttons = [...document.querySelectorAll(".save button")];
buttons.forEach((button) => button.click());
(function tell(left) {
  // The time of a browser without a window runs ahead of the threads that encode pictures.
  for (let spin = 0; spin < 3e6; spin++) Math.sqrt(spin);
  if (saved.length < buttons.length && left) return setTimeout(tell, 30, left - 1);
  const told = document.createElement("pre");
  told.id = "told";
  told.textContent = JSON.stringify({ faults, saved, drawn: document.querySelectorAll(".drawing .main-svg").length });
  document.body.append(told);
})(500);
</script>
</body>
"""


def browser() -> str:
    """The program of a browser; skips where there is none."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser is installed here: {', '.join(BROWSERS)}")
    return found


def in_browser(page: Path, task: str) -> subprocess.CompletedProcess:
    """Opens a page without a window, lets its scripts run, and does one task with it."""
    profile = f"--user-data-dir={page.parent / 'profile'}"
    command = [browser(), "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", profile]
    environment = {**os.environ, "TMPDIR": "/tmp"}  # its socket takes no long path
    return subprocess.run(
        [*command, task, page.as_uri()], capture_output=True, text=True, timeout=120, check=False, env=environment
    )


def pressed(page: Path) -> dict:
    """What a browser tells of a report after every button that saves was pressed."""
    html = page.read_text(encoding="utf-8")
    page.with_name("pressed.html").write_text(html[: html.rindex("</body>")] + PRESS, encoding="utf-8")
    done = in_browser(page.with_name("pressed.html"), "--dump-dom")
    told = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.DOTALL)
    assert told, done.stderr[-2000:]
    return json.loads(told.group(1).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    """A report with each kind of chart and map, beside the rasters that it shows."""
    folder = tmp_path_factory.mktemp("report")  # in the system's temporary folder, with its rasters
    heights = write_raster(folder / "heights.tif", np.arange(12, dtype="float32").reshape(3, 4))
    classes = write_raster(folder / "classes.tif", np.array([[1, 2], [2, 1]], dtype="uint8"))
    blocks = [
        Bars("Bars: gains / losses", ["a", "b"], [Series("s", [1, -2], low=[0, -3], high=[2, -1])], "ha"),
        Lines("Lines", [2000, 2010], [Series("s", [1, 2], low=[0, 1], high=[2, 3])], "ha"),
        Heatmap("Heat", ["a", "b"], ["c", "d"], [[1, 2], [3, -4]], "ha", palette="diverging"),
        Sankey("Flows", ["2000", "2010"], [Flow(0, "a", "b", 3.0), Flow(0, "a", "a", 1.0)], "ha"),
        Intervals("Effects", [Interval("a", 0.5, 0.1, 0.9)]),
        Scatter("Points", [1, 2], [0, 1], [0.1, 0.9], "shade", ["a", "b"], [(1, 0), (2, 1)], [(1.5, 1.2, 1.7)]),
        Map("Heights", [MapPicture(heights, "2000"), MapPicture(heights, "2010")], Ramp("m")),
        Map("地类", [MapPicture(classes)], Classes([ClassColour(1, "森林", "#112233")])),
    ]
    write_report(Report("A report", [Chapter("C", blocks)]), folder / "report.html")
    return folder / "report.html"


@pytest.fixture(scope="module")
def told(report) -> dict:
    return pressed(report)


def test_every_chart_is_drawn_of_properties_that_plotly_knows(told):
    assert told["faults"] == []
    assert told["drawn"] >= 6


def test_every_chart_and_map_can_be_saved_under_its_heading(told):
    charts = ("Bars_gains_losses", "Lines", "Heat", "Flows", "Effects", "Points")
    names = {f"{chart}.{kind}" for chart in charts for kind in ("svg", "png")} | {"Heights.png", "地类.png"}
    assert {name for name, _ in told["saved"]} == names


def test_what_is_saved_is_a_picture(told, tmp_path):
    for name, address in told["saved"]:
        kind, data = address.split(",", 1)
        assert kind.startswith("data:image/svg+xml" if name.endswith("svg") else "data:image/png"), name
        (tmp_path / name).write_bytes(base64.b64decode(data))
    chart, heights = gdal.Open(str(tmp_path / "Lines.png")), gdal.Open(str(tmp_path / "Heights.png"))
    assert (chart.RasterXSize, heights.RasterXSize) == (3000, 2000)
    colours = {tuple(heights.ReadAsArray()[:3, y, x]) for y in range(0, heights.RasterYSize, 10) for x in (300, 1500)}
    assert len(colours) > 5  # the picture and its legend, not a white sheet
    assert "<text" in (tmp_path / "Lines.svg").read_text(encoding="utf-8")


def test_maps_lead_to_their_rasters_beside_the_report(report):
    html = report.read_text(encoding="utf-8")
    assert re.findall(r'<a href="([^"]+)" download title="[^"]+">GeoTIFF</a>', html) == ["heights.tif", "classes.tif"]


def test_what_lies_in_a_temporary_folder_is_kept_beside_the_report(tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    raster = write_raster(temporary / "plan.tif", np.arange(12, dtype="float32").reshape(3, 4))
    (tmp_path / "results").mkdir()
    report = Report("A report", [Chapter("C", [Map("Plan", [MapPicture(raster)], Ramp("m"))])])
    write_report(report, tmp_path / "results" / "zones.html")
    assert 'href="zones_maps/plan.tif"' in (tmp_path / "results" / "zones.html").read_text(encoding="utf-8")
    assert (tmp_path / "results" / "zones_maps" / "plan.tif").read_bytes() == Path(raster).read_bytes()
    write_report(report, temporary / "zones.html")  # goes with the folder, as its rasters do
    assert 'href="plan.tif"' in (temporary / "zones.html").read_text(encoding="utf-8")


def test_a_report_is_small(report):
    assert report.stat().st_size < 1_500_000


def test_on_paper_charts_that_half_the_width_suffices_stand_beside_each_other(report):
    pdftotext = shutil.which("pdftotext")
    if pdftotext is None:
        pytest.skip("pdftotext is not installed here")
    printed = report.with_name("printed.pdf")
    in_browser(report, f"--print-to-pdf={printed}")
    lines = subprocess.check_output([pdftotext, "-layout", str(printed), "-"], text=True)
    assert re.search(r"Bars: gains / losses +Lines", lines)
    assert lines.count("\f") <= 3  # six charts and two maps on at most three pages
