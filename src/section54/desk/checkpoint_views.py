"""The public page of where each record of changes ends, and the signed notes as files."""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from section54.organisations.models import Body
from section54.records.checkpoints import (
    COMMANDS,
    BadCheckpointError,
    as_pem,
    in_groups,
    in_words,
    latest,
    public_key_file,
)
from section54.records.models import Checkpoint
from section54.records.rows import everything


@everything()
def _signed() -> list[tuple[str, Checkpoint]]:
    """Return the checkpoint of each body that was signed last, with the body's name."""
    names = Body.objects.order_by("name").values_list("pk", "name")
    return [(name, signed) for pk, name in names if (signed := latest(pk))]


@login_not_required
@require_safe
def record_head(request: HttpRequest) -> HttpResponse:
    """Show anybody where each body's record of changes ended when it was last signed."""
    file = public_key_file()
    line = file.read_text(encoding="utf-8", errors="replace").strip() if file.is_file() else ""
    try:
        pem = as_pem(line)
    except BadCheckpointError:
        pem = ""
    context = {
        "title": "Where the record of changes ends",
        "signed": [
            {
                "body": name,
                "at": one,
                "words": in_words(one, name),
                "hash": in_groups(one.head),
                "note": one.note,
            }
            for name, one in _signed()
        ],
        "key": line,
        "pem": pem,
        "commands": COMMANDS,
    }
    return render(request, "desk/record_head.html", context)


@login_not_required
@require_safe
def record_note(request: HttpRequest) -> HttpResponse:
    """Give anybody a body's last signed note as a file; where there is none, the page."""
    try:
        body = UUID(request.GET.get("body", ""))
    except ValueError:
        return redirect("record-head")
    with everything():
        signed = latest(body)
    if signed is None:
        return redirect("record-head")
    return HttpResponse(
        signed.note,
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="checkpoint-{signed.lines}.txt"'},
    )
