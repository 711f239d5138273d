"""Ecosystem service value: the static equivalent-factor model."""

from __future__ import annotations

from .valuation import ValuationAlgorithm


class EcosystemServiceValue(ValuationAlgorithm):
    """Area of each ecosystem times its equivalent factors times the value of one equivalent."""

    NAME = "ecosystemservicevalue"
