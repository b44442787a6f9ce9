"""The first day of a real body: begun by the operator, set up by its administrator."""

import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from PIL import Image
from tests.people import NOW, PASSWORD, a_body, a_user

from section54.desk.begin import KINDS
from section54.desk.begin_changes import invite_administrator
from section54.desk.first_day import first_days, steps_of
from section54.engine.errors import BadInput
from section54.organisations.invitation_changes import accept_invitation
from section54.organisations.models import Body, Invitation, Logo, Office, User, hash_of_token
from section54.organisations.office_changes import appoint
from section54.records.models import Event


pytestmark = pytest.mark.django_db
TODAY = NOW.date()
WHOM = ["--body", "Fens Council", "--kind", "council", "--email", "a@b.uk", "--name", "Ada"]


def begun(**changes):
    given = {
        "body_name": "Fenland Constabulary", "kind": "force", "email": "ada@example.org",
        "name": "Ada", "on": TODAY, "at": NOW,
    }  # fmt: skip
    return invite_administrator(**{**given, **changes})


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def picture() -> BytesIO:
    out = BytesIO()
    Image.new("RGB", (40, 12), "#33203e").save(out, format="PNG")
    out.seek(0)
    out.name = "logo.png"
    return out


class TestBegin:
    """The operator makes the body and a link; whoever opens it looks after people, no ledgers."""

    def test_the_link_makes_an_administrator_who_sees_no_ledger(self):
        invitation, link = begun()
        token = link.rstrip("/").rsplit("/", 1)[1]
        assert invitation.token_hash == hash_of_token(token)
        grant = accept_invitation(
            invitation=invitation, user=None, password=PASSWORD, on=TODAY, at=NOW
        )
        ada = grant.user.on(TODAY)
        assert (ada.may("people.change_of_others"), ada.may("spend.see")) == (True, False)

    def test_it_can_be_run_again_for_a_body_whose_administrator_is_gone(self):
        begun()
        begun(body_name="FENLAND constabulary", email="eve@example.org", kind="other")
        assert Body.objects.get().kind == Body.Kind.FORCE
        assert Invitation.objects.count() == 2

    def test_its_kinds_are_those_of_bodies(self):
        assert set(KINDS) == set(Body.Kind.values)

    def test_accounts_with_passwords_in_a_file_are_for_one_machine_only(self, settings):
        settings.IS_LOCAL = False
        with pytest.raises(CommandError, match="section54 begin"):
            call_command("set_up")
        assert not User.objects.exists()

    def test_a_wrong_address_makes_nothing(self):
        with pytest.raises(BadInput, match="is not an email address"):
            begun(email="ada at force")
        assert not Body.objects.exists()


class TestSteps:
    """Each step says what is there and is done only when it is."""

    def done(self, body):
        return [step.name for step in steps_of(body, TODAY) if step.is_done]

    def test_an_empty_body_has_all_before_it(self):
        body = a_body("Your body")
        assert self.done(body) == []
        assert len([step for step in steps_of(body, TODAY) if step.must]) == 7

    def test_offices_are_done_when_each_has_its_holder(self):
        body = a_body()
        for name in ("Chief Constable", "Director of HR"):
            Office.objects.create(body=body, name=name)
        chief = a_user("Ann", "approver")
        hint = {step.name: step.hint for step in steps_of(body, TODAY)}["Office holders"]
        assert hint == "Nobody holds the office of Chief Constable and Director of HR."
        for office in Office.objects.all():
            appoint(office=office, user=chief, acting=False, starts_on=TODAY, by=None, at=NOW)
        assert {"Offices", "Office holders"} <= set(self.done(body))

    def test_one_administrator_is_one_too_few(self):
        ada = a_user("Ada", "administrator")
        assert "A second administrator" not in self.done(a_body())
        a_user("Eve", "administrator")
        assert "A second administrator" in self.done(a_body())
        (item,) = first_days(ada, TODAY)
        assert item.what == "Set up Fenland Constabulary"

    def test_approving_and_publishing_need_two_people(self):
        a_user("Gil", "governance_lead")
        assert "People who approve and publish" not in self.done(a_body())
        a_user("Ann", "approver")
        assert "People who approve and publish" in self.done(a_body())

    def test_nobody_else_is_asked_to_set_a_body_up(self):
        assert list(first_days(a_user("Ben", "head_of_procurement"), TODAY)) == []


class TestPages:
    """What an administrator sees and does; strangers find nothing."""

    def test_the_page_lists_each_step_with_its_state(self):
        body = a_body()
        page = signed_in(a_user("Ada", "administrator")).get(reverse("first-day", args=[body.pk]))
        words = page.content.decode()
        assert page.status_code == 200
        for step in steps_of(body, TODAY):
            assert step.name in words
        assert "1 of 7 steps are done" in words  # its name

    def test_several_offices_are_named_at_once(self):
        body, client = a_body(), signed_in(a_user("Ada", "administrator"))
        address = reverse("usual-offices", args=[body.pk])
        chosen = {"offices": ["Chief Constable", "Director of HR"], "another": "Chaplain"}
        client.post(address, chosen)
        names = set(Office.objects.values_list("name", flat=True))
        assert names == {"Chief Constable", "Director of HR", "Chaplain"}
        again = client.get(address).content.decode()
        assert 'value="Deputy Chief Constable"' in again
        assert 'value="Chief Constable"' not in again

    @pytest.mark.parametrize(
        ("given", "sentence"),
        [
            ({}, "Select an office, or enter the name of another"),
            ({"another": "chaplain"}, "already has the office"),
        ],
    )
    def test_no_office_or_one_that_is_there_is_refused_whole(self, given, sentence):
        body = a_body()
        Office.objects.create(body=body, name="Chaplain")
        client = signed_in(a_user("Ada", "administrator"))
        page = client.post(reverse("usual-offices", args=[body.pk]), given)
        assert sentence in page.content.decode()
        assert Office.objects.count() == 1

    def test_a_logo_is_set_shown_to_the_body_and_taken_away(self):
        body, ada, ben = a_body(), a_user("Ada", "administrator"), a_user("Ben", "buyer")
        client = signed_in(ada)
        address = reverse("logo", args=[body.pk])
        client.post(address, {"picture": picture()})
        shown = signed_in(ben).get(reverse("logo-picture", args=[body.pk]))
        assert shown["Content-Type"] == "image/png"
        assert shown.content == bytes(Logo.objects.get().png)
        assert 'class="top__logo"' in signed_in(ben).get("/").content.decode()
        client.post(address, {"remove": "1"})
        assert not Logo.objects.exists()
        assert Event.objects.filter(kind__in=["logo_set", "logo_removed"]).count() == 2

    @pytest.mark.parametrize("content", [b"", b"<svg/>"])
    def test_what_is_no_picture_is_refused_on_the_page(self, content):
        file = BytesIO(content)
        file.name = "logo.png"
        client = signed_in(a_user("Ada", "administrator"))
        page = client.post(reverse("logo", args=[a_body().pk]), {"picture": file})
        assert "save it as one and choose it again" in page.content.decode()
        assert not Logo.objects.exists()

    def test_charlie_finds_nothing_of_another_body(self):
        body = a_body()
        Logo.objects.create(body=body, png=b"x", width=1, height=1, sha256="0" * 64)
        charlie = signed_in(a_user("Charlie", "administrator", a_body("Ely County Council")))
        for name in ("first-day", "usual-offices", "logo", "logo-picture"):
            assert charlie.get(reverse(name, args=[body.pk])).status_code == 404


def test_begin_works_in_an_empty_folder_and_prints_a_link(tmp_path):
    told = subprocess.run(  # noqa: S603 - our own command
        [Path(sys.executable).with_name("section54"), "begin", "--data", tmp_path, *WHOM],
        env={**without_the_tests_settings(), "SECTION54_PROFILE": "local"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.startswith("For Ada alone; it works once")
    assert "/invitation/" in told.splitlines()[1]


def without_the_tests_settings():
    ours = ("SECTION54_", "DJANGO_SETTINGS_MODULE")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
