"""The files that facts came in, and the imports that brought them."""

from typing import Self

from django.db import models
from django.db.models import Q

from section54.organisations.models import Body, User, scoped
from section54.post.models import Job
from section54.records.keys import new_key


class SourceFile(models.Model):
    """A file as it was given, kept byte for byte under its hash."""

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    body = models.ForeignKey(Body, models.PROTECT, related_name="+")
    name = models.TextField(help_text="As it was called, without folders.")
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    stored_as = models.TextField(help_text="Path below the data folder.")
    received_at = models.DateTimeField()
    received_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["body", "sha256", "name"], name="sources_file_kept_once_under_a_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ImportQuerySet(models.QuerySet["Import"]):
    """Ways of asking for imports."""

    def visible_to(self, user: User) -> Self:
        """Imports of the bodies whose spend the user may see."""
        return scoped(self, user, "spend.see")  # type: ignore[return-value]

    def changeable_by(self, user: User) -> Self:
        """Imports of the bodies whose spend the user may change."""
        return scoped(self, user, "spend.change")  # type: ignore[return-value]

    def open(self) -> Self:
        """Imports that wait for a worker or for a person."""
        return self.filter(state__in=[Import.State.READING, Import.State.TO_CHECK])


class Import(models.Model):
    """Files brought in together: read, checked by a person, then taken in whole or not at all."""

    class State(models.TextChoices):
        """Where the import stands."""

        READING = "reading", "Being read"
        TO_CHECK = "to_check", "To be checked"
        TAKEN_IN = "taken_in", "Taken in"
        DISCARDED = "discarded", "Discarded"
        UNDONE = "undone", "Undone"

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    body = models.ForeignKey(Body, models.PROTECT, related_name="imports")
    reference = models.TextField(help_text="Short name that people can say: IMP-7K3M.")
    state = models.TextField(choices=State.choices, default=State.READING)
    files = models.ManyToManyField(SourceFile, related_name="imports")
    job = models.OneToOneField(Job, models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    led_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="Who sees to it now."
    )
    ended_at = models.DateTimeField(null=True, help_text="When it was taken in or discarded.")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    undone_because = models.TextField(blank=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["body", "reference"], name="sources_import_one_of_a_reference"
            ),
            models.CheckConstraint(
                condition=Q(state="undone", undone_at__isnull=False, undone_by__isnull=False)
                & ~Q(undone_because="")
                | ~Q(state="undone") & Q(undone_at=None, undone_by=None, undone_because=""),
                name="sources_import_undone_by_somebody_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.reference
