"""What the documents tell people to type exists."""

import re
import shlex
from pathlib import Path

import click
import pytest

from section54.engine.cli import cli


ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def blocks(page):
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for block in re.findall(r"```(?:sh|console)\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            for before in ("$ ", "# ", ".venv/bin/", "section54-run "):
                line = line.strip().removeprefix(before)
            yield line


COMMANDS = [(page.name, line) for page in PAGES for line in blocks(page)]


def test_the_readme_has_its_two_commands():
    assert ("README.md", "make run") in COMMANDS
    assert ("README.md", "make test") in COMMANDS


@pytest.mark.parametrize(("page", "line"), [c for c in COMMANDS if c[1].startswith("make ")])
def test_every_make_target_in_the_documents_exists(page, line):
    assert re.search(rf"^{shlex.split(line)[1]}:", MAKEFILE, re.MULTILINE), page


@pytest.mark.parametrize(("page", "line"), [c for c in COMMANDS if c[1].startswith("section54 ")])
def test_every_command_in_the_documents_takes_its_options(page, line):
    words = shlex.split(line, comments=True)[1:]
    command = cli.get_command(click.Context(cli), words[0])
    known = {option for parameter in command.params for option in parameter.opts}
    for word in words[1:]:
        if word.startswith("--"):
            assert word.split("=")[0] in known, f"{page}: {word}"
