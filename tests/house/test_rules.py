"""The rules of the house. Each failure says what to do about it."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from section54.engine.reference import load_table, table_names


ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "section54"
MODULES = sorted(SOURCE.rglob("*.py"))


def named(path):
    return str(path.relative_to(SOURCE))


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_every_module_opens_with_a_sentence(path):
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert doc, "open the module with one sentence a buyer understands"
    assert doc.split("\n\n")[0].rstrip().endswith((".", "?", "!")), "make it a sentence"


ENGINE = [p for p in MODULES if "engine" in p.parts]


@pytest.mark.parametrize("path", ENGINE, ids=named)
def test_the_engine_never_reads_the_clock(path):
    clocks = {"today", "now", "utcnow", "time"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            assert not (node.func.attr in clocks and owner in ("date", "datetime", "time")), (
                f"pass the day in: {ast.unparse(node)}"
            )


def test_every_dependency_gives_its_reason():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text.split("dependencies = [", 1)[1].split("]\n\n[project.optional", 1)[0]
    for line in block.splitlines():
        if line.strip().startswith('"'):
            assert "#" in line, f"say why we need {line.strip()}"


def test_every_locked_package_has_a_hash_and_no_address():
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text(encoding="utf-8")
        pins = re.findall(r"^[a-z0-9][\w.-]*==", text, re.MULTILINE)
        assert len(pins) <= text.count("--hash=sha256:")
        assert "://" not in text


def test_no_file_that_ships_names_this_machine_or_the_real_data():
    for path in SOURCE.rglob("*"):
        if path.suffix in {".py", ".csv", ".toml", ".html", ".css", ".json"}:
            text = path.read_text(encoding="utf-8")
            assert f"{ROOT.parent}/" not in text, named(path)
            assert "/tmp/" not in text, named(path)  # noqa: S108


def test_codes_in_every_table_are_codes_of_the_categories_table():
    codes = set(load_table("categories").by("code"))
    for name in table_names():
        for row in load_table(name).rows:
            for column in ("code", "category"):
                value = row.get(column)
                if value not in (None, "", "*", "-") and name != "ledger_headers":
                    assert value.split("/")[0] in codes, f"{name}: {value} is no category"


def test_the_version_is_the_same_in_the_package_and_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    init = (SOURCE / "__init__.py").read_text(encoding="utf-8")
    assert f'"{project["version"]}"' in init


def test_the_changelog_the_glossary_and_the_decisions_are_there():
    for name in ("README.md", "DEVELOPERS.md", "GLOSSARY.md", "CHANGELOG.md", "SECURITY.md"):
        assert (ROOT / name).read_text(encoding="utf-8").startswith("# ")
    assert len(list((ROOT / "docs" / "adr").glob("0*.md"))) >= 4
