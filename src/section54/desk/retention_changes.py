"""Every write that removes what is past its period. Each is one transaction and one audit line.

A record is looked at again under a lock: what changed meanwhile stays until the next run.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models, transaction

from section54.desk.retention import STRIPPED, Due, Rule, references_to
from section54.organisations.models import Body, User
from section54.post.models import Message, OptOut
from section54.records.changes import record
from section54.records.models import INSTALLATION, Event
from section54.risk.models import (
    CategoryFinding,
    ComparedPayee,
    Comparison,
    Finding,
    Purchase,
    Review,
    TierDecision,
)
from section54.sources.models import Import, SourceFile
from section54.spend.models import Ledger


NOBODY = "A person who left"
# Tables of the sign-in library that say who somebody is or how they sign in.
SIGN_IN_ROOMS = frozenset({"account", "mfa", "socialaccount", "usersessions"})


@transaction.atomic
def remove_review(*, due: Due, at: datetime) -> bool:
    """Remove a review with its findings and decisions, and comparisons with it."""
    review = Review.objects.select_for_update().filter(pk=due.one.pk).first()
    if review is None or review.state == Review.State.MAKING:
        return False
    Review.objects.filter(earlier=review).update(earlier=None)
    comparisons = Comparison.objects.filter(models.Q(review=review) | models.Q(earlier=review))
    ComparedPayee.objects.filter(comparison__in=comparisons).delete()
    comparisons.delete()
    TierDecision.objects.filter(finding__review=review).delete()
    Purchase.objects.filter(review=review).delete()
    Finding.objects.filter(review=review).delete()
    CategoryFinding.objects.filter(review=review).delete()
    job = review.job
    _record_removal(review, due, review.body_id, at)
    review.delete()
    job.delete()
    return True


@transaction.atomic
def remove_import(*, due: Due, at: datetime) -> bool:
    """Remove an import with its ledgers, and the files that no other import has."""
    brought = Import.objects.select_for_update().filter(pk=due.one.pk).first()
    ended = (Import.State.TAKEN_IN, Import.State.UNDONE, Import.State.DISCARDED)
    if brought is None or brought.state not in ended:
        return False
    if Review.objects.filter(ledgers__brought_by=brought).exists():
        return False
    files = list(brought.files.values_list("pk", flat=True))
    job = brought.job
    _record_removal(brought, due, brought.body_id, at)
    Ledger.objects.filter(brought_by=brought).delete()
    brought.delete()
    job.delete()
    SourceFile.objects.filter(pk__in=files, imports=None).exclude(
        pk__in=Ledger.objects.filter(source__in=files).values("source")
    ).delete()
    return True


@transaction.atomic
def strip_account(*, due: Due, at: datetime) -> bool:
    """Take name, address and ways to sign in out of a closed account; its key stays."""
    user = User.objects.select_for_update().filter(pk=due.one.pk, is_active=False).first()
    if user is None or user.left_on is None or user.email.endswith(STRIPPED):
        return False
    for other, name in references_to(User):
        if other._meta.app_label in SIGN_IN_ROOMS:
            other._base_manager.filter(**{name: user}).delete()
    OptOut.objects.filter(person=user).delete()
    _strip(Message.objects.filter(person=user))
    homes = {grant.home_id for grant in user.grants.select_related("collaboration")}
    user.email, user.name = f"{user.pk.hex}{STRIPPED}", f"{NOBODY} in {user.left_on.year}"
    user.last_login = None
    user.set_unusable_password()
    user.save()
    for body_id in sorted(homes) or [INSTALLATION]:
        _record_removal(user, due, body_id, at)
    return True


@transaction.atomic
def strip_messages(*, dues: Sequence[Due], at: datetime) -> int:
    """Take names, addresses and words out of messages of long ago; return how many there were."""
    over = (Message.State.SENT, Message.State.PUT_ASIDE)
    found = Message.objects.filter(pk__in=[due.one.pk for due in dues], state__in=over)
    return _counted(found, dues[0].rule, at, _strip)


def _strip(messages: "models.QuerySet[Message]") -> None:
    messages.update(to_name="", to_address="", subject="", text="", link="")


@transaction.atomic
def remove_rows(*, dues: Sequence[Due], at: datetime) -> int:
    """Remove rows of one table on which nothing rests; return how many there were."""
    model = apps.get_model(dues[0].one.model)
    found = model._base_manager.filter(pk__in=[due.one.pk for due in dues])
    return _counted(found, dues[0].rule, at, lambda rows: rows.delete())


def _counted(found: "models.QuerySet[Any]", rule: Rule, at: datetime, remove: Any) -> int:
    """Remove rows, and record how many of which body there were."""
    has_body = any(field.name == "body" for field in found.model._meta.get_fields())
    of_body = found.values_list("body", flat=True) if has_body else [None] * found.count()
    counts = Counter(body_id or INSTALLATION for body_id in of_body)
    for body_id, count in sorted(counts.items()):
        body = Body(pk=body_id)
        words = {"what": rule.what, "count": count, "kept": rule.keep.words}
        record("rows_purged", body, body_id=body_id, by=None, at=at, rule=rule.name, **words)
    remove(found)
    return sum(counts.values())


def _record_removal(subject: models.Model, due: Due, body_id: UUID, at: datetime) -> None:
    what = due.one.what if due.rule.then == "delete" else "An account's name and address"
    record(
        "purged",
        subject,
        body_id=body_id,
        by=None,
        at=at,
        what=what,
        rule=due.rule.name,
        kept=due.rule.keep.words,
        since=due.one.start.isoformat(),
    )


@transaction.atomic
def note_rules(*, periods: dict[str, str], changed_by: str, held: int, at: datetime) -> bool:
    """Take note, in each body's chain, of periods and holds that are not as they were last told.

    Args:
        periods: Of the body's own table, by rule.
        held: How many holds stand.
    """
    told = {"periods": periods, "changed_by": changed_by, "holds": held}
    last = Event.objects.filter(kind="retention_changed").order_by("-at", "-sequence").first()
    if told == (last.detail if last else {"periods": {}, "changed_by": "", "holds": 0}):
        return False
    for body in Body.objects.order_by("pk"):
        record("retention_changed", body, body_id=body.pk, by=None, at=at, **told)
    return True


REMOVES_ONE = {
    Review._meta.label: remove_review,
    Import._meta.label: remove_import,
    User._meta.label: strip_account,
}
REMOVES_MANY = {Message._meta.label: strip_messages}
