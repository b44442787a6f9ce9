"""Every public change is one transaction and one audit line, or stands here with its reason."""

import ast
from pathlib import Path

import pytest


SOURCE = Path(__file__).parents[2] / "src" / "section54"
MODULES = sorted([*SOURCE.glob("*/changes.py"), *SOURCE.glob("*/*_changes.py")])
HELPERS = "reads or reckons only, or writes a file that counts for nothing until a row says so"
MACHINE = "the machine's own book of its work, which people see on the page, not a decision"
EXCEPTIONS = {
    "records.changes.record": "it is the line",
    "records.changes.hash_of": HELPERS,
    "records.changes.first_broken": HELPERS,
    "post.changes.ask_for": "the caller's line names what was asked for",
    "post.changes.write_message": "the caller's line names what the message tells of",
    "post.changes.finish": "runs in the caller's transaction, whose line says what was made",
    "organisations.token_changes.note_use": MACHINE,
    "desk.checkpoint_changes.write_messages": "a line about where a chain ends would move its end",
    **{
        f"post.changes.{name}": MACHINE
        for name in (
            "take",
            "note_progress",
            "beat",
            "fail",
            "stopped",
            "take_back_abandoned",
            "hand_again",
            "take_message",
            "message_sent",
            "message_refused",
            "message_in_doubt",
            "doubt_abandoned",
            "forget_texts",
        )
    },
    **{
        f"post.clock_changes.{name}": MACHINE
        for name in (
            "take_run",
            "give_up_runs",
            "beat_run",
            "end_run",
            "forget_runs",
            "beat_worker",
            "write_reminder",
        )
    },
}
# They write nothing in the database.
WRITES_NOTHING = {"free_reference", "tidy_name", "store_file", "drawn_anew"}
WRITES = {
    "save",
    "create",
    "update",
    "delete",
    "bulk_create",
    "bulk_update",
    "get_or_create",
    "update_or_create",
    "create_user",
    "set",
    "add",
    "remove",
    "clear",
}


def changes_of(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    room = f"{path.parent.name}.{path.stem}"
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    return room, functions


def calls(node):
    found = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            called = inner.func
            found.add(
                called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            )
    return found


ALL = dict(map(changes_of, MODULES))
RECORDING = {"record"}
for _ in range(4):  # a change that ends in another change is recorded by it
    RECORDING |= {
        name
        for functions in ALL.values()
        for name, node in functions.items()
        if calls(node) & RECORDING
    }
PUBLIC = [(room, name) for room, functions in ALL.items() for name in functions if name[0] != "_"]


def writes(node, functions, seen=()):
    """Whether a function calls what writes, itself or through a helper of its module."""
    made = calls(node)
    inner = [n for n in made if n in functions and n not in seen]
    return bool(made & WRITES) or any(
        writes(functions[name], functions, (*seen, name)) for name in inner
    )


@pytest.mark.parametrize(("room", "name"), PUBLIC)
def test_a_public_change_is_atomic_and_recorded(room, name):
    if f"{room}.{name}" in EXCEPTIONS or name in WRITES_NOTHING:
        return
    node = ALL[room][name]
    if not writes(node, ALL[room]) and not calls(node) & RECORDING:
        return
    decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
    assert "transaction.atomic" in decorators, f"{room}.{name}: put @transaction.atomic above it"
    assert calls(node) & RECORDING, f"{room}.{name}: call record(…), or name it here with a reason"


def test_no_exception_is_kept_for_a_function_that_is_gone():
    there = {f"{room}.{name}" for room, name in PUBLIC}
    assert set(EXCEPTIONS) <= there
    assert WRITES_NOTHING & {name for _, name in PUBLIC}


@pytest.mark.parametrize("path", sorted(SOURCE.glob("*/*views.py")), ids=lambda p: p.parent.name)
def test_no_view_writes_by_itself(path):
    text = path.read_text(encoding="utf-8")
    for word in (".save(", ".objects.create(", ".bulk_create(", ".delete("):
        assert word not in text, f"{path.name}: move {word} to changes.py"
