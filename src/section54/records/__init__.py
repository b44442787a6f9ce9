"""Who changed what, and when: written once, never edited."""
