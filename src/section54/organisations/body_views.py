"""Pages of bodies: what they are, how they stand to each other, their offices and holders."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from section54.engine.reports.wording import day
from section54.organisations import changes, office_changes
from section54.organisations.changes import NOTICE_DAYS
from section54.organisations.codes import HOLDS_FOR, code_of_body
from section54.organisations.forms import (
    AppointForm,
    DayForm,
    DescribeForm,
    NameForm,
    NewBodyForm,
    RelateForm,
)
from section54.organisations.http import UserRequest, permission
from section54.organisations.invitation_changes import found_body_with_administrator
from section54.organisations.models import (
    Body,
    BodyRelation,
    Collaboration,
    Grant,
    Office,
    OfficeHolder,
    User,
)
from section54.organisations.pages import (
    READ_AND_SEND,
    NothingToFillIn,
    Question,
    ask,
    own_access,
    sent,
)
from section54.organisations.people_views import CHANGE, SEE, invited
from section54.organisations.recent import recent_sign_in
from section54.records.models import subject_of


@require_safe
@permission("signed_in")
def body_list(request: UserRequest) -> HttpResponse:
    """List the bodies in which one has a role."""
    today = timezone.localdate()
    mine: dict[UUID, list[str]] = {}
    for held in request.user.roles_held:
        mine.setdefault(held.body_id, []).append(held.role_name)
    context = {
        "title": "Bodies",
        "bodies": [
            (body, sorted(set(mine.get(body.pk, []))))
            for body in Body.objects.visible_to(request.user)
        ],
        "collaborations": Collaboration.objects.visible_to(request.user)
        .in_force(today)
        .select_related("lead"),
        "may_change_people": request.user.may(CHANGE),
    }
    return render(request, "organisations/bodies.html", context)


def _body(request: UserRequest, pk: UUID) -> Body:
    return get_object_or_404(Body.objects.visible_to(request.user), pk=pk)


def _body_to_change(request: UserRequest, pk: UUID) -> Body:
    return get_object_or_404(Body.objects.changeable_by(request.user), pk=pk)


@require_safe
@permission("signed_in")
def body(request: UserRequest, pk: UUID) -> HttpResponse:
    """Show a body: its kind, its relations, its offices with their holders over time."""
    found = _body(request, pk)
    today = timezone.localdate()
    holders = OfficeHolder.objects.select_related("user", "appointed_by").order_by("-starts_on")
    offices = list(
        Office.objects.visible_to(request.user)
        .filter(body=found)
        .prefetch_related(Prefetch("all_holders", holders))
    )
    relations = list(
        BodyRelation.objects.filter(Q(body=found) | Q(other=found)).select_related("body", "other")
    )
    may_change = request.user.may(CHANGE, found.pk)
    context = {
        "title": found.name,
        "body": found,
        "today": today,
        "relations": relations,
        "offices": [
            {
                "office": office,
                "is_open": office.closed_on is None or office.closed_on > today,
                "holders": [(one, _holds(one, today)) for one in office.all_holders.all()],
            }
            for office in offices
        ],
        "collaborations": Collaboration.objects.visible_to(request.user)
        .filter(memberships__body=found)
        .distinct()
        .select_related("lead"),
        "may_change_body": may_change,
        "may_see_people": request.user.may(SEE, found.pk),
        "code": code_of_body(found) if may_change else "",
        "code_days": HOLDS_FOR.days,
        "subjects": [subject_of(one) for one in (found, *relations, *offices)],
    }
    return render(request, "organisations/body.html", context)


def _holds(holder: OfficeHolder, today: Any) -> str:
    """Return where somebody's time in an office stands: to_come, now or over."""
    if holder.starts_on > today:
        return "to_come"
    return "over" if holder.ends_on is not None and holder.ends_on < today else "now"


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
@recent_sign_in()
def body_add(request: UserRequest) -> HttpResponse:
    """Add a body; its first administrator is invited, and is somebody else."""
    form = NewBodyForm(sent(request))

    def change(given: dict[str, Any]) -> HttpResponse:
        invitation, token = found_body_with_administrator(
            name=given["name"],
            kind=Body.Kind(given["kind"]),
            person=given["person"],
            email=given["email"],
            today=timezone.localdate(),
            by=request.user,
            at=timezone.now(),
        )
        return invited(request, invitation, token)

    question = Question(
        title="Add a body",
        button="Add the body and invite its administrator",
        back=reverse("bodies"),
        words=(
            (
                "A body keeps its own people and records. You see nothing of it unless its own "
                "administrator gives you a role."
            ),
        ),
    )
    return ask(request, question, form, change)


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
def body_describe(request: UserRequest, pk: UUID) -> HttpResponse:
    """Correct a body's name or kind."""
    found = _body_to_change(request, pk)
    form = DescribeForm(sent(request), body=found)

    def change(given: dict[str, Any]) -> str:
        changes.describe_body(
            body=found,
            name=given["name"],
            kind=Body.Kind(given["kind"]),
            by=request.user,
            at=timezone.now(),
        )
        return "The body is described as you said."

    question = Question(
        title=f"Correct the name or kind of {found.name}",
        button="Save",
        back=reverse("body", kwargs={"pk": pk}),
        words=("Reports that were made before keep the name that they were made with.",),
    )
    return ask(request, question, form, change)


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
@recent_sign_in()
def body_relate(request: UserRequest, pk: UUID) -> HttpResponse:
    """Say how a body stands to another, by the code that the other's administrator gave.

    That another comes in its place is for the administrator of the body that ends: it opens the
    records of that body, so nobody else can say it.
    """
    found = _body_to_change(request, pk)
    form = RelateForm(sent(request), body=found, initial={"starts_on": timezone.localdate()})

    def check(given: dict[str, Any]) -> list[tuple[str, str]]:
        kind = given["kind"]
        rows = [
            ("What is recorded", f"{given['first']} {kind.label} {given['second']}"),
            ("From", day(given["starts_on"])),
        ]
        opens = "Nothing: overseeing gives nobody access"
        if kind == BodyRelation.Kind.SUCCEEDS:
            opens = (
                f"All records of {found}, and of the bodies in whose place it came. Who may do "
                f"something in {given['first']} may do it with them from that day. Until then an "
                "administrator of either body can call it off; after that it cannot be taken back."
            )
        return [*rows, ("What it opens", opens)]

    def change(given: dict[str, Any]) -> str:
        relation = changes.relate(
            body=given["first"],
            kind=given["kind"],
            other=given["second"],
            starts_on=given["starts_on"],
            by=request.user,
            at=timezone.now(),
        )
        return f"It is recorded that {relation.body} {given['kind'].label} {relation.other}."

    question = Question(
        title=f"How does {found.name} stand to another body?",
        button="Continue",
        back=reverse("body", kwargs={"pk": pk}),
        hints={
            "how": {
                "oversees": "It gives nobody access.",
                "overseen": "It gives nobody access.",
                "succeeded": "Whoever has a role in the other body has it here too, from the day "
                f"on: in {NOTICE_DAYS} days at the earliest, so that it can be called off.",
            }
        },
    )
    return ask(request, question, form, change, check)


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
def relation_end(request: UserRequest, pk: UUID, relation: UUID) -> HttpResponse:
    """Say on which day a body oversees another for the last time."""
    found = _body_to_change(request, pk)
    related = get_object_or_404(
        BodyRelation.objects.filter(Q(body=found) | Q(other=found)).select_related("body", "other"),
        pk=relation,
    )
    today = timezone.localdate()
    succeeds = related.kind == BodyRelation.Kind.SUCCEEDS
    begun = related.starts_on <= today
    words = f"{related.body} {related.get_kind_display()} {related.other}"
    form = (
        NothingToFillIn(sent(request))
        if succeeds
        else DayForm(sent(request), initial={"day": today})
    )

    def change(given: dict[str, Any]) -> str:
        last_day = given.get("day", today)
        changes.end_relation(
            relation=related, last_day=last_day, by=request.user, at=timezone.now()
        )
        return "It is called off." if succeeds else f"It ends on {day(last_day)}."

    question = Question(
        title="Call off a succession" if succeeds else "End how two bodies stand to each other",
        button="Call it off" if succeeds else "End it",
        back=reverse("body", kwargs={"pk": pk}),
        words=(f"{words}, from {day(related.starts_on)}." if succeeds else f"{words}.",),
        refused="A succession that has begun has no end: the records have gone over."
        if succeeds and begun
        else "",
    )
    return ask(request, question, form, change)


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
def office_add(request: UserRequest, pk: UUID) -> HttpResponse:
    """Name an office that signs for a body."""
    found = _body_to_change(request, pk)

    def change(given: dict[str, Any]) -> str:
        made = office_changes.found_office(
            body=found, name=given["name"], by=request.user, at=timezone.now()
        )
        return f"{found.name} has the office of {made}."

    question = Question(
        title=f"Add an office of {found.name}",
        button="Add the office",
        back=reverse("body", kwargs={"pk": pk}),
        words=("An office signs for its body. Holding one gives no role: roles are given apart.",),
    )
    return ask(request, question, NameForm(sent(request)), change)


def _office(request: UserRequest, pk: UUID, office: UUID) -> Office:
    offices = Office.objects.changeable_by(request.user).select_related("body")
    return get_object_or_404(offices, pk=office, body=pk)


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
def office_close(request: UserRequest, pk: UUID, office: UUID) -> HttpResponse:
    """Say that an office is no more after a day."""
    found = _office(request, pk, office)
    form = DayForm(
        sent(request), label="Last day of the office", initial={"day": timezone.localdate()}
    )

    def change(given: dict[str, Any]) -> str:
        office_changes.close_office(
            office=found, on=given["day"] + timedelta(days=1), by=request.user, at=timezone.now()
        )
        return f"The office of {found} closes after {day(given['day'])}."

    question = Question(
        title=f"Close the office of {found.name}",
        button="Close the office",
        back=reverse("body", kwargs={"pk": pk}),
        words=("Whoever holds it, or acts in it, holds it no more after that day.",),
        refused="This office is closed already." if found.closed_on else "",
        warns=True,
    )
    return ask(request, question, form, change)


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
@recent_sign_in()
def office_appoint(request: UserRequest, pk: UUID, office: UUID) -> HttpResponse:
    """Say who holds an office from a day on, or acts in it."""
    found = _office(request, pk, office)
    today = timezone.localdate()
    reached = Grant.objects.not_over(today).reaching([found.body_id], today)
    people = (
        User.objects.filter(pk__in=reached.values("user"), is_active=True)
        .exclude(pk=request.user.pk)
        .order_by("name", "email")
    )
    form = AppointForm(sent(request), office=found, people=people, today=today)

    def change(given: dict[str, Any]) -> str:
        holder = office_changes.appoint(
            office=found,
            user=given["user"],
            acting=given["acting"] == "yes",
            starts_on=given["starts_on"],
            ends_on=given["ends_on"],
            by=request.user,
            at=timezone.now(),
        )
        verb = "acts as" if holder.acting else "is"
        return f"{holder.user.name} {verb} {found} from {day(holder.starts_on)}."

    question = Question(
        title=f"Appoint the {found.name} of {found.body.name}",
        button="Appoint",
        back=reverse("body", kwargs={"pk": pk}),
        words=("People with a role in the body can be chosen. Nobody appoints themselves.",),
        refused="This office is closed." if found.closed_on and found.closed_on <= today else "",
    )
    return ask(request, question, form, change)


@require_http_methods(READ_AND_SEND)
@permission(CHANGE)
def holder_end(request: UserRequest, pk: UUID, office: UUID, holder: UUID) -> HttpResponse:
    """Say on which day somebody holds an office for the last time."""
    found = _office(request, pk, office)
    held = get_object_or_404(found.all_holders.select_related("user", "office"), pk=holder)
    today = timezone.localdate()
    form: Any = DayForm(sent(request), initial={"day": today})
    begins = held.starts_on > today
    if begins:
        form = NothingToFillIn(sent(request))

    def change(given: dict[str, Any]) -> str:
        if begins:
            office_changes.cancel_appointment(holder=held, by=request.user, at=timezone.now())
            return f"{held.user.name} is not appointed {found}."
        office_changes.end_appointment(
            holder=held, last_day=given["day"], by=request.user, at=timezone.now()
        )
        return f"{held.user.name} holds the office of {found} until {day(given['day'])}."

    refused = own_access(held.user) if held.user_id == request.user.pk else ""
    if _holds(held, today) == "over":
        refused = "This time in office is over already."
    question = Question(
        title=f"{held.user.name} holds the office of {found.name} no more",
        button="Take the appointment back" if begins else "End it",
        back=reverse("body", kwargs={"pk": pk}),
        words=(f"Appointed from {day(held.starts_on)}.",),
        refused=refused,
    )
    return ask(request, question, form, change)
