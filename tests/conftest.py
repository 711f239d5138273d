"""What all rooms of the tests share: their order, the real data, and what happens where QGIS is missing."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
CLONE = TESTS.parent
ROOMS = ("core", "algorithms", "cli", "gui")  # the order of the tests: the cheapest answers first
NEEDS_QGIS = ("algorithms", "cli", "gui")
HAS_QGIS = importlib.util.find_spec("qgis") is not None


GDAL_EXCEPTIONS = "ECOASSETS_GDAL_EXCEPTIONS"
"""Set to run all tests with the exceptions of GDAL on, as GDAL 4 and some plugins have them."""

LOCALE = "ECOASSETS_LOCALE"
"""Set to run all tests in another locale."""


def pytest_configure() -> None:
    # QGIS would speak the language of the machine; Qt looks once, so it is told early.
    os.environ["LC_ALL"] = os.environ.get(LOCALE, "C.UTF-8")
    if os.environ.get(GDAL_EXCEPTIONS):
        from osgeo import gdal, ogr, osr

        for module in (osr, ogr, gdal):  # gdal last: tests turn it off and on
            module.UseExceptions()


def _room(path: Path) -> str:
    parts = path.resolve().relative_to(TESTS).parts
    return parts[0] if len(parts) > 1 else ""


class SkippedModule(pytest.Module):
    """A file of tests that is not even imported, because what it needs is missing here."""

    reason = ""

    def collect(self):
        pytest.skip(self.reason, allow_module_level=True)


def skipped_module(module_path: Path, parent: pytest.Collector, reason: str) -> pytest.Module:
    module = SkippedModule.from_parent(parent, path=module_path)
    module.reason = reason
    return module


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    if not HAS_QGIS and _room(module_path) in NEEDS_QGIS:
        return skipped_module(module_path, parent, "the Python module qgis cannot be imported here")
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: ROOMS.index(_room(item.path)) if _room(item.path) in ROOMS else -1)


@pytest.fixture(scope="session")
def lists_as_written(tmp_path_factory: pytest.TempPathFactory) -> bool:
    """Whether names keep their case here; NTFS that ignores case lists them in lower case, unlike in Windows."""
    folder = tmp_path_factory.mktemp("case")
    (folder / "Name").touch()
    return [path.name for path in folder.iterdir()] == ["Name"]


@pytest.fixture(autouse=True)
def _names_as_written(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("names_as_written") and not request.getfixturevalue("lists_as_written"):
        pytest.skip("the file system lists names in lower case")


_ended = {}


def pytest_sessionfinish(exitstatus: int) -> None:
    _ended["status"] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Ends at once where QGIS was loaded: it may crash while its objects are torn down with the interpreter.

    What the tests have found is told by then; the exit status is theirs.
    """
    if "qgis.core" in sys.modules and "status" in _ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_ended["status"])


@pytest.fixture(scope="session")
def clone() -> Path:
    """The folder of this clone, whatever its name."""
    return CLONE


@pytest.fixture(scope="session")
def shared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real rasters and tables that some tests run on: ECOASSETS_DATA, or `shared/data` beside the clone.

    A folder of links, because QGIS leaves statistics beside the rasters that it loads.
    """
    folder = Path(os.environ.get("ECOASSETS_DATA") or CLONE.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"the real data is not in {folder}; set ECOASSETS_DATA to its folder")
    mirror = tmp_path_factory.mktemp("data")
    for file in (path for path in folder.rglob("*") if path.is_file()):
        link = mirror / file.relative_to(folder)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file.resolve())
    return mirror


@pytest.fixture(autouse=True)
def side_files_allowed():
    """Category names lie in `.aux.xml` files, which some machines switch off for all of GDAL."""
    from osgeo import gdal

    before = gdal.GetConfigOption("GDAL_PAM_ENABLED")
    gdal.SetConfigOption("GDAL_PAM_ENABLED", "YES")
    yield
    gdal.SetConfigOption("GDAL_PAM_ENABLED", before)
