"""Work that runs in the background: how far it is, whether its worker lives, how it ended."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from section54.organisations.models import Body, User, scoped
from section54.records.keys import new_key


class JobQuerySet(models.QuerySet["Job"]):
    """Ways of asking for jobs."""

    def visible_to(self, user: User) -> Self:
        """Jobs of the bodies whose spend the user may see."""
        return scoped(self, user, "spend.see")  # type: ignore[return-value]

    def abandoned(self, since: datetime) -> Self:
        """Running jobs whose worker gave no sign of life since a moment."""
        return self.filter(state=Job.State.RUNNING, beat_at__lt=since)


class Job(models.Model):
    """One piece of work in the background, such as making a review.

    A worker that takes it leaves a token of its own. Only who holds the token may finish it, so
    work that was taken over from a worker thought dead cannot be finished twice.
    """

    class State(models.TextChoices):
        """Where the work stands."""

        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        STOPPED = "stopped", "Stopped"

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    body = models.ForeignKey(Body, models.PROTECT, related_name="+")
    task = models.TextField(help_text="The task that does it, as package.module.function.")
    state = models.TextField(choices=State.choices, default=State.WAITING)
    step = models.TextField(blank=True, help_text="What is being done now, in words.")
    done = models.PositiveBigIntegerField(default=0)
    of = models.PositiveBigIntegerField(default=0, help_text="0: it is not known how much.")
    failure = models.TextField(blank=True, help_text="One sentence on what to do.")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True, help_text="The worker's last sign of life.")
    attempts = models.PositiveIntegerField(default=0)
    token = models.UUIDField(null=True)
    stop_asked = models.BooleanField(default=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "beat_at"])]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="running") | (Q(token__isnull=False) & Q(beat_at__isnull=False)),
                name="post_job_running_has_a_worker",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(failure=""), name="post_job_failed_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.state}"

    @property
    def is_open(self) -> bool:
        """Whether it still has to be done."""
        return self.state in (self.State.WAITING, self.State.RUNNING)
