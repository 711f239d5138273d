"""Regressions in which neighbours count: lags and errors of space, their tests and their effects."""
