"""How likely harm is, why we think so, and who disagreed."""
