"""The pages of messages: those to be sent by hand, one's own, and the link that stops some."""

import csv
from collections import Counter
from collections.abc import Iterable
from io import StringIO

from django.contrib import messages as said
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from section54.engine.reports.cells import safe_cell
from section54.engine.reports.wording import count
from section54.organisations.http import Taken, UserRequest, noted, permission
from section54.organisations.models import User
from section54.organisations.permissions import SIGNED_IN
from section54.organisations.reading_changes import Line
from section54.post import mail
from section54.post.changes import Decision, decide_on_messages
from section54.post.clock_changes import NotToBeStoppedError, stop_reminders, want_reminders
from section54.post.forms import DecideForm
from section54.post.messages import STOP, absolute, has_secret, title_of
from section54.post.models import Message, OptOut
from section54.post.reminders import ReminderKind, kinds
from section54.records.rows import everything


PAGE = 50
MOST_EXPORTED = 5_000
DONE = {
    Decision.SENT: "marked as sent",
    Decision.AGAIN: "to be sent again",
    Decision.ASIDE: "put aside: not sent",
}
MAIL_ONLY = "It holds a secret link and goes by mail only."
COLUMNS = ("Name", "Address", "Subject", "Text", "Link", "Kind", "Body", "Written", "State")


@require_http_methods(["GET", "HEAD", "POST"])
@permission(SIGNED_IN)
def to_send(request: UserRequest) -> HttpResponse:
    """List the messages that this person may send by hand, and keep what they say of them."""
    form = DecideForm(request.POST if request.method == "POST" else None, user=request.user)
    if request.method == "POST" and form.is_valid():
        what = Decision(form.cleaned_data["what"])
        number = decide_on_messages(
            messages=form.cleaned_data["messages"], what=what, by=request.user, at=timezone.now()
        )
        if number:
            said.success(request, f"{count(number, 'message')} {DONE[what]}.")
        else:
            said.warning(request, "Nothing was changed: they are being sent, or were already.")
        return redirect("messages")
    mine = Message.objects.handled_by(request.user)
    shows_all = request.GET.get("show") == "all"
    rows = (mine if shows_all else mine.open()).select_related("body", "by_hand_of")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {
        "title": "Messages to send",
        "form": form,
        "page": page,
        "shows_all": shows_all,
        "chosen": set(request.POST.getlist("messages")),
        "has_mail": mail.is_set(),
        "several_bodies": len({message.body_id for message in page}) > 1,
        "mail_only": MAIL_ONLY,
        "goes_by_mail_only": goes_by_mail_only,
    }
    return render(request, "post/to_send.html", context)


@require_safe
@permission(SIGNED_IN)
@noted
def to_send_export(request: UserRequest) -> Taken:
    """Give the messages to send away as the table of a mail merge; the record notes it."""
    open_ones = Message.objects.handled_by(request.user).open()
    found = list(open_ones.select_related("body").order_by("written_at")[:MOST_EXPORTED])
    name = f"messages-{timezone.localdate()}.csv"
    response = HttpResponse(
        merge_table(found),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
    of_bodies = Counter(message.body for message in found)
    lines = [
        Line("messages_exported", body, body.pk, {"messages": number})
        for body, number in of_bodies.items()
    ]
    return Taken(response, lines)


def goes_by_mail_only(message: Message) -> bool:
    """Return whether nobody but its recipient may read a message: its link is a secret of theirs.

    Without a mail server somebody must send it, so whoever does reads it.
    """
    return mail.is_set() and has_secret(message.kind)


def merge_table(messages: Iterable[Message]) -> bytes:
    """Return messages as CSV, a row each; no cell of it is run as a formula."""
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for message in messages:
        hidden = goes_by_mail_only(message)
        cells = (
            message.to_name,
            message.to_address,
            message.subject,
            MAIL_ONLY if hidden else message.text,
            "" if hidden else absolute(message.link),
            title_of(message.kind),
            message.body.name,
        )
        writer.writerow(
            [
                *map(safe_cell, cells),
                message.written_at.isoformat(timespec="seconds"),
                message.get_state_display(),
            ]
        )
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "replace")


@require_http_methods(["GET", "HEAD", "POST"])
@permission(SIGNED_IN)
def yours(request: UserRequest) -> HttpResponse:
    """Show a person's own messages, and what they want to be reminded of."""
    user = request.user
    if request.method == "POST":
        wanted = set(request.POST.getlist("kinds"))
        changed = sum(
            want_reminders(person=user, kind=kind, at=timezone.now())
            if kind.name in wanted
            else stop_reminders(person=user, kind=kind, at=timezone.now())
            for kind in kinds()
            if not kind.must
        )
        if changed:
            said.success(request, "Your choice is kept.")
        else:
            said.info(request, "Nothing was changed.")
        return redirect("messages-yours")
    stopped = set(OptOut.objects.filter(person=user).values_list("kind", flat=True))
    page = Paginator(Message.objects.to_person(user), PAGE).get_page(request.GET.get("page"))
    context = {
        "title": "Your messages",
        "kinds": [(kind, bool(kind.must) or kind.name not in stopped) for kind in kinds()],
        "page": page,
        "address": user.email,
        "has_mail": mail.is_set(),
    }
    return render(request, "post/yours.html", context)


@csrf_exempt  # a mail program sends it with one press (RFC 8058); the signed link is the right to
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@everything()  # of whatever body the person is, whoever is signed in here
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Stop one kind of message to one person: opening the link asks, sending the form does it.

    Raises:
        Http404: the link was not made here, or its person or kind is gone.
    """
    person, kind = _named_in(token)
    is_done = False
    if request.method == "POST":
        try:
            stop_reminders(person=person, kind=kind, at=timezone.now())
        except NotToBeStoppedError as error:
            raise Http404 from error
        is_done = True
    context = {"title": "Stop these messages", "kind": kind, "is_done": is_done}
    return render(request, "post/stop.html", context)


def _named_in(token: str) -> tuple[User, ReminderKind]:
    try:
        key, about = signing.loads(token, salt=STOP)
    except (signing.BadSignature, ValueError) as error:
        raise Http404 from error
    person = User.objects.filter(pk=key).first()
    kind = next((kind for kind in kinds() if kind.name == about and not kind.must), None)
    if person is None or kind is None:
        raise Http404
    return person, kind
