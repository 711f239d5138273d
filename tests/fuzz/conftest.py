"""Random inputs: few and always the same ones in the suite; ECOASSETS_FUZZ=1000 tries that many new ones."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from ..conftest import skipped_module

EXAMPLES = int(os.environ.get("ECOASSETS_FUZZ", "0"))
HAS_HYPOTHESIS = importlib.util.find_spec("hypothesis") is not None

if HAS_HYPOTHESIS:
    import hypothesis

    common = {"deadline": None, "database": None, "suppress_health_check": list(hypothesis.HealthCheck)}
    hypothesis.settings.register_profile("suite", max_examples=25, derandomize=True, **common)
    hypothesis.settings.register_profile("long", max_examples=EXAMPLES or 1, **common)
    hypothesis.settings.load_profile("long" if EXAMPLES else "suite")


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    # Skipping this file itself would end the collection of all tests.
    if not HAS_HYPOTHESIS and module_path.name.startswith("test_fuzz_"):
        return skipped_module(module_path, parent, "hypothesis is not installed (make test installs it)")
    return None
