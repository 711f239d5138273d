"""`make memory`: the peak memory of every method on the practice region in two sizes, each run a process of its own.

    make memory                             400 and 1600 pixels along an edge, four years
    make memory ARGS="--sizes 400 3000"     needs some GB of disk

What grows with the pixels beyond tables and pictures is told by MB per million pixels between the sizes.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

CLONE = Path(__file__).resolve().parent.parent
GROWING = 100.0  # MB per million pixels: a dozen arrays of double precision
_LOG = "ECOASSETS_MEMORY_LOG"


def measured(words: list[str]) -> int:
    """Runs qgis_process, and notes the peak of its memory in MB. A failure is noted and does not end the rest."""
    status = subprocess.run([str(CLONE / "tools" / "qgis-process"), *words], stdout=subprocess.DEVNULL).returncode
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    with open(os.environ[_LOG], "a", encoding="utf-8") as log:
        log.write(f"{words[1].split(':')[1]} {peak:.0f} {status}\n")
    return 0


def peaks(size: int, folder: str) -> dict[str, float]:
    """The peak memory of each method, the largest of its runs; nothing for those that failed."""
    log = Path(folder, f"{size}.txt")
    environment = {
        **os.environ, "DEMO_SIZE": str(size), "DEMO_OUTPUT": os.path.join(folder, str(size)),
        "DEMO_RUNNER": f"{sys.executable} {__file__} --measured", _LOG: str(log),
    }  # fmt: skip
    subprocess.run(["bash", "tools/demo.sh"], cwd=CLONE, env=environment, stdout=subprocess.DEVNULL)
    found: dict[str, float] = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        name, peak, status = line.split()
        if status == "0":
            found[name] = max(found.get(name, 0.0), float(peak))
        else:
            print(f"{name} failed at {size} pixels", flush=True)
    return found


def main() -> int:
    if sys.argv[1:2] == ["--measured"]:
        return measured(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="make memory", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs=2, default=(400, 1600), help="pixels along an edge, smaller first")
    small, large = parser.parse_args().sizes
    with tempfile.TemporaryDirectory(prefix="ecoassets-memory-") as folder:
        of_small, of_large = peaks(small, folder), peaks(large, folder)
    print(f"| method | {small}^2, MB | {large}^2, MB | MB per million pixels |\n|---|---|---|---|")
    for name in sorted(of_small.keys() & of_large.keys()):
        growth = (of_large[name] - of_small[name]) / ((large**2 - small**2) / 1e6)
        grows = " grows" if growth > GROWING else ""
        print(f"| {name} | {of_small[name]:.0f} | {of_large[name]:.0f} | {growth:.0f}{grows} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
