"""A body's logo: drawn anew from what was given, so that nothing else comes in with it."""

import hashlib
from datetime import datetime
from io import BytesIO
from typing import IO

from django.db import transaction
from PIL import Image

from section54.organisations.changes import NotPossibleError
from section54.organisations.models import Body, Logo, User
from section54.records.changes import record


LARGEST_BYTES = 2_000_000
LARGEST_SIDE = 4_000  # pixels of what is given; more would be work for nothing
KEPT = (600, 200)  # the most of what is kept, in pixels: enough for a printed page's head


def drawn_anew(file: IO[bytes]) -> tuple[bytes, int, int]:
    """Return a picture as a PNG of our own making, with its width and height in pixels.

    Raises:
        NotPossibleError: it is not a PNG or JPEG picture, or too large; the words say what to do.
    """
    given = file.read(LARGEST_BYTES + 1)
    if len(given) > LARGEST_BYTES:
        raise NotPossibleError("The picture must be smaller than 2 MB: make it smaller")
    try:
        with Image.open(BytesIO(given), formats=("PNG", "JPEG")) as picture:
            if max(picture.size) > LARGEST_SIDE:
                raise NotPossibleError(
                    f"The picture must have at most {LARGEST_SIDE:,} pixels a side: make it smaller"
                )
            small = picture.convert("RGBA")
    except NotPossibleError:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotPossibleError(
            "The file must be a PNG or JPEG picture: save it as one and choose it again"
        ) from error
    small.thumbnail(KEPT)
    alone = Image.new("RGBA", small.size)  # without what was written beside the picture
    alone.paste(small)
    out = BytesIO()
    alone.save(out, format="PNG", optimize=True)
    return out.getvalue(), *alone.size


@transaction.atomic
def set_logo(*, body: Body, file: IO[bytes], by: User, at: datetime) -> Logo:
    """Give a body a logo, in the place of the one it had.

    Raises:
        NotPossibleError: it is not a picture that can be used.
    """
    png, width, height = drawn_anew(file)
    sha256 = hashlib.sha256(png).hexdigest()
    logo, _ = Logo.objects.update_or_create(
        body=body, defaults={"png": png, "width": width, "height": height, "sha256": sha256}
    )
    record("logo_set", logo, body_id=body.pk, by=by, at=at, sha256=sha256, size=len(png))
    return logo


@transaction.atomic
def remove_logo(*, logo: Logo, by: User, at: datetime) -> None:
    """Show a body without a logo."""
    record("logo_removed", logo, body_id=logo.body_id, by=by, at=at, sha256=logo.sha256)
    logo.delete()
