"""Programs read what the person of their key may see, and nothing else."""

import json
import os
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from unittest import mock

import pytest
import schemathesis
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.people import FIRST_DAY, NOW, a_body, a_user
from tests.risk.ledgers import a_review

from section54.desk.api import door
from section54.desk.api.door import A_MINUTE
from section54.desk.api.v1 import described, permissions
from section54.desk.wsgi import application
from section54.organisations.collaboration_changes import found_collaboration, join, share
from section54.organisations.models import SHARED_PROCUREMENT, ApiToken, Grant
from section54.organisations.token_changes import make_token, revoke_token
from section54.records.models import Event
from section54.risk.models import Review


pytestmark = pytest.mark.django_db
KEPT = Path(__file__).parent / "openapi.json"
EXAMPLES = 100 if os.environ.get("SECTION54_FULL") else 5


@pytest.fixture(autouse=True)
def _nothing_counted():
    cache.clear()


def key_of(user, scopes=("spend.see",)) -> str:
    now = timezone.now()
    user.on(timezone.localdate())
    return make_token(
        user=user, body=a_body(), name="Dashboard", scopes=scopes,
        expires_at=now + timedelta(days=30), at=now,
    )[1]  # fmt: skip


def ask(path: str, key: str = "", **headers):
    given = {"Authorization": f"Bearer {key}"} if key else {}
    return Client().get(f"/api/v1/{path}", headers={**given, **headers})


def test_a_program_reads_a_review_down_to_its_payments_with_exact_money():
    alice = a_user("Alice", "head_of_procurement")
    review = a_review(alice)
    key = key_of(alice)

    listed = ask("reviews", key).json()
    assert (listed["total"], listed["items"][0]["reference"]) == (1, review.reference)
    one = ask(f"reviews/{review.pk}", key).json()
    assert one["totals"]["amount"] == review.figures["totals"]["amount"]
    found = ask(f"reviews/{review.pk}/findings?limit=100", key).json()
    assert [row["name"] for row in found["items"]] == list(
        review.findings.order_by("place").values_list("name", flat=True)
    )
    shown = review.findings.filter(hidden=False).order_by("place").first()
    paid = ask(f"reviews/{review.pk}/findings/{shown.pk}/payments?limit=100", key).json()
    assert paid["total"] == shown.lines == len(paid["items"])
    assert sum(Decimal(row["amount"]) for row in paid["items"]) == shown.amount
    assert ask(f"reviews/{review.pk}/categories", key).json()["total"] > 0
    assert ask("ledgers", key).json()["items"][0]["rows"] > 0


def test_a_list_gives_the_part_that_was_asked_for():
    alice = a_user("Alice", "head_of_procurement")
    path = f"reviews/{a_review(alice).pk}/findings"
    key = key_of(alice)
    whole = ask(path, key).json()["items"]
    assert ask(f"{path}?limit=1&offset=1", key).json()["items"] == whole[1:2]
    assert ask(f"{path}?offset=10000000", key).json()["items"] == []


@pytest.mark.parametrize("asked", ["limit=101", "limit=0", "offset=-1", "limit=many", "body=\0"])
def test_what_cannot_be_understood_is_refused_in_one_sentence(asked):
    key = key_of(a_user("Alice", "head_of_procurement"))
    answer = ask(f"reviews?{asked}", key)
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert answer.json()["detail"].startswith(asked.split("=")[0])


def test_only_a_tier_that_there_is_can_be_asked_for():
    alice = a_user("Alice", "head_of_procurement")
    path, key = f"reviews/{a_review(alice).pk}/findings", key_of(alice)
    assert {row["tier"] for row in ask(f"{path}?tier=high", key).json()["items"]} == {"high"}
    assert ask(f"{path}?tier=%00", key).status_code == 422


def test_notes_of_people_are_not_given():
    alice = a_user("Alice", "head_of_procurement")
    review = a_review(alice)
    review.findings_text = "canary of a conclusion"
    review.save()
    key = key_of(alice)
    for path in ("reviews", f"reviews/{review.pk}", f"reviews/{review.pk}/findings?limit=100"):
        assert "canary" not in ask(path, key).content.decode()


def test_what_another_body_shares_is_read_without_what_its_people_noted():
    alice = a_user("Alice", "head_of_procurement")
    review = a_review(alice)
    Review.objects.filter(pk=review.pk).update(
        state="concluded", findings_text="canary", concluded_on=NOW.date(), concluded_by=alice,
        next_due_on=date(2031, 7, 4),
    )  # fmt: skip
    broads = a_body("Broads Constabulary")
    since = {"starts_on": FIRST_DAY, "at": NOW}
    together = found_collaboration(
        name="Eastern", lead=a_body(), shared_areas=SHARED_PROCUREMENT, by=None, **since
    )
    join(collaboration=together, body=broads, by=None, **since)
    share(subject=review, body=a_body(), collaboration=together, by=alice, **since)
    theirs = key_of(a_user("Carol", "contract_manager", broads))
    for path in ("reviews", f"reviews/{review.pk}", f"reviews/{review.pk}/findings?limit=100"):
        told = ask(path, theirs).content.decode()
        assert "canary" not in told
        assert "2031" not in told
    [listed] = ask("reviews", theirs).json()["items"]
    assert (listed["next_due_on"], listed["shared"]) == (
        None,
        "Shared by Fenland Constabulary with Eastern",
    )
    [own] = ask("reviews", key_of(alice)).json()["items"]
    assert (own["next_due_on"], own["shared"]) == ("2031-07-04", "")


def test_that_a_program_read_the_payees_is_one_line_a_day_however_many_pages_it_asks():
    alice = a_user("Alice", "head_of_procurement")
    review = a_review(alice)
    key, before = key_of(alice), Event.objects.count()
    shown = review.findings.filter(hidden=False).first()
    for path in ("?limit=1", "?limit=1&offset=1", f"/{shown.pk}/payments"):
        assert ask(f"reviews/{review.pk}/findings{path}", key).status_code == 200
    assert ask("reviews", key).status_code == 200
    [line] = Event.objects.about(review).filter(kind="review_exported")
    assert (line.by, line.detail["what"]) == ("Alice", "payees with the key “Dashboard”")
    assert Event.objects.count() == before + 1


class TestTheDoor:
    """No key, no answer; a key gives what its person may on the day, or less."""

    def test_without_a_key_or_with_a_wrong_one_it_is_401_and_says_what_to_send(self):
        for answer in (ask("me"), ask("me", "s54_wrong"), ask("me", Authorization="Basic eDp5")):
            assert answer.status_code == 401
            assert answer["WWW-Authenticate"].startswith("Bearer")
            assert "Send a key" in answer.json()["detail"]

    def test_a_session_of_a_browser_opens_nothing(self):
        client = Client()
        client.force_login(a_user("Alice", "head_of_procurement"))
        assert client.get("/api/v1/reviews").status_code == 401

    def test_a_revoked_key_and_one_of_a_closed_account_open_nothing(self):
        alice, bob = a_user("Alice", "head_of_procurement"), a_user("Bob", "board_member")
        keys = key_of(alice), key_of(bob)
        revoke_token(
            token=ApiToken.objects.get(user=alice), body=a_body(), by=alice, at=timezone.now()
        )
        bob.is_active = False
        bob.save()
        assert [ask("me", key).status_code for key in keys] == [401, 401]

    def test_a_key_gives_no_more_than_its_person_has_today(self):
        alice = a_user("Alice", "head_of_procurement")
        key = key_of(alice)
        assert ask("reviews", key).status_code == 200
        Grant.objects.filter(user=alice).update(role="administrator")
        answer = ask("reviews", key)
        assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
        assert ask("me", key).json()["permissions"] == []

    def test_a_key_gives_no_more_than_it_names(self):
        key = key_of(a_user("Alice", "head_of_procurement"), ("audit.see",))
        assert ask("reviews", key).status_code == 403

    def test_another_bodys_review_is_the_same_404_as_one_that_does_not_exist(self):
        review = a_review(a_user("Alice", "head_of_procurement"))
        key = key_of(a_user("Charlie", "head_of_procurement", a_body("Ely County Council")))
        foreign = ask(f"reviews/{review.pk}", key)
        missing = ask("reviews/00000000-0000-4000-8000-000000000000", key)
        assert (foreign.status_code, foreign.content) == (404, missing.content)
        assert ask("reviews", key).json()["items"] == []

    def test_writing_is_refused_and_so_is_an_address_that_is_not_there(self):
        key = key_of(a_user("Alice", "head_of_procurement"))
        headers = {"Authorization": f"Bearer {key}"}
        answer = Client().post("/api/v1/me", headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (405, 405)
        assert Client().get("/api/v1/nowhere", headers=headers).json()["status"] == 404

    def test_a_key_that_asks_too_often_waits(self):
        key = key_of(a_user("Alice", "head_of_procurement"))
        with mock.patch.object(door.time, "time", return_value=1_800_000_030.0):
            # What is refused counts, too.
            seen = [ask("nowhere" if n % 9 else "me", key).status_code for n in range(A_MINUTE)]
            late = ask("me", key)
        assert set(seen) == {200, 404}
        assert (late.status_code, late.json()["status"]) == (429, 429)
        assert 1 <= int(late["Retry-After"]) <= 60
        other = key_of(a_user("Bob", "board_member"))
        assert ask("me", other).status_code == 200

    def test_the_day_of_its_last_use_is_kept(self):
        key = key_of(a_user("Alice", "head_of_procurement"))
        ask("me", key)
        assert ApiToken.objects.get().last_used_on == timezone.localdate()


class TestItsDescription:
    """What is described is what is there, and it stays so."""

    def test_every_operation_says_its_permission_its_refusals_and_has_a_bounded_list(self):
        operations = [one for methods in described()["paths"].values() for one in methods.values()]
        assert len(operations) == len(permissions)
        for one in operations:
            assert one["security"], one["operationId"]
            assert one["x-permission"] in permissions.values()
            assert {"200", "401", "403", "404", "422", "429"} == set(one["responses"])
            schema = one["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
            if "Page" in schema:
                asked = {given["name"]: given["schema"] for given in one["parameters"]}
                assert asked["limit"]["maximum"] == 100
                assert asked["offset"]["maximum"] > 0

    def test_it_is_the_one_that_programs_were_written_for(self):
        """A change is made on purpose: write the new one to tests/desk/openapi.json."""
        assert described() == json.loads(KEPT.read_text(encoding="utf-8"))

    def test_anybody_can_read_it_and_it_loads_nothing_from_elsewhere(self):
        page = Client().get(reverse("api"))
        assert page.status_code == 200
        assert "/api/v1/reviews" in page.content.decode()
        assert Client().get(reverse("api-openapi")).json() == described()

    def test_whatever_it_allows_is_answered_as_it_says(self):
        alice = a_user("Alice", "head_of_procurement")
        review = a_review(alice)
        key = key_of(alice)
        there = {"pk": str(review.pk), "finding": str(review.findings.first().pk)}
        told = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)

        for made in told.get_all_operations():
            operation = made.ok()

            @settings(max_examples=EXAMPLES, database=None)
            @given(case=operation.as_strategy(), is_there=st.booleans())
            def answered_as_it_says(case, is_there):
                if is_there:  # otherwise almost every answer would be a 404
                    case.path_parameters.update(
                        {name: there[name] for name in case.path_parameters}
                    )
                cache.clear()
                case.call_and_validate(
                    headers={"Authorization": f"Bearer {key}"},
                    excluded_checks=[schemathesis.checks.CHECKS.get_one("ignored_auth")],
                )

            answered_as_it_says()


class TestPages:
    """A person makes a key, sees it once, and revokes it."""

    def signed_in(self, name="Alice", role="head_of_procurement"):
        client = Client()
        client.force_login(a_user(name, role))
        return client

    def made(self, client):
        given = {"name": "Dashboard", "scopes": ["spend.see"], "days": "30"}
        return client.post(reverse("key-make"), given).content.decode()

    def test_a_key_is_shown_once_and_works_until_it_is_revoked(self):
        client = self.signed_in()
        page = self.made(client)
        key = page[page.index("s54_") :].split("<")[0]
        assert ask("me", key).status_code == 200
        assert key not in client.get(reverse("keys")).content.decode()
        client.post(reverse("key-revoke", args=[ApiToken.objects.get().pk]))
        assert ask("me", key).status_code == 401
        assert "Revoked" in client.get(reverse("keys")).content.decode()
        kinds = set(Event.objects.values_list("kind", flat=True))
        assert {"api_token_made", "api_token_revoked"} <= kinds

    def test_what_is_missing_is_asked_for(self):
        page = self.signed_in().post(reverse("key-make"), {}).content.decode()
        assert "Enter what the key is for" in page
        assert "Select what the key may do" in page

    def test_who_has_nothing_to_give_makes_no_key(self):
        client = self.signed_in("Ada", "administrator")
        assert client.get(reverse("key-make")).status_code == 302
        assert "you cannot make a key" in client.get(reverse("keys")).content.decode()

    def test_who_holds_no_role_any_more_can_still_revoke(self):
        client = self.signed_in()
        self.made(client)
        Grant.objects.update(ended_on=FIRST_DAY, ended_because="left")
        client.post(reverse("key-revoke", args=[ApiToken.objects.get().pk]))
        assert ApiToken.objects.get().revoked_at is not None
        assert Event.objects.get(kind="api_token_revoked").body_id == a_body().pk

    def test_a_colleagues_key_is_not_found(self):
        alice = self.signed_in()
        self.made(alice)
        bob = self.signed_in("Bob", "board_member")
        assert bob.get(reverse("key-revoke", args=[ApiToken.objects.get().pk])).status_code == 404
