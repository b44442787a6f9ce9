"""The one sentence with which a file is refused: what it is, and what to do."""

import re


class NotALedger(ValueError):
    """This file cannot be read as a ledger; the message is one sentence for the person.

    Attributes:
        peak_bytes: Memory that the child process had used by then; 0 when not measured.
        cpu_seconds: Its processor time; 0 when not measured.
    """

    peak_bytes: int = 0
    cpu_seconds: float = 0.0


class AnotherKind(NotALedger):
    """A harmless file of another kind: refused on its own, left out where it lies in a zip."""


# What can make a name show as something it is not: control characters and text direction marks.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
LONGEST_NAME = 120


def shown_name(name: str) -> str:
    """Return a file's name made safe to show; it is never used as a path.

    >>> shown_name("../../etc/pass\\u202ewd.csv"), shown_name("C:\\\\ledgers\\\\april.csv")
    ('etc/passwd.csv', 'ledgers/april.csv')
    """
    parts = _UNSAFE.sub("", name).replace("\\", "/").split("/")
    kept = [part for part in parts if part.strip() not in ("", ".", "..")]
    if kept and re.fullmatch(r"[A-Za-z]:", kept[0]):
        kept = kept[1:]
    shown = "/".join(kept) or "(no name)"
    if len(shown) <= LONGEST_NAME:
        return shown
    return shown[: LONGEST_NAME - 31] + "…" + shown[-30:]


def refuse(name: str, what: str, advice: str) -> NotALedger:
    """Return the refusal of one file, to be raised.

    >>> str(refuse("april.csv", "is empty", "export it again"))
    'april.csv is empty: export it again.'
    """
    return NotALedger(f"{name} {what}: {advice}.")


def another_kind(name: str, what: str, advice: str) -> AnotherKind:
    """Return the refusal of a file that is simply something else than a ledger.

    >>> str(another_kind("april.csv", "is a picture", "give the ledger itself"))
    'april.csv is a picture, not a ledger: give the ledger itself.'
    """
    return AnotherKind(f"{name} {what if 'not' in what else what + ', not a ledger'}: {advice}.")
