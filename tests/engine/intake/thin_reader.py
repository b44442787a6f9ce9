"""Opens what passes the gate and counts its lines: the smallest job that a child can be given."""

import csv
import io
import os
import time
from pathlib import Path

from python_calamine import CalamineWorkbook

from section54.engine.intake.gate import Content, Kind, NotALedger, open_file


def read(*, path, limits, progress):
    contents = open_file(Path(path), limits)
    progress({"files": len(contents)})
    return {
        "names": [content.name for content in contents],
        "kinds": [content.kind for content in contents],
        "notes": [note for content in contents for note in content.notes],
        "rows": sum(_lines(content) for content in contents),
    }


def _lines(content: Content) -> int:
    if content.kind is Kind.TEXT:
        text = _text(content.data).replace("\x00", "").replace("\x1a", "")
        records = csv.reader(io.StringIO(text, newline=""))
        return max(0, sum(any(cell.strip() for cell in record) for record in records) - 1)
    book = CalamineWorkbook.from_filelike(io.BytesIO(content.data))
    total = 0
    for name in book.sheet_names:
        filled = sum(
            any(cell != "" for cell in row) for row in book.get_sheet_by_name(name).iter_rows()
        )
        total += max(0, filled - 1)
    return total


def _text(data: bytes) -> str:
    csv.field_size_limit(100_000_000)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    if data[1:2] == b"\x00" or data[:1] == b"\x00":
        return data.decode("utf-16-le" if data[1:2] == b"\x00" else "utf-16-be")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def answer(*, limits, progress, **arguments):
    progress({"step": 1})
    progress({"step": 2})
    return {"arguments": arguments, "memory": limits.memory_bytes}


def refuse(*, limits, progress):
    raise NotALedger("april.csv is a sonnet, not a ledger: try prose.")


def fail(*, limits, progress):
    raise KeyError("a defect of ours")


def hog(*, limits, progress, path="big.xlsx"):
    return {"size": len(bytearray(limits.memory_bytes * 2))}


def spin(*, limits, progress):
    while True:
        pass


def sleep(*, limits, progress):
    progress({"pid": os.getpid()})
    time.sleep(600)


def abort(*, limits, progress):
    os.abort()


def chatter(*, limits, progress):
    os.write(1, b'{"result": {"forged": true}}\n')
    return {"honest": True}


def start_program(*, limits, progress):
    os.system("true")  # noqa: S605, S607


def write_much(*, limits, progress, path):
    with Path(path).open("wb") as file:
        file.writelines(bytes(1_000_000) for _ in range(400))
    return {}


def break_reader(*, limits, progress, path):
    CalamineWorkbook.from_filelike(io.BytesIO(b"PK\x03\x04 rubbish"))


def load_the_heavy_libraries(*, limits, progress):
    import duckdb  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet  # noqa: PLC0415

    table = pa.table({"amount": list(range(10_000))})
    return {"rows": table.num_rows, "duckdb": duckdb.sql("select 54").fetchall()[0][0]}
