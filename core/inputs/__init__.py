"""The gate: what enters a run is looked at once, by the same checks everywhere."""
