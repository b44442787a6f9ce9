"""All that is held about somebody is found, marked where it may not be told, and nothing more."""

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from click.testing import CliRunner
from django.contrib.sessions.models import Session
from django.db import models
from django.test import Client
from django.urls import reverse
from tests.desk.test_retention import brought_in
from tests.people import FIRST_DAY, NOW, a_body, a_user
from tests.risk.ledgers import BEFORE_PAID

from section54.desk import disclosure_commands
from section54.desk.disclosure import (
    COMMERCIAL,
    LEGAL,
    LINK_WITHHELD,
    OTHERS,
    SECURITY,
    about_person,
    about_supplier,
    way_to_body,
)
from section54.desk.disclosure_files import files_of
from section54.desk.export_tables import every_model
from section54.organisations.models import (
    ApiToken,
    Body,
    Collaboration,
    Grant,
    Invitation,
    Membership,
    User,
)
from section54.post.models import Job, Message, ScheduledRun
from section54.records.models import Event
from section54.records.policies import our_models
from section54.risk.changes import decide_tier
from section54.risk.models import Finding, Review, TierDecision


def person(email="alice@example.org", name="", bodies=None):
    return about_person(email, name, bodies or [a_body()], NOW)


def supplier(name, bodies=None):
    return about_supplier(name, bodies or [a_body()], NOW)


def part(found, title):
    return next(one for one in [*found.parts, *found.mentions] if one.title.startswith(title))


def values(found):
    return [
        value
        for one in [*found.parts, *found.mentions]
        for record in one.records
        for value in record.values
    ]


def words(found):
    return json.dumps([[value.name, value.text] for value in values(found)], ensure_ascii=False)


def test_a_way_leads_from_every_table_of_ours_to_a_body_or_it_is_a_persons_own():
    of_nobody = {model._meta.label for model in our_models() if way_to_body(model) is None}
    assert (
        of_nobody
        == {
            "organisations.ApiToken",
            "organisations.Collaboration",
            "organisations.User",
            "post.OptOut",
            "post.Reminder",
            "post.ScheduledRun",
            "post.WorkerBeat",
        }
        & of_nobody
    )
    assert len(of_nobody) <= 7, f"add a way, or name it here: {of_nobody}"


def test_every_row_that_names_a_person_is_held_and_their_name_is_not_marked(data):
    alice = User.objects.get(email="alice@example.org")
    ApiToken.objects.create(
        user=alice,
        name="dashboard",
        hint="abcd",
        token_hash="2" * 64,
        made_at=NOW - timedelta(days=1),
        expires_at=NOW,
    )
    found = person("Alice@Example.org")
    assert (found.kind, found.name, found.key) == ("person", "Alice", alice.pk)
    titles = [one.title for one in found.parts]
    assert titles[0] == "Account"
    for words_ in (
        "Grants: user",
        "Imports: started by",
        "Reviews: asked by",
        "Tier decisions: decided by",
        "Source files: received by",
        "Jobs: asked by",
        "Api tokens: user",
        "What the person did",
    ):
        assert words_ in titles
    did = part(found, "What the person did")
    assert len(did.records) == Event.objects.filter(by_id=alice.pk).count()
    decided = part(found, "Tier decisions").records[0]
    assert ("Decided by", "Alice", "") in [(v.name, v.text, v.withhold) for v in decided.values]
    # all that the tables hold, however many rooms there are
    keys = {record.label for one in found.parts for record in one.records}
    for model in every_model():
        for one in model._meta.concrete_fields:
            if one.related_model is User:
                for row in model._base_manager.filter(**{one.name: alice}):
                    assert f"{model._meta.label}:{row.pk}" in keys, (model, one.name)


def test_secrets_of_signing_in_are_shown_to_nobody(data):
    alice = User.objects.get(email="alice@example.org")
    ApiToken.objects.create(
        user=alice,
        name="dashboard",
        hint="abcd",
        token_hash="2" * 64,
        made_at=NOW - timedelta(days=1),
        expires_at=NOW,
    )
    found = person()
    text = words(found)
    assert alice.password not in text
    assert "2" * 64 not in text
    hidden = [value for value in values(found) if value.withhold == SECURITY]
    assert {value.text for value in hidden} == {"(not shown)"}
    assert len(hidden) >= 2


def an_invitation(email, body=None, **more):
    return Invitation.objects.create(
        email=email,
        name=more.pop("name", "Ida"),
        role="administrator",
        body=body or a_body(),
        starts_on=NOW.date(),
        invited_at=NOW - timedelta(days=1),
        expires_at=NOW + timedelta(days=1),
        **{"token_hash": "1" * 64, **more},
    )


def a_message(address, kind="invitation", **more):
    return Message.objects.create(
        body=a_body(),
        kind=kind,
        to_name="Ida",
        to_address=address,
        subject="Come in",
        written_at=NOW,
        not_before=NOW,
        **more,
    )


def signs_in_everywhere(user, word="s"):
    """What is a person's own, of no body; each secret in it is the same word."""
    UserSession.objects.create(
        user=user,
        ip="10.9.8.7",
        user_agent="SecretBrowser",
        session_key=f"{word}1",
        created_at=NOW,
        last_seen_at=NOW,
    )
    Session.objects.create(session_key=f"{word}1", session_data=word, expire_date=NOW)
    ApiToken.objects.create(
        user=user,
        name="ourkey",
        hint="abcd",
        token_hash=word,
        made_at=NOW - timedelta(days=1),
        expires_at=NOW,
    )
    linked = SocialAccount.objects.create(user=user, provider="entra", uid="linked-identity")
    app = SocialApp.objects.create(provider="entra", client_id="c", secret=word, key=word)
    SocialToken.objects.create(account=linked, app=app, token=word, token_secret=word)
    Authenticator.objects.create(
        user=user, type="totp", data={"secret": word}, created_at=NOW, last_used_at=None
    )
    address = EmailAddress.objects.create(user=user, email=user.email)
    EmailConfirmation.objects.create(email_address=address, key=word, created=NOW)


def test_no_secret_of_any_table_is_in_any_answer_and_none_can_be_searched_for(data):
    canary, key = "canary7secret", UUID("ca9a4700-0000-4000-8000-000000000001")
    alice = User.objects.get(email="alice@example.org")
    User.objects.filter(pk=alice.pk).update(password=canary)
    signs_in_everywhere(alice, canary)
    address = "ida@example.org"
    an_invitation(address, token_hash=canary, invited_by=alice)
    link = f"/invitation/{canary}/"
    a_message(address, text=f"Ida, come in: {link}", link=link, person=alice)
    a_message(address, "gone_kind", text=link, link=link, person=alice)
    assert Job.objects.filter(asked_by=alice).update(token=key)
    Message.objects.update(token=key)
    ScheduledRun.objects.create(
        job="nightly", day=NOW.date(), token=key, started_at=NOW, beat_at=NOW
    )
    # every field that may hold a secret, by its name
    named_so = re.compile("token|secret|hash|password|key|link")
    kept = (models.CharField, models.TextField, models.UUIDField)
    fields = [
        (model, one)
        for model in every_model()
        for one in model._meta.concrete_fields
        if named_so.search(one.name) and isinstance(one, kept)
    ]
    not_planted = {
        f"{model._meta.label}.{one.name}"
        for model, one in fields
        if not model._base_manager.filter(
            **{one.name: key}
            if isinstance(one, models.UUIDField)
            else {f"{one.name}__contains": canary}
        ).exists()
    }
    assert not_planted == {  # of the record of changes: no secret, and they cannot be changed
        "records.ChainHead.hash",
        "records.Event.hash",
        "records.Event.previous_hash",
    }
    found = [
        person(),
        person(address),
        person("nobody@example.org", canary),
        person("nobody@example.org", "Come in"),
        supplier(canary),
        supplier("invitation"),
    ]
    for one in found:
        for name, content in files_of(replace(one, name="")).items():
            # the words that were asked for stand in the heading and in the address, nowhere else
            assert canary.encode() not in content, (name, one.name)
            assert str(key).encode() not in content, (name, one.name)
    assert part(found[1], "Messages to this address").records
    held = [v for v in values(found[0]) if v.text == LINK_WITHHELD]
    assert {(v.name, v.withhold) for v in held} == {("Text", SECURITY), ("Link", SECURITY)}
    assert len(held) == 4
    assert found[2].count == found[2].to_read == 0  # whoever guesses learns nothing
    assert found[3].to_read == 2


def of_two_bodies():
    """Bea works for Ely; through what both once bought together she had a role in Fenland."""
    own, other = a_body(), a_body("Ely County Council")
    bea = a_user("Bea", "buyer", other)
    together = Collaboration.objects.create(
        name="Together", lead=other, shared_areas=["spend"], starts_on=FIRST_DAY
    )
    over = FIRST_DAY + timedelta(days=30)
    Membership.objects.create(collaboration=together, body=own, starts_on=FIRST_DAY, ends_on=over)
    Grant.objects.create(
        user=bea, role="head_of_procurement", collaboration=together, starts_on=FIRST_DAY
    )
    User.objects.filter(pk=bea.pk).update(last_login=NOW)
    signs_in_everywhere(bea)
    return own, other, bea


OF_NO_BODY = ("10.9.8.7", "SecretBrowser", "ourkey", "linked-identity", "2026-04-20T")


def test_a_person_of_another_body_is_not_disclosed_through_what_both_bought_together(data):
    own, other, bea = of_two_bodies()
    found = person(bea.email, bodies=[own])
    assert (found.count, found.key) == (0, None)
    assert "People of another body are disclosed by that body." in found.unknown[0]
    an_invitation(bea.email, own)
    invited = person(bea.email, bodies=[own])
    assert [one.title for one in invited.parts] == ["Invitations to this address"]
    whole = person(bea.email, bodies=[other])
    assert all(word in words(whole) for word in OF_NO_BODY)
    assert not any("Left out" in sentence for sentence in whole.unknown)


def test_what_belongs_to_no_one_body_is_left_out_where_another_body_gave_a_role_and_it_says_so(
    data,
):
    own, other, bea = of_two_bodies()
    Grant.objects.create(user=bea, role="buyer", body=own, starts_on=FIRST_DAY, ends_on=FIRST_DAY)
    found = person(bea.email, bodies=[own])
    assert [one.title for one in found.parts] == ["Account", "Grants: user"]
    assert [v.name for v in part(found, "Account").records[0].values] == ["Email", "Name"]
    assert len(part(found, "Grants: user").records) == 1
    assert not any(word in words(found) for word in OF_NO_BODY)
    for word in ("Left out", "api tokens", "user sessions", "authenticators", "social accounts"):
        assert word in found.unknown[0], word
    both = about_person(bea.email, "", [own], NOW, {own.pk, other.pk})
    assert all(word in words(both) for word in OF_NO_BODY)
    # whose only role is in what a body leads is that body's to disclose
    Grant.objects.filter(user=bea, collaboration=None).delete()
    assert person(bea.email, bodies=[own]).count == 0
    assert "SecretBrowser" in words(person(bea.email, bodies=[other]))


def test_a_supplier_gives_nothing_about_people_and_no_payee_whose_name_is_hidden(data):
    alice = User.objects.get(email="alice@example.org")
    brought_in(
        alice,
        "staff.csv",
        BEFORE_PAID + "04/05/2024,Jane Quill,12.50,Refund\n,QUILL Ltd,nothing,x\n"
        "04/05/2024,Quill Guarding Ltd,70.00,Guarding\n",
    )
    an_invitation("ida@quill.org", name="Ida Quill")
    a_message("ida@quill.org", "reminder", text="Dear Ida Quill")
    a_user("Cara Quill", "buyer")
    found = supplier("quill")
    assert [one.title for one in found.mentions] == []
    (paid,) = part(found, "Payments").records
    assert "Quill Guarding Ltd" in [value.text for value in paid.values]
    assert "Payments to whoever may be a private person" in " ".join(found.unknown)
    assert supplier("example").count + supplier("example").to_read == 0

    hidden = Finding.objects.get(name__icontains="Ouse")
    Finding.objects.filter(pk=hidden.pk).update(hidden=True)
    TierDecision.objects.filter(finding=hidden).update(reason="ouse guarding: seen")
    gone = supplier("ouse guarding")
    assert gone.count + gone.to_read == 0


def test_other_people_are_marked_in_fields_and_in_words(data):
    alice, bob = (User.objects.get(email=f"{n}@example.org") for n in ("alice", "bob"))
    grant = Grant.objects.get(user=alice)
    Grant.objects.filter(pk=grant.pk).update(given_by=bob)
    Review.objects.update(asked_by=alice, withdrawn_because="Bob asked for it; not Bobby")
    found = person()
    given = [v for r in part(found, "Grants: user").records for v in r.values if v.text == "Bob"]
    assert [v.withhold for v in given] == [OTHERS]
    because = next(v for v in values(found) if v.text.startswith("Bob asked"))
    assert because.withhold == OTHERS
    Review.objects.update(withdrawn_because="Bobby is nobody here")
    assert next(v for v in values(person()) if v.text.startswith("Bobby")).withhold == ""


def test_what_was_sent_to_an_address_is_found_without_an_account(data):
    Invitation.objects.create(
        email="ida@example.org",
        name="Ida",
        role="buyer",
        body=a_body(),
        starts_on=NOW.date(),
        token_hash="1" * 64,
        invited_at=NOW - timedelta(days=1),
        expires_at=NOW,
    )
    Message.objects.create(
        body=a_body(),
        kind="invitation",
        to_name="Ida",
        to_address="IDA@example.org",
        subject="Come in",
        written_at=NOW,
        not_before=NOW,
    )
    found = person("ida@example.org")
    assert {one.title for one in found.parts} == {
        "Invitations to this address",
        "Messages to this address",
    }
    assert "Whether an account is the person's" in found.unknown[0]
    assert found.key is None
    assert "1" * 64 not in words(found)


def test_text_that_mentions_a_person_is_listed_apart_to_be_read(data):
    Review.objects.update(asked_by=None, findings_text="Ask Cara Quill about the night shift.")
    found = person("cara@example.org", "Cara Quill")
    assert found.parts == []
    (review,) = part(found, "Reviews").records
    assert "night shift" in json.dumps([v.text for v in review.values])
    assert found.to_read == 1
    files = files_of(found)
    assert b"night shift" in files["working-copy.html"]
    assert b"night shift" not in files["draft-without-what-is-marked.html"]
    assert b"night shift" in files["to-be-read.csv"]
    assert b"night shift" not in files["held.csv"]


def test_payments_that_name_a_person_are_found_also_where_no_review_was_made(data):
    by = User.objects.get(email="alice@example.org")
    brought_in(
        by, "staff.csv", BEFORE_PAID + "04/05/2024,J Quill,12.50,Refund\n,CARA QUILL,nothing,x\n"
    )
    found = person("quill@example.org", "quill")
    (paid,) = part(found, "Payments").records
    assert paid.title.startswith("staff.csv, row ")
    assert "12.50" in json.dumps([v.text for v in paid.values])
    (rejected,) = part(found, "Rows of ledgers that were not read").records
    assert "CARA QUILL" in rejected.values[0].text


def test_all_of_a_supplier_is_held_with_our_own_assessment_marked(data):
    found = supplier("ouse guarding")
    (finding,) = part(found, "In reviews").records
    by_name = {value.name: value for value in finding.values}
    assert by_name["Name"].withhold == ""
    assert by_name["Amount"].withhold == ""
    assert by_name["Points"].withhold == by_name["Next step"].withhold == COMMERCIAL
    decision = {v.name: v for v in part(found, "Tier decisions").records[0].values}
    assert decision["Reason"].withhold == decision["Evidence"].withhold == COMMERCIAL
    assert decision["Decided by"].withhold == OTHERS
    (paid,) = part(found, "Payments").records
    assert "9000.00" in [value.text for value in paid.values]
    assert {one.title for one in found.parts} >= {
        "Purchases: finding",
        "What people decided and did",
    }
    listed = words(replace(found, mentions=[]))
    assert "Fenland Contract Cleaning" not in listed
    assert all(len(value.text) < 400 for value in values(replace(found, parts=[])))
    spelled = supplier("fenland contract cleaning")
    assert len(part(spelled, "Payments").records) == 2


def test_what_may_be_legal_advice_is_marked(data):
    by = User.objects.get(email="alice@example.org")
    finding = Review.objects.get().findings.get(name__icontains="Isle")
    decide_tier(
        finding=finding,
        tier="high",
        reason="Our solicitor says to wait",
        evidence="",
        by=by,
        at=NOW,
    )
    found = supplier("isle software")
    reason = next(v for v in values(found) if v.text == "Our solicitor says to wait")
    assert reason.withhold == f"{COMMERCIAL} {LEGAL}"


def test_nothing_of_another_body_is_held(data):
    elsewhere = a_body("Ely County Council")
    stranger = a_user("Charlie", "head_of_procurement", elsewhere)
    assert person(bodies=[elsewhere]).parts == []
    assert supplier("ouse guarding", [elsewhere]).count == 0
    assert person(stranger.email).parts == []
    assert person(stranger.email, bodies=[elsewhere]).count == 2  # account and grant


def test_what_is_not_known_is_said_and_concerns_are_never_looked_at(data):
    for found in (person(), supplier("ouse")):
        text = " ".join(found.unknown)
        assert "concerns" in text
        assert "backups" in text
        page = files_of(found)["working-copy.html"].decode()
        assert all(sentence in page.replace("&#39;", "'") for sentence in found.unknown)


def test_the_draft_lacks_what_is_marked_and_the_table_waits_for_a_person(data):
    found = supplier("ouse guarding")
    files = files_of(found)
    assert b"real living wage" in files["working-copy.html"]
    assert b"real living wage" not in files["draft-without-what-is-marked.html"]
    assert b"[withheld]" in files["draft-without-what-is-marked.html"]
    text = files["held.csv"].decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    evidence = next(row for row in rows if row["Field"] == "Evidence")
    assert evidence["Withhold?"] == "yes, unless you decide otherwise"
    assert evidence["Why"] == COMMERCIAL
    assert evidence["Confirmed by"] == ""
    assert json.loads(files["everything.json"])["name"] == "ouse guarding"
    denny = files_of(supplier("denny body"))["held.csv"].decode("utf-8-sig")
    assert "'=Denny Body Shop Ltd" in denny  # no formula
    assert b"<script>" not in files_of(person("<script>@x.org", "<script>"))["working-copy.html"]


@pytest.fixture
def command(monkeypatch, tmp_path):
    monkeypatch.setattr(disclosure_commands, "open_data", lambda folder: None)

    def run(*said):
        return CliRunner().invoke(
            disclosure_commands.disclose, [*said, "--out", str(tmp_path / "o")]
        )

    return run


def test_the_command_writes_a_private_folder_and_one_line_of_the_record(data, command, tmp_path):
    done = command("--supplier", "ouse guarding", "--body", "Fenland Constabulary")
    assert done.exit_code == 0, done.output
    assert "Start with working-copy.html." in done.output
    assert "Not known: Whether concerns were raised" in done.output
    assert (tmp_path / "o").stat().st_mode & 0o777 == 0o700
    assert all(f.stat().st_mode & 0o777 == 0o600 for f in (tmp_path / "o").iterdir())
    line = Event.objects.get(kind="disclosure_made")
    assert (line.by, line.detail["about"]) == ("Section54", "ouse guarding")
    again = command("--supplier", "ouse guarding")
    assert "is there already" in str(again.exception)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ([], "Name one of"),
        (["--person", "a@b.org", "--supplier", "x"], "Name one of"),
        (["--supplier", "x"], "at least 3 letters"),
        (["--supplier", "@x.org"], "without @ and /"),
        (["--supplier", "/invitation/"], "without @ and /"),
        (["--supplier", "ouse", "--body", "Nowhere"], "No body is called"),
    ],
)
def test_the_command_refuses_in_one_sentence(data, command, said, sentence):
    assert sentence in str(command(*said).exception)
    assert not Event.objects.filter(kind="disclosure_made").exists()


def browser(user):
    client = Client()
    client.force_login(user)
    return client


def test_a_governance_lead_asks_on_the_page_and_a_line_says_so_without_a_name(data):
    lead = a_user("Gale", "governance_lead")
    client = browser(lead)
    body = str(a_body().pk)
    send = {"body": body, "kind": "person", "name": "alice@example.org"}
    answer = client.post(reverse("disclosure"), send)
    assert answer["Content-Type"] == "application/zip"
    assert "attachment" in answer["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert set(packed.namelist()) == set(files_of(person()))
        assert b"Alice" in packed.read("working-copy.html")
    line = Event.objects.get(kind="disclosure_made")
    assert line.by_id == lead.pk
    assert line.detail["about"] == str(User.objects.get(email="alice@example.org").pk)
    assert "alice" not in json.dumps(line.detail).lower()


def test_who_may_not_see_people_asks_for_suppliers_only_and_never_in_another_body(data):
    head = User.objects.get(email="alice@example.org")
    client = browser(head)
    page = client.get(reverse("disclosure")).content.decode()
    assert "A supplier, by its name" in page
    assert "A person, by their e-mail" not in page
    body = str(a_body().pk)
    elsewhere = str(a_body("Ely County Council").pk)
    for send in (
        {"body": body, "kind": "person", "name": "bob@example.org"},
        {"body": elsewhere, "kind": "supplier", "name": "ouse guarding"},
        {"body": body, "kind": "supplier", "name": "x"},
        {"body": body, "kind": "supplier", "name": "@x.org"},
        {"body": body, "kind": "supplier", "name": "/invitation/"},
    ):
        answer = client.post(reverse("disclosure"), send)
        assert "There is a problem" in answer.content.decode()
    assert "Give the name of a supplier, or a part of it without @ and /" in (
        answer.content.decode()
    )
    assert not Event.objects.filter(kind="disclosure_made").exists()
    good = {"body": body, "kind": "supplier", "name": "ouse guarding"}
    assert client.post(reverse("disclosure"), good)["Content-Type"] == "application/zip"
    assert Body.objects.count() == 2
