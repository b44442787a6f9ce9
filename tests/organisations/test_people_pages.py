"""Pages of people, bodies and collaborations: what they show, do, refuse, and never show."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from tests.people import FIRST_DAY, NOW, a_body, a_user
from tests.risk.ledgers import a_review

from section54.desk.work_list import lines_for
from section54.organisations import work
from section54.organisations.account_changes import record_departure
from section54.organisations.changes import end_grant, grant_role, relate
from section54.organisations.codes import (
    body_of,
    code_of_body,
    code_of_collaboration,
    collaboration_of,
)
from section54.organisations.collaboration_changes import (
    change_shared_areas,
    found_collaboration,
    join,
    share,
    stop_sharing,
    withdraw_codes,
)
from section54.organisations.daily import carry_out_departures
from section54.organisations.invitation_changes import invite
from section54.organisations.models import (
    Body,
    BodyRelation,
    Collaboration,
    Departure,
    Grant,
    Invitation,
    Membership,
    Office,
    OfficeHolder,
    User,
    hash_of_token,
)
from section54.organisations.office_changes import appoint, found_office
from section54.organisations.token_changes import make_token
from section54.post import clock
from section54.post.models import Message
from section54.records.changes import first_broken
from section54.records.models import Event
from section54.risk.changes import ask_for_review
from section54.risk.models import Review
from section54.sources.changes import start_import, store_file
from section54.sources.models import Import
from section54.spend.changes import READ_IMPORT
from section54.spend.models import Ledger


pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def today():
    return timezone.localdate()


def parts(name, day):
    return {f"{name}-day": day.day, f"{name}-month": day.month, f"{name}-year": day.year}


class Visitor:
    """A client that speaks in names of addresses and returns text."""

    def __init__(self, user):
        self.user, self.client = user, Client()
        self.client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")

    def sees(self, name, query="", status=200, **ids):
        answer = self.client.get(reverse(name, kwargs=ids) + query)
        assert answer.status_code == status, answer.content.decode()[:500]
        return answer.content.decode()

    def sends(self, name, data=None, **ids):
        answer = self.client.post(reverse(name, kwargs=ids), data or {}, follow=True)
        assert answer.status_code == 200
        return answer.content.decode()


@pytest.fixture
def ada():
    return Visitor(a_user("Ada", "administrator"))


@pytest.fixture
def ely():
    """Another body, none of whose names may show anywhere."""
    body = a_body("Quillcanary Council")
    a_user("Quillcanary Person", "buyer", body)
    office = found_office(body=body, name="Quillcanary Office", by=None, at=NOW)
    return body, office


def rows(text):
    return list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))


class TestPeople:
    """The list, a person's page, and what is changed there."""

    def test_the_list_has_who_reaches_the_body_and_nobody_of_another(self, ada, ely):
        a_user("Ben", "buyer")
        text = ada.sees("people")
        assert "Ben" in text
        assert "Quillcanary" not in text

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("?q=ben", ["Ben"]),
            ("?role=auditor", ["Olu"]),
            ("?state=over", ["Pat"]),
            ("?state=closed", ["Pat"]),
            ("?state=to_come", ["Tia"]),
            ("?state=now&role=buyer", ["Ben"]),
        ],
    )
    def test_it_is_searched_and_filtered(self, ada, query, found):
        a_user("Ben", "buyer")
        a_user("Olu", "auditor")
        pat, tia = a_user("Pat", "buyer"), a_user("Tia", "")
        Grant.objects.filter(user=pat).update(ends_on=today() - DAY)
        User.objects.filter(pk=pat.pk).update(is_active=False)
        Grant.objects.create(user=tia, role="buyer", body=a_body(), starts_on=today() + DAY)
        told = rows(ada.client.get(reverse("people-export") + query).content.decode())
        assert [row[0] for row in told[1:]] == found

    def test_the_list_taken_away_runs_no_formula_and_is_recorded(self, ada):
        User.objects.filter(pk=a_user("Ben", "buyer").pk).update(name="=1+1")
        told = ada.client.get(reverse("people-export")).content.decode()
        assert "'=1+1" in told
        assert Event.objects.filter(kind="people_exported", body_id=a_body().pk).count() == 1

    def test_an_invitations_link_is_shown_once_and_kept_nowhere(self, ada):
        text = ada.sends(
            "person-invite",
            {"name": "Nadia", "email": "new@example.org", "role": "buyer",
             "place": str(a_body().pk), **parts("starts_on", today())},
        )  # fmt: skip
        token = re.search(r"/invitation/([\w-]{40,})/", text).group(1)
        assert "Copy this link and send it to new@example.org" in text
        assert token not in str(list(Invitation.objects.values()) + list(Event.objects.values()))
        assert "Nadia" in ada.sees("people")
        assert token not in ada.sees("people")

    def test_with_a_mail_server_it_goes_by_mail_and_is_not_shown(self, ada, settings):
        settings.EMAIL_HOST = "mail.example.org"
        text = ada.sends(
            "person-invite",
            {"name": "Nadia", "email": "new@example.org", "role": "buyer",
             "place": str(a_body().pk), **parts("starts_on", today())},
        )  # fmt: skip
        message = Message.objects.get(kind="invitation")
        assert (message.to_address, message.body) == ("new@example.org", a_body())
        assert "as buyer in Fenland" in message.text
        assert hash_of_token(message.link.split("/")[2]) == Invitation.objects.get().token_hash
        assert "It goes by mail to new@example.org" in text
        assert message.link not in text

    def test_an_invitation_is_sent_again_with_another_link_and_withdrawn(self, ada):
        first, _ = invite(
            email="new@example.org", name="Nadia", role="buyer", to=a_body(),
            starts_on=today(), by=ada.user, at=timezone.now(),
        )  # fmt: skip
        assert "Copy this link" in ada.sends("invitation-again", pk=first.pk)
        second = Invitation.objects.open(timezone.now()).get()
        assert second.pk != first.pk
        assert "Its link works no more" in ada.sends("invitation-withdraw", pk=second.pk)
        assert not Invitation.objects.open(timezone.now()).exists()

    def test_nobody_invites_or_gives_a_role_to_themselves_and_the_page_says_why(self, ada):
        given = {"role": "auditor", "place": str(a_body().pk), **parts("starts_on", today())}
        said = ada.sends("person-invite", {**given, "name": "Me", "email": "ADA@example.org"})
        assert "Nobody changes their own access" in said
        for name in ("person-give", "person-leaving", "person-close", "person-reopen"):
            assert "Nobody changes their own" in ada.sends(name, given, pk=ada.user.pk)
        own = Grant.objects.get(user=ada.user)
        assert "Nobody changes their own" in ada.sees("grant-end", pk=ada.user.pk, grant=own.pk)
        assert Grant.objects.filter(user=ada.user).count() == 1

    def test_a_role_is_given_and_ended_for_a_reason_after_a_check(self, ada):
        ben = a_user("Ben", "buyer")
        given = {"role": "auditor", "place": str(a_body().pk), **parts("starts_on", today())}
        assert "Ben is Auditor in Fenland" in ada.sends("person-give", given, pk=ben.pk)
        assert "already has this role" in ada.sends("person-give", given, pk=ben.pk)
        grant = ben.grants.get(role="auditor")
        end = {"when": "later", "because": "Moved to fleet", **parts("last_day", today() + DAY)}
        checked = ada.sends("grant-end", end, pk=ben.pk, grant=grant.pk)
        assert "Nothing is changed yet" in checked
        assert "Moved to fleet" in checked
        ada.sends("grant-end", {**end, "confirmed": "yes"}, pk=ben.pk, grant=grant.pk)
        grant.refresh_from_db()
        assert (grant.last_day, grant.ended_by) == (today() + DAY, ada.user)
        # Said again for an earlier day
        now = {"when": "now", "because": "At once", "confirmed": "yes"}
        ada.sends("grant-end", now, pk=ben.pk, grant=grant.pk)
        assert not ben.on(today()).may("audit.see")
        roles, _, history = ada.sees("person", pk=ben.pk).partition('id="happened"')
        assert "At once" in roles
        assert "Moved" not in roles
        assert "Moved to fleet" in history

    def test_the_last_administrator_stays_also_where_the_other_one_is_to_go(self, ada):
        eve = Visitor(a_user("Eve", "administrator"))
        end = {"when": "later", "because": "Retires", "confirmed": "yes"}
        mine, other = ada.user.grants.get(), eve.user.grants.get()
        ada.sends(
            "grant-end", {**end, **parts("last_day", today() + DAY)}, pk=eve.user.pk, grant=other.pk
        )
        said = eve.sends("grant-end", {**end, "when": "now"}, pk=ada.user.pk, grant=mine.pk)
        assert "Make somebody else an administrator" in said
        mine.refresh_from_db()
        assert mine.ended_on is None

    def test_an_account_is_closed_with_its_keys_and_opened_again(self, ada):
        ben = a_user("Ben", "buyer")
        key, _ = make_token(
            user=ben.on(today()), body=a_body(), name="x", scopes=["spend.see"],
            expires_at=timezone.now() + DAY, at=timezone.now(),
        )  # fmt: skip
        assert "still holds a role" in ada.sends("person-close", pk=ben.pk)
        Grant.objects.filter(user=ben).update(ends_on=today() - DAY)
        assert "is closed" in ada.sends("person-close", pk=ben.pk)
        key.refresh_from_db()
        assert key.revoked_at
        assert "closed. Open it again first" in ada.sees("person-give", pk=ben.pk)
        assert "is open. Give them a role" in ada.sends("person-reopen", pk=ben.pk)

    def test_who_only_sees_people_is_offered_no_change(self):
        nell, ben = Visitor(a_user("Nell", "auditor")), a_user("Ben", "buyer")
        text = nell.sees("person", pk=ben.pk)
        assert "Give a role" not in text
        nell.sees("person-give", pk=ben.pk, status=403)

    def test_a_person_of_another_body_is_not_found_even_if_they_led_the_way_here(self, ada, ely):
        stranger = User.objects.get(name="Quillcanary Person")
        ada.sees("person", pk=stranger.pk, status=404)
        Grant.objects.create(user=stranger, role="auditor", body=a_body(), starts_on=FIRST_DAY)
        text = ada.sees("person", pk=stranger.pk)
        assert "Auditor" in text
        assert "Quillcanary Council" not in text  # what they hold elsewhere stays there

    def test_everybody_sees_their_own_access_by_what_and_from_whom(self, ada):
        ben = Visitor(a_user("Ben", "buyer"))
        together = found_collaboration(
            name="Eastern", lead=a_body("Broads"), shared_areas=["spend"],
            starts_on=FIRST_DAY, by=None, at=NOW,
        )  # fmt: skip
        grant_role(
            user=ben.user, role="contract_manager", body=together, starts_on=NOW.date(),
            by=ada.user, at=NOW,
        )  # fmt: skip
        text = ben.sees("my-access")
        assert "Through Eastern" in text
        assert "Directly" in text
        assert "Ada" in text
        assert "no role today" in Visitor(a_user("Zed", "")).sees("my-access")


class TestALeaver:
    """Their last day: all that they hold ends, and all of their work goes to others."""

    @pytest.fixture
    def ben(self, ada):
        """Ben leads two reviews and waits for an import here, and leads one elsewhere."""
        ben = a_user("Ben", "buyer")
        grant_role(
            user=ben, role="buyer", body=a_body("Broads"), starts_on=FIRST_DAY, by=None, at=NOW
        )
        for body in (a_body(), a_body(), a_body("Broads")):
            self.a_review(ben, body)
        for body in (a_body(), a_body("Broads")):
            stored = store_file(body=body, name="wait.csv", chunks=[b"x"])
            start_import(body=body, stored=[stored], task=READ_IMPORT, by=ben, at=NOW)
        office = found_office(body=a_body(), name="Charter lead", by=None, at=NOW)
        appoint(office=office, user=ben, acting=False, starts_on=FIRST_DAY, by=None, at=NOW)
        return ben

    def a_review(self, by, body):
        """A review that is asked for, of a ledger that was taken in."""
        name = f"{Review.objects.count()}.csv"
        stored = store_file(body=body, name=name, chunks=[name.encode()])
        brought = start_import(body=body, stored=[stored], task=READ_IMPORT, by=by, at=NOW)
        Import.objects.filter(pk=brought.pk).update(state=Import.State.TAKEN_IN)
        ledger = Ledger.objects.create(
            body=body, brought_by=brought, source=brought.files.get(), rows=1, read=1
        )
        return ask_for_review(body=body, ledgers=[ledger], name="", earlier=None, by=by, at=NOW)

    def assigned(self, body):
        """Who has how much of all that is assigned in a body."""
        found = {}
        for model in (Review, Import):
            for name in model.objects.filter(body=body).values_list("led_by__name", flat=True):
                found[name] = found.get(name, 0) + 1
        return found

    def takes(self, *names):
        return {f"take_{one}_{a_body().pk.hex}": User.objects.get(name="Cleo").pk for one in names}

    def test_a_leavers_work_is_reassigned_whole_and_nothing_of_another_bodys(self, ada, ben):
        a_user("Cleo", "head_of_procurement")
        here, there = self.assigned(a_body()), self.assigned(a_body("Broads"))
        assert here["Ben"] == 5  # two reviews, their two imports, and one that waits
        page = ada.sees("person-leaving", pk=ben.pk)
        assert "Who takes over? Reviews that they lead in Fenland Constabulary (2)" in page
        assert "Charter lead" in page
        assert "Broads" not in page
        sent = {"when": "now", **self.takes("reviews", "imports")}
        assert "Nothing is changed yet" in ada.sends("person-leaving", sent, pk=ben.pk)
        assert self.assigned(a_body()) == here
        said = ada.sends("person-leaving", {**sent, "confirmed": "yes"}, pk=ben.pk)
        assert "Ben has left" in said

        # Imports that were taken in are over: they stay under the name of who brought them.
        assert self.assigned(a_body()) == {"Cleo": 3, "Ben": 2}
        assert sum(self.assigned(a_body()).values()) == sum(here.values())
        assert work.held_by(ben, [a_body()]) == []
        assert self.assigned(a_body("Broads")) == there
        assert len(work.held_by(ben, [a_body("Broads")])) == 2
        kinds = ("review_handed_over", "import_handed_over")
        assert Event.objects.filter(kind__in=kinds).count() == 3
        assert Event.objects.filter(kind__in=kinds, body_id=a_body("Broads").pk).count() == 0
        # The role and the office here are over; the role elsewhere, and so the account, stand.
        ben = User.objects.get(pk=ben.pk).on(today())
        assert ben.body_ids("spend.see") == {a_body("Broads").pk}
        assert OfficeHolder.objects.get(user=ben).ends_on == today() - DAY
        assert ben.is_active
        assert first_broken(Event.objects.of_body(a_body().pk)) is None

    def test_every_kind_of_work_needs_somebody_who_may_do_it(self, ada, ben):
        a_user("Cleo", "board_member")
        said = ada.sends(
            "person-leaving", {"when": "now", **self.takes("reviews", "imports")}, pk=ben.pk
        )
        assert "Select one of the choices" in said or "Select who takes over" in said
        assert "Nobody else may do this work there" in said
        assert not Departure.objects.exists()

    def test_if_one_part_fails_nothing_of_it_is_done(self, ada, ben):
        cleo = a_user("Cleo", "buyer")
        before = self.assigned(a_body())
        lines = Event.objects.count()
        with pytest.raises(ValueError, match="Choose who takes over"):
            record_departure(
                user=ben,
                bodies=[a_body()],
                last_day=today(),
                successors={("imports", a_body().pk): cleo},
                today=today(),
                by=ada.user,
                at=timezone.now(),
            )
        assert self.assigned(a_body()) == before
        assert Event.objects.count() == lines
        assert ben.grants.filter(ended_on=None).count() == 2

    def test_a_last_day_to_come_closes_the_account_when_it_is_over_and_once(self, ada):
        ben = a_user("Ben", "buyer")
        sent = {"when": "later", "confirmed": "yes", **parts("last_day", today() + DAY)}
        ada.sends("person-leaving", sent, pk=ben.pk)
        assert "Who is leaving" in ada.sees("people")
        page = ada.sees("person", pk=ben.pk)
        assert "They are leaving" not in page
        assert "Recorded that Ben leaves on" in page
        assert User.objects.get(pk=ben.pk).on(today()).may("spend.see")
        at = timezone.now()
        assert carry_out_departures in [job.run for job in clock.jobs()]
        assert carry_out_departures(at + DAY) == 0
        assert carry_out_departures(at + 2 * DAY) == 1
        assert carry_out_departures(at + 2 * DAY) == 0
        ben.refresh_from_db()
        assert not ben.is_active
        assert "Who is leaving" not in ada.sees("people")

    def test_the_last_administrator_cannot_leave(self, ada):
        zoe = a_user("Zoe", "administrator", a_body("Broads"))
        Grant.objects.create(
            user=ada.user, role="administrator", body=a_body("Broads"), starts_on=FIRST_DAY
        )
        Grant.objects.filter(user=ada.user, body=a_body("Broads")).update(ends_on=today())
        sent = {"when": "later", "confirmed": "yes", **parts("last_day", today() + DAY)}
        said = ada.sends("person-leaving", sent, pk=zoe.pk)
        assert "Make somebody else an administrator" in said
        assert not Departure.objects.exists()

    def test_a_review_is_led_by_who_asked_until_it_is_handed_over(self, ada):
        cleo, dan = Visitor(a_user("Cleo", "head_of_procurement")), a_user("Dan", "buyer")
        review = a_review(cleo.user)
        assert "Led by <bdi>Cleo" in cleo.sees("review", pk=review.pk)
        assert "Dan leads the review" in cleo.sends("review-lead", {"led_by": dan.pk}, pk=review.pk)
        board = a_user("Bob", "board_member")
        assert "Select" in cleo.sends("review-lead", {"led_by": board.pk}, pk=review.pk)
        Visitor(board).sees("review-lead", pk=review.pk, status=403)


class TestAccessOnADay:
    """Who could see a body's records on a day: an auditor's view."""

    @pytest.fixture
    def nell(self):
        return Visitor(a_user("Nell", "auditor"))

    def told(self, nell, day, query=""):
        answer = nell.client.get(reverse("people-access-export") + f"?on={day}{query}")
        return {(row[1], row[3], row[4]) for row in rows(answer.content.decode())[1:]}

    def test_each_way_is_told_and_only_of_its_time(self, nell, ely):
        old, new = a_body(), a_body("Newland Constabulary")
        together = found_collaboration(
            name="Eastern", lead=old, shared_areas=["spend", "checks"],
            starts_on=today() - 2 * DAY, by=None, at=NOW,
        )  # fmt: skip
        grant_role(
            user=a_user("Priya", ""), role="buyer", body=together, starts_on=FIRST_DAY,
            by=None, at=NOW,
        )  # fmt: skip
        a_user("Nia", "buyer", new)
        relate(
            body=new, kind=BodyRelation.Kind.SUCCEEDS, other=old, starts_on=today(), by=None, at=NOW
        )
        early = {("Nell", "Auditor", "Directly")}
        assert self.told(nell, FIRST_DAY) == early
        assert self.told(nell, today() - DAY) == early | {("Priya", "Buyer", "Through Eastern")}
        assert self.told(nell, today()) == early | {
            ("Priya", "Buyer", "Through Eastern"),
            ("Nia", "Buyer", "Directly, as Newland Constabulary came in its place"),
        }
        assert self.told(nell, today(), "&q=priya") == {("Priya", "Buyer", "Through Eastern")}
        # Nia's own body is not this auditor's: the name is told, the page is not open.
        page = nell.sees("people-access")
        assert "Nia" in page
        assert str(User.objects.get(name="Nia").pk) not in page
        assert "Quillcanary" not in page

    def test_a_role_taken_away_today_and_a_share_stopped_today_are_told_of_today(self, nell):
        ada, alice = a_user("Ada", "administrator"), a_user("Alice", "head_of_procurement")
        ben, broads = a_user("Ben", "buyer"), a_body("Broads")
        together = found_collaboration(
            name="Eastern", lead=a_body(), shared_areas=["spend"],
            starts_on=FIRST_DAY, by=None, at=NOW,
        )  # fmt: skip
        join(collaboration=together, body=broads, starts_on=FIRST_DAY, by=None, at=NOW)
        a_user("Bea", "contract_manager", broads)
        now = timezone.now()
        shared = share(
            subject=alice,
            body=a_body(),
            collaboration=together,
            starts_on=today(),
            by=alice,
            at=now,
        )
        stop_sharing(shared=shared, by=alice, at=now, on=today())
        end_grant(grant=ben.grants.get(), on=today(), because="Moved", by=ada, at=now)
        told = nell.sees("people-access")
        assert "taken away in the course of the day" in told
        assert "1 single record" in told
        assert "taken back in the course of the day" in told
        assert "Bea (Broads)" in told
        later = nell.sees("people-access", f"?on={today() + DAY}")
        assert "taken away in the course" not in later
        assert "No single record was shown" in later

    def test_what_a_collaboration_shared_then_is_told_though_it_shares_less_now(self, nell):
        together = found_collaboration(
            name="Eastern", lead=a_body("Broads"), shared_areas=["spend", "checks"],
            starts_on=FIRST_DAY, by=None, at=NOW,
        )  # fmt: skip
        join(collaboration=together, body=a_body(), starts_on=FIRST_DAY, by=None, at=NOW)
        grant_role(
            user=a_user("Priya", ""), role="buyer", body=together, starts_on=FIRST_DAY,
            by=None, at=NOW,
        )  # fmt: skip
        change_shared_areas(
            collaboration=together, shared_areas=["spend"], by=nell.user, at=timezone.now()
        )

        def of_checks(day):
            text = nell.sees("people-access", f"?on={day}")
            area = r"Questionnaires, checks and actions</dt>(.*?)</dd>"
            return re.search(area, text, re.DOTALL)[1]

        assert "Priya" in of_checks(today() - DAY)
        assert "Priya" not in of_checks(today())

    def test_a_day_that_is_none_is_said_and_a_day_before_everything_is_empty(self, nell):
        assert "Enter the date as year-month-day" in nell.sees("people-access", "?on=soon")
        assert "Nobody had access then" in nell.sees("people-access", "?on=1999-01-01")


class TestBodies:
    """What a body is, how it stands to others, and its offices."""

    def test_its_name_is_corrected_and_no_other_bodys_taken(self, ada, ely):
        body = a_body()
        given = {"name": "Fenland  Police", "kind": "force"}
        ada.sends("body-describe", given, pk=body.pk)
        assert Body.objects.get(pk=body.pk).name == "Fenland Police"
        said = ada.sends("body-describe", {**given, "name": ely[0].name.upper()}, pk=body.pk)
        assert "Another body has this name already" in said

    def test_a_body_is_added_and_somebody_else_is_invited_to_it(self, ada):
        given = {"name": "Ouse Council", "kind": "council", "person": "Zoe", "email": "z@e.org"}
        assert "Nobody changes their own" in ada.sends(
            "body-add", {**given, "email": ada.user.email}
        )
        assert not Body.objects.filter(name="Ouse Council").exists()
        assert "Copy this link" in ada.sends("body-add", given)
        made = Body.objects.get(name="Ouse Council")
        ada.sees("body", pk=made.pk, status=404)
        assert "wait for them" in ada.sends("body-add", given)
        Invitation.objects.update(expires_at=timezone.now(), invited_at=NOW)
        assert "Copy this link" in ada.sends("body-add", given)  # she did not answer
        assert "Another body has this name" in ada.sends(
            "body-add", {**given, "name": "fenland constabulary"}
        )

    def test_it_is_related_by_the_code_that_the_other_gave(self, ada, ely):
        body, other = a_body(), ely[0]
        given = {"how": "overseen", **parts("starts_on", today())}
        assert "does not work" in ada.sends("body-relate", {**given, "code": "x"}, pk=body.pk)
        own = {**given, "code": code_of_body(body)}
        assert "does not work" in ada.sends("body-relate", own, pk=body.pk)
        given["code"] = code_of_body(other)
        checked = ada.sends("body-relate", given, pk=body.pk)
        assert "Nothing: overseeing gives nobody access" in checked
        ada.sends("body-relate", {**given, "confirmed": "yes"}, pk=body.pk)
        relation = BodyRelation.objects.get()
        assert (relation.body, relation.other) == (other, body)
        ada.sends("body-relation-end", parts("day", today()), pk=body.pk, relation=relation.pk)
        relation.refresh_from_db()
        assert relation.ends_on == today()

    def test_only_who_opens_its_records_says_that_another_comes_in_its_place(self, ada, ely):
        body, other = a_body(), ely[0]
        given = {"how": "succeeded", "code": code_of_body(other)}
        soon = {**given, **parts("starts_on", today() + 6 * DAY)}
        assert "or a later day, so that it can be called off" in ada.sends(
            "body-relate", soon, pk=body.pk
        )
        given |= parts("starts_on", today() + 7 * DAY)
        checked = ada.sends("body-relate", given, pk=body.pk)
        assert "All records of Fenland Constabulary" in checked
        assert "cannot be taken back" in checked
        stranger = User.objects.get(name="Quillcanary Person")
        ada.sends("body-relate", {**given, "confirmed": "yes"}, pk=body.pk)
        assert not stranger.on(today() + 6 * DAY).may("spend.see", body.pk)
        assert stranger.on(today() + 7 * DAY).may("spend.see", body.pk)
        relation = BodyRelation.objects.get()
        (line,) = [
            one for one in lines_for(ada.user.on(today()), today()) if "take over" in one.item.what
        ]
        assert line.item.due == relation.starts_on
        assert "Call off" in ada.sees("body-relation-end", pk=body.pk, relation=relation.pk)
        ada.sends("body-relation-end", {}, pk=body.pk, relation=relation.pk)
        assert not BodyRelation.objects.exists()
        assert Event.objects.filter(kind="succession_called_off").count() == 2
        begun = relate(
            body=other, kind=BodyRelation.Kind.SUCCEEDS, other=body, starts_on=today(), by=None,
            at=NOW,
        )  # fmt: skip
        said = ada.sees("body-relation-end", pk=body.pk, relation=begun.pk)
        assert "has no end" in said

    def test_offices_have_holders_over_time_and_nobody_appoints_themselves(self, ada):
        body, ben = a_body(), a_user("Ben", "approver")
        ada.sends("office-add", {"name": "Chief Constable"}, pk=body.pk)
        assert "already has the office" in ada.sends(
            "office-add", {"name": "chief constable"}, pk=body.pk
        )
        office = Office.objects.get()
        assert str(ada.user.pk) not in ada.sees("office-appoint", pk=body.pk, office=office.pk)
        given = {"user": ben.pk, "acting": "yes", **parts("starts_on", today())}
        ada.sends("office-appoint", given, pk=body.pk, office=office.pk)
        assert "(acting)" in ada.sees("body", pk=body.pk)
        later = {**given, "acting": "no", **parts("starts_on", today() + DAY)}
        ada.sends("office-appoint", later, pk=body.pk, office=office.pk)
        acts, holds = OfficeHolder.objects.order_by("-acting")
        ada.sends("office-holder-end", parts("day", today()), pk=body.pk, office=office.pk,
                  holder=acts.pk)  # fmt: skip
        ada.sends("office-holder-end", pk=body.pk, office=office.pk, holder=holds.pk)
        assert OfficeHolder.objects.get().ends_on == today()  # what had not begun was taken back
        ada.sends("office-close", parts("day", today()), pk=body.pk, office=office.pk)
        assert "closed already" in ada.sees("office-close", pk=body.pk, office=office.pk)

    def test_everybody_with_a_role_sees_the_body_and_no_buttons(self):
        text = Visitor(a_user("Bob", "board_member")).sees("body", pk=a_body().pk)
        assert "Add an office" not in text
        assert "The code of this body" not in text


class TestCollaborations:
    """Founded, joined by a code, shared less, left and ended."""

    def founded(self, ada, **given):
        data = {"name": "Eastern", "lead": str(a_body().pk), "areas": ["spend", "checks"]}
        data |= parts("starts_on", today()) | given
        assert "Nothing is changed yet" in ada.sends("collaboration-found", data)
        ada.sends("collaboration-found", {**data, "confirmed": "yes"})
        return Collaboration.objects.get()

    def test_a_body_joins_by_the_code_of_the_lead_once_it_saw_what_it_opens(self, ada):
        place = self.founded(ada)
        eve = Visitor(a_user("Eve", "administrator", a_body("Broads")))
        eve.sees("collaboration", pk=place.pk, status=404)
        given = {"body": str(a_body("Broads").pk), **parts("starts_on", today())}
        assert "does not work" in eve.sends("collaboration-join", {**given, "code": "no"})
        given["code"] = code_of_collaboration(place)
        checked = eve.sends("collaboration-join", given)
        assert "Ledgers, suppliers and risk reviews and Questionnaires" in checked
        assert Membership.objects.count() == 1
        eve.sends("collaboration-join", {**given, "confirmed": "yes"})
        assert "Broads" in ada.sees("collaboration", pk=place.pk)
        assert "Fenland Constabulary (leads)" in eve.sees("collaboration", pk=place.pk).replace(
            "</bdi>", ""
        )
        # Nobody else's body can be brought in
        ours = {**given, "body": str(a_body().pk), "confirmed": "yes"}
        assert "Select one of the choices" in eve.sends("collaboration-join", ours)

    def test_a_code_that_was_withdrawn_or_is_another_kind_opens_nothing(self, ada):
        place = self.founded(ada)
        code = code_of_collaboration(place)
        assert collaboration_of(code) == place
        assert collaboration_of(code_of_body(a_body())) is None
        assert body_of(code) is None
        ada.sends("collaboration-codes", pk=place.pk)
        assert collaboration_of(code) is None
        withdraw_codes(collaboration=place, by=ada.user, at=NOW)
        place.refresh_from_db()
        assert collaboration_of(code_of_collaboration(place)) == place

    def test_it_shares_less_and_ends_by_its_lead_and_a_member_leaves_by_itself(self, ada):
        place = self.founded(ada)
        eve = Visitor(a_user("Eve", "administrator", a_body("Broads")))
        joined = join(
            collaboration=place, body=a_body("Broads"), starts_on=today(), by=None, at=NOW
        )
        for name in ("collaboration-share-less", "collaboration-end", "collaboration-codes"):
            eve.sees(name, pk=place.pk, status=404)
        ada.sends("collaboration-share-less", {"areas": ["spend"]}, pk=place.pk)
        place.refresh_from_db()
        assert place.shared_areas == ["spend"]
        said = ada.sends("collaboration-share-less", {"areas": ["checks"]}, pk=place.pk)
        assert "Select one of the choices" in said
        lead = place.memberships.get(body=a_body())
        eve.sees("membership-end", pk=place.pk, membership=lead.pk, status=404)
        assert "End the collaboration instead" in ada.sees(
            "membership-end", pk=place.pk, membership=lead.pk
        )
        eve.sends("membership-end", parts("day", today()), pk=place.pk, membership=joined.pk)
        joined.refresh_from_db()
        assert joined.ends_on == today()
        ada.sends("collaboration-end", parts("day", today()), pk=place.pk)
        place.refresh_from_db()
        assert place.ends_on == today()

    @pytest.mark.parametrize("role", ["administrator", "auditor", "head_of_procurement"])
    def test_a_fellow_member_sees_nothing_of_another_but_its_name(self, ada, role):
        """Its own people, offices, other collaborations and relations show nowhere."""
        place = self.founded(ada)
        partner = a_body("Partner Constabulary")
        join(collaboration=place, body=partner, starts_on=today(), by=None, at=NOW)
        a_user("Canaryquill Buyer", "buyer", partner)
        office = found_office(body=partner, name="Canaryquill Office", by=None, at=NOW)
        relate(body=partner, kind=BodyRelation.Kind.OVERSEES, other=a_body("Canaryquill Council"),
               starts_on=today(), by=None, at=NOW)  # fmt: skip
        other = found_collaboration(name="Canaryquill together", lead=partner,
                                    shared_areas=["spend"], starts_on=today(), by=None, at=NOW)  # fmt: skip  # noqa: E501
        invite(email="c@example.org", name="Canaryquill Invited", role="buyer", to=partner,
               starts_on=today(), by=None, at=timezone.now())  # fmt: skip
        walker = ada if role == "administrator" else Visitor(a_user("Walker", role))
        pages = ["bodies", "collaborations", "my-access"]
        if role != "head_of_procurement":
            pages += ["people", "people-export", "people-access", "people-access-export"]
        texts = [walker.sees(name) for name in pages]
        texts.append(walker.sees("collaboration", pk=place.pk))
        texts.append(walker.sees("body", pk=a_body().pk))
        assert "Partner Constabulary" in texts[-2]
        assert not [text for text in texts if "canaryquill" in text.lower()]
        for name, pk in (("body", partner.pk), ("collaboration", other.pk)):
            walker.sees(name, pk=pk, status=404)
        if role == "administrator":
            walker.sees("office-appoint", pk=partner.pk, office=office.pk, status=404)
