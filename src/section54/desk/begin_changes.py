"""What the operator of an installation writes on its first day: a body and who looks after it."""

from datetime import date, datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from section54.engine.errors import BadInput
from section54.organisations.changes import body_named, found_body
from section54.organisations.invitation_changes import invite, path_of
from section54.organisations.models import Body, Invitation


@transaction.atomic
def invite_administrator(
    *, body_name: str, kind: str, email: str, name: str, on: date, at: datetime
) -> tuple[Invitation, str]:
    """Invite an administrator of a body, which is made if it is not there.

    Returns:
        The invitation, and its link, which is told only here.

    Raises:
        BadInput: the e-mail address is none.
    """
    try:
        validate_email(email)
    except ValidationError as error:
        raise BadInput(f"{email!r} is not an email address: write it like ada@force.uk.") from error
    body = body_named(body_name)
    if body is None:
        body = found_body(name=body_name, kind=Body.Kind(kind), by=None, at=at)
    invitation, token = invite(
        email=email, name=name, role="administrator", to=body, starts_on=on, by=None, at=at
    )
    return invitation, settings.ADDRESS + path_of(token)
