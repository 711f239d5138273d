"""The zip that users install works on its own: nothing that it needs is left out of it."""

from __future__ import annotations

import zipfile

import pytest

from ecoassets.tools.package import build


@pytest.fixture(scope="module")
def unpacked(clone, tmp_path_factory):
    """A plugins folder into which the package was unpacked, as QGIS's plugin manager does."""
    if not (clone / ".git").exists():
        pytest.skip("not a git clone, so there is nothing to build a package from")
    plugins = tmp_path_factory.mktemp("plugins")
    build(clone, plugins / "ecoassets.zip")
    with zipfile.ZipFile(plugins / "ecoassets.zip") as archive:
        archive.extractall(plugins)
    return plugins


def test_the_packaged_plugin_offers_the_same_algorithms(call_qgis_process, unpacked):
    def identifiers(listing: str) -> list[str]:
        return [line.split()[0] for line in listing.splitlines() if line.strip().startswith("ecoassets:")]

    from_clone = call_qgis_process("list")
    from_package = call_qgis_process("list", plugins=unpacked)
    assert from_package.returncode == 0, from_package.stderr
    assert identifiers(from_package.stdout) == identifiers(from_clone.stdout) != []
