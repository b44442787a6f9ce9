"""Offices and their holders over time; invitations that work once; keys of programs."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from tests.people import FIRST_DAY, NOW, PASSWORD, a_body, a_user

from section54.organisations.account_changes import close_account, reopen_account
from section54.organisations.changes import NotPossibleError, SelfGrantError, end_grant
from section54.organisations.invitation_changes import (
    HOLDS_FOR,
    accept_invitation,
    invite,
    withdraw_invitation,
)
from section54.organisations.models import (
    ApiToken,
    Grant,
    Invitation,
    OfficeHolder,
    User,
    hash_of_token,
)
from section54.organisations.office_changes import (
    appoint,
    close_office,
    end_appointment,
    found_office,
)
from section54.organisations.token_changes import make_token, note_use, revoke_token
from section54.records.models import Event


pytestmark = pytest.mark.django_db
TODAY = NOW.date()


class TestOffices:
    """Who signs for a body on a day."""

    @pytest.fixture
    def chief(self):
        return found_office(body=a_body(), name="Chief Constable", by=None, at=NOW)

    def appointed(self, office, user, day, *, acting=False):
        return appoint(office=office, user=user, acting=acting, starts_on=day, by=None, at=NOW)

    def holders(self, office, day):
        return [(one.user.name, one.acting) for one in office.holders(day)]

    def test_a_new_holder_ends_the_time_of_the_one_before(self, chief):
        ann, ben = a_user("Ann", "approver"), a_user("Ben", "approver")
        self.appointed(chief, ann, FIRST_DAY)
        self.appointed(chief, ben, TODAY)

        assert self.holders(chief, TODAY - timedelta(days=1)) == [("Ann", False)]
        assert self.holders(chief, TODAY) == [("Ben", False)]

    def test_who_acts_stands_beside_the_holder_and_comes_first(self, chief):
        self.appointed(chief, a_user("Ann", "approver"), FIRST_DAY)
        self.appointed(chief, a_user("Dev", "approver"), TODAY, acting=True)

        assert self.holders(chief, TODAY) == [("Dev", True), ("Ann", False)]

    def test_nobody_appoints_themselves(self, chief):
        ann = a_user("Ann", "approver")
        with pytest.raises(SelfGrantError):
            appoint(office=chief, user=ann, acting=False, starts_on=TODAY, by=ann, at=NOW)

    def test_a_stranger_to_the_body_cannot_hold_its_office(self, chief):
        stranger = a_user("Charlie", "approver", a_body("Ely County Council"))
        with pytest.raises(NotPossibleError, match="Give Charlie a role"):
            self.appointed(chief, stranger, TODAY)

    def test_an_office_that_closed_has_no_holder_from_that_day(self, chief):
        ann, ada = a_user("Ann", "approver"), a_user("Ada", "administrator")
        self.appointed(chief, ann, FIRST_DAY)
        close_office(office=chief, on=TODAY, by=ada, at=NOW)

        assert self.holders(chief, TODAY) == []
        with pytest.raises(NotPossibleError, match="closed"):
            self.appointed(chief, ann, TODAY)

    def test_an_appointment_ends_on_a_last_day_not_before_its_first(self, chief):
        held = self.appointed(chief, a_user("Ann", "approver"), TODAY)
        with pytest.raises(NotPossibleError, match="must not be before"):
            end_appointment(holder=held, last_day=FIRST_DAY, by=None, at=NOW)
        end_appointment(holder=held, last_day=TODAY, by=None, at=NOW)
        assert self.holders(chief, TODAY + timedelta(days=1)) == []

    def test_the_database_refuses_two_open_holders(self, chief):
        self.appointed(chief, a_user("Ann", "approver"), TODAY)
        with pytest.raises(IntegrityError), transaction.atomic():
            OfficeHolder.objects.create(
                office=chief, user=a_user("Ben", "approver"), starts_on=TODAY
            )


class TestInvitations:
    """A link that works once, for one person, for a week."""

    def invited(self, email="new@example.org", **changes):
        given = {
            "email": email, "name": "Nadia", "role": "buyer", "to": a_body(), "starts_on": TODAY,
            "by": User.objects.filter(name="Ada").first() or a_user("Ada", "administrator"),
            "at": NOW,
        }  # fmt: skip
        return invite(**{**given, **changes})

    def accepted(self, invitation, user=None, at=NOW):
        on = timezone.localtime(at).date()
        return accept_invitation(invitation=invitation, user=user, password=PASSWORD, on=on, at=at)

    def test_accepting_makes_the_account_and_its_role_given_by_who_invited(self):
        invitation, token = self.invited("New@Example.org")
        grant = self.accepted(invitation)

        assert grant.user.email == "new@example.org"
        assert grant.user.check_password(PASSWORD)
        assert (grant.role, grant.given_by.name) == ("buyer", "Ada")
        assert invitation.token_hash == hash_of_token(token)
        assert token not in str(Invitation.objects.values())
        assert token not in str(Event.objects.values())

    def test_it_works_once(self):
        invitation, _ = self.invited()
        self.accepted(invitation)
        with pytest.raises(NotPossibleError, match="was used"):
            self.accepted(invitation)
        assert Grant.objects.filter(user__name="Nadia").count() == 1

    def test_it_expires_after_seven_days_to_the_second(self):
        invitation, _ = self.invited()
        with pytest.raises(NotPossibleError, match="has expired"):
            self.accepted(invitation, at=NOW + HOLDS_FOR)
        assert self.accepted(invitation, at=NOW + HOLDS_FOR - timedelta(seconds=1))

    def test_a_second_one_withdraws_the_first(self):
        first, _ = self.invited()
        second, _ = self.invited()
        with pytest.raises(NotPossibleError, match="was withdrawn"):
            self.accepted(first)
        assert self.accepted(second)

    def test_who_may_not_invite_any_more_lets_nobody_in(self):
        eve = a_user("Eve", "administrator")
        invitation, _ = self.invited()
        ada = invitation.invited_by
        end_grant(grant=ada.grants.get(), on=TODAY, because="Left", by=eve, at=NOW)
        with pytest.raises(NotPossibleError, match="may not any more"):
            self.accepted(invitation)
        assert not User.objects.filter(name="Nadia").exists()

    def test_withdrawing_closes_the_link(self):
        invitation, _ = self.invited()
        withdraw_invitation(invitation=invitation, by=invitation.invited_by, at=NOW)
        with pytest.raises(NotPossibleError, match="was withdrawn"):
            self.accepted(invitation)

    def test_who_has_an_account_signs_in_first_and_only_they_accept(self):
        ben, eve = a_user("Ben", "board_member"), a_user("Eve", "board_member")
        invitation, _ = self.invited(ben.email)
        with pytest.raises(NotPossibleError, match="sign in"):
            self.accepted(invitation)
        with pytest.raises(NotPossibleError, match="for somebody else"):
            self.accepted(invitation, user=eve)
        assert self.accepted(invitation, user=ben).user == ben

    def test_nobody_invites_themselves(self):
        ada = a_user("Ada", "administrator")
        with pytest.raises(SelfGrantError):
            self.invited(ada.email.upper(), by=ada)

    def test_strangers_see_no_invitation(self):
        self.invited()
        ada = User.objects.get(name="Ada").on(TODAY)
        far = a_user("Far", "administrator", a_body("Ely County Council"))
        assert Invitation.objects.visible_to(ada).count() == 1
        assert Invitation.objects.visible_to(far).count() == 0


class TestAccounts:
    """A leaver's account closes when no role is left, and is never deleted."""

    def test_an_account_closes_only_without_roles(self):
        ada, ben = a_user("Ada", "administrator"), a_user("Ben", "buyer")
        with pytest.raises(NotPossibleError, match="still holds a role"):
            close_account(user=ben, body=a_body(), on=TODAY, by=ada, at=NOW)
        end_grant(grant=ben.grants.get(), on=TODAY, because="Left", by=ada, at=NOW)
        closed = close_account(user=ben, body=a_body(), on=TODAY, by=ada, at=NOW)

        assert (closed.is_active, closed.left_on) == (False, TODAY)
        assert closed.on(TODAY).body_ids("signed_in") == frozenset()
        ely = a_body("Ely County Council")
        with pytest.raises(NotPossibleError, match="Another body closed"):
            reopen_account(user=closed, body=ely, by=a_user("Far", "buyer", ely), at=NOW)
        assert reopen_account(user=closed, body=a_body(), by=ada, at=NOW).left_on is None


class TestKeys:
    """Keys of programs: shown once, never more than their person may."""

    def made(self, user, scopes=("spend.see",), days=30):
        return make_token(
            user=user, body=a_body(), name="Dashboard", scopes=scopes,
            expires_at=NOW + timedelta(days=days), at=NOW,
        )  # fmt: skip

    def test_only_a_hash_is_kept(self):
        token, secret = self.made(a_user("Ben", "buyer"))
        assert secret.startswith("s54_")
        assert token.token_hash == hash_of_token(secret)
        assert secret not in str(ApiToken.objects.values()) + str(Event.objects.values())

    @pytest.mark.parametrize(("scopes", "days"), [(("audit.see",), 30), ((), 30), (("x",), 30)])
    def test_it_gives_nothing_that_is_not_theirs(self, scopes, days):
        with pytest.raises(NotPossibleError):
            self.made(a_user("Ben", "buyer"), scopes, days)

    def test_it_holds_a_year_at_most(self):
        ben = a_user("Ben", "buyer")
        with pytest.raises(NotPossibleError, match="within a year"):
            self.made(ben, days=367)
        assert self.made(ben, days=366)

    def test_revoked_expired_or_of_a_closed_account_it_opens_nothing(self):
        ben = a_user("Ben", "buyer")
        token, _ = self.made(ben)
        note_use(token=token, on=TODAY)
        assert ApiToken.objects.usable(NOW).get().last_used_on == TODAY
        assert not ApiToken.objects.usable(NOW + timedelta(days=30)).exists()
        User.objects.filter(pk=ben.pk).update(is_active=False)
        assert not ApiToken.objects.usable(NOW).exists()
        User.objects.filter(pk=ben.pk).update(is_active=True)
        revoke_token(token=token, body=a_body(), by=ben, at=NOW)
        assert not ApiToken.objects.usable(NOW).exists()
