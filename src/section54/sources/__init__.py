"""Where each fact came from."""
