"""The pages of messages: who may see what, what they say, and what they take away."""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.core import signing
from django.test import Client
from tests.people import NOW, a_body, a_user, alice, charlie
from tests.post.factories import a_message

from section54.post import reminders
from section54.post.messages import STOP, stop_link
from section54.post.models import Message, OptOut
from section54.post.reminders import ReminderKind
from section54.records.models import Event


pytestmark = pytest.mark.django_db
MUST = "The law asks that everybody is told."
State = Message.State


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setattr(reminders, "_known", {})
    for name, must in (("tea", ""), ("law", MUST)):
        reminders.register(
            ReminderKind(
                name=name,
                title=f"About {name}",
                find=lambda first, last: [],
                handled_with="spend.change",
                must=must,
            )
        )


def visit(user):
    client = Client()
    client.force_login(user)
    return client


def text(response):
    return response.content.decode()


def test_who_handles_a_bodys_messages_sees_them_and_nobody_else_does():
    ours = a_message(subject="Heron", handled_with="spend.change")
    a_message(subject="Canary", body=a_body("Ely County Council"), handled_with="spend.change")
    people = {
        "head_of_procurement": True,
        "administrator": True,
        "auditor": False,
        "governance_lead": False,
        "board_member": False,
    }
    for role, sees in people.items():
        client = visit(a_user(role, role))
        page = text(client.get("/messages/"))
        assert ("Heron" in page, "Canary" in page) == (sees, False), role
        client.post("/messages/", {"messages": [str(ours.pk)], "what": "sent"})
        ours.refresh_from_db()
        assert (ours.state == State.SENT) == sees, role
        Message.objects.update(state=State.TO_SEND)


@pytest.mark.parametrize("state", ["to_send", "failed", "perhaps_sent", "sending"])
def test_where_mail_is_set_nobody_reads_or_takes_away_the_secret_of_an_invitation(settings, state):
    given = {"failure": "no such mailbox", "token": a_body().pk, "taken_at": NOW, "state": state}
    words = {"text": "Open /invitation/canary/", "link": "/invitation/canary/"}
    a_message(kind="invitation", **words, **given)
    a_message(text="Nothing secret", **given)
    client = visit(a_user("Admin", "administrator"))
    pages = ("/messages/", "/messages/?show=all", "/messages/to-send.csv")
    assert ["canary" in text(client.get(page)) for page in pages] == [True] * 3
    settings.EMAIL_HOST = "mail.example.org"
    for page in pages:
        shown = text(client.get(page))
        assert "canary" not in shown, page
        assert "It holds a secret link and goes by mail only." in shown, page
        assert "Nothing secret" in shown, page
    assert "make a new invitation" in text(client.get("/messages/"))


def test_an_invitations_link_is_shown_to_administrators_only():
    a_message(kind="invitation", text="Open /invitations/secret/")
    assert "secret" in text(visit(a_user("Admin", "administrator")).get("/messages/"))
    assert "secret" not in text(visit(alice()).get("/messages/"))


def test_messages_are_marked_as_sent_by_hand_several_at_once_and_the_page_says_so():
    client = visit(alice())
    rows = [a_message(handled_with="spend.change") for _ in range(3)]
    given = {"messages": [str(row.pk) for row in rows[:2]], "what": "sent"}
    response = client.post("/messages/", given, follow=True)
    assert "2 messages marked as sent" in text(response)
    assert Message.objects.filter(state=State.SENT, by_hand_of__name="Alice").count() == 2
    assert "0" not in [str(m) for m in get_messages(response.wsgi_request)]
    again = client.post("/messages/", given, follow=True)
    assert "A message is not there any more" in text(again)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"what": "sent"}, "Select at least one message"),
        ({"messages": ["x"], "what": "sent"}, "A message is not there any more"),
        ({"messages": "ROW"}, "Press one of the buttons"),
        ({"messages": "ROW", "what": "burn"}, "Press one of the buttons"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_and_changes_nothing(given, said):
    row = a_message(handled_with="spend.change")
    given = {name: str(row.pk) if value == "ROW" else value for name, value in given.items()}
    page = text(visit(alice()).post("/messages/", given))
    assert said in page
    assert "<title>Error: " in page
    row.refresh_from_db()
    assert row.state == State.TO_SEND


def test_a_message_being_sent_cannot_be_decided_on():
    row = a_message(handled_with="spend.change", state="sending", token=a_body().pk, taken_at=NOW)
    client = visit(alice())
    assert f'value="{row.pk}"' not in text(client.get("/messages/"))
    client.post("/messages/", {"messages": [str(row.pk)], "what": "aside"})
    row.refresh_from_db()
    assert row.state == State.SENDING


def test_the_mail_merge_has_a_row_a_message_and_no_formula_and_is_a_line_of_the_record():
    a_message(to_name='=HYPERLINK("http://bad.example")', handled_with="spend.change")
    a_message(to_name="Ann", handled_with="spend.change", written_at=NOW - timedelta(days=1))
    a_message(state="sent", ended_at=NOW, handled_with="spend.change")
    a_message(body=a_body("Ely County Council"), handled_with="spend.change")
    response = visit(alice()).get("/messages/to-send.csv")
    assert response["Content-Disposition"].startswith('attachment; filename="messages-')
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert [row["Name"] for row in rows] == ["Ann", '\'=HYPERLINK("http://bad.example")']
    assert rows[0]["Address"] == "ann.other@example.org"
    assert rows[0]["Link"] == "http://127.0.0.1:8054/"
    [line] = Event.objects.filter(kind="messages_exported")
    assert (line.by, line.detail, line.body_id) == ("Alice", {"messages": 2}, a_body().pk)


def test_a_person_sees_their_own_messages_and_chooses_what_to_be_reminded_of():
    person, other = alice(), charlie()
    a_message(person=person, subject="Yours is due", about="tea", link="/reviews/")
    a_message(person=other, subject="Not yours")
    client = visit(person)
    page = text(client.get("/messages/yours/"))
    assert "Yours is due" in page
    assert "Not yours" not in page
    assert MUST in page
    assert "Your choice is kept" in text(client.post("/messages/yours/", {}, follow=True))
    assert list(OptOut.objects.values_list("person", "kind")) == [(person.pk, "tea")]
    assert "Nothing was changed" in text(client.post("/messages/yours/", {}, follow=True))
    client.post("/messages/yours/", {"kinds": ["tea"]})
    assert not OptOut.objects.exists()


def test_the_secret_in_a_message_to_a_person_is_not_shown_on_their_own_page():
    person = alice()
    a_message(person=person, kind="invitation", link="/invitations/secret/", text="secret")
    assert "secret" not in text(visit(person).get("/messages/yours/"))


def test_opening_the_link_that_stops_messages_asks_and_one_press_stops_them():
    person = alice()
    path = stop_link(person, "tea")
    client = Client(enforce_csrf_checks=True)
    for _ in range(2):  # a mail gateway opens every link
        page = client.get(path)
        assert (page.status_code, OptOut.objects.count()) == (200, 0)
    assert "Nothing has changed yet" in text(page)
    done = client.post(path, {"List-Unsubscribe": "One-Click"})
    assert "have stopped" in text(done)
    assert OptOut.objects.get().person == person
    assert client.post(path).status_code == 200
    assert not done.cookies


def test_a_link_that_was_not_made_here_or_cannot_stop_anything_is_no_page():
    person = alice()
    good = stop_link(person, "tea")
    bad = [
        good[:-2] + "x/",
        stop_link(person, "law"),
        stop_link(person, "unheard-of"),
        f"/messages/stop/{signing.dumps([str(person.pk), 'tea'], salt='another')}/",
        f"/messages/stop/{signing.dumps([str(a_body().pk), 'tea'], salt=STOP)}/",
        "/messages/stop/x/",
    ]
    for path in bad:
        assert Client().get(path).status_code == 404, path
        assert Client().post(path).status_code == 404, path
    assert not OptOut.objects.exists()


def test_the_list_says_when_there_is_nothing_and_when_there_is_no_mail_server(settings):
    client = visit(alice())
    page = text(client.get("/messages/"))
    assert "Nothing is to be sent." in page
    assert "has no mail server" in page
    settings.EMAIL_HOST = "mail.example.org"
    assert "sends these by itself" in text(client.get("/messages/"))
