"""The style sheet is ours: no other house's font, crest or picture, and nothing fetched."""

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest


ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src/section54/ui/assets"
STATIC = ROOT / "src/section54/ui/static/ui"


@pytest.fixture
def css():
    path = STATIC / "app.css"
    if not path.exists():
        pytest.fail("The style sheet is missing: run make .venv/.assets-ready.")
    return path.read_text(encoding="utf-8")


def test_the_style_sheet_names_no_font_crest_or_address_of_another_house(css):
    assert not re.search(r"Transport|crest|crown|@font-face|@import", css)
    assert "url(" not in css


def test_the_scripts_refer_to_nothing_that_is_not_there(css):
    for path in STATIC.glob("*.js"):
        script = path.read_text(encoding="utf-8")
        assert "sourceMappingURL" not in script
        for name in re.findall(r'from "\./([^"]+)"', script):
            assert (STATIC / name).exists()


def test_no_script_of_ours_makes_markup_from_text():
    for path in SOURCE.glob("*.js"):
        script = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|eval\(|\.style\b|DOMPar", script)


def test_the_lock_holds_hashes_and_no_download_addresses():
    lock = json.loads((SOURCE / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages["node_modules/govuk-frontend"]["version"] == "6.3.0"
    assert all("resolved" not in entry for entry in packages.values())
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert "http" not in (SOURCE / "node.lock").read_text(encoding="utf-8")


def test_making_it_again_changes_nothing_and_says_nothing(css):
    before = {path: path.stat().st_mtime_ns for path in STATIC.iterdir()}
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, ROOT / "tools/assets.py"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {path: path.stat().st_mtime_ns for path in STATIC.iterdir()} == before


def test_an_older_node_is_not_used(tmp_path):
    is_new_enough = runpy.run_path(str(ROOT / "tools/assets.py"))["_is_new_enough"]
    for version, answer in (("v18.19.0", False), ("v20.18.9", False), ("v20.19.0", True)):
        node = tmp_path / version
        node.write_text(f"#!/bin/sh\necho {version}\n", encoding="utf-8")
        node.chmod(0o755)
        assert is_new_enough(str(node)) is answer
