"""How likely harm to people is, as a sum that can be read aloud."""
