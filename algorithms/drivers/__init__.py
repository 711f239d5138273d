"""Drivers: sampling grid, panel and quantile regression, geographical detector, spatial autocorrelation."""
