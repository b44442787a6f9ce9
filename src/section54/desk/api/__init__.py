"""The interface for programs: read-only, with a key of a person, never more than they may."""
