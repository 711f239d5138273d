"""Ecological assets: values adjusted by NPP, precipitation and soil retention."""

from __future__ import annotations

from .valuation import ValuationAlgorithm


class EcologicalAssets(ValuationAlgorithm):
    """The dynamic model: service groups follow productivity, rain and soil conservation in space and time."""

    NAME = "ecologicalassets"
    ADJUSTED = True
