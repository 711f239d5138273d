"""Where to restore, where to conserve, and how much less land would do."""
