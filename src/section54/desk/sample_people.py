"""Fictional colleagues for the sample: one for each kind of work, and a neighbour to share with."""

from django.db import transaction
from django.utils import timezone

from section54.organisations.changes import add_user, found_body, grant_role, relate
from section54.organisations.collaboration_changes import found_collaboration, join
from section54.organisations.models import SHARED_PROCUREMENT, Body, BodyRelation, User
from section54.organisations.office_changes import appoint, found_office


NEIGHBOUR = "Broads Constabulary"
COMMISSIONER = "Fenland Police and Crime Commissioner"
COLLABORATION = "Fenland and Broads procurement"
# (e-mail address, name, role, whether of the neighbour)
COLLEAGUES = (
    ("buyer@example.org", "Priya Anand", "buyer", False),
    ("contracts@example.org", "Tom Okafor", "contract_manager", False),
    ("director@example.org", "Ruth Ellery", "service_director", False),
    ("hr@example.org", "Marian Voss", "director_of_hr", False),
    ("governance@example.org", "Gareth Pell", "governance_lead", False),
    ("chief@example.org", "Helen Strand", "approver", False),
    ("board@example.org", "Amir Qureshi", "board_member", False),
    ("auditor@example.org", "Nell Harker", "auditor", False),
    ("neighbour@example.org", "Bea Lowry", "contract_manager", True),
    ("neighbour-administrator@example.org", "Ivo Marsh", "administrator", True),
)
OFFICES = (("Chief Constable", "chief@example.org"), ("Director of HR", "hr@example.org"))


@transaction.atomic
def bring_colleagues(body: Body, password: str) -> list[User]:
    """Make the fictional colleagues of a body and its neighbour, once; all have one password.

    Returns:
        Who was made now; nobody where they are there already.
    """
    emails = [email for email, *_ in COLLEAGUES]
    if User.objects.filter(email__in=emails).exists():
        return []
    now, today = timezone.now(), timezone.localdate()
    neighbour = found_body(name=NEIGHBOUR, kind=Body.Kind.FORCE, by=None, at=now)
    commissioner = found_body(name=COMMISSIONER, kind=Body.Kind.COMMISSIONER, by=None, at=now)
    relate(
        body=commissioner,
        kind=BodyRelation.Kind.OVERSEES,
        other=body,
        starts_on=today,
        by=None,
        at=now,
    )
    made: dict[str, User] = {}
    for email, name, role, of_the_neighbour in COLLEAGUES:
        home = neighbour if of_the_neighbour else body
        user = add_user(body=home, email=email, name=name, password=password, by=None, at=now)
        grant_role(user=user, role=role, body=home, starts_on=today, by=None, at=now)
        made[email] = user
    for office, email in OFFICES:
        appoint(
            office=found_office(body=body, name=office, by=None, at=now),
            user=made[email],
            acting=False,
            starts_on=today,
            by=None,
            at=now,
        )
    together = found_collaboration(
        name=COLLABORATION,
        lead=body,
        shared_areas=SHARED_PROCUREMENT,
        starts_on=today,
        by=None,
        at=now,
    )
    join(collaboration=together, body=neighbour, starts_on=today, by=None, at=now)
    return list(made.values())
