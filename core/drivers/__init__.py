"""Driver statistics: why did it change."""
