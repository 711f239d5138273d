"""A second opinion: statsmodels computes the numbers of a run again, and the run says how far both agree."""

from .opinion import MOST_ROWS, Opinion, absent, disagreements

__all__ = ["MOST_ROWS", "Opinion", "absent", "disagreements"]
