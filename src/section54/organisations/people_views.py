"""Pages of people: who has a role, since when and by whom; inviting, giving, ending, leaving."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from section54.engine.reports.wording import count, day
from section54.organisations import access, account_changes, invitation_changes, work
from section54.organisations.access import access_on, areas_seen, ended_on, how, shares_on
from section54.organisations.changes import end_grant, grant_role
from section54.organisations.forms import EndRoleForm, InviteForm, LeavingForm, RoleForm
from section54.organisations.http import Taken, UserRequest, noted, permission
from section54.organisations.models import (
    ApiToken,
    Body,
    Collaboration,
    Departure,
    Grant,
    Invitation,
    OfficeHolder,
    User,
)
from section54.organisations.pages import (
    PAGE,
    READ_AND_SEND,
    NothingToFillIn,
    Question,
    as_csv,
    ask,
    asked_for,
    day_of,
    own_access,
    sent,
)
from section54.organisations.permissions import ROLES
from section54.organisations.reading_changes import Line
from section54.organisations.recent import recent_sign_in
from section54.records.models import subject_of


MOST_EXPORTED = 20_000
STATES = {
    "now": "Has a role now",
    "to_come": "Role begins later",
    "over": "Has no role any more",
    "closed": "Account closed",
}
SEE, CHANGE = "people.see", "people.change_of_others"


def _seen(request: UserRequest) -> list[Body]:
    return list(Body.objects.visible_to(request.user, SEE))


def _grants(request: UserRequest) -> Any:
    """Return the grants that somebody may see, with what pages show of them."""
    return (
        Grant.objects.of_people_seen_by(request.user)
        .select_related("body", "collaboration__lead", "given_by", "ended_by")
        .order_by("-starts_on", "pk")
    )


def _people(request: UserRequest, asked: dict[str, str], today: date) -> Any:
    """Return the people asked for, by name."""
    people = User.objects.visible_to(request.user)
    if asked["q"]:
        people = people.filter(Q(name__icontains=asked["q"]) | Q(email__icontains=asked["q"]))
    grants = Grant.objects.of_people_seen_by(request.user)
    here = grants
    if asked["role"] in ROLES:
        here = here.filter(role=asked["role"])
    bodies = [body.pk for body in _seen(request) if str(body.pk) == asked["body"]]
    if bodies:
        here = here.filter(pk__in=here.reaching(bodies, today).values("pk"))
    now, later = here.in_force(today), here.not_over(today)
    state = asked["state"]
    if state == "now":
        people = people.filter(pk__in=now.values("user"))
    elif state == "to_come":
        people = people.filter(pk__in=later.values("user")).exclude(pk__in=now.values("user"))
    elif state == "over":
        people = people.filter(pk__in=here.values("user")).exclude(pk__in=later.values("user"))
    else:
        people = people.filter(pk__in=here.values("user"))
        if state == "closed":
            people = people.filter(is_active=False)
    return people.order_by("name", "email", "pk").prefetch_related(
        Prefetch("grants", _grants(request), to_attr="seen_grants")
    )


def _state(person: Any, today: date) -> str:
    if not person.is_active:
        return STATES["closed"]
    states = {grant.state(today) for grant in person.seen_grants}
    found = next((one for one in ("now", "to_come") if one in states), "over")
    return STATES[found]


@require_safe
@permission(SEE)
def people_list(request: UserRequest) -> HttpResponse:
    """List everybody with a role that reaches the bodies whose people one may see."""
    today = timezone.localdate()
    asked = asked_for(request, "q", "body", "role", "state")
    page = Paginator(_people(request, asked, today), PAGE).get_page(request.GET.get("page"))
    bodies = _seen(request)
    context = {
        "title": "People",
        "asked": asked,
        "page": page,
        "lines": [
            {
                "person": person,
                "state": _state(person, today),
                "grants": [
                    grant for grant in person.seen_grants if grant.state(today) != Grant.State.OVER
                ],
            }
            for person in page.object_list
        ],
        "bodies": bodies,
        "roles": ROLES,
        "states": STATES,
        "invitations": Invitation.objects.visible_to(request.user)
        .open(timezone.now())
        .select_related("body", "collaboration", "invited_by")
        if request.GET.get("page", "1") == "1"
        else [],
        "leaving": Departure.objects.visible_to(request.user)
        .filter(carried_out_at=None)
        .select_related("user", "body"),
        "may_change_people": request.user.may(CHANGE),
    }
    return render(request, "organisations/people.html", context)


@require_safe
@permission(SEE)
@noted
def people_export(request: UserRequest) -> Taken:
    """Give the list of people away, a line a role; that is a line of the record."""
    today = timezone.localdate()
    asked = asked_for(request, "q", "body", "role", "state")
    people = list(_people(request, asked, today)[:MOST_EXPORTED])
    columns = ("Name", "Email address", "State", "Role", "Where", "From", "Last day", "Given by")
    rows = [
        (
            person.name,
            person.email,
            _state(person, today),
            grant.role_name,
            grant.place.name,
            grant.starts_on,
            grant.last_day,
            grant.given_by.name if grant.given_by else "The set-up",
        )
        for person in people
        for grant in person.seen_grants
    ]
    lines = _lines("people", len(people), _seen(request))
    return Taken(as_csv(f"people-{today}", columns, rows), lines)


def _lines(what: str, count: int, bodies: Iterable[Body]) -> list[Line]:
    """Return the lines that say that a list of a body's people was taken away."""
    return [
        Line("people_exported", body, body.pk, {"what": what, "lines": count}) for body in bodies
    ]


def _person(request: UserRequest, pk: UUID) -> User:
    """Return a person whom this user may see; any other is not found."""
    return get_object_or_404(User.objects.visible_to(request.user), pk=pk)


def _person_to_change(request: UserRequest, pk: UUID) -> User:
    """Return a person of a body whose people this user looks after; any other is not found."""
    person = _person(request, pk)
    bodies = Body.objects.changeable_by(request.user)
    reached = Grant.objects.of_people_seen_by(request.user).filter(user=person)
    theirs = reached.filter(Q(body__in=bodies) | Q(collaboration__memberships__body__in=bodies))
    if not theirs.exists():
        raise Http404
    return person


@require_safe
@permission(SEE)
def person(request: UserRequest, pk: UUID) -> HttpResponse:
    """Show one person: roles, offices, invitations, leaving, and what was changed about them."""
    found = _person(request, pk)
    today, now = timezone.localdate(), timezone.now()
    grants = list(_grants(request).filter(user=found))
    changeable = set(
        Grant.objects.changeable_by(request.user).filter(user=found).values_list("pk", flat=True)
    )
    offices = list(
        OfficeHolder.objects.filter(
            user=found, office__body__in=Body.objects.visible_to(request.user, SEE)
        ).select_related("office__body", "appointed_by")
    )
    invitations = list(
        Invitation.objects.visible_to(request.user)
        .filter(email__iexact=found.email)
        .select_related("body", "collaboration", "invited_by")
    )
    departures = list(
        Departure.objects.visible_to(request.user)
        .filter(user=found)
        .select_related("body", "recorded_by")
    )
    context = {
        "title": found.name,
        "person": found,
        "today": today,
        "grants": [(one, one.state(today), one.pk in changeable) for one in grants],
        "offices": offices,
        "invitations": [(one, one.state(now)) for one in invitations],
        "departures": departures,
        "is_leaving": any(one.carried_out_at is None for one in departures),
        "is_self": found.pk == request.user.pk,
        "may_change_people": request.user.may(CHANGE),
        "holds_here": any(
            one.pk in changeable and one.state(today) != Grant.State.OVER for one in grants
        ),
        "subjects": [
            subject_of(one) for one in (found, *grants, *offices, *invitations, *departures)
        ],
    }
    return render(request, "organisations/person.html", context)


def _places(request: UserRequest, today: date) -> tuple[Any, Any]:
    """Return the bodies and collaborations in which this user may give roles."""
    led = Collaboration.objects.changeable_by(request.user)
    return (
        Body.objects.changeable_by(request.user),
        led.filter(Q(ends_on=None) | Q(ends_on__gte=today)).select_related("lead"),
    )


def _own_bodies(request: UserRequest, person: User) -> list[Body]:
    """Return the bodies, of those that this user looks after, in which a person has or had a role.

    Where there is none (a role in a collaboration only), it is the body that leads it.
    """
    bodies = list(Body.objects.changeable_by(request.user))
    reached = set(person.grants.filter(body__in=bodies).values_list("body", flat=True)) | set(
        person.grants.filter(collaboration__lead__in=bodies).values_list(
            "collaboration__lead", flat=True
        )
    )
    return [body for body in bodies if body.pk in reached]


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
@recent_sign_in()
def person_give(request: UserRequest, pk: UUID) -> HttpResponse:
    """Give a person a role."""
    found = _person_to_change(request, pk)
    today = timezone.localdate()
    form = RoleForm(sent(request), places=_places(request, today), today=today)

    def change(given: dict[str, Any]) -> str:
        grant = grant_role(
            user=found,
            role=given["role"],
            body=given["place"],
            starts_on=given["starts_on"],
            ends_on=given["ends_on"],
            by=request.user,
            at=timezone.now(),
        )
        return f"{found.name} is {grant.role_name} in {grant.place} from {day(grant.starts_on)}."

    refused = own_access(found) if found.pk == request.user.pk else ""
    if not found.is_active:
        refused = f"The account of {found.name} is closed. Open it again first."
    question = Question(
        title=f"Give {found.name} a role",
        button="Give this role",
        back=reverse("person", kwargs={"pk": pk}),
        words=("A role in a collaboration reaches every member of it, in what they share.",),
        refused=refused,
    )
    return ask(request, question, form, change)


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
def grant_end(request: UserRequest, pk: UUID, grant: UUID) -> HttpResponse:
    """End a role, for a reason, once it was shown to be checked."""
    found = _person(request, pk)
    mine = found.pk == request.user.pk
    those = Grant.objects.filter(user=found)
    if not mine:
        those = Grant.objects.changeable_by(request.user).filter(user=found)
    held = get_object_or_404(those.select_related("body", "collaboration__lead", "user"), pk=grant)
    today = timezone.localdate()

    def check(given: dict[str, Any]) -> list[tuple[str, str]]:
        return [
            ("Who", found.name),
            ("Role", f"{held.role_name} in {held.place}"),
            ("Last day", day(given["last_day"]) if given["last_day"] >= today else "Over now"),
            ("Reason", given["because"]),
        ]

    def change(given: dict[str, Any]) -> str:
        end_grant(
            grant=held,
            on=given["last_day"] + timedelta(days=1),
            because=given["because"],
            by=request.user,
            at=timezone.now(),
        )
        return f"The role {held.role_name} of {found.name} in {held.place} ends."

    over = held.state(today) == Grant.State.OVER
    question = Question(
        title=f"End a role of {found.name}",
        button="Continue",
        back=reverse("person", kwargs={"pk": pk}),
        words=(f"{held.role_name} in {held.place}, since {day(held.starts_on)}.",),
        refused=own_access(found) if mine else "This role is over already." if over else "",
    )
    return ask(request, question, EndRoleForm(sent(request), today=today), change, check)


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
@recent_sign_in()
def person_invite(request: UserRequest) -> HttpResponse:
    """Invite somebody; the link is shown once, or goes by mail."""
    today = timezone.localdate()
    asked = asked_for(request, "role", "place")  # a link may choose them beforehand
    chosen = {name: value for name, value in asked.items() if value}
    form = InviteForm(sent(request), initial=chosen, places=_places(request, today), today=today)

    def change(given: dict[str, Any]) -> HttpResponse:
        invitation, token = invitation_changes.invite(
            email=given["email"],
            name=given["name"],
            role=given["role"],
            to=given["place"],
            starts_on=given["starts_on"],
            ends_on=given["ends_on"],
            by=request.user,
            at=timezone.now(),
        )
        return invited(request, invitation, token)

    question = Question(
        title="Invite somebody",
        button="Invite",
        back=reverse("people"),
        words=(
            "Whoever has an account already, here or in another body, is invited the same way.",
            "The link works once, for seven days.",
        ),
    )
    return ask(request, question, form, change)


def invited(request: UserRequest, invitation: Invitation, token: str) -> HttpResponse:
    """Show the link of an invitation, this once, or that it goes by mail."""
    context = {
        "title": f"{invitation.name} is invited",
        "invitation": invitation,
        "link": settings.ADDRESS + invitation_changes.path_of(token),
    }
    return render(request, "organisations/invited.html", context)


def _invitation(request: UserRequest, pk: UUID) -> Invitation:
    invitations = Invitation.objects.changeable_by(request.user)
    return get_object_or_404(invitations.select_related("body", "collaboration__lead"), pk=pk)


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
def invitation_withdraw(request: UserRequest, pk: UUID) -> HttpResponse:
    """Take an invitation back."""
    invitation = _invitation(request, pk)

    def change(given: dict[str, Any]) -> str:
        invitation_changes.withdraw_invitation(
            invitation=invitation, by=request.user, at=timezone.now()
        )
        return f"The invitation of {invitation.name} is withdrawn. Its link works no more."

    question = Question(
        title=f"Withdraw the invitation of {invitation.name}",
        button="Withdraw",
        back=reverse("people"),
        words=(
            (
                f"{invitation.name} ({invitation.email}) was invited on "
                f"{day(timezone.localdate(invitation.invited_at))} as {invitation.role_name} in "
                f"{invitation.place}."
            ),
        ),
        warns=True,
    )
    return ask(request, question, NothingToFillIn(sent(request)), change)


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
@recent_sign_in()
def invitation_again(request: UserRequest, pk: UUID) -> HttpResponse:
    """Make a new link for an invitation; the earlier one works no more."""
    earlier = _invitation(request, pk)

    def change(given: dict[str, Any]) -> HttpResponse:
        invitation, token = invitation_changes.invite_again(
            invitation=earlier, today=timezone.localdate(), by=request.user, at=timezone.now()
        )
        return invited(request, invitation, token)

    question = Question(
        title=f"Invite {earlier.name} again",
        button="Make a new link",
        back=reverse("people"),
        words=("The link that was sent before works no more.",),
        refused="This invitation was accepted: they have an account."
        if earlier.accepted_at
        else "",
    )
    return ask(request, question, NothingToFillIn(sent(request)), change)


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
@recent_sign_in()
def person_leaving(request: UserRequest, pk: UUID) -> HttpResponse:
    """Let somebody leave: last day, what they hold, who takes over; all in one change."""
    found = _person_to_change(request, pk)
    bodies = _own_bodies(request, found)
    today, now = timezone.localdate(), timezone.now()
    held = work.held_by(found, bodies)
    others = User.objects.visible_to(request.user).filter(is_active=True).exclude(pk=found.pk)
    form = LeavingForm(sent(request), held=held, people=others, today=today)
    grants = account_changes.grants_to_end(found, bodies, today - timedelta(days=1))
    offices = account_changes.offices_to_end(found, bodies, today - timedelta(days=1))
    elsewhere = account_changes.has_role_elsewhere(found, grants, today)
    keys = ApiToken.objects.usable(now).filter(user=found).count()
    context = {
        "person": found,
        "grants": grants,
        "offices": offices,
        "held": held,
        "elsewhere": elsewhere,
        "keys": keys,
        "sent_invitations": account_changes.invitations_sent(found, bodies, now),
    }
    refused = ""
    if found.pk == request.user.pk:
        refused = own_access(found)
    elif not (grants or offices or held):
        refused = f"{found.name} has no role in a body that you look after."
    question = Question(
        title=f"{found.name} is leaving",
        button="Continue",
        back=reverse("person", kwargs={"pk": pk}),
        refused=refused,
    )
    if request.method == "POST" and not refused and form.is_valid():
        if "confirmed" in request.POST and "change" not in request.POST:
            return ask(request, question, form, lambda given: _leave(request, found, bodies, given))
        if "change" not in request.POST:
            return ask(request, question, form, lambda given: "", _leaving_check(context, today))
    context |= {"title": question.title, "question": question, "form": form}
    return render(request, "organisations/leaving.html", context)


def _leave(request: UserRequest, person: User, bodies: Sequence[Body], given: Any) -> str:
    account_changes.record_departure(
        user=person,
        bodies=bodies,
        last_day=given["last_day"],
        successors=given["successors"],
        today=timezone.localdate(),
        by=request.user,
        at=timezone.now(),
    )
    if given["last_day"] < timezone.localdate():
        return f"{person.name} has left. Their work is handed over."
    return f"{person.name} leaves on {day(given['last_day'])}. Their work is handed over."


def _leaving_check(context: dict[str, Any], today: date) -> Any:
    def check(given: dict[str, Any]) -> list[tuple[str, str]]:
        last = given["last_day"]
        rows = [
            ("Who", context["person"].name),
            ("Last day", day(last) if last >= today else "Over now"),
            ("Roles that end", count(len(context["grants"]), "role")),
            ("Offices that end", count(len(context["offices"]), "office")),
        ]
        for one in context["held"]:
            rows.append(
                (
                    f"{one.kind.title} in {one.body}",
                    f"{len(one.pieces):,} to {given['successors'][one.key].name}",
                )
            )
        closes = "It stays open: they have a role in another body"
        if not context["elsewhere"]:
            when = "at once" if last < today else "when the last day is over"
            closes = f"Closed {when}, with their keys and sessions"
        return [*rows, ("Account", closes)]

    return check


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
def person_close(request: UserRequest, pk: UUID) -> HttpResponse:
    """Close the account of somebody who holds no role any more."""
    found = _person_to_change(request, pk)

    def change(given: dict[str, Any]) -> str:
        account_changes.close_account(
            user=found,
            body=_own_bodies(request, found)[0],
            on=timezone.localdate(),
            by=request.user,
            at=timezone.now(),
        )
        return f"The account of {found.name} is closed."

    question = Question(
        title=f"Close the account of {found.name}",
        button="Close the account",
        back=reverse("person", kwargs={"pk": pk}),
        words=(
            (
                "They cannot sign in any more, their sessions end and their keys are revoked. What "
                "they did stays in the record under their name."
            ),
        ),
        refused=_why_not_theirs(request, found),
        warns=True,
    )
    return ask(request, question, NothingToFillIn(sent(request)), change)


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
@recent_sign_in()
def person_reopen(request: UserRequest, pk: UUID) -> HttpResponse:
    """Open a closed account again."""
    found = _person_to_change(request, pk)

    def change(given: dict[str, Any]) -> str:
        account_changes.reopen_account(
            user=found,
            body=_own_bodies(request, found)[0],
            by=request.user,
            at=timezone.now(),
        )
        return f"The account of {found.name} is open. Give them a role."

    question = Question(
        title=f"Open the account of {found.name} again",
        button="Open the account",
        back=reverse("person", kwargs={"pk": pk}),
        words=("They sign in as before, and may do nothing until they are given a role.",),
        refused=_why_not_theirs(request, found),
    )
    return ask(request, question, NothingToFillIn(sent(request)), change)


def _why_not_theirs(request: UserRequest, person: User) -> str:
    """Return why this user cannot close or open an account; "" where they can."""
    if person.pk == request.user.pk:
        return own_access(person)
    if not _own_bodies(request, person):
        return "They never had a role in a body that you look after: its administrator does this."
    return ""


@require_safe
@permission("signed_in")
def my_access(request: UserRequest) -> HttpResponse:
    """Show somebody their own roles: where, through what, since when, until when, by whom."""
    today = timezone.localdate()
    grants = (
        Grant.objects.filter(user=request.user)
        .select_related("body", "collaboration", "given_by", "ended_by")
        .order_by("-starts_on", "pk")
    )
    context = {
        "title": "Your access",
        "held": sorted(request.user.roles_held, key=lambda h: (h.body_name, h.role_name)),
        "how": how,
        "others": [
            (one, one.state(today)) for one in grants if one.state(today) != Grant.State.NOW
        ],
        "offices": OfficeHolder.objects.filter(user=request.user).select_related(
            "office__body", "appointed_by"
        ),
    }
    return render(request, "organisations/my_access.html", context)


def _asked_access(request: UserRequest) -> tuple[dict[str, str], date, str, list[Body]]:
    """Return what was asked for, the day, what is wrong with it, and the bodies."""
    asked = asked_for(request, "on", "body", "q")
    on = day_of(asked["on"]) or timezone.localdate()
    wrong = ""
    if asked["on"] and not day_of(asked["on"]):
        wrong = "Enter the date as year-month-day, such as 2026-04-20."
    bodies = _seen(request)
    chosen = [body for body in bodies if str(body.pk) == asked["body"]]
    return asked, on, wrong, chosen or bodies


def _access(asked: dict[str, str], on: date, bodies: list[Body]) -> Any:
    words = asked["q"].casefold()
    return [
        held
        for held in access_on({body.pk for body in bodies}, on)
        if words in f"{held.grant.user.name} {held.grant.user.email} {held.role_name}".casefold()
    ]


@require_safe
@permission(SEE)
def people_access(request: UserRequest) -> HttpResponse:
    """Show who had access on a day, by what, and what they could see."""
    asked, on, wrong, bodies = _asked_access(request)
    found = _access(asked, on, bodies)
    body = bodies[0] if len(bodies) == 1 else None
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "title": "Access on a day",
        "asked": asked,
        "on": on,
        "wrong": wrong,
        "bodies": _seen(request),
        "page": page,
        "known": set(
            User.objects.visible_to(request.user)
            .filter(pk__in=[held.grant.user_id for held in page.object_list])
            .values_list("pk", flat=True)
        ),
        "how": how,
        "body": body,
        "people_count": len({held.grant.user_id for held in found}),
        "areas": areas_seen(found) if body else [],
        "shares": shares_on(body, on) if body else [],
        "ended": ended_on(on),
    }
    return render(request, "organisations/access.html", context)


@require_safe
@permission(SEE)
@noted
def people_access_export(request: UserRequest) -> Taken:
    """Give the list of who had access on a day away; that is a line of the record."""
    asked, on, _, bodies = _asked_access(request)
    found = _access(asked, on, bodies)[:MOST_EXPORTED]
    lines = _lines(f"access on {on}", len(found), bodies)
    return Taken(as_csv(f"access-{on}", access.COLUMNS, access.rows_of(found, on)), lines)
