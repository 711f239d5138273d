"""Marginal losses of Zonation: what is lost when a cell goes, given what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Rule = Literal["additive", "core_area"]


@dataclass(frozen=True, eq=False)
class LossRule:
    """A removal rule with its weights.

    Attributes:
        rule: `additive` benefit function or `core_area`.
        weights: per service, shape (services,).
        exponent: z of the additive benefit function, above 0 up to 1.

    Source: Moilanen 2007, Biol. Conserv. 134:571-579 (both rules); Moilanen et al. 2022, Methods Ecol. Evol.
    13:1062-1072 (Zonation 5).
    """

    rule: Rule
    weights: np.ndarray
    exponent: float = 0.25

    def losses(self, shares: np.ndarray, left: np.ndarray, costs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Loss of each cell, and the summed loss that decides between cells of equal loss.

        Additive: ``sum_j w_j [Q_j^z - (Q_j - q_ij)^z] / c_i``. Core area: ``max_j w_j q_ij / Q_j / c_i``, summed
        ``sum_j w_j q_ij / Q_j / c_i``. Neither ever falls while cells go.

        Args:
            shares: q, share of each service's original total in each cell, shape (services, cells).
            left: Q, share of each service left, shape (services,).
            costs: c, shape (cells,).

        Returns:
            Two arrays of shape (cells,); the summed loss of the additive rule is 0, since the loss is a sum already.
        """
        ratios = self._ratios(shares, left)
        if self.rule == "core_area":
            ratios *= self.weights[:, np.newaxis]
            return ratios.max(axis=0) / costs, ratios.sum(axis=0) / costs
        scale = self.weights * left**self.exponent
        with np.errstate(divide="ignore"):
            # The difference of two powers loses its digits for small cells; this form of it does not.
            lost = -np.expm1(self.exponent * np.log1p(-ratios))
        return scale @ lost / costs, np.zeros(len(costs))

    def growth(self, before: np.ndarray, left: np.ndarray) -> float:
        """The least factor by which any loss has grown since less was gone.

        Args:
            before: shares left then, shape (services,).
            left: shares left now, none larger.
        """
        counted = (self.weights > 0) & (left > 0)
        if not counted.any():
            return 1.0
        factors = before[counted] / left[counted]
        return float(factors.min() if self.rule == "core_area" else factors.min() ** (1 - self.exponent))

    @staticmethod
    def _ratios(shares: np.ndarray, left: np.ndarray) -> np.ndarray:
        """Ratio q / Q, at most 1 (Q is a difference and may be off in its last digits); 0 where nothing is left."""
        inverse = np.divide(1.0, left, out=np.zeros_like(left), where=left > 0)
        return np.minimum(shares * inverse[:, np.newaxis], 1.0)
