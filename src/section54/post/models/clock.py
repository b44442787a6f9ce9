"""What ran by the clock on which day, and which workers live."""

from django.db import models
from django.db.models import Q

from section54.records.keys import new_key


class ScheduledRun(models.Model):
    """One job's run of one day. A run whose worker died is taken over and run again."""

    class State(models.TextChoices):
        """Where the run stands."""

        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    job = models.TextField(help_text="The name it is registered by.")
    day = models.DateField(help_text="The day in London.")
    state = models.TextField(choices=State.choices, default=State.RUNNING)
    token = models.UUIDField(help_text="Of the worker that took it last.")
    attempts = models.PositiveIntegerField(default=1)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField(help_text="The worker's last sign of life.")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-day", "job"]
        constraints = [
            models.UniqueConstraint(fields=["job", "day"], name="post_scheduled_once_a_day"),
            models.CheckConstraint(
                condition=Q(state="running", ended_at=None)
                | Q(state__in=["done", "failed"], ended_at__isnull=False),
                name="post_scheduled_run_over_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job} {self.day} {self.state}"


class WorkerBeat(models.Model):
    """A worker's last sign of life, by which others know that background work is done at all."""

    worker = models.TextField(primary_key=True, help_text="Machine and process.")
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.worker
