"""What this room’s pages share: asking for a change, checking it, lists to take away."""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from io import StringIO
from typing import Any

from django.contrib import messages
from django.forms import BaseForm, Form
from django.http import HttpResponse
from django.shortcuts import redirect, render

from section54.engine.reports.cells import safe_cell
from section54.organisations.changes import NotPossibleError
from section54.organisations.http import UserRequest
from section54.organisations.models import User


PAGE = 50
LONGEST_ASKED = 200  # letters of what is searched for
READ_AND_SEND = ["GET", "HEAD", "POST"]
Rows = Sequence[tuple[str, str]]


class NothingToFillIn(Form):
    """A question that is answered by its button alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A page that asks for one change.

    Attributes:
        title: Its heading.
        button: The words on its button.
        back: The path of the page it belongs to, and where it leads when it was done.
        words: Sentences above the form: what the change does.
        refused: Why it cannot be done, whatever is filled in; there is no button then.
        hints: Hints of choices, by field and value.
        warns: Whether the button is a warning's.
    """

    title: str
    button: str
    back: str
    words: Sequence[str] = ()
    refused: str = ""
    hints: dict[str, dict[str, str]] | None = None
    warns: bool = False


def ask(
    request: UserRequest,
    question: Question,
    form: BaseForm,
    change: Callable[[dict[str, Any]], str | HttpResponse],
    check: Callable[[dict[str, Any]], Rows] | None = None,
) -> HttpResponse:
    """Ask for a change, show it to be checked if it weighs much, do it, and say so.

    Args:
        change: Does it; returns what to say, or a page of its own.
        check: What is shown to be checked before it is done; None: it is done at once.
    """
    if request.method == "POST" and not question.refused and form.is_valid():
        if check is not None and "confirmed" not in request.POST and "change" not in request.POST:
            return render(
                request,
                "organisations/check.html",
                {
                    "title": f"Check: {question.title}",
                    "question": question,
                    "rows": check(form.cleaned_data),
                    "given": _as_given(request, form),
                },
            )
        if "change" not in request.POST:
            try:
                done = change(form.cleaned_data)
            except NotPossibleError as error:
                form.add_error(None, str(error))
            else:
                if isinstance(done, HttpResponse):
                    return done
                messages.success(request, done)
                return redirect(question.back)
    context = {"title": question.title, "question": question, "form": form}
    return render(request, "organisations/ask.html", context)


def _as_given(request: UserRequest, form: BaseForm) -> list[tuple[str, str]]:
    """Return the answers as the form's own inputs sent them, to be sent again."""
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name.partition("-")[0] in form.fields
        for value in values
    ]


def sent(request: UserRequest) -> Any:
    """Return what was sent with a form, or None where a page is only opened."""
    return request.POST if request.method == "POST" else None


def asked_for(request: UserRequest, *names: str) -> dict[str, str]:
    """Return the query's values, cut to what anybody would search for."""
    return {
        name: request.GET.get(name, "").replace("\0", "")[:LONGEST_ASKED].strip() for name in names
    }


def day_of(text: str) -> date | None:
    """Return the day of ``2026-04-20``; None where it is none."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1900 < found.year < 9000 else None


def own_access(user: User) -> str:
    """Return why somebody's own access cannot be changed by themselves."""
    return (
        f"This is your own access, {user.name}. Nobody changes their own: ask another "
        "administrator of the body to do it."
    )


def csv_of(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a list as CSV in UTF-8 with a byte order mark; its texts are safe from formulas."""
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([safe_cell(one) if isinstance(one, str) else one for one in row])
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "replace")


def as_csv(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Return a list to be taken away as CSV."""
    return HttpResponse(
        csv_of(columns, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
