"""What the gallery shows: long names, nothing, credits, a million, every tier, errors."""

from datetime import UTC, date, datetime
from decimal import Decimal

from django import forms
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.core.paginator import Paginator
from django.utils.datastructures import MultiValueDict

from section54.engine.reports.charts import monthly_columns
from section54.engine.risk.model import TIER_ORDER, Reason, Tier
from section54.ui.forms import DateField, FilesField, GovukForm, PoundsField


LONG = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch" * 2
REASONS = [
    Reason(indicator="industry", points=6, because="Building work: debt bondage is known here."),
    {"indicator": "workforce", "points": 1, "because": "Labour is found through agencies."},
    Reason(indicator="country", points=0, because="Nothing is known about countries."),
]
PARTS = [
    (Tier.HIGH, Decimal(4_200_000)),
    (Tier.MEDIUM, Decimal(9_800_000)),
    (Tier.UNKNOWN, Decimal(120)),
    (Tier.LOW, Decimal(17_000_000)),
    (Tier.NOT_APPLICABLE, Decimal(-950)),
]


class Everything(GovukForm):
    """A form with a field of every kind."""

    nouns = {"reason": "a reason", "when": "the date of the decision", "agree": "that you agree"}

    name = forms.CharField(max_length=10, label="Name", help_text="As it is on the invoice")
    reason = forms.CharField(max_length=40, label="Why do you disagree?", widget=forms.Textarea)
    email = forms.EmailField(label="Email address")
    payments = forms.IntegerField(label="Number of payments", min_value=1, max_value=99)
    amount = PoundsField(label="Amount", min_value=0)
    password = forms.CharField(label="Password", widget=forms.PasswordInput)
    tier = forms.ChoiceField(
        label="Risk", choices=[("", "Choose a risk"), *((t.value, t.label) for t in TIER_ORDER)]
    )
    decision = forms.ChoiceField(
        label="Decision", choices=[("yes", "Agree"), ("no", "Disagree")], widget=forms.RadioSelect
    )
    kinds = forms.MultipleChoiceField(
        label="Kinds of work",
        choices=[("a", "Cleaning"), ("b", "Building")],
        widget=forms.CheckboxSelectMultiple,
    )
    agree = forms.BooleanField(label="I have read the findings")
    ledger = forms.FileField(label="Ledger")
    ledgers = FilesField(label="Ledgers", at_most=2)
    when = DateField(label="Date of the decision", earliest=date(2025, 4, 1))
    note = forms.CharField(label="Note", required=False)


class Filters(GovukForm):
    """The fields above a list."""

    q = forms.CharField(label="Name", required=False)
    tier = forms.ChoiceField(
        label="Risk",
        choices=[("", "Any"), *((t.value, t.label) for t in TIER_ORDER)],
        required=False,
    )


def context(get):
    request = get("/suppliers/?q=a&tier=high&page=7")
    monthly = [
        (f"2025-{month:02}", tier, Decimal(month * 10_000 * (place + 1)))
        for month in range(1, 13)
        for place, tier in enumerate(TIER_ORDER)
    ]
    return {
        "request": request,
        "title": "Gallery",
        "signed_in": "Ada " + LONG[:40],
        "body_name": "Fenland Constabulary",
        "csrf_input": "",
        "navigation": [
            {"text": "Home", "href": "/"},
            {"text": "Ledgers", "href": "/ledgers", "active": True},
            {"text": "Reviews", "href": "/reviews"},
            {"text": "Suppliers", "href": "/suppliers"},
        ],
        "footer": [{"text": "How risk adds up", "href": "/method"}],
        "long": LONG,
        "parts": PARTS,
        "whole": Decimal(31_000_000),
        "reasons": REASONS,
        "monthly": monthly_columns([*monthly, ("2025-03", Tier.LOW, Decimal(-900_000))]),
        "suppliers": [
            ("Whittlesey Builders Limited", Tier.HIGH, "Building and repairs", Decimal(1_000_000)),
            (LONG, Tier.UNKNOWN, LONG, Decimal("-950.5")),
            ("A <script>alert(1)</script> & Sons", Tier.LOW, "Paper", Decimal(0)),
        ],
        "page": Paginator(range(1061), 50).page(7),
        "started": datetime(2026, 7, 1, 13, 5, tzinfo=UTC),
        "said": [
            Message(constants.SUCCESS, "The ledger was read.", extra_tags=""),
            Message(constants.ERROR, "The ledger could not be read.", extra_tags=""),
            Message(constants.INFO, "A review is being made.", extra_tags=""),
        ],
        "filters": Filters({"q": "a", "tier": "high"}),
        "good": Everything(
            initial={"name": "Ada", "when": date(2026, 4, 1), "amount": Decimal("12.50")},
            prefix="good",
        ),
        "bad": Everything(
            {"email": "x", "payments": "0", "when-month": "13", "name": LONG}, MultiValueDict()
        ),
        "form_fields": list(Everything.base_fields),
    }
