"""What we paid, to whom, for what."""
