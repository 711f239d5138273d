"""Land-use change and human pressure."""
