"""Every table in an open form: which there are, in which order, and each row as a line of JSON."""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from graphlib import TopologicalSorter
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, models
from django.utils.duration import duration_iso_string

from section54.desk.backup import Rows, Step
from section54.spend.models import Ledger


BATCH = 1_000  # rows written at a time
BELOW = "below the data folder"  # how a field's help says that it names a file or a folder
MADE_ANEW = "made anew by the program in every installation"
OF_THE_MOMENT = "of the moment: whoever was at work signs in or asks again"
# Tables that no export holds. Whoever adds a model need not come here: it is exported.
NOT_EXPORTED = {
    "contenttypes.ContentType": MADE_ANEW,
    "auth.Permission": MADE_ANEW,
    "auth.Group": "never used: what people may do is in organisations.Grant",
    "auth.Group_permissions": "never used: what people may do is in organisations.Grant",
    "sessions.Session": OF_THE_MOMENT,
    "account.EmailConfirmation": OF_THE_MOMENT,
    "usersessions.UserSession": OF_THE_MOMENT,
    "mfa.Authenticator": "second factors are kept under a key of this installation: each person "
    "sets theirs up again",
    "socialaccount.SocialApp": "not used: which service people sign in with is a setting",
    "socialaccount.SocialToken": "not used: no token of that service is kept",
    "post.WorkerBeat": OF_THE_MOMENT,
    "django_tasks_database.DBTaskResult": "the worker's queue: what waits in post.Job is handed "
    "to it again",
}
Model = type[models.Model]


def every_model() -> list[Model]:
    """Return every model that has a table, those of many-to-many relations too."""
    found = apps.get_models(include_auto_created=True)
    return [one for one in found if one._meta.managed and not one._meta.proxy]


@lru_cache(maxsize=1)
def exported() -> tuple[Model, ...]:
    """Return the models to export, each after those that its rows point to."""
    by_label = {one._meta.label: one for one in every_model()}
    kept = {label for label in by_label if label not in NOT_EXPORTED}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for label in sorted(kept):
        needed = {
            field.related_model._meta.label
            for field in columns_of(by_label[label])
            if isinstance(field.related_model, type)
        }
        sorter.add(label, *sorted(needed & kept - {label}))
    return tuple(by_label[label] for label in sorter.static_order())


def columns_of(model: Model) -> list[models.Field[Any, Any]]:
    """Return the fields that a model's table keeps."""
    return [one for one in model._meta.concrete_fields if not getattr(one, "generated", False)]


def described() -> dict[str, Any]:
    """Return what each table is and what its columns mean, for whoever reads it without us."""
    return {
        model._meta.label: {
            "what": _first_sentence(model),
            "key": model._meta.pk.attname if model._meta.pk else "",
            "columns": {field.attname: _column(field) for field in columns_of(model)},
        }
        for model in exported()
    }


def _first_sentence(model: Model) -> str:
    if model._meta.auto_created:
        return f"Which {model._meta.verbose_name_plural} belong together."
    doc = (model.__doc__ or "").strip()
    # Django's own words for a model without any are its fields in brackets.
    return "" if doc.startswith(f"{model.__name__}(") else " ".join(doc.split("\n\n")[0].split())


def _column(field: models.Field[Any, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"type": field.get_internal_type(), "may_be_null": field.null}
    if isinstance(field.related_model, type):
        told["type"] = field.target_field.get_internal_type()  # type: ignore[attr-defined]
        told["points_to"] = field.related_model._meta.label
    if field.help_text:
        told["means"] = str(field.help_text)
    if field.choices:
        told["one_of"] = {str(value): str(words) for value, words in field.flatchoices}
    return told


def relied_on() -> set[str]:
    """Return what rows rely on, as paths below the data folder; rooms that come later, too."""
    found: set[str] = set()
    for model in exported():
        for field in columns_of(model):
            if BELOW in str(field.help_text).lower():
                found |= set(model._base_manager.values_list(field.attname, flat=True))
    for understood in Ledger.objects.values_list("understood", flat=True):
        found |= {f"lines/{name}" for name in understood.get("rejected_files", [])}
    return found - {"", None}


# ---------------------------------------------------------------- rows


def lines_of(model: Model) -> Iterator[tuple[bytes, bytes]]:
    """Yield a table's rows, by key, each as one line of JSON: as it is, and as it is hashed.

    A database may keep JSON's keys in an order of its own, so the line that is hashed has them
    sorted.
    """
    fields = columns_of(model)
    names = [field.attname for field in fields]
    has_json = any(isinstance(field, models.JSONField) for field in fields)
    rows = model._base_manager.order_by("pk").values_list(*names)
    for values in rows.iterator(chunk_size=BATCH):
        row = dict(zip(names, map(_plain, values), strict=True))
        line = _line(row)
        yield line, _line(row, sort_keys=True) if has_json else line


def _line(row: dict[str, Any], *, sort_keys: bool = False) -> bytes:
    for ascii_only in (False, True):
        text = json.dumps(row, ensure_ascii=ascii_only, sort_keys=sort_keys, separators=(",", ":"))
        with suppress(UnicodeEncodeError):  # half a letter, as JSON may hold it
            return text.encode() + b"\n"
    raise AssertionError("ASCII is always written")


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: times in UTC, pounds as text, bytes in base64."""
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return duration_iso_string(value)
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    return value


def hash_of_rows(model: Model, step: Step) -> Rows:
    """Return how many rows a table has, and the SHA-256 of their lines, keys in JSON sorted."""
    digest, count = hashlib.sha256(), 0
    for line, hashed in lines_of(model):
        digest.update(hashed)
        count += 1
        step(len(line))
    return Rows(count, digest.hexdigest())


def write_rows(model: Model, lines: Iterable[bytes], step: Step) -> None:
    """Put lines of JSON into a table exactly as they are, whatever a field would do on its own.

    Raises:
        ValueError: a line is not a row of this table.
    """
    fields = columns_of(model)
    names = {field.attname for field in fields}
    waiting: list[models.Model] = []
    for line in lines:
        row = json.loads(line)
        if not isinstance(row, dict) or row.keys() != names:
            raise ValueError(f"a row of {model._meta.label} has other columns")
        values = {field.attname: field.to_python(row[field.attname]) for field in fields}
        waiting.append(model(**values))
        step(len(line))
        if len(waiting) == BATCH:
            _insert(model, fields, waiting)
            waiting = []
    _insert(model, fields, waiting)


def _insert(model: Model, fields: list[Any], rows: list[models.Model]) -> None:
    size = max(connection.ops.bulk_batch_size(fields, rows), 1) if rows else 1
    for start in range(0, len(rows), size):
        model._base_manager._insert(  # type: ignore[attr-defined]
            rows[start : start + size], fields=fields, raw=True, using=connection.alias
        )


def count_on_from_the_highest_key() -> None:
    """Let keys that the database gives out go on after those that were written."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(exported())):
            cursor.execute(statement)
