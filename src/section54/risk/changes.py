"""Every write to risk reviews. Each is one transaction and one audit line."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from section54.engine.compare import PaidPayee
from section54.engine.compare import compare as compare_payees
from section54.engine.identity.model import PayeeKind
from section54.engine.payments import Months
from section54.engine.reports.json_file import review_as_json
from section54.engine.reports.next_steps import next_step
from section54.engine.reports.wording import (
    is_hidden,
    plain,
    shown_because,
    shown_name,
    shown_reasons,
    shown_spellings,
    spent_at_risk,
)
from section54.engine.result import Review as MadeReview
from section54.engine.result import SupplierResult
from section54.organisations.collaboration_changes import stop_sharing
from section54.organisations.models import Body, Share, User
from section54.post.changes import JobTakenError, ask_for, finish
from section54.post.models import Job
from section54.records.changes import record
from section54.risk.models import (
    PLACE,
    CategoryFinding,
    ComparedPayee,
    Comparison,
    Finding,
    Purchase,
    Review,
    TierDecision,
    reasons_as_json,
)
from section54.sources.changes import free_reference
from section54.sources.models import Import
from section54.spend.changes import take_in
from section54.spend.models import Ledger


MAKE_REVIEW = "section54.risk.tasks.make_the_review"
ROWS = 500  # rows written at a time
ZERO = Decimal(0)


class NotPossibleError(ValueError):
    """What was asked cannot be done now; the message is a sentence for the page."""


@transaction.atomic
def ask_for_review(
    *,
    body: Body,
    ledgers: Sequence[Ledger],
    name: str,
    earlier: Review | None,
    by: User | None,
    at: datetime,
) -> Review:
    """Ask for a review of ledgers that were taken in.

    Raises:
        NotPossibleError: there is no ledger, or the earlier review cannot be read.
    """
    if not ledgers:
        raise NotPossibleError("Choose at least one ledger to review.")
    if any(ledger.body_id != body.pk for ledger in ledgers):
        raise NotPossibleError("A review is of one body's ledgers.")
    if earlier is not None and (earlier.body_id != body.pk or not earlier.is_readable):
        raise NotPossibleError("Choose an earlier review of the same body that is ready to read.")
    review = Review.objects.create(
        body=body,
        reference=free_reference(Review.objects.all(), "REV", body),
        name=" ".join(name.split()),
        earlier=earlier,
        job=ask_for(task=MAKE_REVIEW, body=body, by=by, at=at),
        asked_at=at,
        asked_by=by,
        led_by=by,
    )
    review.ledgers.set(ledgers)
    record(
        "review_asked_for",
        review,
        body_id=body.pk,
        by=by,
        at=at,
        ledgers=[str(ledger.pk) for ledger in ledgers],
        earlier=str(earlier.pk) if earlier else None,
    )
    return review


@transaction.atomic
def hand_over(*, review: Review, to: User, by: User, at: datetime) -> Review:
    """Say who leads a review from now on.

    Raises:
        NotPossibleError: the review was withdrawn.
    """
    review = Review.objects.select_for_update().get(pk=review.pk)
    if review.state == Review.State.WITHDRAWN:
        raise NotPossibleError("This review was withdrawn, so nobody leads it.")
    before = review.led_by
    if before == to:
        return review
    review.led_by = to
    review.save(update_fields=["led_by"])
    record(
        "review_handed_over",
        review,
        body_id=review.body_id,
        by=by,
        at=at,
        old=before.name if before else None,
        new=to.name,
    )
    return review


@transaction.atomic
def review_import(
    *, brought_by: Import, name: str, earlier: Review | None, by: User, at: datetime
) -> Review:
    """Take an import in whole and ask for the review of its ledgers.

    Raises:
        section54.spend.changes.WrongStateError: it is not waiting to be checked.
        NotPossibleError: the earlier review cannot be compared with.
    """
    ledgers = take_in(brought_by=brought_by, by=by, at=at)
    return ask_for_review(
        body=brought_by.body, ledgers=ledgers, name=name, earlier=earlier, by=by, at=at
    )


@transaction.atomic
def keep_review(
    *, review: Review, made: MadeReview, months: Months, folder: Path, job: Job, at: datetime
) -> None:
    """Keep a review that was made, all of it at once; until then none of it can be seen.

    Args:
        made: The engine's result.
        months: Payments by month, by the engine's payee id.
        folder: Where its files are, below the data folder.

    Raises:
        JobTakenError: another worker finished it, or it was withdrawn meanwhile.
    """
    finish(job=job, at=at)
    review = Review.objects.select_for_update().get(pk=review.pk)
    if review.state != Review.State.MAKING:
        raise JobTakenError(job.pk)
    figures = review_as_json(made)
    for left_out in ("suppliers", "previous"):
        figures.pop(left_out)
    review.figures = figures
    review.period_from, review.period_to = made.period
    review.state, review.made_at, review.folder = Review.State.READY, at, str(folder)
    review.save()
    _keep_categories(review, made)
    _keep_findings(review, made, months)
    record(
        "review_made",
        review,
        body_id=review.body_id,
        by=None,
        at=at,
        lines=made.totals.read,
        amount=str(made.totals.amount),
        tables={table["name"]: table["sha256"] for table in made.tables},
    )
    if review.earlier is not None and review.earlier.is_readable:
        compare(review=review, earlier=review.earlier, by=None, at=at)


def _keep_categories(review: Review, made: MadeReview) -> None:
    CategoryFinding.objects.bulk_create(
        CategoryFinding(
            review=review,
            code=category.code,
            label=category.label,
            tier=category.tier.value,
            tier_place=PLACE[category.tier.value],
            amount=category.amount,
            absolute=category.absolute,
            lines=category.lines,
            suppliers=category.suppliers,
            reasons=reasons_as_json(category.reasons),
            next_step=next_step(category.tier, PayeeKind.FIRM, category.code),
        )
        for category in made.categories
    )


def _keep_findings(review: Review, made: MadeReview, months: Months) -> None:
    purchases: list[Purchase] = []
    findings: list[Finding] = []
    for place, supplier in enumerate(made.suppliers, 1):
        finding = _finding(review, place, supplier, months)
        findings.append(finding)
        purchases += [
            Purchase(
                finding=finding,
                review=review,
                code=part.code,
                label=part.label,
                variant=part.variant,
                tier=part.tier.value,
                amount=part.amount,
                lines=part.lines,
                because=shown_because(supplier, part.because),
                confidence=part.confidence,
            )
            for part in supplier.categories
        ]
    Finding.objects.bulk_create(findings, batch_size=ROWS)
    Purchase.objects.bulk_create(purchases, batch_size=ROWS)


def _finding(review: Review, place: int, supplier: SupplierResult, months: Months) -> Finding:
    name = shown_name(supplier)
    spellings = shown_spellings(supplier)
    hidden = is_hidden(supplier)
    tier = supplier.tier.value
    return Finding(
        review=review,
        payee_id=supplier.id,
        place=place,
        name=name,
        hidden=hidden,
        search=" ".join(dict.fromkeys(plain(text).casefold() for text in (name, *spellings))),
        kind=supplier.kind.value,
        kind_because=shown_because(supplier, supplier.kind_because),
        names_seen=[plain(text) for text in spellings],
        grouped_because=[plain(t) for t in supplier.grouped_because] if spellings else [],
        amount=supplier.amount,
        absolute=supplier.absolute,
        at_risk=spent_at_risk(supplier),
        lines=supplier.lines,
        first_paid=supplier.first_paid,
        last_paid=supplier.last_paid,
        by_month=[]
        if hidden
        else [[month, str(amount), lines] for month, amount, lines in months.get(supplier.id, [])],
        tier=tier,
        points=supplier.assessment.points,
        reasons=reasons_as_json(shown_reasons(supplier)),
        not_known=[shown_because(supplier, text) for text in supplier.assessment.not_known],
        next_step=supplier.next_step,
        main_category=supplier.categories[0].label if supplier.categories else "",
        shown_tier=tier,
        shown_place=PLACE[tier],
    )


@transaction.atomic
def decide_tier(
    *, finding: Finding, tier: str, reason: str, evidence: str, by: User, at: datetime
) -> TierDecision:
    """Keep a person's word that a payee's risk is another than computed, beside what was computed.

    Raises:
        NotPossibleError: the review is not open, the payee cannot be assessed, or the decision
            lowers a risk without evidence.
    """
    review = Review.objects.select_for_update().get(pk=finding.review_id)
    if review.state != Review.State.READY:
        raise NotPossibleError("The review is not open, so nothing in it can be decided any more.")
    finding = Finding.objects.select_for_update().get(pk=finding.pk)
    reason, evidence = " ".join(reason.split()), " ".join(evidence.split())
    if finding.tier == "not_applicable":
        raise NotPossibleError(
            "Public bodies, people, tax and grants are outside the review, so they have no risk "
            "to decide on."
        )
    if not reason:
        raise NotPossibleError("Enter a reason.")
    if PLACE[tier] > PLACE[finding.tier] and not evidence:
        raise NotPossibleError("Say what you saw: a risk is not lowered without evidence.")
    finding.decisions.standing().update(withdrawn_by=by, withdrawn_at=at)
    decision = TierDecision.objects.create(
        body_id=review.body_id,
        finding=finding,
        computed=finding.tier,
        tier=tier,
        reason=reason,
        evidence=evidence,
        decided_by=by,
        decided_at=at,
    )
    _show(finding, tier, is_decided=True)
    record(
        "tier_decided",
        finding,
        body_id=review.body_id,
        by=by,
        at=at,
        computed=finding.tier,
        decided=tier,
        reason=reason,
        evidence=evidence,
    )
    return decision


@transaction.atomic
def withdraw_decision(*, decision: TierDecision, by: User, at: datetime) -> None:
    """Take a decision back: the computed tier is shown again; the decision stays in the history.

    Raises:
        NotPossibleError: the review is concluded, or it was taken back already.
    """
    review = Review.objects.select_for_update().get(findings=decision.finding_id)
    if review.state != Review.State.READY:
        raise NotPossibleError("The review is not open, so nothing in it can be decided any more.")
    if (
        not TierDecision.objects.standing()
        .filter(pk=decision.pk)
        .update(withdrawn_by=by, withdrawn_at=at)
    ):
        raise NotPossibleError("This decision was taken back already.")
    finding = Finding.objects.select_for_update().get(pk=decision.finding_id)
    _show(finding, finding.tier, is_decided=False)
    record(
        "tier_decision_withdrawn",
        finding,
        body_id=review.body_id,
        by=by,
        at=at,
        computed=finding.tier,
        decided=decision.tier,
    )


def _show(finding: Finding, tier: str, *, is_decided: bool) -> None:
    finding.shown_tier, finding.shown_place, finding.is_decided = tier, PLACE[tier], is_decided
    finding.save(update_fields=["shown_tier", "shown_place", "is_decided"])


@transaction.atomic
def conclude(
    *,
    review: Review,
    findings: str,
    concluded_on: date,
    next_due_on: date | None,
    by: User,
    at: datetime,
) -> Review:
    """Conclude a review with findings and a date; nothing in it changes afterwards.

    Raises:
        NotPossibleError: it is not open, or there are no findings.
    """
    review = Review.objects.select_for_update().get(pk=review.pk)
    if review.state != Review.State.READY:
        raise NotPossibleError("Only a review that is ready to read can be concluded, and once.")
    if not findings.strip():
        raise NotPossibleError("Enter what you found.")
    review.state = Review.State.CONCLUDED
    review.findings_text = findings.strip()
    review.concluded_on, review.concluded_by = concluded_on, by
    review.next_due_on = next_due_on
    review.save()
    record(
        "review_concluded",
        review,
        body_id=review.body_id,
        by=by,
        at=at,
        findings=review.findings_text,
        concluded_on=concluded_on.isoformat(),
        next_due_on=next_due_on.isoformat() if next_due_on else None,
    )
    return review


@transaction.atomic
def undo_import(*, brought_by: Import, because: str, by: User, at: datetime) -> None:
    """Undo an import whole: its ledgers no longer count, and open reviews of them are withdrawn.

    A review that was concluded stays: it is the record of what people decided then. What other
    bodies were shown of any of them they are shown no more.

    Raises:
        NotPossibleError: it was not taken in, or no reason is given.
    """
    brought_by = Import.objects.select_for_update().get(pk=brought_by.pk)
    because = " ".join(because.split())
    if brought_by.state != Import.State.TAKEN_IN:
        raise NotPossibleError("Only an import that was taken in can be undone, and once.")
    if not because:
        raise NotPossibleError("Enter a reason.")
    brought_by.state = Import.State.UNDONE
    brought_by.undone_at, brought_by.undone_by, brought_by.undone_because = at, by, because
    brought_by.save()
    withdrawn = []
    open_states = (Review.State.MAKING, Review.State.READY)
    reviews = Review.objects.filter(ledgers__brought_by=brought_by, state__in=open_states)
    for review in reviews.distinct():
        review.state = Review.State.WITHDRAWN
        review.withdrawn_because = f"{brought_by.reference} was undone: {because}"
        review.save()
        withdrawn.append(review.reference)
        Job.objects.filter(pk=review.job_id, state="running").update(stop_asked=True)
        Job.objects.filter(pk=review.job_id, state="waiting").update(state="stopped", ended_at=at)
    resting = Review.objects.filter(ledgers__brought_by=brought_by).values("pk")
    shares = Share.objects.filter(kind=Review._meta.label, subject_id__in=resting, ends_on=None)
    for shared in shares.select_related("collaboration"):
        stop_sharing(shared=shared, by=by, at=at, on=timezone.localdate(at))
    record(
        "import_undone",
        brought_by,
        body_id=brought_by.body_id,
        by=by,
        at=at,
        because=because,
        withdrawn=withdrawn,
    )


@transaction.atomic
def compare(*, review: Review, earlier: Review, by: User | None, at: datetime) -> Comparison:
    """Compare a review with an earlier one; a comparison that was made before is returned.

    Raises:
        NotPossibleError: the two are the same, of two bodies, or one cannot be read.
    """
    if review.pk == earlier.pk:
        raise NotPossibleError("Choose another review to compare with.")
    if review.body_id != earlier.body_id or not (review.is_readable and earlier.is_readable):
        raise NotPossibleError("Choose an earlier review of the same body that is ready to read.")
    kept = Comparison.objects.filter(review=review, earlier=earlier).first()
    if kept is not None:
        return kept
    comparison = Comparison.objects.create(
        review=review, earlier=earlier, made_at=at, figures=_changed_figures(review, earlier)
    )
    ComparedPayee.objects.bulk_create(_changed_payees(comparison), batch_size=ROWS)
    record(
        "reviews_compared", review, body_id=review.body_id, by=by, at=at, earlier=str(earlier.pk)
    )
    return comparison


def _changed_figures(review: Review, earlier: Review) -> dict[str, object]:
    """Return pounds before and now by the lines' tier and by category, as text."""
    now = {row["tier"]: row["amount"] for row in review.figures["tiers"]}
    then = {row["tier"]: row["amount"] for row in earlier.figures["tiers"]}
    categories: dict[str, dict[str, object]] = {}
    for which, of in (("before", earlier), ("now", review)):
        for category in of.categories.all():
            row = categories.setdefault(
                category.code, {"code": category.code, "before": "0.00", "now": "0.00"}
            )
            row |= {which: str(category.amount), "label": category.label, "tier": category.tier}
    return {
        "tiers": [
            {"tier": tier, "before": then.get(tier, "0.00"), "now": now.get(tier, "0.00")}
            for tier in PLACE
        ],
        "categories": sorted(categories.values(), key=lambda row: str(row["code"])),
    }


def _changed_payees(comparison: Comparison) -> list[ComparedPayee]:
    then = _shown_findings(comparison.earlier)
    now = _shown_findings(comparison.review)
    rows = []
    for pair in compare_payees(_paid(then.values()), _paid(now.values())):
        found = now[pair.now.key] if pair.now else None
        before = [then[payee.key] for payee in pair.before]
        leading = max(before, key=lambda finding: finding.absolute, default=None)
        shown = found or leading
        if shown is None:
            continue
        amount_now = found.amount if found else ZERO
        amount_before = sum((finding.amount for finding in before), ZERO)
        rows.append(
            ComparedPayee(
                comparison=comparison,
                now=found,
                before=leading,
                name=shown.name,
                change=pair.change,
                tier=shown.shown_tier,
                tier_place=shown.shown_place,
                tier_before=leading.shown_tier if leading else "",
                amount_now=amount_now,
                amount_before=amount_before,
                difference=amount_now - amount_before,
                size=abs(amount_now - amount_before),
            )
        )
    return rows


def _shown_findings(review: Review) -> dict[str, Finding]:
    return {str(finding.pk): finding for finding in review.findings.filter(hidden=False)}


def _paid(findings: Iterable[Finding]) -> list[PaidPayee]:
    return [
        PaidPayee(
            key=str(finding.pk),
            id=finding.payee_id,
            names=tuple(finding.names_seen),
            amount=finding.amount,
        )
        for finding in findings
    ]
