"""Random inputs: few and always the same ones in the suite; ECOASSETS_FUZZ=1000 tries that many new ones."""

from __future__ import annotations

import os

import pytest

hypothesis = pytest.importorskip("hypothesis", reason="hypothesis is not installed (make test installs it)")

EXAMPLES = int(os.environ.get("ECOASSETS_FUZZ", "0"))
common = {"deadline": None, "database": None, "suppress_health_check": list(hypothesis.HealthCheck)}
hypothesis.settings.register_profile("suite", max_examples=25, derandomize=True, **common)
hypothesis.settings.register_profile("long", max_examples=EXAMPLES or 1, **common)
hypothesis.settings.load_profile("long" if EXAMPLES else "suite")
