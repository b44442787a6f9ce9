"""The lines of a ledger as one typed Parquet file, each with where it came from."""

import pyarrow as pa


MONEY = pa.decimal128(18, 2)

# One row a payment line. ``source`` is the SHA-256 of the file's content, ``row`` the 1-based
# record (or spreadsheet row) it stood in; text is tidy; null is "the ledger does not say".
LEDGER_SCHEMA = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("sheet", pa.string(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
        pa.field("date", pa.date32()),
        pa.field("supplier_as_written", pa.string(), nullable=False),
        pa.field("supplier_number", pa.string(), nullable=False),
        pa.field("amount", MONEY, nullable=False),
        pa.field("amount_net", MONEY),
        pa.field("amount_gross", MONEY),
        pa.field("vat", MONEY),
        pa.field("description", pa.string(), nullable=False),
        pa.field("expense_type", pa.string(), nullable=False),
        pa.field("publisher_category", pa.string(), nullable=False),
        pa.field("department", pa.string(), nullable=False),
        pa.field("reference", pa.string(), nullable=False),
        pa.field("postcode", pa.string(), nullable=False),
        pa.field("company_number", pa.string(), nullable=False),
    ]
)

# The same with its texts as dictionaries: each distinct text is held once.
CODED_SCHEMA = pa.schema(
    [
        field.with_type(pa.dictionary(pa.int32(), pa.string()))
        if field.type == pa.string()
        else field
        for field in LEDGER_SCHEMA
    ]
)

REJECTED_SCHEMA = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("file", pa.string(), nullable=False),
        pa.field("sheet", pa.string(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
    ]
)
