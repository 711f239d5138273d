"""Everything that QGIS loads is imported with PyQt6, and the menu opens, with stand-ins for the classes of QGIS 4."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ecoassets

# What is asked of qgis.core and its neighbours is made when it is asked for: a class that takes anything. Qt is real.
PROGRAM = """
import importlib, importlib.abc, importlib.machinery, pkgutil, sys, types

class Meta(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        made = 40400 if name in ("QGIS_VERSION_INT", "versionInt") else Meta(name, (Any,), {})
        setattr(cls, name, made)
        return made
    def __or__(cls, other): return cls
    __ror__ = __or__

class Any(metaclass=Meta):
    def __init__(self, *args, **kwargs): pass
    def __call__(self, *args, **kwargs): return Any()
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Any()
    def __iter__(self): return iter(())
    def __bool__(self): return False
    def __str__(self): return ""

class Stand(types.ModuleType):
    __path__ = []
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(Any, name)

class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        first = name.split(".")[0]
        if first in ("qgis", "processing"):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
    def create_module(self, spec):
        if spec.name.startswith("qgis.PyQt."):
            module = importlib.import_module(spec.name.replace("qgis.PyQt", "PyQt6"))
            if spec.name.endswith("QtWidgets"):  # as QGIS does for what has moved
                moved = importlib.import_module("qgis.PyQt.QtGui")
                module.QAction, module.QShortcut = moved.QAction, moved.QShortcut
            return module
        return Stand(spec.name)
    def exec_module(self, module): pass

sys.meta_path.insert(0, Finder())
from qgis.PyQt.QtWidgets import QApplication, QMainWindow, QMenu
application = QApplication([])
import ecoassets, ecoassets.plugin, ecoassets.algorithms
names = [module.name for module in pkgutil.walk_packages(ecoassets.algorithms.__path__, "ecoassets.algorithms.")]
for name in names:
    importlib.import_module(name)

class Interface(Any):
    def __init__(self):
        self.window = QMainWindow()
        self.menu = QMenu("Plugins", self.window)
    def mainWindow(self): return self.window
    def pluginMenu(self): return self.menu

from ecoassets.algorithms.MENU import PluginMenu
interface = Interface()
menu = PluginMenu(interface)
(ours,) = interface.menu.actions()
entries = [action.text() for action in ours.menu().actions() if not action.isSeparator()]
assert len(entries) > 3 and all(entries), entries
menu.remove()
print(len(names), "modules;", "; ".join(entries))
import os
os._exit(0)
"""


@pytest.mark.skipif(importlib.util.find_spec("PyQt6") is None, reason="PyQt6 is not installed (python3-pyqt6)")
def test_all_modules_are_imported_and_the_menu_opens_with_pyqt6():
    where = "desktop.menu" if (Path(ecoassets.__file__).parent / "algorithms" / "desktop").is_dir() else "menu"
    beside = Path(sys.modules["ecoassets"].__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("MENU", where)],
        cwd=beside,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
