"""A logo is a small picture of our own making, or it is refused with one sentence."""

import random
from io import BytesIO

import pytest
from PIL import Image, PngImagePlugin
from tests.people import NOW, a_body, a_user

from section54.organisations.changes import NotPossibleError
from section54.organisations.logo_changes import drawn_anew, remove_logo, set_logo
from section54.organisations.models import Logo
from section54.records.models import Event


def picture(size=(300, 90), kind="PNG", **more) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "#33203e").save(out, format=kind, **more)
    return out.getvalue()


def test_what_is_written_beside_a_picture_is_left_behind():
    note = PngImagePlugin.PngInfo()
    note.add_text("Author", "canary of a person")
    given = picture(pnginfo=note)
    png, width, height = drawn_anew(BytesIO(given + b"<script>tail</script>"))
    assert b"canary" in given
    assert b"canary" not in png
    assert b"script" not in png
    assert (width, height) == (300, 90)


@pytest.mark.parametrize(
    ("size", "kept"), [((1200, 200), (600, 100)), ((200, 1000), (40, 200)), ((60, 20), (60, 20))]
)
def test_a_large_picture_is_made_smaller_in_its_own_shape(size, kept):
    assert drawn_anew(BytesIO(picture(size, "JPEG")))[1:] == kept


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
        b"GIF89a" + bytes(40),
        picture()[:60],
        picture()[: len(picture()) // 2],
        picture((4001, 1)),
        bytes(2_000_001),
    ],
    ids=["empty", "svg", "gif", "head only", "cut", "wide", "heavy"],
)
def test_what_is_no_usable_picture_is_refused_with_what_to_do(given):
    with pytest.raises(NotPossibleError, match=r": (save it|make it)"):
        drawn_anew(BytesIO(given))


def test_a_picture_with_any_byte_changed_is_drawn_or_refused_never_worse():
    good, chance = picture((40, 12)), random.Random(54)  # noqa: S311
    for _ in range(300):
        bad = bytearray(good)
        bad[chance.randrange(len(bad))] = chance.randrange(256)
        try:
            assert drawn_anew(BytesIO(bytes(bad)))[0].startswith(b"\x89PNG")
        except NotPossibleError:
            continue


@pytest.mark.django_db
def test_a_body_has_one_logo_and_each_change_has_its_line():
    ada = a_user("Ada", "administrator")
    for size in ((10, 10), (20, 10)):
        set_logo(body=a_body(), file=BytesIO(picture(size)), by=ada, at=NOW)
    logo = Logo.objects.get()
    assert (logo.width, logo.height) == (20, 10)
    remove_logo(logo=logo, by=ada, at=NOW)
    kinds = list(Event.objects.filter(kind__startswith="logo").values_list("kind", flat=True))
    assert kinds == ["logo_set", "logo_set", "logo_removed"]
