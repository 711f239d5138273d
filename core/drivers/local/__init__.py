"""Regressions whose coefficients vary over places and times."""
