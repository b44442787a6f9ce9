"""The pages of one payee in a review: what it was paid, its risk as a sum, what people decided."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from section54.engine.payments import payments_of
from section54.engine.reports import charts
from section54.engine.reports.wording import KIND_WORDS
from section54.engine.risk.model import Tier
from section54.organisations.http import Taken, UserRequest, noted, permission
from section54.risk import changes
from section54.risk.exports import CSV, file_name_of, payments_as_csv
from section54.risk.forms import DecideForm
from section54.risk.lists import PAGE
from section54.risk.models import Finding, Review, file_names
from section54.risk.views import line_of, readable, shown


PIECE = 5_000  # payments in memory while a list of them is sent


class _Counted:
    """Something with a known length whose pages are fetched one at a time."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding

    def __len__(self) -> int:
        return self.finding.lines

    def __getitem__(self, part: slice) -> list[dict[str, Any]]:
        start = part.start or 0
        return payments_of(
            self.finding.review.payments_file, self.finding.payee_id, start, part.stop - start
        )


def _find(request: UserRequest, pk: UUID, finding: UUID) -> tuple[Review, Finding]:
    review = readable(request, pk)
    return review, get_object_or_404(review.payees.select_related("review"), pk=finding)


def _find_to_change(request: UserRequest, pk: UUID, finding: UUID) -> tuple[Review, Finding]:
    """Return a payee on which this person may decide; any other is not found."""
    review, found = _find(request, pk, finding)
    get_object_or_404(Review.objects.changeable_by(request.user), pk=review.pk)
    return review, found


@require_safe
@permission("spend.see")
def finding(request: UserRequest, pk: UUID, finding: UUID) -> HttpResponse:
    """Show one payee of a review."""
    review, found = _find(request, pk, finding)
    decisions = []
    if not review.is_shared:
        decisions = list(found.decisions.select_related("decided_by", "withdrawn_by"))
    context = shown(review, request.user, found.name) | {
        "finding": found,
        "purchases": found.purchases.all(),
        "spellings": list(zip(found.names_seen, found.grouped_because, strict=False)),
        "kind": KIND_WORDS[found.payee_kind],
        "standing": next((d for d in decisions if d.withdrawn_at is None), None),
        "past": [d for d in decisions if d.withdrawn_at is not None],
        "months": charts.monthly_columns(
            (month, found.tier_found, amount) for month, amount in _every_month(found)
        ),
        "month_rows": found.months,
        "earlier": None if review.is_shared else _decided_before(found),
    }
    return render(request, "risk/finding.html", context)


def _every_month(found: Finding) -> list[tuple[str, Decimal]]:
    """Return pounds by month from the first to the last, also for months without a payment."""
    paid = {month: amount for month, amount, _ in found.months}
    if not paid:
        return []
    (first, *_), last = sorted(paid), max(paid)
    year, number = map(int, first.split("-"))
    months = []
    while (month := f"{year}-{number:02}") <= last:
        months.append((month, paid.get(month, Decimal(0))))
        year, number = (year + 1, 1) if number == 12 else (year, number + 1)
    return months


def _decided_before(found: Finding) -> Any:
    """Return the last decision on this payee in another review of the body, if it still stands."""
    before = Finding.objects.filter(
        review__body=found.review.body_id, payee_id=found.payee_id, is_decided=True, hidden=False
    ).exclude(pk=found.pk)
    last = before.order_by("-review__asked_at").first()
    if last is None or found.hidden:
        return None
    return last.decisions.standing().select_related("decided_by", "finding__review").first()


@require_safe
@permission("spend.see")
def finding_payments(request: UserRequest, pk: UUID, finding: UUID) -> HttpResponse:
    """List a payee's payments, the newest first; never those of people."""
    review, found = _with_payments(request, pk, finding)
    pages: Paginator[Any] = Paginator(_Counted(found), PAGE)  # type: ignore[arg-type]
    page = pages.get_page(request.GET.get("page"))
    context = shown(review, request.user, f"Payments to {found.name}") | {
        "finding": found,
        "page": page,
        "files": file_names(review),
        "labels": dict(review.categories.values_list("code", "label")),
        "shown_sum": sum((row["amount"] for row in page.object_list), Decimal(0)),
    }
    return render(request, "risk/payments.html", context)


def _with_payments(request: UserRequest, pk: UUID, finding: UUID) -> tuple[Review, Finding]:
    review, found = _find(request, pk, finding)
    if found.hidden or not review.payments_file.is_file():
        raise Http404
    return review, found


@require_safe
@permission("spend.see")
@noted
def finding_payments_export(request: UserRequest, pk: UUID, finding: UUID) -> Taken:
    """Send every payment to a payee as CSV, each with its file, sheet and row."""
    review, found = _with_payments(request, pk, finding)
    response = StreamingHttpResponse(
        payments_as_csv(review, _pieces(_Counted(found))), content_type=CSV
    )
    name = file_name_of(review, f"payments {found.name}", "csv")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return Taken(response, [line_of(review, f"payments to payee {found.payee_id}")])


def _pieces(payments: _Counted) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(payments), PIECE):
        yield payments[start : start + PIECE]


@require_http_methods(["GET", "HEAD", "POST"])
@permission("spend.change")
def finding_decide(request: UserRequest, pk: UUID, finding: UUID) -> HttpResponse:
    """Decide on another tier than the computed one."""
    review, found = _find_to_change(request, pk, finding)
    if review.state != Review.State.READY or found.tier == Tier.NOT_APPLICABLE:
        messages.warning(
            request,
            "There is nothing to decide here: the review is closed, or this payee is outside it.",
        )
        return redirect("finding", pk=pk, finding=finding)
    form = DecideForm(request.POST if request.method == "POST" else None, finding=found)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            changes.decide_tier(
                finding=found,
                tier=given["tier"],
                reason=given["reason"],
                evidence=given["evidence"],
                by=request.user,
                at=timezone.now(),
            )
        except changes.NotPossibleError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Your decision is kept beside what was computed.")
            return redirect("finding", pk=pk, finding=finding)
    context = shown(review, request.user, f"Decide on {found.name}") | {
        "finding": found,
        "form": form,
    }
    return render(request, "risk/decide.html", context)


@require_POST
@permission("spend.change")
def finding_withdraw(request: UserRequest, pk: UUID, finding: UUID) -> HttpResponse:
    """Take the standing decision back."""
    _, found = _find_to_change(request, pk, finding)
    decision = found.decisions.standing().first()
    try:
        if decision is None:
            raise changes.NotPossibleError("There is no decision to take back.")
        changes.withdraw_decision(decision=decision, by=request.user, at=timezone.now())
    except changes.NotPossibleError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, "The decision is taken back; it stays in the history.")
    return redirect("finding", pk=pk, finding=finding)
