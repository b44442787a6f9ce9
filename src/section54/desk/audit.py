"""The audit trail in words: who may read which lines, and what each of them says."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.urls import reverse

from section54.engine.reports.wording import day, plain
from section54.organisations.models import User
from section54.organisations.permissions import ROLES
from section54.records.models import Event, EventQuerySet, subject_of


LAST = 10  # lines of what happened on a record's own page
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
SEE = "audit.see"
SEE_PEOPLE = "audit.see_people"  # held by who may see all lines, too
# Lines about accounts and grants, and about who is invited, leaves, or holds an office.
PEOPLE = r"^organisations\.(User|Grant|Invitation|Departure|Office|OfficeHolder):"

# kind: its words in the list of kinds, and the sentence; {name} is a value of the line
SENTENCES: Mapping[str, tuple[str, str]] = {
    "body_founded": ("Body founded", "Founded {name}."),
    "user_added": ("Account made", "Made an account for a person."),
    "role_granted": ("Role granted", "Granted the role {role_name}{to_whom}."),
    "role_ended": ("Role ended", "Ended the role {role_name}{of_whom} from {ended_on}: {because}"),
    "review_handed_over": ("Review handed over", "Handed the review over to {new}."),
    "import_handed_over": ("Import handed over", "Handed the import over to {new}."),
    "person_invited": ("Person invited", "Invited {who} as {role_name} in {place}."),
    "invitation_withdrawn": ("Invitation withdrawn", "Withdrew the invitation of {who}."),
    "invitation_accepted": ("Invitation accepted", "{who} accepted an invitation."),
    "account_closed": ("Account closed", "Closed the account of {who}."),
    "account_reopened": ("Account opened again", "Opened the account of {who} again."),
    "person_leaves": (
        "Person leaves",
        "Recorded that {who} leaves on {last_day}. Roles that end: {roles}; offices: {offices}.",
    ),
    "departure_carried_out": ("Departure carried out", "The last day of {who} was over."),
    "people_exported": ("List of people taken away", "Took a list of {what} away: {lines} lines."),
    "office_founded": ("Office named", "Named the office of {name}."),
    "office_closed": ("Office closed", "Closed the office of {name} from {closed_on}."),
    "office_holder_appointed": (
        "Office holder appointed",
        "Appointed {who} to the office of {office} from {starts_on}.",
    ),
    "office_holder_ended": (
        "Office holder ended",
        "{who} holds the office of {office} until {last_day}.",
    ),
    "office_holder_cancelled": (
        "Appointment taken back",
        "Took back the appointment of {who} to the office of {office}.",
    ),
    "logo_set": ("Logo set", "Gave the body a logo."),
    "logo_removed": ("Logo removed", "Removed the body’s logo."),
    "api_token_made": ("Key for a program made", "Made the key “{name}” until {expires_at}."),
    "api_token_revoked": ("Key for a program ended", "Ended the key “{name}”."),
    "body_described": ("Body described", "Corrected the body’s name or kind: {name}."),
    "bodies_related": ("Bodies related", "Recorded that {words}, from {starts_on}."),
    "bodies_no_longer_related": ("Bodies no longer related", "Until {last_day} only."),
    "succession_called_off": (
        "Succession called off",
        "Called off that one body takes over from another.",
    ),
    "collaboration_founded": ("Collaboration founded", "Founded {name}."),
    "collaboration_joined": ("Collaboration joined", "{joined} joined {collaboration}."),
    "collaboration_left": ("Collaboration left", "{left} leaves {collaboration} on {last_day}."),
    "collaboration_ended": ("Collaboration ended", "{name} ends on {last_day}."),
    "collaboration_shares_less": ("Collaboration shares less", "Shared less."),
    "collaboration_codes_withdrawn": (
        "Codes withdrawn",
        "Made useless the codes to join {name}.",
    ),
    "import_started": ("Import started", "Added {files_count} to be read."),
    "import_read": ("Import read", "Read {files} of the import: {read_count}."),
    "columns_corrected": ("Columns corrected", "Said which column is which."),
    "import_taken_in": ("Import taken in", "Took the import in: {ledgers_count}."),
    "import_discarded": ("Import discarded", "Discarded the import."),
    "import_undone": ("Import undone", "Undid the import: {because}"),
    "review_asked_for": ("Review asked for", "Asked for a review of {ledgers_count}."),
    "review_made": ("Review made", "Made the review: {lines_count}, £{amount}."),
    "tier_decided": ("Risk decided", "Decided on the risk: {reason}"),
    "tier_decision_withdrawn": ("Risk decision taken back", "Took the decision on the risk back."),
    "review_concluded": ("Review concluded", "Concluded the review: {findings}"),
    "reviews_compared": ("Reviews compared", "Compared the review with an earlier one."),
    "review_exported": ("Review taken away", "Took {what} away{as_shared}."),
    "import_exported": ("Rows of an import taken away", "Took {what} away."),
    "record_shared": ("Record shared", "Shared it with {collaboration}."),
    "record_no_longer_shared": (
        "Record no longer shared",
        "Stopped sharing it with {collaboration}.",
    ),
    "work_stopped": ("Work stopped", "Stopped the work."),
    "work_started_again": ("Work started again", "Started the work again."),
    "disclosure_made": (
        "Disclosure put together",
        "Put together all that is held about one {sort}: {records} records, {mentions} mentions.",
    ),
    "purged": ("Removed after its period", "Removed after its period ({kept}): {what}."),
    "rows_purged": ("Rows removed after their period", "{what}: {count} removed, kept {kept}."),
    "retention_changed": (
        "Periods or holds changed",
        "How long things are kept, or what is held, was changed: {holds} holds stand.",
    ),
    "everything_exported": (
        "Everything taken away",
        "Put everything that is kept into one file (SHA-256 {sha256}).",
    ),
    "signed_in": ("Signed in", "Signed in with {ways}."),
    "proved_again": ("Proved again who they are", "Proved again who they are with {ways}."),
    "sign_in_refused": ("Sign-in refused", "A try to sign in was refused: {way}."),
    "password_changed": ("Password changed", "Changed their password."),
    "factor_added": ("Second factor added", "Added {what} to their account."),
    "factor_removed": ("Second factor removed", "Removed {what} from their account."),
    "passkey_named": ("Passkey renamed", "Gave a passkey another name."),
    "recovery_codes_renewed": ("Recovery codes renewed", "Made new recovery codes."),
    "identity_linked": ("Sign-in service linked", "Linked an account of their organisation."),
    "identity_unlinked": ("Sign-in service unlinked", "Took that link back."),
    "let_in_again": (
        "Let in again",
        "Whoever runs Section54 gave a new password, and removed the second factors.",
    ),
    "session_ended": ("Session ended", "A session ended, as {because}."),
    "sessions_ended": ("Sessions ended", "Sessions ended: {count}, as {because}."),
    "message_sent_by_hand": ("Message sent by hand", "Said that the message was sent."),
    "message_to_be_sent_again": ("Message sent again", "Had the message sent again."),
    "message_put_aside": ("Message not sent", "Had the message not sent."),
    "messages_exported": ("Messages taken away", "Took {messages} messages to send away."),
    "messages_stopped": ("Messages stopped", "Stopped their messages: {about}"),
    "messages_wanted": ("Messages wanted again", "Asked for their messages again: {about}"),
    "bundle_taken": (
        "Bundle for an auditor taken away",
        "Took a bundle for an auditor away: {period}, {lines} lines (SHA-256 {sha256}).",
    ),
    "audit_exported": ("Record taken away", "Took {lines} lines of this record away."),
}
# kind: (what it was, what it became), as names of the line's values
CHANGED = {
    "tier_decided": ("computed", "decided"),
    "tier_decision_withdrawn": ("decided", "computed"),
}
NOUNS = {
    "Body": "body",
    "User": "person",
    "Grant": "grant",
    "OfficeHolder": "holder of an office",
    "BodyRelation": "relation of bodies",
    "Import": "import",
    "Ledger": "ledger",
    "Review": "review",
    "Finding": "payee",
    "ApiToken": "key for a program",
    "Message": "message",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the audit trail as a person reads it."""

    event: Event
    sentence: str
    was: str
    became: str
    noun: str

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.event.at


class _Values(dict[str, str]):
    """A line's values; one that is missing is said to be so."""

    def __missing__(self, key: str) -> str:
        return "(not recorded)"


def tell(event: Event) -> Told:
    """Return a line in words; a kind that is not in the table by its name.

    >>> tell(Event(kind="tea_made", subject="ui.Pot:1", by="Anna", detail={})).sentence
    'Tea made.'
    """
    detail = event.detail if isinstance(event.detail, dict) else {}
    if event.kind in SENTENCES:
        sentence = SENTENCES[event.kind][1].format_map(_values(detail))
    else:
        sentence = kind_words(event.kind) + "."
    old, new = CHANGED.get(event.kind, ("old", "new"))
    has_both = old in detail and new in detail
    noun = event.subject.partition(":")[0].rpartition(".")[2]
    return Told(
        event=event,
        sentence=plain(sentence),
        was=_short(detail[old]) if has_both else "",
        became=_short(detail[new]) if has_both else "",
        noun=NOUNS.get(noun, noun.lower()),
    )


def _values(detail: Mapping[str, Any]) -> _Values:
    values = _Values({name: _short(value) for name, value in detail.items()})
    for name, one in (("files", "file"), ("ledgers", "ledger")):
        if isinstance(many := detail.get(name), list):
            values[f"{name}_count"] = f"1 {one}" if len(many) == 1 else f"{len(many):,} {one}s"
        elif isinstance(many, int):
            values[name] = f"1 {one}" if many == 1 else f"{many:,} {one}s"
    for name in ("lines", "read"):
        if isinstance(many := detail.get(name), int):
            values[f"{name}_count"] = "1 payment" if many == 1 else f"{many:,} payments"
    if isinstance(amount := detail.get("amount"), str):
        with suppress(InvalidOperation):
            values["amount"] = f"{Decimal(amount):,.2f}"
    role = detail.get("role")
    if isinstance(role, str):
        values["role_name"] = ROLES[role][0] if role in ROLES else role
    shared = str(detail.get("shared", ""))
    values["as_shared"] = f", {shared[:1].lower()}{shared[1:]}" if shared else ""
    named = isinstance(detail.get("who"), str)  # an older line does not say who
    values["to_whom"] = f" to {detail['who']} in {detail.get('place')}" if named else ""
    values["of_whom"] = f" of {detail['who']} in {detail.get('place')}" if named else ""
    return values


def _short(value: Any) -> str:
    """Return a value as a reader should see it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    text = str(value)
    if DAY.fullmatch(text):
        return day(date.fromisoformat(text))
    return text.replace("_", " ") if text.isidentifier() else text


def kind_words(kind: str) -> str:
    """Return a kind of event in words.

    >>> kind_words("tier_decided")
    'Risk decided'
    """
    if kind in SENTENCES:
        return SENTENCES[kind][0]
    return kind.replace("_", " ").capitalize()


def visible_to(user: User) -> EventQuerySet:
    """Return the lines that a person may read, of every body in which they may.

    Who may see only what is about people, as an administrator may, reads no other lines.
    """
    in_full = user.body_ids(SEE)
    limited = user.body_ids(SEE_PEOPLE) - in_full
    people = Q(body_id__in=limited, subject__regex=PEOPLE)
    return Event.objects.filter(Q(body_id__in=in_full) | people)


@dataclass(frozen=True, slots=True)
class History:
    """The last lines about what a page shows, and the address of all of them, for who may read."""

    lines: Sequence[Told]
    all_of_them: str


def what_happened(
    user: User, permission: str, body_id: UUID, records: Sequence[models.Model]
) -> History | None:
    """Return the last lines about some records of a body, for who may see these records there.

    Not for who is only shown one: the lines say who decided what, and why.

    Args:
        permission: What it needs in the body to see the records.
        records: The one that the page is about, and what belongs to it.
    """
    if not user.may(permission, body_id):
        return None
    subjects = [subject_of(one) for one in records]
    events = Event.objects.filter(subject__in=subjects, body_id=body_id).order_by("-sequence")
    lines = [tell(event) for event in events[:LAST]]
    if not lines:
        return None
    everything = f"{reverse('audit')}?{urlencode({'subject': subjects[0]})}"
    return History(lines, everything if user.may(SEE, body_id) else "")


def history_of(user: User, subjects: Sequence[str]) -> History | None:
    """Return the last lines about some subjects that a user may read, in whatever body they stand.

    Args:
        subjects: As the record names them; the first is what the page is about.
    """
    lines = visible_to(user).filter(subject__in=subjects).order_by("-at", "-sequence")
    told = [tell(line) for line in lines[: 2 * LAST]] if user.may(SEE_PEOPLE) else []
    everything = f"{reverse('audit')}?{urlencode({'subject': subjects[0]})}"
    return History(told, everything) if told else None
