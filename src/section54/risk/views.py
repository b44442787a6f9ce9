"""The pages of a review: the overview, its lists, its comparison and its conclusion."""

from collections import Counter
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from section54.engine.reports import charts
from section54.engine.reports.prompts import contacts, prompt_sheets
from section54.engine.reports.wording import period
from section54.engine.risk.model import TIER_ORDER, Tier
from section54.organisations.http import Taken, UserRequest, noted, permission
from section54.organisations.models import Collaboration, Share, User
from section54.organisations.reading_changes import Line
from section54.organisations.recent import recent_sign_in
from section54.post.changes import ask_to_stop, start_again
from section54.post.reminders import who_may
from section54.risk import changes
from section54.risk.exports import FORMS, file_name_of
from section54.risk.forms import CompareForm, ConcludeForm, LeadForm, NewReviewForm, title_of
from section54.risk.lists import PAGE, Asked, kinds_of
from section54.risk.models import (
    PLACE,
    ComparedPayee,
    Comparison,
    Finding,
    FindingQuerySet,
    Review,
    as_seen_by,
)
from section54.risk.periods import unlike_in_words
from section54.sources.models import Import


FIRST = 5
BARS = 12
REJECTED = "rejected.csv"
FILES = {
    "review.html": "One page that opens anywhere and prints well",
    "review.xlsx": "Every supplier, category, source and table, for Excel",
    "review.ods": "The same, for LibreOffice",
    "review.json": "For programs",
    REJECTED: "Every row that was not read, with its reason",
}


def find(request: UserRequest, pk: UUID) -> Review:
    """Return a review that the user may see, without its notes if it is another body's; or 404."""
    reviews = Review.objects.visible_to(request.user).select_related(
        "body", "job", "earlier", "led_by"
    )
    for review in as_seen_by(reviews.filter(pk=pk), request.user):
        return review
    raise Http404


def readable(request: UserRequest, pk: UUID) -> Review:
    """Return a review whose figures are there, or 404."""
    review = find(request, pk)
    if not review.is_readable:
        raise Http404
    return review


def shown(review: Review, user: User, title: str = "") -> dict[str, Any]:
    """Return what every page of a review shows around its content."""
    return {
        "review": review,
        "title": f"{title}: {title_of(review)}" if title else title_of(review),
        "review_title": title_of(review),
        "may_change": user.may("spend.change", review.body_id),
        "is_open": review.state == Review.State.READY and not review.is_shared,
        "undone": [] if review.is_shared else review.undone_imports,
    }


def files_of(review: Review) -> dict[str, str]:
    """Return the files of a review that may be taken away; rejected rows stay with their body."""
    return {n: words for n, words in FILES.items() if not (review.is_shared and n == REJECTED)}


def overview_context(review: Review, user: User) -> dict[str, Any]:
    """Return what the overview shows: where the risk lies, how much is known, whom to call."""
    figures = review.figures
    payees = review.payees
    call = payees.to_call().of_tier(Tier.HIGH).filter(at_risk__gt=0)
    if not call.exists():
        call = payees.to_call().of_tier(Tier.MEDIUM).filter(at_risk__gt=0)
    tiers = [
        {
            **row,
            "amount": Decimal(row["amount"]),
            "absolute": Decimal(row["absolute"]),
        }
        for row in figures["tiers"]
        if row["lines"]
    ]
    coverage = figures["coverage"]["amount"]
    comparison = None
    if review.earlier_id:
        comparison = Comparison.objects.filter(review=review, earlier=review.earlier_id).first()
    first = list(call.by_risk().prefetch_related("purchases")[:FIRST])
    return {
        **shown(review, user),
        "listed": dict(payees.values_list(payees.tier_field).annotate(Count("pk")).order_by()),
        "other_trades": _other_trades(first, call),
        "amount": Decimal(figures["totals"]["amount"]),
        "whole": Decimal(figures["totals"]["absolute"]),
        "lines": figures["totals"]["read"],
        "tiers": tiers,
        "by_tier": {row["tier"]: row for row in tiers},
        "first": first,
        "categories": review.categories.order_by("-absolute", "code")[:BARS],
        "category_count": review.categories.count(),
        "coverage": [
            ("We know what was bought", Tier.LOW, Decimal(str(coverage["categorised"]))),
            ("We do not know what was bought", Tier.UNKNOWN, Decimal(str(coverage["unknown"]))),
            ("Withheld by the publisher", Tier.UNKNOWN, Decimal(str(coverage["redacted"]))),
        ],
        "months": charts.monthly_columns(
            (row["month"], Tier(row["tier"]), Decimal(row["amount"])) for row in figures["monthly"]
        ),
        "comparison": comparison,
        "changes_by_tier": _bars_of(comparison.figures["tiers"]) if comparison else [],
        "decided": 0 if review.is_shared else payees.filter(is_decided=True).count(),
        "not_known": figures["not_known"],
        **_sharing(review, user),
    }


def _sharing(review: Review, user: User) -> dict[str, Any]:
    """Return with whom a review of one's own is shared, and whether there is anybody to."""
    if review.is_shared:
        return {"shared_with": [], "may_share": False}
    standing = Share.objects.of(review).in_force(user.day)
    return {
        "shared_with": [shared.collaboration.name for shared in standing],
        "may_share": user.may("spend.change", review.body_id)
        and Collaboration.objects.with_member(review.body_id, user.day).exists(),
    }


def _other_trades(first: list[Finding], call: FindingQuerySet) -> dict[str, Any] | None:
    """Return whom to call besides, where most of the first are of one trade; else None."""
    trades = Counter(
        (part.code, part.label)
        for finding in first
        for part in finding.purchases.all()[:1]  # the one with most pounds
    )
    if not trades:
        return None
    (code, label), count = trades.most_common(1)[0]
    if count <= len(first) / 2 or len(first) < 3:
        return None
    others = call.exclude(purchases__code=code).exclude(pk__in=[f.pk for f in first])
    return {"label": label, "count": count, "of": len(first), "payees": others.by_risk()[:3]}


def _bars_of(rows: list[dict[str, Any]]) -> list[tuple[str, Decimal, Decimal, str]]:
    """Return (label, before, now, tier), without rows that were and are nothing."""
    found = []
    for row in rows:
        before, now = Decimal(row["before"]), Decimal(row["now"])
        if before or now:
            label = row.get("label") or Tier(row["tier"]).label
            found.append((str(label), before, now, str(row["tier"])))
    return found


@require_safe
@permission("spend.see")
def review_list(request: UserRequest) -> HttpResponse:
    """List every review, the latest first."""
    undone = Import.objects.filter(ledgers__reviews=OuterRef("pk"), state=Import.State.UNDONE)
    reviews = (
        Review.objects.visible_to(request.user)
        .select_related("body", "job", "concluded_by")
        .annotate(was_undone=Exists(undone))
    )
    page = Paginator(reviews, PAGE).get_page(request.GET.get("page"))
    page.object_list = as_seen_by(page.object_list, request.user)
    context = {"title": "Reviews", "page": page, "title_of": title_of}
    return render(request, "risk/review_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("spend.change")
def review_new(request: UserRequest) -> HttpResponse:
    """Ask for a review of ledgers that were taken in."""
    form = NewReviewForm(request.POST if request.method == "POST" else None, user=request.user)
    if request.method == "POST" and form.is_valid():
        ledgers = list(form.cleaned_data["ledgers"])
        try:
            review = changes.ask_for_review(
                body=ledgers[0].body,
                ledgers=ledgers,
                name=form.cleaned_data["name"],
                earlier=form.cleaned_data["earlier"],
                by=request.user,
                at=timezone.now(),
            )
        except changes.NotPossibleError as error:
            form.add_error("ledgers", str(error))
        else:
            return redirect("review", pk=review.pk)
    return render(request, "risk/review_new.html", {"title": "New review", "form": form})


@require_safe
@permission("spend.see")
def review(request: UserRequest, pk: UUID) -> HttpResponse:
    """Show a review, or how far it is."""
    found = find(request, pk)
    if found.is_readable:
        return render(request, "risk/review.html", overview_context(found, request.user))
    return render(request, "risk/review_making.html", shown(found, request.user))


@require_http_methods(["GET", "HEAD", "POST"])
@permission("spend.change")
def review_lead(request: UserRequest, pk: UUID) -> HttpResponse:
    """Say who leads a review."""
    found = changeable(request, pk)
    form = LeadForm(
        request.POST if request.method == "POST" else None,
        people=who_may("spend.change", found.body, timezone.localdate()),
        initial={"led_by": found.led_by_id},
    )
    if request.method == "POST" and form.is_valid():
        person = form.cleaned_data["led_by"]
        try:
            changes.hand_over(review=found, to=person, by=request.user, at=timezone.now())
        except changes.NotPossibleError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{person.name} leads the review.")
            return redirect("review", pk=pk)
    context = shown(found, request.user, "Who leads it") | {"form": form}
    return render(request, "risk/lead.html", context)


@require_POST
@permission("spend.change")
def review_stop(request: UserRequest, pk: UUID) -> HttpResponse:
    """Ask for the making of a review to stop."""
    found = changeable(request, pk)
    if not ask_to_stop(job=found.job, subject=found, by=request.user, at=timezone.now()):
        messages.warning(request, "There was nothing left to stop.")
    return redirect("review", pk=pk)


@require_POST
@permission("spend.change")
def review_again(request: UserRequest, pk: UUID) -> HttpResponse:
    """Start the making of a review again."""
    found = changeable(request, pk)
    if not start_again(job=found.job, subject=found, by=request.user, at=timezone.now()):
        messages.warning(request, "It is under way already.")
    return redirect("review", pk=pk)


def changeable(request: UserRequest, pk: UUID) -> Review:
    """Return a review of a body whose spend the user may change, or 404."""
    reviews = Review.objects.changeable_by(request.user).select_related("body", "job")
    return get_object_or_404(reviews, pk=pk)


@require_safe
@permission("spend.see")
def review_categories(request: UserRequest, pk: UUID) -> HttpResponse:
    """Show every category with its usual risk."""
    found = readable(request, pk)
    categories = list(found.categories.all())
    context = shown(found, request.user, "Categories") | {
        "categories": categories,
        "whole": Decimal(found.figures["totals"]["absolute"]),
    }
    return render(request, "risk/categories.html", context)


@require_safe
@permission("spend.see")
def review_category(request: UserRequest, pk: UUID, code: str) -> HttpResponse:
    """Show one category: why it is at risk, who is paid for it, what to ask."""
    found = readable(request, pk)
    category = get_object_or_404(found.categories, code=code)
    payees = found.payees.filter(purchases__code=code).distinct().by_risk()
    context = shown(found, request.user, category.label) | {
        "category": category,
        "page": Paginator(payees, PAGE).get_page(request.GET.get("page")),
        "sheets": prompt_sheets([(category.code, category.label)]),
        "contacts": contacts(),
    }
    return render(request, "risk/category.html", context)


@require_safe
@permission("spend.see")
def review_suppliers(request: UserRequest, pk: UUID) -> HttpResponse:
    """List the payees, searched, filtered and sorted as the address says."""
    found = readable(request, pk)
    asked = Asked.of(request.GET, found)
    page = Paginator(asked.findings(found), PAGE).get_page(request.GET.get("page"))
    context = shown(found, request.user, "Suppliers") | {
        "asked": asked,
        "page": page,
        "tiers": TIER_ORDER,
        "kinds": kinds_of(found),
        "categories": found.categories.order_by("label"),
    }
    return render(request, "risk/suppliers.html", context)


@require_safe
@permission("spend.see")
@noted
def review_suppliers_export(request: UserRequest, pk: UUID, form: str) -> Taken:
    """Give the list away as it is shown."""
    found = readable(request, pk)
    if form not in FORMS:
        raise Http404
    asked = Asked.of(request.GET, found)
    write, kind = FORMS[form]
    made = write(asked.findings(found), found.shared_words)
    response = HttpResponse(made, content_type=kind)
    name = file_name_of(found, "payees", form)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return Taken(response, [line_of(found, f"suppliers.{form}: {asked.in_words(found)}")])


def line_of(review: Review, what: str) -> Line:
    """Return the line that says that somebody took something of a review away."""
    detail = {"what": what}
    if review.is_shared:
        detail["shared"] = review.shared_words
    return Line("review_exported", review, review.body_id, detail)


@require_safe
@permission("spend.see")
def review_method(request: UserRequest, pk: UUID) -> HttpResponse:
    """Show what was read, what is not known, and the tables that the result rests on."""
    found = readable(request, pk)
    context = shown(found, request.user, "What it rests on") | {
        "figures": found.figures,
        "ledgers": [] if found.is_shared else found.ledgers.select_related("source", "brought_by"),
        "files": files_of(found),
    }
    return render(request, "risk/method.html", context)


@require_safe
@permission("spend.see")
@noted
def review_file(request: UserRequest, pk: UUID, name: str) -> Taken:
    """Give one of the report's files away."""
    found = readable(request, pk)
    path = found.path / name
    if name not in files_of(found) or not path.is_file():
        raise Http404
    response = FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=f"{found.reference.lower()}-{name}",
        content_type="application/octet-stream",
    )
    return Taken(response, [line_of(found, name)])


@require_http_methods(["GET", "HEAD", "POST"])
@permission("spend.change")
@recent_sign_in()
def review_conclude(request: UserRequest, pk: UUID) -> HttpResponse:
    """Conclude a review with findings and a date, once these were shown to be checked."""
    found = changeable(request, pk)
    if found.state != Review.State.READY:
        messages.warning(request, "Only a review that is ready to read can be concluded, and once.")
        return redirect("review", pk=pk)
    today = timezone.localdate()
    form = ConcludeForm(
        request.POST if request.method == "POST" else None,
        review=found,
        today=today,
        initial={"concluded_on": today},
    )
    if request.method == "POST" and form.is_valid() and "change" not in request.POST:
        if "confirmed" not in request.POST:
            return render(request, "risk/conclude_check.html", _to_check(found, form, request.user))
        given = form.cleaned_data
        try:
            changes.conclude(
                review=found,
                findings=given["findings"],
                concluded_on=given["concluded_on"],
                next_due_on=given["next_due_on"],
                by=request.user,
                at=timezone.now(),
            )
        except changes.NotPossibleError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The review is concluded.")
            return redirect("review", pk=pk)
    context = shown(found, request.user, "Conclude") | {"form": form}
    return render(request, "risk/conclude.html", context)


def _to_check(review: Review, form: ConcludeForm, user: User) -> dict[str, Any]:
    """Return what a conclusion says and rests on, for a last look."""
    return shown(review, user, "Check before you conclude") | {
        "form": form,
        "given": form.cleaned_data,
        "period": period(review.period),
        "ledger_count": review.ledgers.count(),
        "payment_count": review.figures["totals"]["read"],
        "decided_count": review.findings.filter(is_decided=True).count(),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@permission("spend.see")
def review_compare(request: UserRequest, pk: UUID) -> HttpResponse:
    """Show what changed since an earlier review; choose which."""
    found = readable(request, pk)
    if found.is_shared:  # the earlier one is not
        raise Http404
    form = CompareForm(request.POST if request.method == "POST" else None, review=found)
    if request.method == "POST":
        if not request.user.may("spend.change", found.body_id):
            raise PermissionDenied
        if form.is_valid():
            try:
                made = changes.compare(
                    review=found,
                    earlier=form.cleaned_data["earlier"],
                    by=request.user,
                    at=timezone.now(),
                )
            except changes.NotPossibleError as error:
                form.add_error("earlier", str(error))
            else:
                return redirect(f"{request.path}?with={made.earlier_id}")
    comparison = _comparison(found, request.GET.get("with", ""))
    context = shown(found, request.user, "Changes") | {"form": form, "comparison": comparison}
    if comparison is not None:
        change = request.GET.get("change", "")
        change = change if change in ComparedPayee.Change.values else ""
        only_high = request.GET.get("risk") == Tier.HIGH
        context |= _compared(comparison, change, request.GET.get("page"), only_high=only_high)
        context["unlike"] = unlike_in_words(found.period, comparison.earlier.period)
    return render(request, "risk/compare.html", context)


def _comparison(review: Review, earlier: str) -> Comparison | None:
    made = review.comparisons.select_related("earlier").order_by("-made_at")
    for comparison in made:
        if str(comparison.earlier_id) == earlier:
            return comparison
    return made.first() if not earlier else None


def _compared(
    comparison: Comparison, change: str, page: str | None, *, only_high: bool
) -> dict[str, Any]:
    payees: QuerySet[ComparedPayee] = comparison.payees.select_related("now", "before")
    if only_high:
        payees = payees.filter(tier=Tier.HIGH)
    counts = {value: payees.filter(change=value).count() for value in ComparedPayee.Change.values}
    payees = payees.filter(change=change) if change else payees.exclude(change="steady")
    categories = _bars_of(comparison.figures["categories"])
    categories.sort(key=lambda row: (-abs(row[2] - row[1]), row[0]))
    return {
        "earlier_title": title_of(comparison.earlier),
        "by_tier": _bars_of(comparison.figures["tiers"]),
        "by_category": categories,
        "largest": categories[:BARS],
        "changes": [(v, w, counts[v]) for v, w in ComparedPayee.Change.choices],
        "change": change,
        "only_high": only_high,
        "page": Paginator(payees, PAGE).get_page(page),
        "tier_places": PLACE,
    }
