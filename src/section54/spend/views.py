"""Pages of ledgers: add them, check what was understood, correct it, put them aside."""

from collections.abc import Iterable
from itertools import islice
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, Prefetch, Value, When
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from section54.engine.ledgers.corrections import ANY_LAYOUT
from section54.engine.reports.wording import listed
from section54.organisations.http import Taken, UserRequest, noted, permission
from section54.organisations.reading_changes import Line
from section54.post.changes import ask_to_stop, start_again
from section54.sources.changes import StoredFile, start_import, store_file
from section54.sources.models import Import
from section54.spend.changes import READ_IMPORT, WrongStateError, correct_columns, discard
from section54.spend.forms import AddLedgersForm, ColumnsForm
from section54.spend.models import Ledger
from section54.spend.shown import (
    MAIN_ROLES,
    ROLE_WORDS,
    alike_in_words,
    column_letter,
    in_a_sentence,
    left_out,
    name_of,
    on_the_page,
    parts_to_correct,
    rejected_as_csv,
    rejected_rows,
    sheet_shown,
    sure_words,
)
from section54.spend.titles import other_body_named, title_rows


IMPORTS_A_PAGE = 20
REJECTED_SHOWN = 50
SOMEBODY_WAS_FIRST = "Somebody else changed this import meanwhile. This is how it stands now."
LIKE_THE_FIRST = "It was kept once."


def _import(request: UserRequest, pk: UUID, *, to_change: bool = False) -> Import:
    """Return an import that this person may see or change; any other is not found."""
    imports = Import.objects.select_related("body", "job", "started_by", "led_by", "undone_by")
    if to_change:
        return get_object_or_404(imports.changeable_by(request.user), pk=pk)
    return get_object_or_404(imports.visible_to(request.user), pk=pk)


def _ledger(brought_by: Import, pk: UUID) -> Ledger:
    return get_object_or_404(brought_by.ledgers.select_related("source", "body"), pk=pk)


@require_safe
@permission("spend.see")
def ledger_list(request: UserRequest) -> HttpResponse:
    """List the imports: what waits first, then the newest."""
    imports = (
        Import.objects.visible_to(request.user)
        .select_related("body", "job")
        .prefetch_related(
            "files", Prefetch("ledgers", Ledger.objects.defer("understood", "corrections"))
        )
        .order_by(
            Case(When(state__in=("reading", "to_check"), then=Value(0)), default=Value(1)),
            "-started_at",
        )
    )
    page = Paginator(imports, IMPORTS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "title": "Ledgers",
        "page": page,
        "may_change": request.user.may("spend.change"),
        "several_bodies": len(request.user.body_ids("spend.see")) > 1,
    }
    return render(request, "spend/ledger_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("spend.change")
def ledger_add(request: UserRequest) -> HttpResponse:
    """Take files in to be read."""
    if request.method != "POST":
        form = AddLedgersForm(user=request.user)
        return render(request, "spend/ledger_add.html", {"title": "Add ledgers", "form": form})
    form = AddLedgersForm(request.POST, request.FILES, user=request.user)
    if not form.is_valid():
        return render(request, "spend/ledger_add.html", {"title": "Add ledgers", "form": form})
    stored: dict[str, StoredFile] = {}
    for file in form.cleaned_data["ledgers"]:
        kept = store_file(body=form.whose, name=file.name or "", chunks=file.chunks())
        first = stored.setdefault(kept.sha256, kept)
        if first is not kept:
            messages.info(
                request, f"{kept.name} is the same file as {first.name}. {LIKE_THE_FIRST}"
            )
    now = timezone.now()
    started = start_import(
        body=form.whose,
        stored=list(stored.values()),
        task=READ_IMPORT,
        by=request.user,
        at=now,
    )
    if started.started_at != now:
        messages.info(request, "You sent these files before. Nothing was added twice.")
    return redirect("import", pk=started.pk)


@require_safe
@permission("spend.see")
def import_page(request: UserRequest, pk: UUID) -> HttpResponse:
    """Show where an import stands, and what was understood of its files."""
    brought_by = _import(request, pk)
    ledgers = list(brought_by.ledgers.select_related("source", "body"))
    ledgers.sort(key=lambda ledger: ledger.read > 0)  # first what needs somebody
    context = {
        "title": f"Import {brought_by.reference}",
        "brought": brought_by,
        "job": brought_by.job,
        "files": list(brought_by.files.order_by("name", "pk")),
        "cards": [_card(ledger) for ledger in ledgers],
        "can_take_in": any(ledger.read for ledger in ledgers),
        "reviews": brought_by.ledgers.exclude(reviews=None)
        .values("reviews__pk", "reviews__reference", "reviews__name", "reviews__state")
        .distinct()
        .order_by("-reviews__asked_at"),
        "may_change": request.user.may("spend.change", brought_by.body_id),
    }
    return render(request, "spend/import.html", context)


def _card(ledger: Ledger) -> dict[str, Any]:
    """Return what the page of an import shows of one file."""
    sheets = ledger.sheets
    layouts = {ANY_LAYOUT, *(sheet.layout for sheet in sheets)}
    said = [
        column
        for layout, columns in ledger.read_with.items()
        if layout in layouts
        for column in columns.values()
    ]
    return {
        "ledger": ledger,
        "because": on_the_page(ledger.refused_because),
        "refused": left_out(ledger),
        "notes": list(dict.fromkeys(note for sheet in sheets for note in sheet.notes)),
        "other_body": other_body_named(ledger),
        "twins": Ledger.objects.same_content_as(ledger).select_related("brought_by"),
        "alike": alike_in_words(ledger),
        "columns": _columns_in_words(sheets),
        "can_look": bool(sheets or ledger.heads),
        "can_correct": bool(parts_to_correct(ledger)),
        "said": len(said),
        "chosen": sum(column != "none" for column in said),
    }


def _columns_in_words(sheets: Iterable[Any]) -> str:
    roles = dict.fromkeys(column.role for sheet in sheets for column in sheet.columns)
    return listed(in_a_sentence(role) for role in roles)


@require_safe
@permission("spend.see")
def ledger_page(request: UserRequest, pk: UUID, ledger: UUID) -> HttpResponse:
    """Show one file: its columns, its first records, its totals, its rejected rows."""
    brought_by = _import(request, pk)
    found = _ledger(brought_by, ledger)
    context = {
        "title": found.source.name,
        "brought": brought_by,
        "ledger": found,
        "because": on_the_page(found.refused_because),
        "other_body": other_body_named(found),
        "refused": left_out(found),
        "sheets": _sheets(found),
        "rejected": list(islice(rejected_rows([found]), REJECTED_SHOWN)),
        "can_correct": brought_by.state == Import.State.TO_CHECK
        and request.user.may("spend.change", brought_by.body_id)
        and bool(parts_to_correct(found)),
        "role_words": ROLE_WORDS,
        "column_letter": column_letter,
        "sure_words": sure_words,
    }
    return render(request, "spend/ledger.html", context)


def _sheets(ledger: Ledger) -> list[dict[str, Any]]:
    """Return what a page shows of each sheet, and the sheet before it that has its columns."""
    heads = ledger.heads
    titles = title_rows(ledger)
    first: dict[tuple[str, ...], str] = {}
    found = []
    for sheet in ledger.sheets:
        columns = tuple(f"{c.role} {c.index} {c.header}" for c in sheet.columns)
        like = first.setdefault(columns, name_of(sheet)) if columns else name_of(sheet)
        found.append(
            {
                "read": sheet,
                "name": name_of(sheet),
                "shown": sheet_shown(sheet, heads),
                "titles": titles.get((sheet.file, sheet.sheet), []),
                "like": like if like != name_of(sheet) else "",
            }
        )
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@permission("spend.change")
def ledger_correct(request: UserRequest, pk: UUID, ledger: UUID) -> HttpResponse:
    """Say which column is which; the file is then read again."""
    brought_by = _import(request, pk, to_change=True)
    found = _ledger(brought_by, ledger)
    parts = parts_to_correct(found)
    if brought_by.state != Import.State.TO_CHECK or not parts:
        messages.warning(request, "The columns of this file cannot be corrected now.")
        return redirect("import", pk=pk)
    sent = request.POST.get("part", "") if request.method == "POST" else ""
    if sent == "back":
        return _corrected(request, found, ANY_LAYOUT, {})
    forms = [
        ColumnsForm(
            request.POST if sent == str(at) else None,
            prefix=f"part{at}",
            part=part,
            alone=len(parts) == 1,
        )
        for at, part in enumerate(parts)
    ]
    form = next((one for one in forms if one.is_bound), None)
    if form is not None and form.is_valid():
        if not form.corrected:
            messages.info(request, "Nothing was changed: these are the columns as understood.")
            return redirect("ledger", pk=pk, ledger=ledger)
        return _corrected(request, found, form.part.layout, form.corrected)
    context = {
        "title": f"Which column is which in {found.source.name}",
        "brought": brought_by,
        "ledger": found,
        "forms": forms,
        "form": form,
        "any_layout": ANY_LAYOUT,
        "main_roles": MAIN_ROLES,
        "other_roles": [role for role in ROLE_WORDS if role not in MAIN_ROLES],
    }
    return render(request, "spend/ledger_correct.html", context)


def _corrected(
    request: UserRequest, ledger: Ledger, layout: str, columns: dict[str, str]
) -> HttpResponse:
    try:
        correct_columns(
            ledger=ledger, layout=layout, columns=columns, by=request.user, at=timezone.now()
        )
    except WrongStateError:
        messages.warning(request, SOMEBODY_WAS_FIRST)
    else:
        messages.success(
            request,
            f"{ledger.source.name} is read again with your columns."
            if columns
            else f"Your corrections of {ledger.source.name} were taken back. It is read again.",
        )
    return redirect("import", pk=ledger.brought_by_id)


@require_safe
@permission("spend.see")
@noted
def import_rejected(request: UserRequest, pk: UUID) -> Taken:
    """Send every rejected row of an import as CSV."""
    brought_by = _import(request, pk)
    rows = rejected_rows(brought_by.ledgers.select_related("source"))
    response = StreamingHttpResponse(rejected_as_csv(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rejected-{brought_by.reference}.csv"'
    line = Line("import_exported", brought_by, brought_by.body_id, {"what": "rejected.csv"})
    return Taken(response, [line])


@require_POST
@permission("spend.change")
def import_stop(request: UserRequest, pk: UUID) -> HttpResponse:
    """Stop reading."""
    brought_by = _import(request, pk, to_change=True)
    if not ask_to_stop(job=brought_by.job, subject=brought_by, by=request.user, at=timezone.now()):
        messages.info(request, "There was nothing to stop any more.")
    return redirect("import", pk=pk)


@require_POST
@permission("spend.change")
def import_again(request: UserRequest, pk: UUID) -> HttpResponse:
    """Start reading again after it failed or was stopped."""
    brought_by = _import(request, pk, to_change=True)
    if brought_by.state != Import.State.READING or not start_again(
        job=brought_by.job, subject=brought_by, by=request.user, at=timezone.now()
    ):
        messages.info(request, "There was nothing to start again.")
    return redirect("import", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("spend.change")
def import_discard(request: UserRequest, pk: UUID) -> HttpResponse:
    """Ask whether to put an import aside that was not taken in; do it when it is confirmed."""
    brought_by = _import(request, pk, to_change=True)
    if request.method != "POST":
        if brought_by.state not in (Import.State.READING, Import.State.TO_CHECK):
            messages.warning(request, "Only an import that was not taken in can be discarded.")
            return redirect("import", pk=pk)
        ledgers = {ledger.source_id: ledger for ledger in brought_by.ledgers.all()}
        files = brought_by.files.order_by("name", "pk")
        context = {
            "title": f"Discard {brought_by.reference}",
            "brought": brought_by,
            "ledgers": list(ledgers.values()),
            "files": [(file, ledgers.get(file.pk)) for file in files],
        }
        return render(request, "spend/import_discard.html", context)
    try:
        discard(brought_by=brought_by, by=request.user, at=timezone.now())
    except WrongStateError:
        messages.warning(request, SOMEBODY_WAS_FIRST)
        return redirect("import", pk=pk)
    messages.success(request, f"{brought_by.reference} was discarded. Nothing of it counts.")
    return redirect("ledger-list")
