"""What a person gave cannot be used; the message is one sentence that says what to do."""


class BadInput(ValueError):
    """Shown as it stands; never raised for a fault of our own."""
