"""Bodies that work together: what a role reaches, for how long, and what it never reaches."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.people import FIRST_DAY, NOW, a_body, a_user

from section54.organisations.changes import (
    NotPossibleError,
    SelfGrantError,
    end_grant,
    end_relation,
    grant_role,
    relate,
)
from section54.organisations.collaboration_changes import (
    change_shared_areas,
    end_collaboration,
    found_collaboration,
    join,
    leave,
    share,
    stop_sharing,
)
from section54.organisations.models import (
    SHARED_PROCUREMENT,
    BodyRelation,
    Grant,
    Membership,
    Share,
    User,
)
from section54.organisations.models.bodies import predecessors
from section54.records.changes import first_broken
from section54.records.models import Event


pytestmark = pytest.mark.django_db
TODAY = NOW.date()
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def eastern():
    """Fenland leads; Broads is in; Ely Council is not."""
    fenland, broads = a_body(), a_body("Broads Constabulary")
    made = found_collaboration(
        name="Eastern procurement",
        lead=fenland,
        shared_areas=SHARED_PROCUREMENT,
        starts_on=FIRST_DAY,
        by=None,
        at=NOW,
    )
    join(collaboration=made, body=broads, starts_on=TODAY, by=None, at=NOW)
    return made


def names(user: User, permission: str, day: date = TODAY) -> set[str]:
    there = user.on(day)
    bodies = there.body_ids(permission)
    return {held.body_name for held in there.roles_held if held.body_id in bodies}


def shared_buyer(eastern) -> User:
    user = a_user("Priya", "")
    grant_role(user=user, role="buyer", body=eastern, starts_on=FIRST_DAY, by=None, at=NOW)
    return user


def test_a_role_in_a_collaboration_reaches_the_members_of_the_day(eastern):
    priya = shared_buyer(eastern)

    assert names(priya, "spend.change", TODAY - timedelta(days=1)) == {"Fenland Constabulary"}
    assert names(priya, "spend.change") == {"Fenland Constabulary", "Broads Constabulary"}


def test_a_role_in_a_collaboration_reaches_only_what_is_shared(eastern):
    priya = shared_buyer(eastern)

    assert names(priya, "checks.change") == {"Fenland Constabulary", "Broads Constabulary"}
    assert names(priya, "boards.see") == set()  # a buyer of one body would see its boards


def test_a_body_that_left_is_reached_until_its_last_day(eastern):
    priya = shared_buyer(eastern)
    broads = Membership.objects.get(collaboration=eastern, body__name="Broads Constabulary")
    leave(membership=broads, last_day=TODAY, by=a_user("Eve", "administrator"), at=NOW)

    assert "Broads Constabulary" in names(priya, "spend.see", TODAY)
    assert "Broads Constabulary" not in names(priya, "spend.see", TOMORROW)


def test_a_body_that_left_knows_of_the_time_until_then_only(eastern):
    broads = Membership.objects.get(collaboration=eastern, body__name="Broads Constabulary")
    bea = a_user("Bea", "buyer", a_body("Broads Constabulary"))
    assert eastern.known_until(bea, TODAY) == date.max
    leave(membership=broads, last_day=TODAY, by=a_user("Eve", "administrator"), at=NOW)
    assert eastern.known_until(bea, TODAY) == date.max
    assert eastern.known_until(bea, TOMORROW) == TODAY
    assert eastern.known_until(a_user("Alice", "buyer"), TOMORROW) == date.max


def test_a_collaboration_that_ended_reaches_nobody(eastern):
    priya = shared_buyer(eastern)
    end_collaboration(
        collaboration=eastern, last_day=TODAY, by=a_user("Eve", "administrator"), at=NOW
    )

    assert names(priya, "spend.see", TOMORROW) == set()


def test_what_is_over_is_not_opened_again_and_what_was_so_before_stays(eastern):
    ada = a_user("Ada", "administrator")
    membership = Membership.objects.get(collaboration=eastern, body__name="Broads Constabulary")
    later = NOW + timedelta(days=9)

    def leaves(last_day, at=NOW):
        leave(membership=membership, last_day=last_day, by=ada, at=at)

    with pytest.raises(NotPossibleError, match="or a later day"):
        leaves(TODAY - timedelta(days=2))
    leaves(TODAY + timedelta(days=5))
    with pytest.raises(NotPossibleError, match="brought forward"):
        leaves(TODAY + timedelta(days=6))
    with pytest.raises(NotPossibleError, match="over already"):
        leaves(TODAY + timedelta(days=30), later)
    end_collaboration(collaboration=eastern, last_day=TODAY, by=ada, at=NOW)
    with pytest.raises(NotPossibleError, match="over already"):
        end_collaboration(collaboration=eastern, last_day=date(2099, 12, 31), by=ada, at=later)


def test_roles_and_successions_are_not_given_backwards():
    ada, ben, new = a_user("Ada", "administrator"), a_user("Ben", ""), a_body("New")
    yesterday = TODAY - timedelta(days=1)
    with pytest.raises(NotPossibleError, match="or a later day"):
        grant_role(user=ben, role="buyer", body=a_body(), starts_on=yesterday, by=ada, at=NOW)
    given = {"body": new, "kind": BodyRelation.Kind.SUCCEEDS, "other": a_body(), "by": ada}
    with pytest.raises(NotPossibleError, match="Choose 27 April 2026"):
        relate(**given, starts_on=TODAY + timedelta(days=6), at=NOW)
    coming = relate(**given, starts_on=TODAY + timedelta(days=7), at=NOW)
    end_relation(relation=coming, last_day=TODAY, by=ada, at=NOW)  # called off in time
    assert not BodyRelation.objects.exists()
    coming = relate(**given, starts_on=TODAY + timedelta(days=7), at=NOW)
    with pytest.raises(NotPossibleError, match="has no end"):
        end_relation(relation=coming, last_day=TODAY, by=ada, at=NOW + timedelta(days=7))


def test_the_lead_cannot_leave_and_nobody_joins_twice(eastern):
    fenland = Membership.objects.get(collaboration=eastern, body=a_body())
    ada = a_user("Ada", "administrator")
    with pytest.raises(NotPossibleError, match="end the collaboration instead"):
        leave(membership=fenland, last_day=TODAY, by=ada, at=NOW)
    with pytest.raises(NotPossibleError, match="already"):
        join(collaboration=eastern, body=a_body(), starts_on=TODAY, by=ada, at=NOW)


def test_no_administrator_reaches_several_bodies_through_a_collaboration(eastern):
    with pytest.raises(NotPossibleError, match="looks after its own people"):
        grant_role(
            user=a_user("Zed", ""),
            role="administrator",
            body=eastern,
            starts_on=TODAY,
            by=a_user("Ada", "administrator"),
            at=NOW,
        )


def test_a_collaboration_may_share_less_later_but_never_more(eastern):
    ada = a_user("Ada", "administrator")
    with pytest.raises(NotPossibleError, match="found a new collaboration"):
        change_shared_areas(
            collaboration=eastern, shared_areas=[*SHARED_PROCUREMENT, "boards"], by=ada, at=NOW
        )
    change_shared_areas(collaboration=eastern, shared_areas=["spend"], by=ada, at=NOW)
    eastern.refresh_from_db()

    assert names(shared_buyer_again(eastern), "checks.see") == set()
    # Both members are told, each in its own record.
    assert Event.objects.filter(kind="collaboration_shares_less").count() == 2


def shared_buyer_again(eastern) -> User:
    user = a_user("Quentin", "")
    Grant.objects.create(user=user, role="buyer", collaboration=eastern, starts_on=FIRST_DAY)
    return user


@pytest.mark.parametrize("area", ["concerns", "people", "audit"])
def test_concerns_people_and_the_record_are_never_shared(area):
    with pytest.raises(NotPossibleError, match="stays with each body"):
        found_collaboration(
            name="Too open", lead=a_body(), shared_areas=[area], starts_on=TODAY, by=None, at=NOW
        )


def test_overseeing_gives_no_access():
    commissioner = a_body("Fenland Commissioner")
    relate(
        body=commissioner,
        kind=BodyRelation.Kind.OVERSEES,
        other=a_body(),
        starts_on=FIRST_DAY,
        by=None,
        at=NOW,
    )
    assert names(a_user("Orla", "auditor", commissioner), "spend.see") == {"Fenland Commissioner"}


def test_a_successor_takes_over_what_its_predecessors_left_from_the_day_on():
    old, older, new = a_body("Old"), a_body("Older"), a_body("New")
    relate_succession(new, old, TODAY)
    relate_succession(old, older, FIRST_DAY)
    buyer = a_user("Nia", "buyer", new)

    assert names(buyer, "spend.change", TODAY - timedelta(days=1)) == {"New"}
    assert names(buyer, "spend.change") == {"New", "Old", "Older"}
    assert names(a_user("Otto", "buyer", old), "spend.see") == {"Old", "Older"}


def relate_succession(new, old, day):
    kind = BodyRelation.Kind.SUCCEEDS
    return relate(body=new, kind=kind, other=old, starts_on=day, by=None, at=NOW)


def test_two_bodies_never_succeed_each_other():
    one, two, three = a_body("One"), a_body("Two"), a_body("Three")
    relate_succession(two, one, FIRST_DAY)
    relate_succession(three, two, FIRST_DAY)
    with pytest.raises(NotPossibleError, match="having succeeded"):
        relate_succession(one, three, TODAY)


@given(
    pairs=st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12),
    body=st.integers(0, 6),
)
def test_predecessors_end_even_where_the_rows_go_round_in_a_ring(pairs, body):
    found = predecessors(pairs, body)  # type: ignore[arg-type] - any hashable id will do

    assert body not in found
    assert all(any(old == one for _, old in pairs) for one in found)


def test_a_role_taken_away_holds_until_the_day_before():
    ada, buyer = a_user("Ada", "administrator"), a_user("Ben", "buyer")
    end_grant(grant=buyer.grants.get(), on=TOMORROW, because="Moved to fleet", by=ada, at=NOW)

    assert names(buyer, "spend.see", TODAY) == {"Fenland Constabulary"}
    assert names(buyer, "spend.see", TOMORROW) == set()


def test_nobody_takes_away_their_own_role_and_the_last_administrator_stays():
    ada, eve = a_user("Ada", "administrator"), a_user("Eve", "administrator")
    with pytest.raises(SelfGrantError):
        end_grant(grant=ada.grants.get(), on=TODAY, because="Enough", by=ada, at=NOW)
    end_grant(grant=ada.grants.get(), on=TODAY, because="Left", by=eve, at=NOW)
    other = a_user("Far", "administrator", a_body("Ely County Council"))
    with pytest.raises(NotPossibleError, match="nobody would be left"):
        end_grant(grant=eve.grants.get(), on=TODAY, because="Left", by=other, at=NOW)


def test_a_role_is_not_given_twice_for_the_same_day():
    ada, buyer = a_user("Ada", "administrator"), a_user("Ben", "buyer")
    with pytest.raises(NotPossibleError, match="already has this role"):
        grant_role(user=buyer, role="buyer", body=a_body(), starts_on=TODAY, by=ada, at=NOW)


class TestShares:
    """One record shown to the other members, and nothing else of its body."""

    def reached(self, user: User, day: date = TODAY) -> int:
        return Share.objects.with_user(user.on(day), "spend.see", day).count()

    def shared(self, eastern):
        alice = a_user("Alice", "head_of_procurement")
        return share(
            subject=alice,  # any record will do here
            body=a_body(),
            collaboration=eastern,
            starts_on=TODAY,
            by=alice,
            at=NOW,
        )

    def test_it_reaches_a_member_and_no_stranger(self, eastern):
        self.shared(eastern)

        assert self.reached(a_user("Bea", "contract_manager", a_body("Broads Constabulary"))) == 1
        assert self.reached(a_user("Charlie", "buyer", a_body("Ely County Council"))) == 0
        assert self.reached(a_user("Adam", "administrator", a_body("Broads Constabulary"))) == 0

    def test_it_ends_when_either_body_leaves(self, eastern):
        self.shared(eastern)
        broads = a_user("Bea", "buyer", a_body("Broads Constabulary"))
        Membership.objects.filter(body=a_body()).update(ends_on=TODAY)
        assert (self.reached(broads), self.reached(broads, TOMORROW)) == (1, 0)

    def test_it_is_shared_once_and_taken_back_with_a_line_each(self, eastern):
        made = self.shared(eastern)
        with pytest.raises(NotPossibleError, match="already"):
            share(
                subject=made.shared_by,
                body=a_body(),
                collaboration=eastern,
                starts_on=TODAY,
                by=made.shared_by,
                at=NOW,
            )
        stop_sharing(shared=made, by=made.shared_by, at=NOW, on=TOMORROW)
        broads = a_user("Bea", "buyer", a_body("Broads Constabulary"))
        assert (self.reached(broads), self.reached(broads, TOMORROW)) == (1, 0)
        assert Event.objects.filter(kind__startswith="record_").count() == 2

    def test_what_was_shared_before_stays_closed_when_the_body_comes_back(self, eastern):
        alice, broads = a_user("Alice", "head_of_procurement"), a_body("Broads Constabulary")
        bea = a_user("Bea", "buyer", broads)
        join_day = TODAY
        share(
            subject=bea,
            body=broads,
            collaboration=eastern,
            starts_on=join_day,
            by=bea,
            at=NOW,
        )
        membership = Membership.objects.get(collaboration=eastern, body=broads)
        leave(membership=membership, last_day=TODAY, by=bea, at=NOW)
        assert (self.reached(alice), self.reached(alice, TOMORROW)) == (1, 0)
        join(collaboration=eastern, body=broads, starts_on=TOMORROW, by=bea, at=NOW)
        assert self.reached(alice, TOMORROW) == 0

    def test_a_body_outside_cannot_share_into_it(self, eastern):
        ely = a_body("Ely County Council")
        with pytest.raises(NotPossibleError, match="is not in"):
            share(
                subject=ely,
                body=ely,
                collaboration=eastern,
                starts_on=TODAY,
                by=a_user("Charlie", "buyer", ely),
                at=NOW,
            )


def test_every_line_stands_in_an_unbroken_chain(eastern):
    shared_buyer(eastern)
    for body in (a_body(), a_body("Broads Constabulary")):
        chain = Event.objects.of_body(body.pk)
        assert chain.exists()
        assert first_broken(chain) is None
