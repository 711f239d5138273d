"""Tools: making inputs fit, checking them, and the practice region."""
