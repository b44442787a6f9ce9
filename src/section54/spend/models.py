"""The ledgers a body took in, how each was understood, and what people corrected."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from section54.engine.ledgers.corrections import Corrections
from section54.engine.result import ColumnFound, FileRefused, SheetHead, SheetRead
from section54.organisations.models import Body, User, scoped
from section54.records.keys import new_key
from section54.sources.models import Import, SourceFile


class LedgerQuerySet(models.QuerySet["Ledger"]):
    """Ways of asking for ledgers."""

    def visible_to(self, user: User) -> Self:
        """Ledgers of the bodies whose spend the user may see."""
        return scoped(self, user, "spend.see")  # type: ignore[return-value]

    def taken_in(self) -> Self:
        """Ledgers that count: confirmed by a person, and not undone since."""
        return self.filter(brought_by__state=Import.State.TAKEN_IN, read__gt=0)

    def same_content_as(self, ledger: "Ledger") -> Self:
        """Other ledgers that count and hold the same file."""
        return (
            self.taken_in()
            .filter(body=ledger.body_id, source__sha256=ledger.source.sha256)
            .exclude(pk=ledger.pk)
        )


class Ledger(models.Model):
    """One file of payments: what its rows became, and which column is which.

    The lines themselves are in Parquet (``understood`` names the files); the totals that pages
    show are here. ``rows = read + rejected + blank + headings``; money is pounds.
    """

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    body = models.ForeignKey(Body, models.PROTECT, related_name="ledgers")
    brought_by = models.ForeignKey(Import, models.PROTECT, related_name="ledgers")
    source = models.ForeignKey(SourceFile, models.PROTECT, related_name="+")
    corrections = models.JSONField(
        default=dict, help_text="Layout (its headings in one line, * for any) → role → column."
    )
    refused_because = models.TextField(blank=True, help_text="Why the whole file is no ledger.")
    understood = models.JSONField(default=dict, help_text="Sheets, refused parts, head records.")
    rows = models.PositiveBigIntegerField(default=0)
    read = models.PositiveBigIntegerField(default=0)
    rejected = models.PositiveBigIntegerField(default=0)
    blank = models.PositiveBigIntegerField(default=0)
    headings = models.PositiveBigIntegerField(default=0)
    dates_missing = models.PositiveBigIntegerField(default=0)
    amount = models.DecimalField(max_digits=18, decimal_places=2, default=Decimal(0))
    column_total = models.DecimalField(max_digits=18, decimal_places=2, default=Decimal(0))
    first_paid = models.DateField(null=True)
    last_paid = models.DateField(null=True)

    objects = LedgerQuerySet.as_manager()

    class Meta:
        ordering = ["source__name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["brought_by", "source"], name="spend_ledger_once_an_import"
            ),
            models.CheckConstraint(
                condition=Q(rows=F("read") + F("rejected") + F("blank") + F("headings")),
                name="spend_ledger_accounts_for_every_row",
            ),
        ]

    def __str__(self) -> str:
        return self.source.name

    @property
    def path(self) -> Path:
        """Where the file as given is kept."""
        return Path(settings.DATA_DIR) / self.source.stored_as

    @property
    def sheets(self) -> list[SheetRead]:
        """What became of each sheet."""
        return [
            SheetRead(
                **{
                    **sheet,
                    "columns": tuple(ColumnFound(**column) for column in sheet["columns"]),
                    "amount": Decimal(sheet["amount"]),
                    "column_total": Decimal(sheet["column_total"]),
                    "notes": tuple(sheet["notes"]),
                }
            )
            for sheet in self.understood.get("sheets", [])
        ]

    @property
    def refused(self) -> list[FileRefused]:
        """Sheets and members that are no ledger, each with its reason."""
        return [FileRefused(**part) for part in self.understood.get("refused", [])]

    @property
    def heads(self) -> list[SheetHead]:
        """The first records of each sheet, as they are."""
        return [
            SheetHead(
                file=head["file"],
                sheet=head["sheet"],
                records=tuple(tuple(record) for record in head["records"]),
            )
            for head in self.understood.get("heads", [])
        ]

    @property
    def read_with(self) -> Corrections:
        """The corrections that it was read with: layout → role → column."""
        found: Corrections = self.understood.get("read_with", {})
        return found

    @property
    def rejected_files(self) -> list[Path]:
        """The Parquet files with the rows that were not read, each with its reason."""
        return [store() / name for name in self.understood.get("rejected_files", [])]

    @property
    def gap(self) -> Decimal:
        """Pounds of the amount column that stand in rows that were rejected."""
        return self.column_total - self.amount


def store() -> Path:
    """Where the lines that were read are kept; its files are never changed."""
    return Path(settings.DATA_DIR) / "lines"


class RememberedColumnQuerySet(models.QuerySet["RememberedColumn"]):
    """Ways of asking for remembered columns."""

    def as_corrections(self, body: Body) -> Corrections:
        """Return what a body's people said of each layout: layout → role → column."""
        found: Corrections = defaultdict(dict)
        for kept in self.filter(body=body).order_by("said_at"):
            found[kept.layout][kept.role] = kept.column
        return dict(found)


class RememberedColumn(models.Model):
    """A person's word on which column is which; it holds for the body's next ledger like it."""

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    body = models.ForeignKey(Body, models.PROTECT, related_name="+")
    layout = models.TextField(help_text="The headings in one line.")
    role = models.TextField()
    column = models.TextField(help_text="1-based number of the column, or none.")
    said_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    said_at = models.DateTimeField()

    objects = RememberedColumnQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["body", "layout", "role"], name="spend_one_column_a_role_and_layout"
            )
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.column}"


def sheet_as_json(sheet: SheetRead) -> dict[str, Any]:
    """Return a sheet's account as JSON that ``Ledger.sheets`` reads back."""
    return {
        **{name: getattr(sheet, name) for name in sheet.__slots__},
        "columns": [
            {name: getattr(column, name) for name in column.__slots__} for column in sheet.columns
        ],
        "amount": str(sheet.amount),
        "column_total": str(sheet.column_total),
        "notes": list(sheet.notes),
    }
