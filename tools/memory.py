"""`make memory`: the peak memory of every method on the practice region in two sizes, each run a process of its own.

    make memory                             1000 and 2000 pixels along an edge, four years: an hour, some GB of disk
    make memory ARGS="--sizes 100 200"      whether every run still succeeds
    make memory ARGS="--folder /data/memory --only trend"   one method on what an earlier call with that folder left

Runs are those of tools/demo.sh and of memory.yaml. Each is forked from a QGIS that is ready, which its peak contains.
What grows with the pixels beyond tables and pictures is told by MB per million pixels between the sizes; below a
million a few blocks hold the whole raster, and everything grows. GDAL keeps up to 1 GB of blocks by default; here
64 MB, so that its cache hides nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

CLONE = Path(__file__).resolve().parent.parent
GROWING = 100.0  # MB per million pixels: a dozen arrays of double precision
YEARS = (2000, 2005, 2010, 2015)
_LOG = "ECOASSETS_MEMORY_LOG"
Job = tuple[str, dict[str, Any]]


def noted(words: list[str]) -> None:
    """What stands for qgis_process in the demo: notes a run instead of doing it."""
    with open(os.environ[_LOG], "a", encoding="utf-8") as log:
        log.write(json.dumps(words) + "\n")


def of_demo(size: int, folder: Path) -> list[Job]:
    """Every run of tools/demo.sh with its parameters."""
    with tempfile.TemporaryDirectory() as place:
        log = Path(place, "runs")
        environment = {
            **os.environ, "DEMO_SIZE": str(size), "DEMO_OUTPUT": str(folder / "output"), _LOG: str(log),
            "DEMO_RUNNER": f"{sys.executable} {Path(__file__).resolve()} --note",
        }  # fmt: skip
        subprocess.run(["bash", "tools/demo.sh"], cwd=CLONE, env=environment, stdout=subprocess.DEVNULL, check=True)
        lines = log.read_text(encoding="utf-8").splitlines()
    jobs = []
    for _, name, _, *words in map(json.loads, lines):
        given: dict[str, Any] = {}
        for key, value in (word.split("=", 1) for word in words):
            given[key] = (
                [*([given[key]] if isinstance(given[key], str) else given[key]), value] if key in given else value
            )
        jobs.append((name.replace("ecoassets:", ""), given))
    return jobs


def of_list(folder: Path) -> tuple[list[Job], dict[str, str]]:
    """The runs of memory.yaml and the three workflows of papers, and what is left out, with the reason."""
    import yaml

    from .demo_workflows import workflows

    region, output = folder / "output" / "region", folder / "output"
    places = {"region": region, "output": output, "downloads": folder / "downloads"}

    def placed(value: Any) -> Any:
        if isinstance(value, list):
            return [path for one in value for path in [placed(one)]]
        root, _, rest = str(value).partition("/")
        if root not in places:
            return value
        if "YEAR" in rest:
            return [str(places[root] / rest.replace("YEAR", str(year))) for year in YEARS]
        return str(places[root] / rest)

    told = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    jobs = [
        (name, {key: placed(value) for key, value in given.items()})
        for run in told["runs"]
        for name, given in run.items()
    ]
    for name, given in workflows(region, output).items():
        made = {"FOLDER": name, "OUTPUT_TABLE": f"{name}.csv", "OUTPUT_HTML": f"{name}.html"}
        jobs.append((name, {**given, **{key: str(output / place) for key, place in made.items()}}))
    return jobs, told["left_out"]


def make_more(size: int, folder: Path) -> None:
    """What the list asks for beside the region: some downloads, roads as lines, and a variable with a band per year."""
    from osgeo import gdal, ogr

    from ..core.tools.practice.region import build_region
    from ..tests.region_downloads import RegionDownloads

    downloads = RegionDownloads(build_region(size, years=(YEARS[0], YEARS[-1])), folder / "downloads")
    for make in (downloads.land_cover, downloads.soils, downloads.scenes):
        make()
    region, output = folder / "output" / "region", folder / "output"
    for name in ("ndvi", "fvc"):
        files = [str(region / f"{name}_{year}.tif") for year in YEARS]
        gdal.BuildVRT(str(output / f"{name}.vrt"), files, separate=True).FlushCache()
    roads = ogr.GetDriverByName("GPKG").CreateDataSource(str(output / "roads.gpkg"))
    districts = ogr.Open(str(region / "districts.gpkg"))
    borders = districts.GetLayer(0)
    layer = roads.CreateLayer("roads", borders.GetSpatialRef(), ogr.wkbMultiLineString)
    for district in borders:
        road = ogr.Feature(layer.GetLayerDefn())
        road.SetGeometry(ogr.ForceToMultiLineString(district.GetGeometryRef().Boundary()))
        layer.CreateFeature(road)


def run(name: str, given: dict[str, Any]) -> bool:
    """Runs an algorithm as a window of QGIS does; what it said is printed where it fails."""
    from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback

    feedback = QgsProcessingFeedback(False)
    identifier = name if ":" in name else f"ecoassets:{name}"
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(identifier)
    _, right = algorithm.run(given, QgsProcessingContext(), feedback)
    if not right:
        print("\n".join(feedback.textLog().strip().splitlines()[-4:]), flush=True)
    return bool(right)


def peak_of(work: Callable[[], object]) -> float | None:
    """The peak memory, MB, of a process of its own that does a work; None where that fails."""
    child = os.fork()
    if not child:
        status = 1
        try:
            status = 1 if work() is False else 0
        except Exception:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(status)
    _, status, used = os.wait4(child, 0)
    return used.ru_maxrss / 1024 if status == 0 else None


def peaks(size: int, folder: Path, only: list[str]) -> dict[str, float]:
    """The peak memory of each method, the largest of its runs; nothing for those that failed."""
    found: dict[str, float] = {}
    first, more = of_demo(size, folder), of_list(folder)[0]
    for name, given in [*first, ("", {}), *more]:
        if only and name not in only:
            continue
        peak = peak_of(partial(run, name, given) if name else partial(make_more, size, folder))
        if peak is None:
            print(f"{name or 'what the list asks for'} failed at {size} pixels", flush=True)
        elif name and ":" not in name:
            print(f"{name} {size} {peak:.0f}", file=sys.stderr, flush=True)
            found[name] = max(found.get(name, 0.0), peak)
    return found


def measure(sizes: list[int], kept: Path | None, only: list[str]) -> int:
    small, large = sizes
    with tempfile.TemporaryDirectory(prefix="ecoassets-memory-") as place:
        folder = (kept or Path(place)).resolve()
        of_small, of_large = (peaks(size, folder / str(size), only) for size in sizes)
    print(f"| method | {small}^2, MB | {large}^2, MB | MB per million pixels |\n|---|---|---|---|")
    for name in sorted(of_small.keys() & of_large.keys()):
        growth = (of_large[name] - of_small[name]) / ((large**2 - small**2) / 1e6)
        grows = " grows" if growth > GROWING else ""
        print(f"| {name} | {of_small[name]:.0f} | {of_large[name]:.0f} | {growth:.0f}{grows} |")
    for name, reason in of_list(Path())[1].items():
        print(f"{name}: left out, {reason}")
    return 0


def main() -> None:
    if sys.argv[1:2] == ["--note"]:
        noted(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(prog="make memory", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs=2, default=[1000, 2000], help="pixels along an edge, smaller first")
    parser.add_argument("--folder", type=Path, help="where everything is left; a temporary folder by default")
    parser.add_argument("--only", nargs="+", default=[], help="methods, on what an earlier call left in the folder")
    options = parser.parse_args()
    os.environ.setdefault("GDAL_CACHEMAX", "64")
    from .soak import in_qgis

    in_qgis(lambda: measure(options.sizes, options.folder, options.only))


if __name__ == "__main__":
    main()
