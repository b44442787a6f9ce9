"""A body, people with roles in it, and ledgers of a few lines."""

import csv
import io
from datetime import date

import xlsxwriter
from tests.in_this_process import reading

from section54.organisations.models import Body, Grant, User
from section54.sources.models import Import
from section54.spend.tasks import read_import


# Section54's own invented firms; no such supplier exists.
LINES = [
    ("Fenland Contract Cleaning Ltd", "Office cleaning", "03/04/2025", "1250.00"),
    ("Whittlesey Builders Limited", "Repairs to custody suite", "09/04/2025", "18420.55"),
    ("Ouse Catering Company", "Meals in custody", "15/04/2025", "2210.10"),
    ("March Security Services Ltd", "Guarding", "22/04/2025", "7600.00"),
    ("Ely Laundry Group", "Laundry", "30/04/2025", "912.40"),
    ("Chatteris Uniforms Ltd", "Uniforms", "02/05/2025", "5300.00"),
]
HEADINGS = ("Supplier Name", "Description", "Payment Date", "Net Amount")


def as_csv(*rows, headings=HEADINGS):
    out = io.StringIO(newline="")
    csv.writer(out).writerows([headings, *rows] if headings else rows)
    return out.getvalue().encode()


def as_workbook(**sheets):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as workbook:
        for name, rows in sheets.items():
            page = workbook.add_worksheet(name)
            for y, row in enumerate(rows):
                page.write_row(y, 0, row)
    return out.getvalue()


def ledger_file(*, extra=(), lines=LINES):
    return as_csv(*lines, *extra)


def a_body(name="Fenland Constabulary"):
    return Body.objects.get_or_create(name=name, defaults={"kind": Body.Kind.FORCE})[0]


def a_user(role="buyer", body=None, email="", **more):
    user = User.objects.create_user(
        email or f"{role}-{User.objects.count()}@example.com", "Sam Webb", "a long password"
    )
    grant(user, role, body or a_body(), **more)
    return user


def grant(user, role, body, **more):
    return Grant.objects.create(user=user, role=role, body=body, starts_on=date(2025, 1, 1), **more)


def do_the_work(brought_by: Import) -> Import:
    """Do what the worker does, here and now, without a child process."""
    brought_by.refresh_from_db()
    with reading():
        read_import.func(str(brought_by.job_id))
    return Import.objects.select_related("job", "body").get(pk=brought_by.pk)
