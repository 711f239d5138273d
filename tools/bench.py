"""`make bench`: how fast and how small, as ratios to the limit of GDAL itself and to peers, measured in one run.

    make bench                       5000 x 5000 pixels
    make bench ARGS="--size 10000"   larger
    make bench ARGS="--repeat 5"     steadier medians

Every figure is the median over whole processes that take turns, so that a change of the machine's speed meets them all.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .bench_data import creation_options, make_inputs
from .bench_drivers import drivers
from .bench_jobs import REFERENCES, STANDARD_VALUE, keep_result
from .bench_landuse import crosstab, focal
from .bench_prepare import KINDS, prepare_commands
from .bench_quality import percentiles, rsei, trend
from .bench_scenes import scene_commands
from .bench_services import JOBS, service_commands
from .bench_zoning import importance, ranking

CODECS = ("DEFLATE", "ZSTD")
PARTS = (
    "one", "services", "memory", "empty", "crosstab", "focal", "trend", "percentiles", "rsei", "ecosystem_services",
    "importance", "ranking", "drivers", "prepare", "scenes",
)  # fmt: skip


@dataclass
class Measured:
    """Runs of one competitor: seconds by the clock, seconds of processor, peak memory."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    def median(self, what: str) -> float:
        return statistics.median(getattr(self, what))


def measure(commands: Mapping[str, Sequence[Sequence[str]]], repeat: int) -> dict[str, Measured]:
    """Runs the competitors in turn, `repeat` times; a competitor is a list of commands that follow each other."""
    found = {name: Measured() for name in commands}
    for _ in range(repeat):
        for name, steps in commands.items():
            wall, cpu, memory = 0.0, 0.0, 0.0
            for step in steps:
                start = time.monotonic()
                process = subprocess.Popen(step, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                message = process.stderr.read() if process.stderr else ""
                _, status, usage = os.wait4(process.pid, 0)
                if os.waitstatus_to_exitcode(status) != 0:
                    raise SystemExit(f"{name} failed: {' '.join(step)}\n{message}")
                wall += time.monotonic() - start
                cpu += usage.ru_utime + usage.ru_stime
                memory = max(memory, usage.ru_maxrss / 1024)
            found[name].wall.append(wall)
            found[name].cpu.append(cpu)
            found[name].memory.append(memory)
    return found


def job(*words: str) -> list[str]:
    return [sys.executable, "-m", "ecoassets.tools.bench_jobs", *words]


def gdal_calc(paths: dict[str, str], output: str, codec: str, expression: str, threads: int = 1) -> list[str]:
    """The call as people write it; codec threads are an option that they must know of."""
    program = shutil.which("gdal_calc.py") or "gdal_calc.py"
    letters = {"A": "land_cover", "B": "npp", "C": "precipitation", "D": "soil"}
    inputs = [word for letter, name in letters.items() if letter in expression for word in (f"-{letter}", paths[name])]
    options = [f"--co={option}" for option in creation_options(codec, True, threads)]
    return [program, *inputs, f"--outfile={output}", "--overwrite", "--quiet", "--type=Float32",
            "--NoDataValue=-9999", f"--calc={expression}", *options]  # fmt: skip


def total_expression() -> str:
    """The same job as an expression: a lookup by class and three adjustments."""
    table = f"numpy.take(numpy.linspace(0,3e5,256,dtype='float32'),A)*{STANDARD_VALUE / 1e4}"
    return f"{table}*(B/{REFERENCES['npp']}+C/{REFERENCES['precipitation']}+D/{REFERENCES['soil']})"


def service_expression(letter: str, reference: float) -> str:
    return f"numpy.take(numpy.linspace(0,3e5,256,dtype='float32'),A)*({letter}/{reference})"


def one_band(size: int, codec: str, repeat: int, folder: str) -> list[str]:
    paths = make_inputs(os.path.join(folder, codec), size, codec)
    base, out = os.path.join(folder, codec), os.path.join(folder, "out.tif")
    ours = job("engine", base, out, codec, "total")
    keep_result(ours, [out], out)
    commands = {
        "limit of GDAL (read + write, no computing)": [job("limit", base, out, codec)],
        "EcoAssets, one band": [ours],
        "gdal_calc.py": [gdal_calc(paths, out, codec, total_expression())],
        "gdal_calc.py, codec threads": [gdal_calc(paths, out, codec, total_expression(), os.cpu_count() or 1)],
    }
    if shutil.which("grass"):
        commands["GRASS (link, mapcalc, export)"] = [grass(paths, out, codec)]
    if importlib.util.find_spec("qgis"):
        commands["QGIS raster calculator"] = [job("qgis", base, out, codec)]
    return rows(measure(commands, repeat), f"one band, {codec}")


def grass(paths: dict[str, str], output: str, codec: str) -> list[str]:
    links = "; ".join(f"r.external -o input={path} output={name} --o --q" for name, path in paths.items())
    expression = (
        f"total=land_cover*{STANDARD_VALUE}*(npp/{REFERENCES['npp']}+precipitation/{REFERENCES['precipitation']}"
        f"+soil/{REFERENCES['soil']})"
    )
    options = ",".join(creation_options(codec, True, os.cpu_count() or 1))
    script = (
        f"{links}; g.region raster=land_cover; r.mapcalc expression='{expression}' --o --q; "
        f"r.out.gdal -f input=total output={output} type=Float32 createopt={options} --o --q"
    )
    return ["grass", "--tmp-location", paths["land_cover"], "--exec", "sh", "-c", script]


def services(size: int, codec: str, repeat: int, folder: str) -> list[str]:
    paths = make_inputs(os.path.join(folder, codec), size, codec)
    base, out = os.path.join(folder, codec), os.path.join(folder, "out.tif")
    of_service = [("B", REFERENCES["npp"])] * 8 + [("C", REFERENCES["precipitation"])] * 2 + [("D", REFERENCES["soil"])]
    runs = [gdal_calc(paths, out, codec, service_expression(*service)) for service in of_service]
    ours = job("engine", base, out, codec, "total,services")
    keep_result(ours, [out, out.replace(".tif", "_services.tif")], out)
    commands = {
        "limit of GDAL (read + write 12 bands)": [job("limit", base, out, codec)],
        "EcoAssets, 11 services + total": [ours],
        "gdal_calc.py, 12 runs": [*runs, gdal_calc(paths, out, codec, total_expression())],
    }
    return rows(measure(commands, repeat), f"11 services + total, {codec}")


def memory(size: int, folder: str, repeat: int) -> list[str]:
    found = {}
    for edge in (size // 2, size):
        base = os.path.join(folder, f"memory{edge}")
        make_inputs(base, edge, "ZSTD")
        command = {"engine": [job("engine", base, os.path.join(folder, "out.tif"), "ZSTD", "total,services")]}
        found[edge] = measure(command, repeat)["engine"].median("memory")
    small, large = found[size // 2], found[size]
    return [
        "",
        "### Memory, 11 services + total",
        "",
        f"{size // 2}²: {small:.0f} MB, {size}²: {large:.0f} MB; four times the pixels take {large / small:.2f}x.",
    ]


def empty_windows(size: int, folder: str, repeat: int) -> list[str]:
    part, full = os.path.join(folder, "part"), os.path.join(folder, "full")
    make_inputs(part, size, "DEFLATE", 0.4)
    make_inputs(full, size, "DEFLATE")
    out = os.path.join(folder, "out.tif")
    found = measure(
        {
            "full": [job("engine", full, out, "DEFLATE")],
            "part": [job("engine", part, out, "DEFLATE")],
            "overviews": [job("engine", full, out, "DEFLATE", "total", "overviews")],
        },
        repeat,
    )
    gain = found["full"].median("wall") / found["part"].median("wall")
    overviews = found["overviews"].median("wall") / found["full"].median("wall")
    return [
        "",
        "### Empty windows and overviews",
        "",
        f"40 % valid in a disc: {gain:.2f}x faster than the full raster of the same size.",
        f"Building overviews takes the run to {overviews:.2f}x (they are switched off in all other comparisons).",
    ]


def ecosystem_services(size: int, codec: str, repeat: int, folder: str) -> list[str]:
    lines = []
    for name, service in JOBS.items():
        found = measure(service_commands(name, size, codec, folder), repeat)
        lines += rows(found, f"{service.title}, {codec}")
    return lines


def prepared(repeat: int, folder: str) -> list[str]:
    lines = []
    for kind, title in KINDS.items():
        found = measure(prepare_commands(os.path.join(folder, kind), kind), repeat)
        lines += rows(found, f"46 tiles of MODIS, {title}")
    return lines


def rows(found: dict[str, Measured], title: str) -> list[str]:
    """A table of ratios to the first competitor."""
    reference = next(iter(found.values()))
    ours = next(measured for name, measured in found.items() if name.startswith("EcoAssets"))
    lines = [
        "",
        f"### {title}",
        "",
        "| | wall / limit | CPU / limit | wall / EcoAssets | peak MB |",
        "|---|---|---|---|---|",
    ]
    for name, measured in found.items():
        lines.append(
            f"| {name} | {measured.median('wall') / reference.median('wall'):.2f} "
            f"| {measured.median('cpu') / reference.median('cpu'):.2f} "
            f"| {measured.median('wall') / ours.median('wall'):.2f} | {measured.median('memory'):.0f} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--size", type=int, default=5000, help="edge of the rasters in pixels")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each competitor")
    parser.add_argument("--only", choices=PARTS, help="one part only")
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(f"{given.size} x {given.size} pixels, {os.cpu_count()} processors, medians of {given.repeat} runs, load "
          f"{os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip
    parts = {
        "one": lambda folder: [line for c in CODECS for line in one_band(given.size, c, given.repeat, folder)],
        "services": lambda folder: services(given.size, "DEFLATE", 1, folder) + services(given.size, "ZSTD", 1, folder),
        "memory": lambda folder: memory(given.size, folder, 1),
        "empty": lambda folder: empty_windows(given.size, folder, given.repeat),
        "crosstab": lambda folder: crosstab(given.size, folder, given.repeat),
        "focal": lambda folder: focal(given.size, folder, given.repeat),
        "trend": lambda folder: trend(given.size, folder, given.repeat),
        "percentiles": lambda folder: percentiles(given.size, folder, given.repeat),
        "rsei": lambda folder: rsei(given.size, folder, given.repeat),
        "importance": lambda folder: importance(given.size, folder, given.repeat),
        "ranking": lambda folder: ranking(folder),
        "ecosystem_services": lambda folder: ecosystem_services(given.size, "DEFLATE", given.repeat, folder),
        "drivers": lambda folder: drivers(),
        "prepare": lambda folder: prepared(given.repeat, folder),
        "scenes": lambda folder: rows(
            measure(scene_commands(folder, given.size), given.repeat), "20 scenes of Landsat, 8 bands"
        ),
    }
    for name, part in parts.items():
        if given.only in (None, name):
            with tempfile.TemporaryDirectory(prefix="ecoassets-bench-") as folder:
                print("\n".join(part(folder)), flush=True)


if __name__ == "__main__":
    main()
