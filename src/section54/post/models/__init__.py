"""The nouns of the room: background work, messages, reminders, and what runs by the clock."""

from section54.post.models.clock import ScheduledRun, WorkerBeat
from section54.post.models.jobs import Job
from section54.post.models.messages import Message
from section54.post.models.reminders import OptOut, Reminder


__all__ = ["Job", "Message", "OptOut", "Reminder", "ScheduledRun", "WorkerBeat"]
