"""Two small ledgers, and the review of one as a person would have it made."""

from tests.in_this_process import reading
from tests.people import NOW, a_body

from section54.risk.changes import review_import
from section54.risk.tasks import make_the_review
from section54.sources.changes import start_import, store_file
from section54.spend.changes import READ_IMPORT
from section54.spend.tasks import read_import


HEADINGS = "Date,Supplier,Amount,Description\n"
NOW_PAID = HEADINGS + (
    "03/04/2025,Fenland Contract Cleaning Ltd,21000.00,Contract cleaning of stations\n"
    "03/05/2025,FENLAND CONTRACT CLEANING LIMITED,20000.00,Contract cleaning of stations\n"
    "04/05/2025,Ouse Guarding Ltd,9000.00,Security guarding\n"
    "05/06/2025,Isle Software Ltd,5000.00,Software licences\n"
    "05/07/2025,=Denny Body Shop Ltd,3000.00,Vehicle repair\n"
    "06/07/2025,Ely County Council,1000.00,Rent\n"
    "07/08/2025,Cam Widgets Ltd,700.00,\n"
)
BEFORE_PAID = HEADINGS + (
    "03/04/2024,Fenland Contract Cleaning Ltd,10000.00,Contract cleaning of stations\n"
    "04/05/2024,Ouse Guarding Ltd,9000.00,Security guarding\n"
    "05/06/2024,March Uniforms Ltd,8000.00,Uniforms\n"
)


def a_review(by, text=NOW_PAID, earlier=None, name="2025.csv", body=None):
    body = body or a_body()
    stored = store_file(body=body, name=name, chunks=[text.encode()])
    brought = start_import(body=body, stored=[stored], task=READ_IMPORT, by=by, at=NOW)
    with reading():
        read_import.call(str(brought.job_id))
        brought.refresh_from_db()
        review = review_import(brought_by=brought, name="", earlier=earlier, by=by, at=NOW)
        make_the_review.call(str(review.job_id))
    review.refresh_from_db()
    return review
