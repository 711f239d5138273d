"""Colours that people with colour-blindness can tell apart, in every legend of the plugin."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from ecoassets.core.land_cover import SCHEMES, load_scheme
from ecoassets.core.report.texts import load_palettes, rgb
from ecoassets.core.tables import read_table, resource_table

LEGENDS = Path(__file__).resolve().parents[2] / "resources" / "legends"
# How linear RGB is seen without one kind of cones; Machado, Oliveira and Fernandes 2009, severity 1.
SEEN = {
    "everybody": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])
APART = 10  # CIE 1976; 2.3 is just noticeable side by side


def lab(colour: str, eyes: str) -> np.ndarray:
    """CIE L*a*b* of a colour as these eyes see it."""
    channels = np.array(rgb(colour)) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    xyz = XYZ @ np.clip(np.array(SEEN[eyes]) @ linear, 0, 1) / WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def too_near(named: dict[str, str], apart: float = APART) -> list[str]:
    """Pairs of different colours that some eyes take for each other."""
    return [
        f"{first} and {second} in {eyes}"
        for (first, a), (second, b) in itertools.combinations(named.items(), 2)
        for eyes in SEEN
        if np.linalg.norm(lab(a, eyes) - lab(b, eyes)) < apart
    ]


def test_lab_by_hand():
    assert lab("#ffffff", "everybody") == pytest.approx([100, 0, 0], abs=0.02)
    assert lab("#ff0000", "everybody") == pytest.approx([53.24, 80.09, 67.20], abs=0.02)
    # A green and a red that deuteranopes confuse.
    assert too_near({"red": "#b2182b", "green": "#3e6f2a"}, 30)


@pytest.mark.parametrize("name", ["practice", "quality", "zoning"])
def test_legends(name):
    legends: dict[str, dict[str, str]] = {}
    for row in read_table(LEGENDS / f"{name}.csv").rows:
        legends.setdefault(str(row["legend"]), {})[str(row["name"])] = str(row["color"])
    assert {legend: too_near(named) for legend, named in legends.items() if too_near(named)} == {}


def test_erosion_classes():
    classes = {str(row["class_en"]): str(row["color"]) for row in resource_table("erosion_classes").rows}
    assert too_near({name: classes[name] for name in list(classes)[:6]}) == []


@pytest.mark.parametrize("scheme", [name for name in SCHEMES if name != "custom"])
def test_land_cover_of_different_ecosystems(scheme):
    """A colour stands for a kind of land; classes of a kind share it."""
    seen: dict[str, str] = {}
    for land_class in load_scheme(scheme):
        seen.setdefault(land_class.color, f"{land_class.name} ({land_class.color})")
    assert too_near({name: colour for colour, name in seen.items()}) == []


def test_series_and_ramps():
    palettes = load_palettes()
    assert too_near({colour: colour for colour in palettes.categorical}) == []
    for ramp in (palettes.sequential, palettes.diverging):
        # From one end to the other, and from each end to the middle.
        ends = {colour: colour for colour in (ramp[0], ramp[len(ramp) // 2], ramp[-1])}
        assert too_near(ends, 25) == []
