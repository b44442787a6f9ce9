"""Risk reviews of spend: what was found of each payee and category, and what people decided."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.query import ModelIterable

from section54.engine.identity.model import PayeeKind
from section54.engine.reports.wording import listed
from section54.engine.risk.model import TIER_ORDER, Tier
from section54.organisations.models import Body, Collaboration, User, scoped, shared_with
from section54.post.models import Job
from section54.records.keys import new_key
from section54.records.models import both_or_neither
from section54.sources.models import Import
from section54.spend.models import Ledger


TIERS = [(tier.value, tier.label) for tier in TIER_ORDER]
# Tiers that a person can decide on: the others are about what a payee is, not about risk.
DECIDABLE = [(t.value, t.label) for t in (Tier.HIGH, Tier.MEDIUM, Tier.LOW, Tier.UNKNOWN)]
# Below this a category is told with how sure we are of it.
SURE_ENOUGH = 0.7
PLACE = {tier.value: place for place, tier in enumerate(TIER_ORDER)}
READABLE = ("ready", "concluded")  # the states in which a review's figures are there


class ReviewQuerySet(models.QuerySet["Review"]):
    """Ways of asking for reviews."""

    def visible_to(self, user: User) -> Self:
        """Reviews that the user may open: their own, and those that others share with them.

        Whoever opens one asks ``as_seen_by`` for it, which takes the notes of others away.
        """
        shared = shared_with(self, user, "spend.see").values("subject_id")
        own = Review.objects.of_bodies(user).values("pk")
        return self.filter(Q(pk__in=own) | Q(pk__in=shared, state__in=READABLE))

    def of_bodies(self, user: User) -> Self:
        """Reviews of the bodies whose spend the user may see: with all that people noted there."""
        return scoped(self, user, "spend.see")  # type: ignore[return-value]

    def changeable_by(self, user: User) -> Self:
        """Reviews of the bodies whose spend the user may change."""
        return scoped(self, user, "spend.change")  # type: ignore[return-value]

    def made(self) -> Self:
        """Reviews that can be read, the latest period first."""
        return self.filter(state__in=READABLE).order_by(
            models.F("period_to").desc(nulls_last=True), "-asked_at"
        )


class Review(models.Model):
    """A dated review of what a body spent: where the risk to people lies, and what was concluded.

    ``figures`` holds the totals that pages show (the engine's own JSON of its result, without the
    suppliers); money in it is text, shares are between 0 and 1.
    """

    class State(models.TextChoices):
        """Where the review stands."""

        MAKING = "making", "Being made"
        READY = "ready", "Ready to read"
        CONCLUDED = "concluded", "Concluded"
        WITHDRAWN = "withdrawn", "Withdrawn"

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    body = models.ForeignKey(Body, models.PROTECT, related_name="reviews")
    reference = models.TextField(help_text="Short name that people can say: REV-7K3M.")
    name = models.TextField(blank=True, help_text="Empty: it is named by its period.")
    state = models.TextField(choices=State.choices, default=State.MAKING)
    ledgers = models.ManyToManyField(Ledger, related_name="reviews")
    earlier = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", help_text="Compared with this one."
    )
    job = models.OneToOneField(Job, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    led_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="Who sees to it now."
    )
    made_at = models.DateTimeField(null=True)
    period_from = models.DateField(null=True)
    period_to = models.DateField(null=True)
    figures = models.JSONField(default=dict)
    folder = models.TextField(blank=True, help_text="Its files' folder below the data folder.")
    findings_text = models.TextField(blank=True, help_text="What people concluded.")
    next_due_on = models.DateField(null=True, help_text="When the next review is due.")
    concluded_on = models.DateField(null=True)
    concluded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    withdrawn_because = models.TextField(blank=True)

    objects = ReviewQuerySet.as_manager()

    # The collaborations that show it to whoever asked; empty: it is of their own body.
    shared_by_way_of: Sequence[Collaboration] = ()

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["body", "reference"], name="risk_review_one_of_a_reference"
            ),
            both_or_neither("concluded_on", "concluded_by"),
            models.CheckConstraint(
                condition=~Q(state="concluded")
                | (Q(concluded_on__isnull=False) & ~Q(findings_text="")),
                name="risk_review_concluded_with_findings_and_a_date",
            ),
            models.CheckConstraint(
                condition=~Q(state="withdrawn") | ~Q(withdrawn_because=""),
                name="risk_review_withdrawn_for_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["ready", "concluded"])
                | (Q(made_at__isnull=False) & ~Q(folder="")),
                name="risk_review_readable_has_its_files",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_shared(self) -> bool:
        """Whether it is another body's, seen without its notes."""
        return bool(self.shared_by_way_of)

    @property
    def shared_words(self) -> str:
        """Whose it is and through whom it is seen; "" for one's own."""
        if not self.is_shared:
            return ""
        through = listed(str(one) for one in self.shared_by_way_of)
        return f"Shared by {self.body} with {through}"

    @property
    def undone_imports(self) -> models.QuerySet[Import]:
        """Imports under it that no longer count."""
        return Import.objects.filter(ledgers__reviews=self, state=Import.State.UNDONE).distinct()

    @property
    def payees(self) -> "FindingQuerySet":
        """Its findings; of a shared review without what people decided on them."""
        return self.findings.as_computed() if self.is_shared else self.findings.all()

    def without_notes(self, through: Sequence[Collaboration]) -> None:
        """Take away what the body's people noted, and who they are; never to be saved."""
        self.shared_by_way_of = through
        self.findings_text = self.withdrawn_because = ""
        self.asked_by_id = self.led_by_id = self.concluded_by_id = self.earlier_id = None
        self.concluded_on = self.next_due_on = None

    @property
    def is_readable(self) -> bool:
        """Whether its figures are there."""
        return self.state in READABLE

    @property
    def period(self) -> tuple[date | None, date | None]:
        """First and last day of the months reviewed."""
        return (self.period_from, self.period_to)

    @property
    def path(self) -> Path:
        """Where its files are kept."""
        return Path(settings.DATA_DIR) / self.folder

    @property
    def payments_file(self) -> Path:
        """Its lines in the order of their payees."""
        return self.path / "by-payee.parquet"


def as_seen_by(reviews: Iterable[Review], user: User) -> list[Review]:
    """Return reviews as a user may see them: those of other bodies without their notes.

    Args:
        reviews: Reviews that are visible to the user.
    """
    found = list(reviews)
    keys = [review.pk for review in found]
    own = set(Review.objects.of_bodies(user).filter(pk__in=keys).values_list("pk", flat=True))
    through: dict[Any, list[Collaboration]] = {}
    if len(own) < len(keys):
        shares = shared_with(Review.objects.all(), user, "spend.see")
        for share in shares.filter(subject_id__in=keys).select_related("collaboration"):
            through.setdefault(share.subject_id, []).append(share.collaboration)
    for review in found:
        if review.pk not in own:
            review.without_notes(through.get(review.pk, ()))
    # What was taken back this instant is left out.
    return [review for review in found if review.pk in own or review.is_shared]


class CategoryFinding(models.Model):
    """What a review found of one category: its spend and its usual risk to people."""

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    review = models.ForeignKey(Review, models.CASCADE, related_name="categories")
    code = models.TextField()
    label = models.TextField()
    tier = models.TextField(choices=TIERS)
    tier_place = models.PositiveSmallIntegerField(help_text="0 is the highest.")
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    absolute = models.DecimalField(max_digits=18, decimal_places=2)
    lines = models.PositiveBigIntegerField()
    suppliers = models.PositiveIntegerField()
    reasons = models.JSONField(default=list)
    next_step = models.TextField(blank=True)

    class Meta:
        ordering = ["tier_place", "-absolute", "code"]
        constraints = [
            models.UniqueConstraint(fields=["review", "code"], name="risk_one_finding_a_category")
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def tier_found(self) -> Tier:
        """The tier as the engine knows it."""
        return Tier(self.tier)


class _AsComputed(ModelIterable["Finding"]):
    """Findings as they were computed, whatever people decided on them."""

    def __iter__(self) -> "Iterator[Finding]":
        for finding in super().__iter__():
            finding.shown_tier, finding.shown_place = finding.tier, PLACE[finding.tier]
            finding.is_decided = False
            yield finding


class FindingQuerySet(models.QuerySet["Finding"]):
    """Ways of asking for findings on payees."""

    def as_computed(self) -> Self:
        """Findings without what people decided, for who may not see their notes."""
        found = self.all()
        found._iterable_class = _AsComputed
        return found

    @property
    def is_as_computed(self) -> bool:
        """Whether it leaves out what people decided."""
        return self._iterable_class is _AsComputed

    @property
    def tier_field(self) -> str:
        """The field of the tier that these findings are listed by."""
        return "tier" if self.is_as_computed else "shown_tier"

    def of_tier(self, tier: str) -> Self:
        """Findings of a tier: as decided, where that may be seen."""
        return self.filter(**{self.tier_field: tier})

    def by_risk(self, *, least_first: bool = False) -> Self:
        """Most risk first: by tier (as decided), then by the pounds of the work at that risk."""
        if self.is_as_computed:
            return self.order_by("-place" if least_first else "place")
        fields = ("shown_place", "-at_risk", "-absolute")
        if least_first:
            fields = ("-shown_place", "at_risk", "absolute")
        return self.order_by(*fields, "name", "pk")

    def to_call(self) -> Self:
        """Payees that one can call: firms and charities whose name is shown."""
        return self.filter(hidden=False, kind__in=["firm", "charity", "unknown"]).exclude(
            payee_id="p-000000000000"
        )


class Finding(models.Model):
    """What a review found of one payee: what it was paid, for what, and the risk as a sum.

    The computed ``tier`` never changes. A person's decision stands beside it, and ``shown_tier``
    is the one that lists go by.
    """

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    review = models.ForeignKey(Review, models.CASCADE, related_name="findings")
    payee_id = models.TextField(help_text="The engine's id of the payee.")
    place = models.PositiveIntegerField(help_text="Its place in the computed order, from 1.")
    name = models.TextField(help_text="What may be shown: never a private person's name.")
    hidden = models.BooleanField(help_text="The payee's own name is not shown.")
    search = models.TextField(help_text="Its names in small letters, for the search box.")
    kind = models.TextField()
    kind_because = models.TextField(blank=True)
    names_seen = models.JSONField(default=list)
    grouped_because = models.JSONField(default=list)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    absolute = models.DecimalField(max_digits=18, decimal_places=2)
    at_risk = models.DecimalField(
        max_digits=18, decimal_places=2, help_text="Pounds of the work that has the computed tier."
    )
    lines = models.PositiveBigIntegerField()
    first_paid = models.DateField(null=True)
    last_paid = models.DateField(null=True)
    by_month = models.JSONField(default=list, help_text="[[2025-04, pounds, lines], …]")
    tier = models.TextField(choices=TIERS, help_text="As computed.")
    points = models.IntegerField(null=True)
    reasons = models.JSONField(default=list)
    not_known = models.JSONField(default=list)
    next_step = models.TextField()
    main_category = models.TextField(blank=True, help_text="The label of most of its pounds.")
    shown_tier = models.TextField(choices=TIERS, help_text="As decided, otherwise as computed.")
    shown_place = models.PositiveSmallIntegerField()
    is_decided = models.BooleanField(default=False)

    objects = FindingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "payee_id"], name="risk_one_finding_a_payee")
        ]
        indexes = [
            models.Index(fields=["review", "shown_place", "-at_risk"]),
            models.Index(fields=["review", "-absolute"]),
            models.Index(fields=["review", "name"]),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tier_found(self) -> Tier:
        """The computed tier."""
        return Tier(self.tier)

    @property
    def tier_shown(self) -> Tier:
        """The decided tier, otherwise the computed one."""
        return Tier(self.shown_tier)

    @property
    def work_at_its_tier(self) -> str:
        """What it was paid for that gives it its computed tier, in words."""
        labels = [part.label for part in self.purchases.all() if part.tier == self.tier]
        return listed(dict.fromkeys(labels)) or self.main_category

    @property
    def doubt(self) -> str:
        """Say how sure we are of the work that makes its risk high or medium; "" where we are.

        Only a sentence: a tier is never lowered because its category is not sure.
        """
        if self.tier not in (Tier.HIGH, Tier.MEDIUM):
            return ""
        at_it = [part for part in self.purchases.all() if part.tier == self.tier]
        largest = max(at_it, key=lambda part: (abs(part.amount), part.code), default=None)
        if largest is None or largest.confidence >= SURE_ENOUGH:
            return ""
        return (
            f"We are only {largest.confidence:.0%} sure that this was for “{largest.label}”: "
            "check that first."
        )

    @property
    def payee_kind(self) -> PayeeKind:
        """What sort of payee it is."""
        return PayeeKind(self.kind)

    @property
    def months(self) -> list[tuple[str, Decimal, int]]:
        """Payments by month: (``2025-04``, pounds, lines)."""
        return [(month, Decimal(amount), lines) for month, amount, lines in self.by_month]


class Purchase(models.Model):
    """One category that a payee was paid for, with the tier and the words that decided it."""

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    finding = models.ForeignKey(Finding, models.CASCADE, related_name="purchases")
    review = models.ForeignKey(Review, models.CASCADE, related_name="+")
    code = models.TextField()
    label = models.TextField()
    variant = models.TextField(blank=True)
    tier = models.TextField(choices=TIERS)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    lines = models.PositiveBigIntegerField()
    because = models.TextField(blank=True)
    confidence = models.FloatField()

    class Meta:
        ordering = ["-amount", "code", "variant"]
        indexes = [models.Index(fields=["review", "code"])]
        constraints = [
            models.UniqueConstraint(
                fields=["finding", "code", "variant"], name="risk_one_purchase_a_category"
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def tier_found(self) -> Tier:
        """The tier of this work."""
        return Tier(self.tier)


class TierDecisionQuerySet(models.QuerySet["TierDecision"]):
    """Ways of asking for people's decisions on tiers."""

    def standing(self) -> Self:
        """Decisions that were not taken back."""
        return self.filter(withdrawn_at=None)


class TierDecision(models.Model):
    """A person's word that a payee's risk is not what was computed, and why. Both are kept."""

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    body = models.ForeignKey(Body, models.PROTECT, related_name="+")
    finding = models.ForeignKey(Finding, models.PROTECT, related_name="decisions")
    computed = models.TextField(choices=TIERS, help_text="The computed tier at the time.")
    tier = models.TextField(choices=DECIDABLE)
    reason = models.TextField()
    evidence = models.TextField(blank=True, help_text="What was seen; needed to lower a risk.")
    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    objects = TierDecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-decided_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["finding"],
                condition=Q(withdrawn_at=None),
                name="risk_one_standing_decision_a_finding",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="risk_decision_has_a_reason"),
            models.CheckConstraint(
                condition=~Q(tier="low") | ~Q(evidence=""), name="risk_low_needs_evidence"
            ),
            both_or_neither("withdrawn_by", "withdrawn_at"),
        ]

    def __str__(self) -> str:
        return f"{self.computed} → {self.tier}"

    @property
    def tier_decided(self) -> Tier:
        """The tier as decided."""
        return Tier(self.tier)


class Comparison(models.Model):
    """What changed between an earlier review and this one."""

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    review = models.ForeignKey(Review, models.CASCADE, related_name="comparisons")
    earlier = models.ForeignKey(Review, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    figures = models.JSONField(help_text="By tier and by category: pounds before and now.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["review", "earlier"], name="risk_compared_once_with_a_review"
            ),
            models.CheckConstraint(
                condition=~Q(review=models.F("earlier")), name="risk_not_compared_with_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.review_id} {self.earlier_id}"


class ComparedPayee(models.Model):
    """One payee in two periods: what it was paid before and now, and its risk then and now."""

    class Change(models.TextChoices):
        """How its spend changed."""

        NEW = "new", "New"
        GROWN = "grown", "Grown"
        SHRUNK = "shrunk", "Shrunk"
        STOPPED = "stopped", "Stopped"
        STEADY = "steady", "Steady"

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    comparison = models.ForeignKey(Comparison, models.CASCADE, related_name="payees")
    now = models.ForeignKey(Finding, models.CASCADE, null=True, related_name="+")
    before = models.ForeignKey(Finding, models.CASCADE, null=True, related_name="+")
    name = models.TextField()
    change = models.TextField(choices=Change.choices)
    tier = models.TextField(choices=TIERS, help_text="Now; for those stopped, before.")
    tier_place = models.PositiveSmallIntegerField()
    tier_before = models.TextField(choices=TIERS, blank=True)
    amount_now = models.DecimalField(max_digits=18, decimal_places=2)
    amount_before = models.DecimalField(max_digits=18, decimal_places=2)
    difference = models.DecimalField(max_digits=18, decimal_places=2)
    size = models.DecimalField(max_digits=18, decimal_places=2, help_text="Without its sign.")

    class Meta:
        ordering = ["tier_place", "-size", "name", "pk"]
        indexes = [models.Index(fields=["comparison", "change", "tier_place", "-size"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(now__isnull=False) | Q(before__isnull=False),
                name="risk_compared_payee_is_in_a_review",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.change}"


def reasons_as_json(reasons: Any) -> list[dict[str, Any]]:
    """Return the lines of a sum as JSON."""
    return [{"indicator": r.indicator, "points": r.points, "because": r.because} for r in reasons]


def file_names(review: Review) -> dict[str, str]:
    """Return the name of each file that a review's lines come from, by the hash of its content."""
    if review.is_shared:  # the ledgers themselves are not
        return {sheet["file_sha256"]: sheet["file"] for sheet in review.figures["sources"]}
    return dict(review.ledgers.values_list("source__sha256", "source__name"))
