"""The engine: spend, suppliers and risk, worked out in plain Python without the web."""
