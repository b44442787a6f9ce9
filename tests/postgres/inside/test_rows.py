"""Row-level security: PostgreSQL shows no body's row to another, whatever the program asks."""

from importlib import import_module

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.http import StreamingHttpResponse
from django.test import Client, RequestFactory
from tests.people import NOW, a_body, a_user, alice, charlie
from tests.risk.ledgers import a_review

from section54.organisations.http import PermissionMiddleware
from section54.organisations.models import Body, Collaboration, Grant, Membership, Share, User
from section54.records import policies, rows
from section54.records.changes import first_broken, record
from section54.records.models import Event
from section54.records.rows import everything, nothing, of_bodies
from section54.risk.models import CategoryFinding, Finding, Purchase, Review
from section54.sources.models import Import, SourceFile
from section54.spend.models import Ledger


pytestmark = pytest.mark.django_db
OF_A_BODY = [Body, Grant, Event, SourceFile, Import, Ledger, Review, Finding, CategoryFinding]
OF_A_BODY += [Purchase, Import.files.through, Review.ledgers.through]


def told():
    """What the connection itself says it may show."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('section54.everything', true), "
            "current_setting('section54.bodies', true), current_setting('section54.person', true)"
        )
        return tuple(value or "" for value in cursor.fetchone())


@pytest.fixture(scope="module")
def two(django_db_setup, django_db_blocker):
    """Alice's and Charlie's review, each of a body of their own."""
    with django_db_blocker.unblock(), transaction.atomic():
        first, second = alice(), charlie()
        a_review(first)
        a_review(second, body=a_body("Ely County Council"))
        yield first, second
        transaction.set_rollback(True)


def own(user):
    return of_bodies(user.body_ids("signed_in"), person=user.pk)


@pytest.mark.parametrize("model", OF_A_BODY)
def test_who_says_nothing_sees_nothing_and_each_body_sees_its_own(two, model):
    with nothing():
        assert not model.objects.exists()
    with everything():
        of_all = model.objects.count()
    seen = []
    for user in two:
        with own(user):
            seen.append(set(model.objects.values_list("pk", flat=True)))
    assert all(seen)
    assert not seen[0] & seen[1]
    assert len(seen[0]) + len(seen[1]) == of_all


def test_rows_of_another_body_can_be_neither_added_changed_moved_nor_removed(two):
    user, other = two
    theirs = Review.objects.get(body__in=other.body_ids("signed_in"))
    mine = Review.objects.get(body__in=user.body_ids("signed_in"))
    with own(user):
        assert not Review.objects.filter(pk=theirs.pk).update(name="mine")
        assert not Finding.objects.filter(review_id=theirs.pk).delete()[0]
        for harm in (
            lambda: Review.objects.filter(pk=mine.pk).update(body_id=theirs.body_id),
            lambda: Finding.objects.filter(review_id=mine.pk).update(review_id=theirs.pk),
            lambda: Grant.objects.create(
                user=user, role="auditor", body_id=theirs.body_id, starts_on=NOW.date()
            ),
        ):
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                harm()
    assert theirs.findings.exists()


def test_accounts_are_found_by_who_signs_in_and_then_only_those_of_ones_own_bodies(two):
    user, other = two
    with nothing():
        assert User.objects.filter(email=other.email).exists()
    with own(user):
        assert User.objects.filter(pk=user.pk).exists()
        assert not User.objects.filter(pk=other.pk).exists()


def test_a_line_is_added_to_any_chain_but_only_ones_own_are_read(two):
    user, other = two
    (body,) = other.body_ids("signed_in")
    with nothing(), transaction.atomic():
        record("signed_in", other, body_id=body, by=other, at=NOW)
    with own(user):
        assert not Event.objects.filter(body_id=body).exists()
    with own(other):
        assert first_broken(Event.objects.of_body(body)) is None
        assert Event.objects.of_body(body).last().kind == "signed_in"


def together(lead, *others, days=-1):
    made = Collaboration.objects.create(
        name="Seven forces", lead=lead, shared_areas=["spend"], starts_on=NOW.date()
    )
    for body in (lead, *others):
        Membership.objects.create(collaboration=made, body=body, starts_on=NOW.date())
    return made


def test_what_is_shared_with_a_collaboration_is_read_by_its_members_and_changed_by_none(two):
    user, other = two
    third = a_user("Dora", "board_member", a_body("March Town Council"))
    theirs = Review.objects.get(body__in=other.body_ids("signed_in"))
    (body,), (their_body,) = user.body_ids("signed_in"), other.body_ids("signed_in")
    group = together(Body.objects.get(pk=body), Body.objects.get(pk=their_body))
    with own(user):
        assert not Review.objects.filter(pk=theirs.pk).exists()
        assert Body.objects.filter(pk=their_body).exists()
    shared = Share.objects.create(
        collaboration=group,
        body_id=their_body,
        kind="risk.Review",
        subject_id=theirs.pk,
        starts_on=NOW.date(),
        shared_by=other,
    )
    with own(user):
        assert Review.objects.get(pk=theirs.pk).findings.exists()
        assert not Review.objects.filter(pk=theirs.pk).update(name="mine")
        assert told()[0] == ""  # the look at what is shared left nothing behind
    with own(third):
        assert not Review.objects.filter(pk=theirs.pk).exists()
        assert not Body.objects.filter(pk=their_body).exists()
        assert not Share.objects.exists()
    Share.objects.filter(pk=shared.pk).update(ends_on=NOW.date())
    with own(user):
        assert not Review.objects.filter(pk=theirs.pk).exists()


def test_a_request_tells_the_bodies_of_whoever_signed_in_and_keeps_nothing_after(two, monkeypatch):
    user, _ = two
    seen = []
    view = import_module("section54.desk.views")
    count = view.render

    def render(*args, **kwargs):
        seen.append((told(), Review.objects.count()))
        return count(*args, **kwargs)

    monkeypatch.setattr(view, "render", render)
    client = Client()
    client.force_login(user)
    with nothing():
        assert client.get("/").status_code == 200
        assert told() == ("", "", "")
        assert not Review.objects.exists()
    (body,) = user.body_ids("signed_in")
    assert seen == [(("", f"{{{body}}}", str(user.pk)), 1)]


@pytest.mark.parametrize("is_broken_off", [False, True])
def test_an_answer_that_is_made_while_it_is_sent_shows_the_same_rows(two, is_broken_off):
    user, _ = two
    request = RequestFactory().get("/")
    request.user = User.objects.get(pk=user.pk)

    def answer(request):
        return StreamingHttpResponse(f"{Review.objects.count()}".encode() for _ in range(3))

    with nothing():
        response = PermissionMiddleware(answer)(request)
        parts = iter(response.streaming_content)
        assert next(parts) == b"1"
        assert told() == ("", "", "")
        if is_broken_off:
            response.close()
        else:
            assert list(parts) == [b"1", b"1"]
        assert told() == ("", "", "")


def test_a_failed_statement_and_a_rollback_leave_what_was_shown_before(two):
    user, _ = two

    def fails(statement):
        with transaction.atomic(), own(user), connection.cursor() as cursor:
            cursor.execute(statement)
            assert told()[1]
            raise ZeroDivisionError

    with nothing():
        for statement in ("SELECT 1 / 0", "SELECT 1"):
            with pytest.raises((DatabaseError, ZeroDivisionError)):
                fails(statement)
            assert told() == ("", "", "")
        with own(user):
            before = told()
            with pytest.raises(DatabaseError), transaction.atomic(), everything():
                Review.objects.create(pk=None)
            assert told() == before
        assert told() == ("", "", "")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records_event SET kind = 'x'",
        "DELETE FROM records_event",
        "TRUNCATE records_event",
        "TRUNCATE records_checkpoint",
    ],
)
def test_the_audit_trail_refuses_to_be_edited_and_emptied(two, statement):
    refused = pytest.raises(DatabaseError, match="never edited or removed")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_every_table_of_ours_is_guarded_or_says_why_not():
    assert policies.tables_without() == []
    assert run_checks(databases=["default"]) == []
    tables = {model._meta.db_table for model in policies.our_models()}
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        guarded = {name for (name,) in cursor.fetchall()}
    unguarded = {m._meta.label for m in policies.our_models() if m._meta.db_table not in guarded}
    assert guarded <= tables
    assert unguarded == set(policies.OF_NO_BODY)


@pytest.mark.parametrize(
    "harm",
    [
        "ALTER TABLE risk_finding DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE risk_finding NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY section54_update ON risk_finding",
    ],
)
def test_a_table_that_lost_its_policy_is_named_and_migrating_sets_it_again(harm):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what was written waits for no check
        cursor.execute(harm)
    (fault,) = run_checks(databases=["default"])
    assert "risk_finding" in fault.msg
    call_command("migrate", verbosity=0)
    assert run_checks(databases=["default"]) == []


def test_the_role_is_no_superuser_and_a_superuser_is_refused(monkeypatch):
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False,)

    class Above:
        vendor, alias, settings_dict = "postgresql", "default", {"USER": "postgres"}
        closed = 0
        connection = property(lambda self: self)

        def cursor(self):
            return self

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def execute(self, *_):
            pass

        def fetchone(self):
            return (True,)

        def close(self):
            self.closed += 1

    above = Above()
    with pytest.raises(rows.RoleAboveRulesError, match="make a role of its own with createuser"):
        rows.tell_new_connection(connection=above)
    assert above.closed == 1
