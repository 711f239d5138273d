"""The rules of the house: which way imports point, what stays lazy, what is shipped."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecoassets.tools.package import build, metadata_problems, read_metadata, zip_problems

CLONE = Path(__file__).resolve().parents[1]
FLOORS = {"core": 0, "algorithms": 1, "plugin": 2}
LAZY = {"pandas", "statsmodels", "dask", "distributed", "jinja2", "xgboost", "lightgbm", "sklearn", "shap"}
MAX_LINES = 450
MAX_FILES = 20  # in a folder


def _rooms(*names: str) -> list[Path]:
    return sorted(path for name in names for path in (CLONE / name).rglob("*.py"))


def _shipped() -> list[Path]:
    return [*sorted(CLONE.glob("*.py")), *_rooms("core", "algorithms")]


def _written() -> list[Path]:
    return [*_shipped(), *_rooms("tests", "tools")]


def _name(path: Path) -> str:
    return str(path.relative_to(CLONE))


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def _at_import(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when the module is imported: no insides of functions, no imports for type checkers."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) or _is_type_checking(child):
            continue
        yield child
        yield from _at_import(child)


def _outside(nodes: Iterator[ast.AST]) -> set[str]:
    """The top names of all absolute imports among the nodes."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _inside(path: Path) -> set[str]:
    """The rooms and modules of this package that a file imports, as dotted names from the root."""
    package = path.relative_to(CLONE).parent.parts
    found = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ImportFrom) and node.level > 0:
            base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
            found |= {".".join([*filter(None, base), alias.name]) for alias in node.names}
    return found


def test_core_imports_without_qgis_and_without_the_optional_packages():
    program = f"""
import importlib, pkgutil, sys
blocked = {sorted(LAZY | {"qgis", "PyQt5", "PyQt6", "processing"})!r}

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked:
            raise ImportError(f"{{name}} is blocked")

sys.meta_path.insert(0, Blocker())
import ecoassets.core
names = [module.name for module in pkgutil.walk_packages(ecoassets.core.__path__, "ecoassets.core.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""
    # Run beside the link through which this very test was imported, whatever the clone is called.
    beside = Path(sys.modules["ecoassets"].__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", program], cwd=beside, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    modules = [path for path in _rooms("core") if path != CLONE / "core" / "__init__.py"]
    assert int(done.stdout) == len(modules), "a folder in core/ has no __init__.py, or a module was not reached"


def test_imports_inside_the_package_are_relative():
    assert [_name(path) for path in _shipped() if "ecoassets" in _outside(ast.walk(_tree(path)))] == []


def test_qt_is_imported_from_qgis():
    qt = {"PyQt5", "PyQt6", "PySide2", "PySide6"}
    assert [_name(path) for path in _shipped() if qt & _outside(ast.walk(_tree(path)))] == []


def test_nothing_imports_everything():
    stars = [
        _name(path)
        for path in _written()
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
    ]
    assert stars == []


def test_sys_path_is_left_alone():
    assert [_name(path) for path in _shipped() if "sys.path" in path.read_text(encoding="utf-8")] == []


def test_packages_that_qgis_may_lack_are_imported_where_they_are_used():
    early = {_name(path): sorted(LAZY & _outside(_at_import(_tree(path)))) for path in _shipped()}
    assert {name: packages for name, packages in early.items() if packages} == {}


def test_core_knows_nothing_of_qgis():
    qgis = {"qgis", "processing"}
    assert [_name(path) for path in _rooms("core") if qgis & _outside(ast.walk(_tree(path)))] == []


def test_the_root_can_be_imported_without_qgis():
    assert "qgis" not in _outside(_at_import(_tree(CLONE / "__init__.py")))


def test_imports_point_downwards():
    upwards = [
        f"{_name(path)} imports {name}"
        for room, floor in FLOORS.items()
        for path in ([CLONE / f"{room}.py"] if room == "plugin" else _rooms(room))
        if path.exists()
        for name in _inside(path)
        if FLOORS.get(name.split(".")[0], len(FLOORS)) > floor
    ]
    assert upwards == []


def _imported() -> dict[str, set[str]]:
    """The modules of this package that each of its modules imports, those for type checkers too."""
    modules = {_module(path): path for path in _shipped()}
    named = {name: _inside(path) for name, path in modules.items()}
    return {
        name: {found if found in modules else found.rpartition(".")[0] for found in names} & modules.keys() - {name}
        for name, names in named.items()
    }


def _module(path: Path) -> str:
    parts = path.relative_to(CLONE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_import_leads_in_a_circle():
    left = _imported()
    while True:  # take away what imports nothing that is left, until only circles and what leans on them remain
        ends = {name for name, names in left.items() if not names & left.keys()}
        if not ends:
            break
        left = {name: names for name, names in left.items() if name not in ends}
    assert {name: sorted(names & left.keys()) for name, names in left.items()} == {}


def test_rooms_can_be_walked():
    rooms = {path.parent for path in _rooms("core", "algorithms")}
    crowded = {_name(room): len(list(room.glob("*.py"))) for room in rooms}
    assert {name: files for name, files in crowded.items() if files > MAX_FILES} == {}


def test_files_fit_on_a_few_screens():
    lengths = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in _written()}
    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


def test_every_room_is_a_package():
    """Without it pytest would take two files of the same name in two rooms for one."""
    folders = {path.parent for path in _rooms("core", "algorithms", "tests")}
    assert sorted(_name(folder) for folder in folders if not (folder / "__init__.py").exists()) == []


def test_no_module_is_called_utils():
    assert [_name(path) for path in _written() if path.stem == "utils"] == []


def test_only_the_fuzz_tests_are_skipped_where_hypothesis_is_missing():
    program = "import pytest, sys; sys.modules['hypothesis'] = None; sys.exit(pytest.main(sys.argv[1:]))"
    words = [
        "-p",
        "no:cacheprovider",
        "--collect-only",
        "-qrs",
        "ecoassets/tests/fuzz",
        "ecoassets/tests/core/test_years.py",
    ]
    beside = Path(sys.modules["ecoassets"].__file__).parent.parent
    without_plugins = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # hypothesis brings one
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=beside,
        env=without_plugins,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_years.py: " in done.stdout
    assert "test_untrusted_rasters.py: " in done.stdout, "it needs no hypothesis"
    assert f"SKIPPED [{len(list((CLONE / 'tests' / 'fuzz').glob('test_fuzz_*.py')))}]" in done.stdout


def test_metadata_is_complete():
    metadata = read_metadata((CLONE / "metadata.txt").read_text(encoding="utf-8"))
    assert metadata_problems(metadata) == []
    assert (CLONE / metadata["icon"]).is_file()
    assert metadata["qgisMinimumVersion"] == "3.22"
    assert metadata["qgisMaximumVersion"] == "4.99", "without it QGIS 4 would not offer the plugin"


def test_metadata_and_changelog_tell_the_same_version():
    metadata = read_metadata((CLONE / "metadata.txt").read_text(encoding="utf-8"))
    newest = re.search(r"^## (\S+)", (CLONE / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert metadata["version"] == newest[1]
    assert metadata["changelog"].startswith(metadata["version"])


def test_incomplete_metadata_is_told():
    problems = metadata_problems({"name": "My Plugin", "hasProcessingProvider": "no", "tracker": "http://example.org"})
    assert "metadata.txt: version is missing or empty" in problems
    assert "metadata.txt: the name 'My Plugin' must not hold the word plugin" in problems
    assert "metadata.txt: tracker must be an https address" in problems


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    if not (CLONE / ".git").exists():
        pytest.skip("not a git clone, so there is nothing to build a package from")
    target = tmp_path_factory.mktemp("dist") / "ecoassets.zip"
    build(CLONE, target)
    return target


def test_the_package_is_what_the_plugin_site_takes(package):
    assert zip_problems(package) == []


def test_a_bad_package_is_told(package, tmp_path):
    bad = tmp_path / "bad.zip"
    bad.write_bytes(package.read_bytes())
    with zipfile.ZipFile(bad, "a") as archive:
        archive.writestr("ecoassets/core/__pycache__/errors.pyc", b"")
    assert "bad.zip: ecoassets/core/__pycache__/errors.pyc must not be shipped" in zip_problems(bad)
    with zipfile.ZipFile(bad, "a") as archive:
        archive.writestr("eco-assets/plugin.py", b"")
    assert zip_problems(bad) == ["bad.zip: needs one top folder that is a Python identifier, not eco-assets, ecoassets"]
