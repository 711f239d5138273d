"""What QGIS 4 (Qt 6) refuses: enums without their class, imports of PyQt, calls that are gone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

CLONE = Path(__file__).resolve().parents[2]
GONE = {"exec_", "print_", "toPyObject"}
# Asked only before 3.38, where QVariant still holds the types.
BEFORE_QT6 = {"algorithms/compat.py: QVariant.String", "algorithms/compat.py: QVariant.Int",
              "algorithms/compat.py: QVariant.Double"}  # fmt: skip


def _files() -> list[Path]:
    return [CLONE / "plugin.py", CLONE / "__init__.py", *sorted((CLONE / "algorithms").rglob("*.py"))]


def _qt_names(tree: ast.Module) -> dict[str, object]:
    """The classes that a file takes from QGIS and Qt, by the name it uses."""
    import importlib

    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").startswith("qgis."):
            try:
                module = importlib.import_module(node.module)
            except ImportError:  # a module that another version has
                continue
            found.update({a.asname or a.name: getattr(module, a.name) for a in node.names if hasattr(module, a.name)})
    return found


def unscoped(source: str) -> Iterator[str]:
    """Enum values that are named without their enum, such as `QgsWkbTypes.NoGeometry`."""
    tree = ast.parse(source)
    known = _qt_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
            value = getattr(known[node.value.id], node.attr, None)
            if isinstance(value, int) and type(value) is not int and not isinstance(value, bool):
                yield f"{node.value.id}.{node.attr}"


def test_an_unscoped_enum_is_found():
    text = "from qgis.core import QgsWkbTypes\nbad = QgsWkbTypes.NoGeometry\ngood = QgsWkbTypes.Type.NoGeometry\n"
    assert list(unscoped(text)) == ["QgsWkbTypes.NoGeometry"]


def test_enums_are_named_with_their_class():
    found = {
        f"{path.relative_to(CLONE)}: {name}" for path in _files() for name in unscoped(path.read_text(encoding="utf-8"))
    }
    assert found == BEFORE_QT6


def test_nothing_is_called_that_qt6_lacks():
    called = [
        f"{path.relative_to(CLONE)}, line {node.lineno}: {node.attr}"
        for path in _files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in GONE
    ]
    assert called == []
