"""Every address × every role × own and another body's × GET, HEAD and POST, against the table.

What is expected is written here by hand, as the cell of the conventions' table that an address
needs; the permission that its view names is not asked.
"""

import io
import logging
import os
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Count, Q
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from tests.organisations.test_table import cells
from tests.people import FIRST_DAY, NOW, a_body, a_user
from tests.post.factories import a_message
from tests.risk.ledgers import NOW_PAID, a_review

from section54.organisations import permissions
from section54.organisations.changes import grant_role, relate
from section54.organisations.checks import routes
from section54.organisations.collaboration_changes import found_collaboration, join, share
from section54.organisations.invitation_changes import invite
from section54.organisations.models import (
    SHARED_PROCUREMENT,
    ApiToken,
    Body,
    BodyRelation,
    Logo,
    User,
    hash_of_token,
)
from section54.organisations.office_changes import appoint, found_office
from section54.organisations.permissions import NOTED
from section54.post.messages import stop_link
from section54.records.models import Event
from section54.risk.models import Review


pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Needs:
    """The cell that GET (and HEAD) and POST need; None: the address has no such method."""

    get: str | None = None
    post: str | None = None


ANYBODY = "anybody"
SIGNED_IN = "signed in"
SEES, CHANGES = "spend: S", "spend: C"
READS_LINES = "audit: S, or S of people only"
READS_ALL_LINES = "audit: S"
SEES_PEOPLE, CHANGES_PEOPLE = "people: S", "people: C, never to self"
# A cell: the area of the table and the verbs of which one is enough.
CELLS = {
    SEES: ("spend", {"see"}),
    CHANGES: ("spend", {"change"}),
    READS_LINES: ("audit", {"see", "see_people"}),
    SEES_PEOPLE: ("people", {"see"}),
    READS_ALL_LINES: ("audit", {"see"}),
    CHANGES_PEOPLE: ("people", {"change_of_others"}),
}

EXPECTED = {
    "home": Needs(SIGNED_IN),
    "sign-in": Needs(ANYBODY, ANYBODY),
    "account_login": Needs(ANYBODY, ANYBODY),
    "sign-out": Needs(ANYBODY, ANYBODY),
    "account_logout": Needs(ANYBODY, ANYBODY),
    "account_inactive": Needs(ANYBODY),
    "mfa_authenticate": Needs(ANYBODY, ANYBODY),
    "passkey-sign-in": Needs(ANYBODY, ANYBODY),
    "invitation": Needs(ANYBODY, ANYBODY),
    "entra-sign-in": Needs(post=ANYBODY),
    "entra-callback": Needs(ANYBODY),
    "account": Needs(SIGNED_IN),
    "account-entra": Needs(post=SIGNED_IN),
    "prove-entra": Needs(post=SIGNED_IN),
    "account-sessions": Needs(post=SIGNED_IN),
    "account-password": Needs(SIGNED_IN, SIGNED_IN),
    "account-app": Needs(SIGNED_IN, SIGNED_IN),
    "account-passkeys": Needs(SIGNED_IN, SIGNED_IN),
    "account-recovery-codes": Needs(SIGNED_IN, SIGNED_IN),
    "prove": Needs(SIGNED_IN, SIGNED_IN),
    "record-head": Needs(ANYBODY),
    "record-note": Needs(ANYBODY),
    "api": Needs(ANYBODY),
    "api-openapi": Needs(ANYBODY),
    "keys": Needs(SIGNED_IN),
    "key-make": Needs(SIGNED_IN, SIGNED_IN),
    "key-revoke": Needs(SIGNED_IN, SIGNED_IN),
    "api-me": Needs(SIGNED_IN),
    "api-bodies": Needs(SIGNED_IN),
    "api-reviews": Needs(SEES),
    "api-review": Needs(SEES),
    "api-categories": Needs(SEES),
    "api-findings": Needs(SEES),
    "api-payments": Needs(SEES),
    "api-ledgers": Needs(SEES),
    "audit": Needs(READS_LINES),
    "audit-export": Needs(READS_LINES),
    "audit-checks": Needs(READS_ALL_LINES),
    "audit-bundle": Needs(READS_ALL_LINES, READS_ALL_LINES),
    "health": Needs(SEES_PEOPLE),
    "health-alive": Needs(ANYBODY),
    "health-ready": Needs(ANYBODY),
    "messages": Needs(SIGNED_IN, SIGNED_IN),
    "messages-export": Needs(SIGNED_IN),
    "messages-yours": Needs(SIGNED_IN, SIGNED_IN),
    "messages-stop": Needs(ANYBODY, ANYBODY),
    "retention": Needs(READS_ALL_LINES),
    "people": Needs(SEES_PEOPLE),
    "people-export": Needs(SEES_PEOPLE),
    "people-access": Needs(SEES_PEOPLE),
    "people-access-export": Needs(SEES_PEOPLE),
    "my-access": Needs(SIGNED_IN),
    "person": Needs(SEES_PEOPLE),
    **dict.fromkeys(
        (
            "person-invite",
            "person-give",
            "person-leaving",
            "person-close",
            "person-reopen",
            "grant-end",
            "invitation-withdraw",
            "invitation-again",
            "body-add",
            "body-describe",
            "body-relate",
            "body-relation-end",
            "office-add",
            "office-close",
            "office-appoint",
            "office-holder-end",
            "collaboration-found",
            "collaboration-join",
            "collaboration-share-less",
            "collaboration-end",
            "collaboration-codes",
            "membership-end",
        ),
        Needs(CHANGES_PEOPLE, CHANGES_PEOPLE),
    ),
    "first-day": Needs(CHANGES_PEOPLE),
    "usual-offices": Needs(CHANGES_PEOPLE, CHANGES_PEOPLE),
    "logo": Needs(CHANGES_PEOPLE, CHANGES_PEOPLE),
    "logo-picture": Needs(SIGNED_IN),
    "bodies": Needs(SIGNED_IN),
    "body": Needs(SIGNED_IN),
    "collaborations": Needs(SIGNED_IN),
    "collaboration": Needs(SIGNED_IN),
    "disclosure": Needs(READS_ALL_LINES, READS_ALL_LINES),
    "ledger-list": Needs(SEES),
    "ledger-add": Needs(CHANGES, CHANGES),
    "import": Needs(SEES),
    "import-stop": Needs(post=CHANGES),
    "import-again": Needs(post=CHANGES),
    "import-discard": Needs(CHANGES, CHANGES),
    "import-rejected": Needs(SEES),
    "import-take-in": Needs(CHANGES, CHANGES),
    "import-undo": Needs(CHANGES, CHANGES),
    "ledger": Needs(SEES),
    "ledger-correct": Needs(CHANGES, CHANGES),
    "review-list": Needs(SEES),
    "review-new": Needs(CHANGES, CHANGES),
    "review": Needs(SEES),
    "review-lead": Needs(CHANGES, CHANGES),
    "review-stop": Needs(post=CHANGES),
    "review-again": Needs(post=CHANGES),
    "review-categories": Needs(SEES),
    "review-category": Needs(SEES),
    "review-suppliers": Needs(SEES),
    "review-suppliers-export": Needs(SEES),
    "review-compare": Needs(SEES, CHANGES),
    "review-conclude": Needs(CHANGES, CHANGES),
    "review-share": Needs(CHANGES, CHANGES),
    "review-share-stop": Needs(post=CHANGES),
    "review-method": Needs(SEES),
    "review-file": Needs(SEES),
    "finding": Needs(SEES),
    "finding-payments": Needs(SEES),
    "finding-payments-export": Needs(SEES),
    "finding-decide": Needs(CHANGES, CHANGES),
    "finding-withdraw": Needs(post=CHANGES),
}

# What opens, read-only, to the other bodies of a collaboration that a review is shared with.
OPEN_TO_MEMBERS = {
    "review",
    "review-categories",
    "review-category",
    "review-suppliers",
    "review-suppliers-export",
    "review-method",
    "review-file",
    "finding",
    "finding-payments",
    "finding-payments-export",
    "api-review",
    "api-categories",
    "api-findings",
    "api-payments",
}
# What is a person's own: nobody who walks is that person.
PERSONAL = {"key-revoke"}

NO_LINE = (
    "/{route} ({name}) has no line in EXPECTED of tests/organisations/test_matrix.py: add "
    '"{name}": Needs(get, post) with the cell of the table of roles that each method needs, None '
    "for a method that it does not have."
)

OWN, OTHER = "own", "other"
METHODS = ("GET", "HEAD", "POST")
LINES: tuple[int, ...] = ()  # before a request
OWN_WORD, CANARY = "heronmarsh", "canaryquill"
SECRET = re.compile(rb'(name="csrfmiddlewaretoken" value=")[^"]*|(nonce=")[^"]*')


class World:
    """Two bodies, each with an import and its review, and a person of every role in the first."""

    def __init__(self) -> None:
        self.ids = {OWN: _ids(OWN_WORD), OTHER: _ids(CANARY)}
        body = a_body(f"{OWN_WORD} Constabulary")
        _, secret = invite(
            email="walker.invited@example.org",
            name="Walker Invited",
            role="auditor",
            to=body,
            starts_on=FIRST_DAY,
            by=None,
            at=timezone.now(),
        )
        for ids in self.ids.values():
            ids["secret"] = secret  # a link is its own key: whose it is, the page may say
        self.people: dict[str, Client] = {"": Client()}
        self.programs: dict[str, Client] = {"": Client()}
        for role in permissions.ROLES:
            walker = a_user(f"Walker {role}", role, body)
            self.people[role] = Client()
            self.people[role].force_login(walker)
            self.programs[role] = Client(headers={"Authorization": f"Bearer {role}"})
            _key(walker, role)
        member = a_user("Walker next door", "head_of_procurement", self.next_door())
        self.member = Client()
        self.member.force_login(member)
        self.members_program = Client(headers={"Authorization": "Bearer next-door"})
        _key(member, "next-door")

    def next_door(self) -> Body:
        """Make a body that buys together with the first one, which shares its review there."""
        body, own = a_body("Ternfield Constabulary"), a_body(f"{OWN_WORD} Constabulary")
        together = found_collaboration(
            name="Buying together",
            lead=own,
            shared_areas=SHARED_PROCUREMENT,
            starts_on=FIRST_DAY,
            by=None,
            at=NOW,
        )
        join(collaboration=together, body=body, starts_on=FIRST_DAY, by=None, at=NOW)
        review = Review.objects.get(pk=self.ids[OWN]["review"])
        share(
            subject=review,
            body=own,
            collaboration=together,
            starts_on=FIRST_DAY,
            by=review.asked_by,
            at=NOW,
        )
        return body

    def missing(self) -> dict[str, Any]:
        """Ids of nothing, in addresses that are otherwise right."""
        given = self.ids[OTHER]
        return {name: uuid4() if isinstance(v, UUID) else v for name, v in given.items()}


def _ids(word: str) -> dict[str, Any]:
    """Make a body's review, every name in it with a word of its own; return what addresses need."""
    body: Body = a_body(f"{word} Constabulary")
    by = a_user(f"{word} Buyer", "head_of_procurement", body)
    text = NOW_PAID.replace("Ouse Guarding", f"{word} Guarding")
    review = a_review(by, text, name=f"{word}.csv", body=body)
    review.name = f"Review of {word}"
    review.asked_at = NOW + timedelta(days=word == CANARY)  # the other body's would come first
    review.save()
    ledger = review.ledgers.get()
    finding = review.findings.get(name__icontains=word)
    return {
        "review": review.pk,
        "import": ledger.brought_by_id,
        "ledger": ledger.pk,
        "finding": finding.pk,
        "code": finding.purchases.first().code,
        "token": stop_link(by, "review_due").rstrip("/").rpartition("/")[2],
        "message": a_message(body, to_name=f"{word} Buyer", subject=f"{word} is due").pk,
        "key": _key(by, word).pk,
        "form": "xlsx",
        "name": "review.html",
        **_together(word, body),
    }


def _key(of: User, secret: str) -> ApiToken:
    """Make a key that names more than most may."""
    now = timezone.now()
    return ApiToken.objects.create(
        user=of,
        name=f"Key of {of.name}",
        scopes=["spend.see"],
        hint="s54_",
        token_hash=hash_of_token(secret),
        made_at=now,
        expires_at=now + timedelta(days=1),
    )


def _together(word: str, body: Body) -> dict[str, Any]:
    """Make a body's people, offices, neighbour and collaboration, each with a word of its own."""
    since: Any = {"starts_on": FIRST_DAY, "by": None, "at": NOW}
    neighbour = a_body(f"{word} Council")
    Logo.objects.create(body=body, png=word.encode(), width=1, height=1, sha256="0" * 64)
    person = a_user(f"{word} Leaver", "buyer", body)
    office = found_office(body=body, name=f"{word} Office", by=None, at=NOW)
    together = found_collaboration(
        name=f"{word} together", lead=body, shared_areas=["spend"], **since
    )
    joined = join(collaboration=together, body=neighbour, **since)
    shared_user = a_user(f"{word} Shared", "contract_manager", neighbour)
    grant_role(user=shared_user, role="contract_manager", body=together, **since)
    share(
        subject=body,  # any record will do
        body=body,
        collaboration=together,
        starts_on=FIRST_DAY,
        by=person,
        at=NOW,
    )
    invitation, _ = invite(
        email=f"{word}@example.org",
        name=f"{word} Invited",
        role="buyer",
        to=body,
        starts_on=FIRST_DAY,
        by=None,
        at=timezone.now(),
    )
    return {
        "person": person.pk,
        "grant": person.grants.get().pk,
        "body": body.pk,
        "office": office.pk,
        "holder": appoint(office=office, user=person, acting=False, **since).pk,
        "relation": relate(body=body, kind=BodyRelation.Kind.OVERSEES, other=neighbour, **since).pk,
        "collaboration": together.pk,
        "membership": joined.pk,
        "invitation": invitation.pk,
    }


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[World]:
    global LINES
    log = logging.getLogger("django.request")
    log.disabled = True  # thousands of refusals, each with its trace, take half of the time
    try:
        with django_db_blocker.unblock(), transaction.atomic():
            made = World()
            for client in made.people.values():
                client.get("/account/")  # so that its session is listed, once
            LINES = _lines()
            yield made
            LINES = ()
            transaction.set_rollback(True)
    finally:
        log.disabled = False


def has(role: str, cell: str) -> bool:
    if cell in (ANYBODY, SIGNED_IN):
        return cell == ANYBODY or bool(role)
    area, verbs = CELLS[cell]
    return bool(role) and bool(cells()[role, area] & verbs)


def expected(needs: Needs, role: str, whose: str, method: str, *, of_a_body: bool) -> set[str]:
    """Return the answers that are right: a status, "sign in", or more of them."""
    needed = needs.post if method == "POST" else needs.get
    door = needs.get or needs.post
    assert door is not None
    if door == ANYBODY:
        return {"200", "302"} if needed else {"405"}
    if not role:
        return {"sign in"}
    if not has(role, door):
        return {"403"}
    if needed is None:
        return {"405"}
    if whose != OWN and of_a_body:
        return {"404"}
    return {"200", "302"} if has(role, needed) else {"403"}


@dataclass
class Answer:
    """What came back: the status in words, and all of its bytes."""

    status: str
    content: bytes
    headers: str
    lines: int  # of the record that it wrote


def ask(client: Client, method: str, path: str, data: dict[str, Any]) -> Answer:
    """Send a request and take back all that it wrote."""
    before, others_before = LINES or _lines()  # the same each time: all is taken back
    kept = deepcopy(client.cookies)
    cache.clear()  # how often somebody tried to sign in
    with transaction.atomic():
        response = getattr(client, method.lower())(path, data)
        parts = response.streaming_content if response.streaming else [response.content]
        content = b"".join(parts)
        status = str(response.status_code)
        if status == "302" and response["Location"].startswith("/sign-in/?next="):
            status = "sign in"
        now, others = _lines()
        lines = now - before
        if status not in ("200", "302") and lines:
            status += ", and wrote a line"
        if others != others_before:
            status += ", and wrote a line of another body"
        response.close()
        transaction.set_rollback(True)
    client.cookies = kept  # signing out is taken back, too
    headers = "\n".join(f"{name}: {value}" for name, value in response.items())
    return Answer(status, _opened(content), headers + response.cookies.output(), lines)


def _lines() -> tuple[int, int]:
    """Return how many lines the record has, and how many of them are the other body's."""
    others = Count("pk", filter=Q(body_id__in=Body.objects.filter(name__startswith=CANARY)))
    found = Event.objects.order_by().aggregate(all=Count("pk"), others=others)
    return found["all"], found["others"]


def _opened(content: bytes) -> bytes:
    """Return bytes with what is packed in them, so that words in workbooks are found."""
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return b"\n".join(packed.read(name) for name in packed.namelist())


def hostile(ids: dict[str, Any]) -> dict[str, Any]:
    """Return what somebody might send to an address to reach what is not theirs."""
    return {
        "ledgers": [str(ids["ledger"])],
        "earlier": str(ids["review"]),
        "with": str(ids["review"]),
        "subject": f"risk.Review:{ids['review']}",
        "name": "x",
        "messages": [str(ids["message"])],
        "what": "sent",
        "body": str(ids["body"]),
        "place": str(ids["body"]),
        "lead": str(ids["body"]),
        "user": str(ids["person"]),
        "led_by": str(ids["person"]),
        "role": "buyer",
        "email": "somebody@example.org",
        "because": "Because",
        "when": "now",
        "areas": ["spend"],
        **{f"starts_on-{part}": at for part, at in (("day", 1), ("month", 1), ("year", 2027))},
        "confirmed": "yes",
    }


def walk(
    world: World,
    *,
    roles: Iterable[str],
    needs: dict[str, Needs] = EXPECTED,
    only: set[str] | None = None,
    bodies: Iterable[str] = (OWN, OTHER),
    methods: Iterable[str] = METHODS,
) -> tuple[int, dict[str, list[str]]]:
    """Return the cases walked, and what was wrong by the route's name, a sentence each."""
    count, wrong = 0, {}
    canary = CANARY.encode()
    for route, pattern in routes():
        name = pattern.name
        if only is not None and name not in only:
            continue
        if name not in needs:
            wrong[name] = [NO_LINE.format(route=route, name=name)]
            continue
        of_a_body, by_key = "<uuid" in route, name.startswith("api-") and name != "api-openapi"
        for whose in bodies:
            path, data = path_of(route, pattern, world.ids[whose]), hostile(world.ids[whose])
            for role in roles:
                for method in methods:
                    count += 1
                    client = (world.programs if by_key else world.people)[role]
                    answer = ask(client, method, path, data)
                    right = expected(needs[name], role, whose, method, of_a_body=of_a_body)
                    if name in PERSONAL and role:
                        right = {"404"}
                    elif by_key and not role:
                        right = {"401"}
                    case = f"{method} /{route} of {whose} body as {role or 'nobody'}"
                    if answer.status not in right:
                        said = f"{case}: {answer.status}, not {' or '.join(sorted(right))}"
                        wrong.setdefault(name, []).append(said)
                    if canary in answer.content.lower() or CANARY in answer.headers.lower():
                        wrong.setdefault(name, []).append(f"{case}: names what is another body's")
    return count, wrong


# What the first id of an address is of, by how the address begins.
OF_WHICH = {
    "imports": "import",
    "people": "person",
    "invitations": "invitation",
    "bodies": "body",
    "collaborations": "collaboration",
    "account": "key",
}


def path_of(route: str, pattern: Any, ids: dict[str, Any]) -> str:
    """Return a route's address with a body's ids."""
    known = {**ids, "pk": ids[OF_WHICH.get(route.partition("/")[0], "review")]}
    names = re.findall(r"<\w+:(\w+)>", route)
    return reverse(pattern.name, kwargs={name: known[name] for name in names})


def test_every_address_answers_every_role_as_the_table_of_roles_says(world, figure):
    # HEAD asks the database what GET does, so once more only where there is time
    quick = connection.vendor == "postgresql" and not os.environ.get("SECTION54_FULL")
    methods = ("GET", "POST") if quick else METHODS
    count, wrong = walk(world, roles=list(world.people), methods=methods)
    assert not wrong, "\n".join(line for lines in wrong.values() for line in lines)
    # every address × (14 roles and nobody) × 2 bodies × methods
    assert count == len(EXPECTED) * 15 * 2 * len(methods)
    figure("requests compared with the table of roles", count)


def test_an_address_without_a_line_here_fails_and_says_what_to_add(world):
    fewer = {name: needs for name, needs in EXPECTED.items() if name != "review"}
    _, wrong = walk(world, roles=["auditor"], needs=fewer, only={"review"})
    assert 'add "review": Needs(get, post)' in wrong["review"][0]


def test_no_line_here_is_of_an_address_that_is_gone():
    assert {pattern.name for _, pattern in routes()} == set(EXPECTED)


def test_what_is_another_bodys_is_the_same_page_as_what_does_not_exist(world, figure):
    count = 0
    own, other = world.ids[OWN], world.ids[OTHER]
    for route, pattern in routes():
        if "<uuid" not in route:
            continue
        needs = EXPECTED[pattern.name]
        client = world.people["head_of_procurement"]
        if route.startswith("api/"):
            client = world.programs["head_of_procurement"]
        if CHANGES_PEOPLE in (needs.get, needs.post) or needs.get == SEES_PEOPLE:
            client = world.people["administrator"]
        asked = [other]
        if route.count("<uuid") > 1:  # another body's record below a record of one's own
            first = OF_WHICH.get(route.partition("/")[0], "review")
            asked.append({**other, first: own[first]})
        for method in ("GET", "POST"):
            if (needs.post if method == "POST" else needs.get) is None:
                continue
            nothing = ask(client, method, path_of(route, pattern, world.missing()), {})
            assert nothing.status == "404", route
            for ids in asked:
                answer = ask(client, method, path_of(route, pattern, ids), {})
                assert answer.status == "404", route
                assert SECRET.sub(b"", answer.content) == SECRET.sub(b"", nothing.content), route
                count += 1
    figure("another body's addresses compared with those of nothing", count)


def test_a_member_of_the_same_collaboration_reads_what_is_shared_and_nothing_else(world, figure):
    count, opened, wrong = 0, set(), []
    for route, pattern in routes():
        if "<uuid" not in route:
            continue
        needs = EXPECTED[pattern.name]
        for whose in (OWN, OTHER):
            for method in METHODS:
                needed = needs.post if method == "POST" else needs.get
                path = path_of(route, pattern, world.ids[whose])
                client = world.members_program if route.startswith("api/") else world.member
                answer = ask(client, method, path, hostile(world.ids[whose]))
                opens = whose == OWN and pattern.name in OPEN_TO_MEMBERS and method != "POST"
                right = "405" if needed is None else "200" if opens else "404"
                door = needs.get or needs.post
                if door and not has("head_of_procurement", door):
                    right = "403"
                count += 1
                if answer.status != right:
                    wrong.append(f"{method} /{route} of {whose} body: {answer.status}, not {right}")
                if opens:
                    opened.add(pattern.name)
    assert not wrong, "\n".join(wrong)
    assert opened == OPEN_TO_MEMBERS
    figure("requests of a member of the same collaboration compared", count)


def test_each_answer_that_gives_away_what_is_sensitive_is_one_line_and_others_are_none(world):
    noted = [(route, pattern) for route, pattern in routes() if pattern.name in NOTED]
    assert {pattern.name for _, pattern in noted} == set(NOTED)
    for route, pattern in noted:
        reader = world.people["administrator" if "messages" in route else "auditor"]
        own = path_of(route, pattern, world.ids[OWN])
        gives, shows = ("POST", "GET") if EXPECTED[pattern.name].post else ("GET", "POST")
        data = {"body": str(world.ids[OWN]["body"])} if gives == "POST" else {}
        assert ask(reader, gives, own, data).lines == 1, pattern.name
        others = [(reader, "HEAD", own), (reader, shows, own), (Client(), gives, own)]
        if "<uuid" in route:
            others.append((reader, "GET", path_of(route, pattern, world.missing())))
        for person, method, path in others:
            assert ask(person, method, path, {}).lines == 0, (pattern.name, method)


def test_the_words_that_must_not_leak_do_show_to_their_own(world):
    client = world.people["auditor"]
    for name in ("ledger-list", "review-suppliers-export", "finding-payments-export"):
        route, pattern = next(found for found in routes() if found[1].name == name)
        answer = ask(client, "GET", path_of(route, pattern, world.ids[OWN]), {})
        assert OWN_WORD.encode() in answer.content.lower(), name


def built() -> list[tuple[str, str, str]]:
    """Return the permissions of the table on which an address rests: (role, area, verb)."""
    areas = {area for area, _ in CELLS.values()}
    return [
        (role, area, verb)
        for role, (_, given) in permissions.ROLES.items()
        for area in sorted(areas)
        for verb in given.get(area, ())
        if any(area == where and verb in verbs for where, verbs in CELLS.values())
    ]


@pytest.mark.parametrize(("role", "area", "verb"), built())
def test_a_permission_taken_out_of_the_table_turns_its_addresses_red(
    world, monkeypatch, role, area, verb
):
    resting = {
        name
        for name, needs in EXPECTED.items()
        for cell in (needs.get, needs.post)
        if cell in CELLS and CELLS[cell][0] == area and verb in CELLS[cell][1]
    }
    name, given = permissions.ROLES[role]
    fewer = {**given, area: tuple(one for one in given[area] if one != verb)}
    monkeypatch.setitem(permissions.ROLES, role, (name, fewer))
    _, wrong = walk(world, roles=[role], only=resting, bodies=[OWN], methods=("GET", "POST"))
    assert set(wrong) == resting


def test_a_permission_too_many_turns_its_addresses_red(world, monkeypatch):
    name, given = permissions.ROLES["board_member"]
    more = {**given, "spend": ("see", "change"), "audit": ("see",)}
    monkeypatch.setitem(permissions.ROLES, "board_member", (name, more))
    _, wrong = walk(world, roles=["board_member"], bodies=[OWN])
    cells_given = {CHANGES, READS_LINES, READS_ALL_LINES}
    assert set(wrong) == {n for n, one in EXPECTED.items() if {one.get, one.post} & cells_given}


def test_without_scoping_every_address_of_a_record_is_red_and_on_postgresql_nothing_leaks(
    world, monkeypatch
):
    rooms = [module for name, module in sys.modules.items() if name.startswith("section54.")]
    switched = [room for room in rooms if hasattr(room, "scoped")]
    assert len(switched) >= 5
    for room in switched:
        monkeypatch.setattr(room, "scoped", lambda queryset, *whose: queryset)
    _, wrong = walk(world, roles=["head_of_procurement", "administrator"], bodies=[OTHER])
    if connection.vendor == "postgresql":  # row-level security holds alone
        assert not wrong, wrong
        return
    of_records = {pattern.name for route, pattern in routes() if "<uuid" in route}
    lists = {"home", "ledger-list", "review-list", "people", "bodies", "collaborations"}
    assert (of_records | lists) - PERSONAL <= set(wrong)
