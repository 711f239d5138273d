"""Which downloads feed which inputs of a run, what is missing, and the grid that all are brought on."""
