"""Which fields go together: correlations, partial correlations, and what neighbours leave of the number of rows."""
