"""The first day: one user, made once, and nothing left lying about."""

import os
import stat
from datetime import timedelta

import pytest
from tests.people import NOW

from section54.desk.first_run import bring_in, clear_incoming, files_in, first_user
from section54.organisations.models import Body, User
from section54.sources.models import Import


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return tmp_path


def test_the_first_user_is_made_once_and_can_sign_in_with_the_password_in_a_private_file(data):
    first = first_user("Fenland Constabulary", Body.Kind.FORCE)
    again = first_user("Another name", Body.Kind.OTHER)
    assert (first.user, first.password) == (again.user, again.password)
    assert first.user.check_password(first.password)
    assert User.objects.get().on(NOW.date() + timedelta(days=3650)).may("spend.change")
    note = data / "first-sign-in.txt"
    assert stat.S_IMODE(note.stat().st_mode) == 0o600


def test_a_password_that_was_changed_is_not_told_any_more():
    first = first_user("Fenland Constabulary", Body.Kind.FORCE)
    first.user.set_password("another one")
    first.user.save()
    assert first_user("Fenland Constabulary", Body.Kind.FORCE).password == ""


def test_the_same_files_are_brought_in_once(data):
    user = first_user("Fenland Constabulary", Body.Kind.FORCE).user
    ledger = data / "april.csv"
    ledger.write_text("Date,Supplier,Amount\n", encoding="utf-8")
    body = Body.objects.get()
    assert bring_in(body, [ledger], user) == bring_in(body, [ledger], user)
    assert Import.objects.count() == 1


def test_a_folder_gives_its_files_but_not_the_hidden_ones(tmp_path):
    for name in ("b.csv", "a.csv", ".hidden"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "inside").mkdir()
    assert [path.name for path in files_in([tmp_path])] == ["a.csv", "b.csv"]


def test_only_uploads_that_broke_off_a_day_ago_are_cleared_away(data):
    incoming = data / "incoming"
    incoming.mkdir()
    for name, hours in (("old", 25), ("new", 23)):
        (incoming / name).write_bytes(b"x")
        when = (NOW - timedelta(hours=hours)).timestamp()
        os.utime(incoming / name, (when, when))
    assert clear_incoming(NOW) == 1
    assert [path.name for path in incoming.iterdir()] == ["new"]
