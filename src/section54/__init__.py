"""Section54: keep slavery out of what public bodies buy."""

__version__ = "0.1.0"
