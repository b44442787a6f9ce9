"""Keys for rows, and the short references that people read out over the telephone."""

import secrets
from uuid import UUID

from uuid_utils.compat import uuid7


# Crockford's letters and digits: none is taken for another when it is read aloud or typed.
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_key() -> UUID:
    """Return a new key that sorts by the time it was made (UUIDv7, RFC 9562)."""
    return uuid7()


def new_reference(prefix: str) -> str:
    """Return a short reference such as ``REV-7K3M``; the caller makes sure that it is not taken."""
    return f"{prefix}-" + "".join(secrets.choice(LETTERS) for _ in range(4))
