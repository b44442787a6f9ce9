"""What every page looks like: the layout, the parts, the forms. No models, no domain."""
