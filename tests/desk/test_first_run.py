"""The first day: one user, made once, and nothing left lying about."""

import stat
from datetime import timedelta

import pytest
from django.utils import timezone
from tests.people import NOW, PASSWORD, a_user

from section54.desk.first_run import (
    bring_in,
    buyer_of,
    files_in,
    first_sign_ins,
    tell_colleagues,
)
from section54.desk.sample_people import COLLEAGUES, bring_colleagues
from section54.engine.errors import BadInput
from section54.organisations.models import Body, Collaboration, User
from section54.sources.models import Import


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return tmp_path


def test_the_first_people_are_made_once_and_sign_in_with_the_passwords_in_a_private_file(data):
    buyer, administrator = first_sign_ins("Fenland Constabulary", Body.Kind.FORCE)
    again = first_sign_ins("Another name", Body.Kind.OTHER)
    assert again == [buyer, administrator]
    for one in (buyer, administrator):
        assert one.user.check_password(one.password)
        one.user.on(NOW.date() + timedelta(days=3650))
    assert (buyer.user.may("spend.change"), buyer.user.may("people.see")) == (True, False)
    assert administrator.user.may("people.change_of_others")
    assert not administrator.user.may("spend.see")
    assert Body.objects.count() == 1
    note = data / "first-sign-in.txt"
    assert stat.S_IMODE(note.stat().st_mode) == 0o600


def test_the_sample_has_a_colleague_for_each_kind_of_work_once_and_a_neighbour_to_share_with(data):
    buyer, _ = first_sign_ins("Fenland Constabulary", Body.Kind.FORCE)
    body = Body.objects.get()
    made = bring_colleagues(body, buyer.password)
    tell_colleagues(made)
    assert bring_colleagues(body, buyer.password) == []
    assert len(made) == len(COLLEAGUES)
    assert (data / "first-sign-in.txt").read_text().count(buyer.password) == len(made) + 1
    bea = User.objects.get(email="neighbour@example.org").on(timezone.localdate())
    assert {held.body_name for held in bea.roles_held} == {"Broads Constabulary"}
    together = Collaboration.objects.get()
    assert {one.name for one in together.bodies.all()} == {body.name, "Broads Constabulary"}


def test_an_installation_without_an_administrator_is_given_one_and_keeps_its_first_person(data):
    buyer = a_user("Ann", "buyer")
    head = a_user("Hal", "head_of_procurement")
    (administrator,) = first_sign_ins("Another name", Body.Kind.OTHER)
    assert administrator.user.email == "administrator@example.org"
    assert buyer_of(Body.objects.get()) == buyer
    assert User.objects.count() == 3
    assert head.check_password(PASSWORD)


def test_where_nobody_may_add_ledgers_it_is_said(data):
    a_user("Ada", "administrator")
    with pytest.raises(BadInput, match="give somebody the role of a buyer"):
        buyer_of(Body.objects.get())


def test_a_password_that_was_changed_is_not_told_any_more():
    first = first_sign_ins("Fenland Constabulary", Body.Kind.FORCE)[0]
    first.user.set_password("another one")
    first.user.save()
    assert first_sign_ins("Fenland Constabulary", Body.Kind.FORCE)[0].password == ""


def test_the_same_files_are_brought_in_once(data):
    user = first_sign_ins("Fenland Constabulary", Body.Kind.FORCE)[0].user
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
