"""Checks every body's chain and says what was found, one sentence each."""

from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

from section54.engine.errors import BadInput
from section54.organisations.models import Body
from section54.records.chain import bodies_with_lines, check
from section54.records.checkpoints import (
    BadCheckpointError,
    Signed,
    kept_for,
    of_body,
    public_key_file,
    read_note,
)
from section54.records.models import INSTALLATION


def verify_all(
    *,
    body: str,
    files: Sequence[Path],
    public_key: Path | None,
    say: Callable[[str], object],
    folder: Path | None = None,
) -> bool:
    """Check the chains; return whether all of them fit.

    Args:
        body: The name of the only body to check; empty: every one.
        files: Checkpoints that were kept outside.
        public_key: The key they were signed with; None: the one that lies in the folder outside,
            or else in the data folder.
        say: Takes each sentence.
        folder: A folder outside with checkpoints, each below its body's.

    Raises:
        BadInput: no such body, or a checkpoint or key that cannot be used.
    """
    files = [*files, *(_files_in(folder) if folder else ())]
    if folder and public_key is None and (folder / public_key_file().name).is_file():
        public_key = folder / public_key_file().name
    key = _key(public_key)
    sent = _checkpoints(files, key)
    names = dict(Body.objects.values_list("pk", "name")) | {INSTALLATION: "The installation"}
    bodies = sorted(set(bodies_with_lines()) | {one.body_id for one in sent})
    if body:
        bodies = [one for one in bodies if names.get(one) == body]
        if not bodies:
            raise BadInput(f"No body is called {body!r} here: give its name as its pages show it.")
    results = [_verify(one, names.get(one, f"Body {one}"), sent, key, say) for one in bodies]
    if not results:
        say("There is no line in the audit trail yet.")
    return all(results)


def _verify(
    body_id: UUID, name: str, sent: Sequence[Signed], key: str, say: Callable[[str], object]
) -> bool:
    kept, wrong = kept_for(body_id, key) if key else ([], [])
    signed = of_body([*kept, *sent], body_id)
    checked = check(body_id, signed)
    for sentence in (*(fault.sentence for fault in checked.faults), *wrong):
        say(f"{name}: {sentence}")
    if checked.faults or wrong:
        return False
    lines = "1 line" if checked.lines == 1 else f"{checked.lines:,} lines"
    held = len(signed)
    with_them = f", and {held:,} checkpoint{'s' if held > 1 else ''}" if held else ""
    say(f"{name}: {lines}{with_them}, all as written. The last hash is {checked.head}.")
    return True


def _files_in(folder: Path) -> list[Path]:
    found = sorted(folder.rglob("*.txt"))
    if not found:
        raise BadInput(f"There is no checkpoint in {folder}: name the folder they are sent to.")
    return found


def _key(file: Path | None) -> str:
    file = file or public_key_file()
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def _checkpoints(files: Sequence[Path], key: str) -> list[Signed]:
    if files and not key:
        raise BadInput("Name the public key that the checkpoint was sent with: --public-key FILE.")
    found = []
    for file in files:
        try:
            found.append(read_note(file.read_text(encoding="utf-8", errors="replace"), key))
        except BadCheckpointError as error:
            raise BadInput(f"{file}: {error}") from error
    return found
