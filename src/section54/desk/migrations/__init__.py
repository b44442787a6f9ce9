"""The tables that belong to no room's models."""
