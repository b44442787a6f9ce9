"""Pages of collaborations: who is in, who leads, what is shared, and roles in all of it."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from section54.engine.reports.wording import day, listed
from section54.organisations import collaboration_changes as changes
from section54.organisations.codes import HOLDS_FOR, code_of_collaboration
from section54.organisations.forms import (
    WHAT_AN_AREA_MEANS,
    DayForm,
    FoundForm,
    JoinForm,
    SharedAreasForm,
)
from section54.organisations.http import UserRequest, permission
from section54.organisations.models import Body, Collaboration, Grant, Membership, Share
from section54.organisations.pages import (
    READ_AND_SEND,
    NothingToFillIn,
    Question,
    ask,
    sent,
)
from section54.organisations.people_views import CHANGE
from section54.organisations.permissions import AREAS
from section54.organisations.recent import recent_sign_in
from section54.records.models import subject_of


STAYS = (
    "What is in the concerns that people raise, people and their roles, and the record of changes "
    "stay with each body, whatever is shared."
)


@require_safe
@permission("signed_in")
def collaboration_list(request: UserRequest) -> HttpResponse:
    """List the collaborations in which one's bodies are, or were."""
    today = timezone.localdate()
    found = Collaboration.objects.visible_to(request.user).select_related("lead")
    context = {
        "title": "Collaborations",
        "collaborations": [
            (
                one,
                changes.members(one, today),
                one.ends_on is not None and one.ends_on < today,
            )
            for one in found
        ],
        "may_change_people": request.user.may(CHANGE),
    }
    return render(request, "organisations/collaborations.html", context)


def _to_lead(request: UserRequest, pk: UUID) -> Collaboration:
    """Return a collaboration that a body of this administrator leads; any other is not found."""
    led = Collaboration.objects.changeable_by(request.user).select_related("lead")
    return get_object_or_404(led, pk=pk)


@require_safe
@permission("signed_in")
def collaboration(request: UserRequest, pk: UUID) -> HttpResponse:
    """Show a collaboration: its members over time, what it shares, who has a role in it."""
    theirs = Collaboration.objects.visible_to(request.user).select_related("lead")
    found = get_object_or_404(theirs, pk=pk)
    today = timezone.localdate()
    until = found.known_until(request.user, today)
    memberships = list(
        found.memberships.filter(starts_on__lte=until)
        .select_related("body")
        .order_by("starts_on", "body__name")
    )
    own = request.user.body_ids(CHANGE)
    leads = found.lead_id in own
    grants = (
        Grant.objects.of_people_seen_by(request.user)
        .filter(collaboration=found, starts_on__lte=until)
        .select_related("user", "given_by")
        .order_by("-starts_on", "pk")
    )
    context = {
        "title": found.name,
        "collaboration": found,
        "today": today,
        "memberships": [
            (
                one,
                one.ends_on is not None and one.ends_on < today,
                one.body_id != found.lead_id and (leads or one.body_id in own),
            )
            for one in memberships
        ],
        "areas": [AREAS[area] for area in AREAS if area in found.shared_areas],
        "stays": STAYS,
        "grants": [(one, one.state(today)) for one in grants],
        "may_see_people": request.user.may("people.see"),
        "shares": Share.objects.filter(collaboration=found, starts_on__lte=until).select_related(
            "body", "shared_by"
        ),
        "leads": leads,
        "is_over": found.ends_on is not None and found.ends_on < today,
        "code": code_of_collaboration(found) if leads else "",
        "code_days": HOLDS_FOR.days,
        "subjects": [subject_of(one) for one in (found, *memberships)],
    }
    return render(request, "organisations/collaboration.html", context)


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
@recent_sign_in()
def collaboration_found(request: UserRequest) -> HttpResponse:
    """Found a collaboration, led by a body that one looks after."""
    today = timezone.localdate()
    bodies = Body.objects.changeable_by(request.user)
    form = FoundForm(sent(request), bodies=bodies, today=today)

    def check(given: dict[str, Any]) -> list[tuple[str, str]]:
        return [
            ("Name", given["name"]),
            ("Led by", given["lead"].name),
            ("What is shared", listed(AREAS[area] for area in given["areas"])),
            ("From", day(given["starts_on"])),
            (
                "What it opens",
                (
                    f"Whoever is given a role in it reaches these of {given['lead'].name}, and of "
                    "every body that joins. Later it can share less, never more."
                ),
            ),
        ]

    def change(given: dict[str, Any]) -> str:
        made = changes.found_collaboration(
            name=given["name"],
            lead=given["lead"],
            shared_areas=given["areas"],
            starts_on=given["starts_on"],
            by=request.user,
            at=timezone.now(),
        )
        return f"{made} is founded. Give its code to the bodies that are to join."

    question = Question(
        title="Found a collaboration",
        button="Continue",
        back=reverse("collaborations"),
        words=(STAYS,),
        hints={"areas": WHAT_AN_AREA_MEANS},
    )
    return ask(request, question, form, change, check)


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
@recent_sign_in()
def collaboration_join(request: UserRequest) -> HttpResponse:
    """Let a body that one looks after into a collaboration, by the code of its lead."""
    today = timezone.localdate()
    bodies = Body.objects.changeable_by(request.user)
    form = JoinForm(sent(request), bodies=bodies, today=today)

    def check(given: dict[str, Any]) -> list[tuple[str, str]]:
        place: Collaboration = given["code"]
        return [
            ("Collaboration", place.name),
            ("Led by", place.lead.name),
            ("The body that joins", given["body"].name),
            ("From", day(given["starts_on"])),
            ("What is shared", listed(place.shared_area_names)),
            (
                "What it opens",
                (
                    f"Whoever has a role in {place} reaches these of {given['body'].name}. Its "
                    "people see single records that other members show to the collaboration."
                ),
            ),
        ]

    def change(given: dict[str, Any]) -> str:
        made = changes.join(
            collaboration=given["code"],
            body=given["body"],
            starts_on=given["starts_on"],
            by=request.user,
            at=timezone.now(),
        )
        return f"{made.body} is in {made.collaboration} from {day(made.starts_on)}."

    question = Question(
        title="Join a collaboration",
        button="Continue",
        back=reverse("collaborations"),
        words=("You see what it shares, and what that opens, before your body joins.", STAYS),
    )
    return ask(request, question, form, change, check)


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
def collaboration_share_less(request: UserRequest, pk: UUID) -> HttpResponse:
    """Share less in a collaboration that one's body leads."""
    found = _to_lead(request, pk)
    form = SharedAreasForm(sent(request))
    form.offer_only(found.shared_areas)

    def change(given: dict[str, Any]) -> str:
        changes.change_shared_areas(
            collaboration=found, shared_areas=given["areas"], by=request.user, at=timezone.now()
        )
        return "What is shared is as you said."

    question = Question(
        title=f"Share less in {found.name}",
        button="Save",
        back=reverse("collaboration", kwargs={"pk": pk}),
        words=(
            (
                "Untick what is to be shared no more. To share more, found a new collaboration: "
                "every body then says again what it opens."
            ),
        ),
        hints={"areas": WHAT_AN_AREA_MEANS},
    )
    return ask(request, question, form, change)


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
def collaboration_end(request: UserRequest, pk: UUID) -> HttpResponse:
    """Say on which day a collaboration holds for the last time."""
    found = _to_lead(request, pk)
    form = DayForm(sent(request), initial={"day": timezone.localdate()})

    def change(given: dict[str, Any]) -> str:
        changes.end_collaboration(
            collaboration=found, last_day=given["day"], by=request.user, at=timezone.now()
        )
        return f"{found} ends on {day(given['day'])}."

    question = Question(
        title=f"End {found.name}",
        button="End the collaboration",
        back=reverse("collaboration", kwargs={"pk": pk}),
        words=(
            (
                "Roles in it reach nobody after that day, and records that were shared with it are "
                "shown to their own body only."
            ),
        ),
        warns=True,
    )
    return ask(request, question, form, change)


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
def collaboration_codes(request: UserRequest, pk: UUID) -> HttpResponse:
    """Make useless the codes to join that were given so far."""
    found = _to_lead(request, pk)

    def change(given: dict[str, Any]) -> str:
        changes.withdraw_codes(collaboration=found, by=request.user, at=timezone.now())
        return "The codes that were given so far work no more. The page shows a new one."

    question = Question(
        title=f"Make the codes of {found.name} useless",
        button="Make them useless",
        back=reverse("collaboration", kwargs={"pk": pk}),
        words=("Whoever has a code that you gave cannot join with it any more.",),
        warns=True,
    )
    return ask(request, question, NothingToFillIn(sent(request)), change)


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
def membership_end(request: UserRequest, pk: UUID, membership: UUID) -> HttpResponse:
    """Let a body leave: its own administrator says so, or that of the lead."""
    own = Body.objects.changeable_by(request.user)
    there = Membership.objects.filter(collaboration=pk).select_related(
        "body", "collaboration__lead"
    )
    found = get_object_or_404(
        there.filter(body__in=own) | there.filter(collaboration__lead__in=own), pk=membership
    )
    form = DayForm(sent(request), initial={"day": timezone.localdate()})

    def change(given: dict[str, Any]) -> str:
        changes.leave(membership=found, last_day=given["day"], by=request.user, at=timezone.now())
        return f"{found.body} is in {found.collaboration} until {day(given['day'])}."

    is_lead = found.body_id == found.collaboration.lead_id
    question = Question(
        title=f"{found.body.name} leaves {found.collaboration.name}",
        button="Leave",
        back=reverse("collaboration", kwargs={"pk": pk}),
        words=(
            (
                "After that day roles in the collaboration do not reach its records, and it sees "
                "no more what others share."
            ),
        ),
        refused="It leads the collaboration. End the collaboration instead." if is_lead else "",
        warns=True,
    )
    return ask(request, question, form, change)
