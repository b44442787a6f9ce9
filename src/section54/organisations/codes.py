"""Codes that one administrator gives to another, so that no list of bodies is needed anywhere.

A code is signed, not stored: it names a body or a collaboration, works for two weeks, and opens
nothing by itself. Who has one may only ask, with rights of their own, to join or to be related.
"""

from datetime import timedelta

from django.core import signing

from section54.organisations.models import Body, Collaboration
from section54.records.rows import everything


HOLDS_FOR = timedelta(days=14)
BODY, COLLABORATION = "organisations.body", "organisations.collaboration"


def code_of_body(body: Body) -> str:
    """Return a code with which another body can be told how it stands to this one."""
    return signing.dumps(body.pk.hex, salt=BODY)


@everything()
def body_of(code: str) -> Body | None:
    """Return the body of a code; None where it is no code, or too old."""
    key = _read(code, BODY)
    return Body.objects.filter(pk=key).first() if isinstance(key, str) else None


def code_of_collaboration(collaboration: Collaboration) -> str:
    """Return a code with which another body can join."""
    return signing.dumps([collaboration.pk.hex, collaboration.code_round], salt=COLLABORATION)


@everything()
def collaboration_of(code: str) -> Collaboration | None:
    """Return the collaboration of a code; None where it is none, too old, or was made useless."""
    found = _read(code, COLLABORATION)
    if not isinstance(found, list):
        return None
    there = Collaboration.objects.select_related("lead")
    return there.filter(pk=found[0], code_round=found[1]).first()


def _read(code: str, salt: str) -> object:
    try:
        return signing.loads("".join(code.split()), salt=salt, max_age=HOLDS_FOR)
    except signing.BadSignature:
        return None
