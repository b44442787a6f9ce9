"""Mail: sent once, told when nobody knows, tried again with patience, and never half said."""

import os
from collections import Counter
from datetime import timedelta
from email.header import decode_header, make_header
from smtplib import SMTPServerDisconnected

import pytest
from django.db import IntegrityError, transaction
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.people import NOW, a_body, a_user, alice
from tests.post.factories import a_message
from tests.post.smtp import MailServer

from section54.organisations.invitation_changes import invite
from section54.post import changes, mail, messages
from section54.post.changes import Decision
from section54.post.messages import MessageKind, NotAMessageError, Recipient
from section54.post.models import Message
from section54.records.changes import NotInATransactionError
from section54.records.models import Event


pytestmark = pytest.mark.django_db
State = Message.State
LATER = NOW + timedelta(days=2)
WORDS = MessageKind(
    name="test", title="Test", subject="{what} of {body}", text="{name}: {link}", values=("what",)
)
messages.register(WORDS)


def now():
    return NOW


@pytest.fixture
def server(settings):
    with MailServer() as given:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", given.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_TIMEOUT = 5
        settings.DEFAULT_FROM_EMAIL = "Section54 <section54@example.org>"
        settings.ADDRESS = "https://section54.example.org"
        yield given


def write(**changed):
    given = {
        "kind": "test",
        "body": a_body(),
        "to": Recipient("Ann Other", "ann.other@example.org"),
        "values": {"what": "The review"},
        "link": "/reviews/",
        "at": NOW,
    }
    with transaction.atomic():
        return changes.write_message(**{**given, **changed})


def state_of(message):
    message.refresh_from_db()
    return message.state


# --- what is written ----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_message_is_there_exactly_if_the_change_that_caused_it_went_through():
    @transaction.atomic
    def fails():
        write()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert not Message.objects.exists()
    person = alice()
    with pytest.raises(NotInATransactionError):
        changes.write_message(
            kind="test", body=a_body(), to=person, values={"what": "x"}, link="/", at=NOW
        )


def test_a_message_holds_the_standing_text_names_and_a_link_of_this_site_only():
    message = write()
    assert message.subject == "The review of Fenland Constabulary"
    assert message.text == "Ann Other: http://127.0.0.1:8054/reviews/\n"
    assert (message.state, message.person) == (State.TO_SEND, None)


@pytest.mark.parametrize(
    "changed",
    [
        {"values": {"what": "x\r\nBcc: everybody@example.org"}},
        {"values": {"what": "x\n"}},
        {"values": {"what": "x\u2028y"}},
        {"values": {"what": "x\0"}},
        {"values": {"what": "x" * 301}},
        {"values": {}},
        {"values": {"what": "x", "concern": "what somebody told us"}},
        {"to": Recipient("Ann\r\nBcc: a@example.org", "ann@example.org")},
        {"to": Recipient("Ann", "ann@example.org\nBcc: a@example.org")},
        {"to": Recipient("Ann", "ann@example.org, bob@example.org")},
        {"to": Recipient("Ann", "")},
        {"link": "https://elsewhere.example/"},
        {"link": "//elsewhere.example/"},
        {"link": "/\\elsewhere.example/"},
        {"link": "/x\r\nX: y"},
        {"kind": "unheard of"},
        {"handled_with": "spend.burn"},
    ],
)
def test_what_does_not_belong_into_a_message_is_refused(changed):
    with pytest.raises(NotAMessageError):
        write(**changed)
    assert not Message.objects.exists()


def test_braces_in_a_name_are_letters():
    assert "{link}" in write(values={"what": "{link} {0.__class__}"}).subject


# --- what is sent -------------------------------------------------------------------------------


def test_a_message_is_sent_once_with_headers_that_say_it_is_from_a_program(server):
    person = a_user("Zoe", "buyer")
    person.name = "Zoë Ångström"
    message = write(to=person, about="review_due", values={"what": "Café"})
    assert mail.send_due(now) == 1
    assert mail.send_due(now) == 0
    [sent] = server.received
    assert state_of(message) == State.SENT
    assert str(make_header(decode_header(sent["Subject"]))) == "Café of Fenland Constabulary"
    assert "Zoë Ångström" in str(make_header(decode_header(sent["To"])))
    assert sent["Message-ID"] == f"<{message.pk}@section54.example.org>"
    assert sent["Auto-Submitted"] == "auto-generated"
    assert (
        sent["List-Unsubscribe"].strip().startswith("<https://section54.example.org/messages/stop/")
    )
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert sent.get_payload(decode=True).decode().endswith("/reviews/\r\n")


def test_a_message_that_nobody_can_stop_names_no_link_to_stop_it(server):
    write()
    mail.send_due(now)
    assert server.received[0]["List-Unsubscribe"] is None


def test_without_a_mail_server_messages_wait():
    message = write()
    assert mail.send_due(now) == 0
    assert state_of(message) == State.TO_SEND


@pytest.mark.parametrize("answer", ["550 nobody here", "554 no such words"])
def test_what_the_server_refuses_for_good_fails_with_its_words(server, answer):
    server.answers["ann.other@example.org"] = answer
    message = write()
    mail.send_due(now)
    assert state_of(message) == State.FAILED
    assert answer[:3] in message.failure


def test_what_is_refused_for_now_is_tried_again_with_patience_and_given_up_in_the_end(server):
    server.answers["ann.other@example.org"] = "451 later"
    message, at = write(), [NOW]
    for tries, wait in enumerate(changes.WAITS, 1):
        mail.send_due(lambda: at[0])
        assert (state_of(message), message.attempts) == (State.TO_SEND, tries)
        assert message.not_before == at[0] + wait
        mail.send_due(lambda: message.not_before - timedelta(seconds=1))
        at[0] = message.not_before
    mail.send_due(lambda: at[0])
    assert (state_of(message), message.attempts) == (State.FAILED, 8)
    assert not server.received


def test_a_server_that_cannot_be_reached_costs_a_try_of_one_message(settings, server):
    server.shutdown()
    server.server_close()
    first, second = write(), write()
    mail.send_due(now)
    assert [state_of(first), state_of(second)] == [State.TO_SEND] * 2
    assert sorted([first.attempts, second.attempts]) == [0, 1]


def test_a_line_that_breaks_after_the_words_leaves_a_doubt_that_only_a_person_ends(server):
    server.answers["ann.other@example.org"] = "drop"
    message = write()
    mail.send_due(now)
    assert state_of(message) == State.PERHAPS_SENT
    mail.send_due(lambda: LATER)
    assert len(server.received) == 1
    server.answers.clear()
    changes.decide_on_messages(messages=[message], what=Decision.AGAIN, by=alice(), at=LATER)
    assert mail.send_due(lambda: LATER) == 1
    assert server.times() == {f"<{message.pk}@section54.example.org>": 2}


def test_a_line_that_breaks_before_the_words_leaves_no_doubt(server):
    server.answers["ann.other@example.org"] = "drop before"
    message = write()
    mail.send_due(now)
    assert state_of(message) == State.TO_SEND


def test_a_message_that_fails_does_not_keep_the_others_back(server):
    server.answers["ann.other@example.org"] = "550 nobody here"
    write()
    other = write(to=Recipient("Bob", "bob@example.org"))
    for _ in range(2):
        mail.send_due(now)
    assert state_of(other) == State.SENT


def test_a_slow_worker_that_was_taken_for_dead_still_says_that_it_was_sent():
    message = write()
    taken = changes.take_message(at=NOW)
    assert changes.doubt_abandoned(since=NOW) == 0
    assert changes.doubt_abandoned(since=LATER) == 1
    assert state_of(message) == State.PERHAPS_SENT
    assert changes.message_sent(message=taken, at=NOW)
    assert state_of(message) == State.SENT


def test_a_worker_says_nothing_any_more_of_a_message_on_which_a_person_decided():
    message = write()
    taken = changes.take_message(at=NOW)
    changes.doubt_abandoned(since=LATER)
    changes.decide_on_messages(messages=[message], what=Decision.AGAIN, by=alice(), at=NOW)
    assert not changes.message_sent(message=taken, at=NOW)
    assert state_of(message) == State.TO_SEND


def test_what_a_person_says_of_a_message_is_one_line_of_the_record_without_its_words():
    person, message = alice(), write()
    assert (
        changes.decide_on_messages(messages=[message], what=Decision.SENT, by=person, at=NOW) == 1
    )
    assert (
        changes.decide_on_messages(messages=[message], what=Decision.SENT, by=person, at=NOW) == 0
    )
    [line] = Event.objects.about(message)
    assert (line.kind, line.by, line.detail) == (
        "message_sent_by_hand",
        "Alice",
        {"message": "test"},
    )
    assert state_of(message) == State.SENT
    assert message.by_hand_of == person


def test_the_words_of_a_message_that_is_over_are_forgotten_after_a_week():
    over, open_one = write(), write()
    changes.decide_on_messages(messages=[over], what=Decision.ASIDE, by=alice(), at=NOW)
    assert changes.forget_texts(at=NOW + timedelta(days=7)) == 0
    assert changes.forget_texts(at=NOW + timedelta(days=7, seconds=1)) == 1
    assert changes.forget_texts(at=LATER + timedelta(days=99)) == 0
    over.refresh_from_db()
    open_one.refresh_from_db()
    assert (over.text, over.link, bool(open_one.text)) == ("", "", True)


def test_an_invitation_goes_by_mail_where_there_is_a_server_and_its_link_is_then_forgotten(server):
    by = a_user("Ada", "administrator")
    given = {"name": "Ann", "role": "buyer", "to": a_body(), "starts_on": NOW.date(), "at": NOW}
    made, token = invite(email="ann@example.org", by=by, **given)
    message = Message.objects.get()
    assert (made.goes_by_mail, token in message.text, token in message.link) == (True, True, True)
    assert mail.send_due(now) == 1
    assert token in server.received[0].get_payload(decode=True).decode()
    assert state_of(message) == State.SENT
    assert (message.text, message.link) == ("", "")
    invite(email="bob@example.org", by=by, **given)
    waits = Message.objects.get(to_address="bob@example.org")
    changes.decide_on_messages(messages=[waits], what=Decision.ASIDE, by=by, at=NOW)
    waits.refresh_from_db()
    assert (waits.text, waits.link) == ("", "")


def test_without_a_mail_server_an_invitations_secret_is_kept_nowhere():
    given = {"name": "Ann", "role": "buyer", "to": a_body(), "starts_on": NOW.date(), "at": NOW}
    made, _ = invite(email="ann@example.org", by=a_user("Ada", "administrator"), **given)
    assert not made.goes_by_mail
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "row",
    [{"state": "lost"}, {"state": "sending"}, {"state": "failed"}, {"state": "sent"}],
)
def test_the_database_refuses_a_state_that_cannot_be(row):
    with pytest.raises(IntegrityError), transaction.atomic():
        a_message(**row)


# --- whatever happens, in whatever order --------------------------------------------------------


class WorkerDiedError(BaseException):
    """The worker was killed."""


class Line:
    """The line to a mail server, which answers or breaks as the test says."""

    def __init__(self, how, delivered):
        self.how, self.delivered = how, delivered

    def mail(self, sender):
        return 250, b"go on"

    def rcpt(self, address):
        if self.how == "dies before":
            raise WorkerDiedError
        if self.how == "breaks before":
            raise SMTPServerDisconnected
        return (550, b"nobody") if self.how == "no" else (250, b"go on")

    def data(self, words):
        if self.how == "not now":
            return 451, b"later"
        if self.how != "breaks, lost":
            [key] = [w.split(b"<")[1].split(b"@")[0] for w in words.split(b"\r\n") if b"-ID" in w]
            self.delivered[key.decode()] += 1
        if self.how == "dies after":
            raise WorkerDiedError
        if self.how.startswith("breaks"):
            raise SMTPServerDisconnected
        return 250, b"taken"


HOW = ("yes", "no", "not now", "breaks before", "breaks", "breaks, lost", "dies before")
HOW = (*HOW, "dies after", "dies after")  # what most can go wrong with


class Outbox(RuleBasedStateMachine):
    """Workers take, send and die, the clock goes on, people decide: nothing is sent twice."""

    @initialize()
    def begin(self):
        self.all_of_it = transaction.atomic()
        self.all_of_it.__enter__()
        self.person, self.at = alice(), NOW
        self.delivered, self.asked_again = Counter(), Counter()
        self.said_sent = set()

    def teardown(self):
        transaction.set_rollback(True)
        self.all_of_it.__exit__(None, None, None)

    def rows(self, *states):
        return list(Message.objects.filter(state__in=states).order_by("pk"))

    @rule()
    def write_one(self):
        write(at=self.at)

    @rule(how=st.sampled_from(HOW))
    def send_one(self, how):
        message = changes.take_message(at=self.at)
        if message is None:
            return
        try:
            mail._send(Line(how, self.delivered), message, lambda: self.at)
        except WorkerDiedError:
            assert state_of(message) == State.SENDING

    @rule(minutes=st.integers(1, 900))
    def time_goes_on(self, minutes):
        self.at += timedelta(minutes=minutes)

    @rule()
    def the_dead_are_found(self):
        self.at += mail.DEAD_AFTER + timedelta(seconds=1)
        changes.doubt_abandoned(since=self.at - mail.DEAD_AFTER)

    @precondition(lambda self: self.rows(*Message.OPEN))
    @rule(data=st.data(), what=st.sampled_from(Decision))
    def somebody_decides(self, data, what):
        message = data.draw(st.sampled_from(self.rows(*Message.OPEN)))
        before = message.state
        if changes.decide_on_messages(messages=[message], what=what, by=self.person, at=self.at):
            assert before != State.SENDING
            if what == Decision.AGAIN:
                self.asked_again[str(message.pk)] += 1
            if what == Decision.SENT:
                self.said_sent.add(str(message.pk))

    @invariant()
    def nothing_is_sent_twice_unless_a_person_asked(self):
        for message in Message.objects.all():
            key = str(message.pk)
            assert self.delivered[key] <= 1 + self.asked_again[key]
            if message.state == State.SENT and key not in self.said_sent:
                assert self.delivered[key] >= 1
            if message.state in (State.TO_SEND, State.FAILED) and not self.asked_again[key]:
                assert self.delivered[key] == 0, "it went, and nobody was told"
            assert message.attempts <= len(changes.WAITS) + 1


def test_in_whatever_order_things_happen_nothing_is_sent_twice_or_lost(settings, figure):
    settings.DEFAULT_FROM_EMAIL = "section54@example.org"
    examples = 500 if os.environ.get("SECTION54_FULL") else 25
    run_state_machine_as_test(
        Outbox,
        settings=hypothesis_settings(max_examples=examples, stateful_step_count=25, deadline=None),
    )
    figure("orders of sending, dying and deciding tried", examples)
