"""The workbench's commands on the command line: ``section54 serve``."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import click
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from section54.engine.errors import BadInput
from section54.engine.samples import BODY as FICTIONAL


SETTINGS = "section54.desk.settings"
PORT = 8054
LOOK_SECONDS = 0.5
END_SECONDS = 10.0


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("section54-data"),
    show_default=True,
    help="Folder of everything that is kept.",
)
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65535))
@click.option("--body", default="", help="Whose workbench it is, when it is made.")
@click.option("--sample", is_flag=True, help=f"Start with the ledgers of {FICTIONAL}.")
@click.argument("ledgers", nargs=-1, type=click.Path(path_type=Path, exists=True))
def serve(data: Path, port: int, body: str, sample: bool, ledgers: tuple[Path, ...]) -> None:  # noqa: FBT001
    """Serve the workbench on this machine, with its worker; Ctrl-C ends both.

    LEDGERS are read and wait for you to check them.

    \b
    Example:
      section54 serve april.csv may.xlsx --body "Your Constabulary"
    """
    _must_be_free(port)
    data.mkdir(parents=True, exist_ok=True)
    os.environ |= {
        "SECTION54_DATA": str(data.absolute()),
        "DJANGO_SETTINGS_MODULE": SETTINGS,
    }
    os.environ.setdefault("SECTION54_PROFILE", "local")
    os.environ.setdefault("SECTION54_ADDRESS", f"http://127.0.0.1:{port}")
    if os.environ["SECTION54_PROFILE"] != "local":
        raise BadInput(
            "serve speaks plain HTTP, for one machine only: in production run gunicorn and the "
            "worker behind a proxy that speaks HTTPS, as docs/deploy.md says."
        )
    name = body or (FICTIONAL if sample else "Your body")
    try:
        execute_from_command_line(
            ["section54", "set_up", "--body", name, *(["--sample"] if sample else []), "--"]
            + [str(path.absolute()) for path in ledgers]
        )
    except ImproperlyConfigured as error:
        raise BadInput(str(error)) from error
    click.echo(f"Open http://127.0.0.1:{port}/ in a browser. Ctrl-C ends it.")
    _run_both(port)


def _must_be_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise BadInput(
                f"Something already answers on port {port}: end it, or choose another --port."
            ) from error


def _run_both(port: int) -> None:
    """Run the web server and the worker until told to end; a worker that dies is replaced."""
    web = [sys.executable, "-m", "gunicorn", "section54.desk.wsgi:application"]
    web += ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4", "--timeout", "300"]
    web += ["--no-control-socket", "--log-level", "warning"]
    work = [
        sys.executable,
        "-m",
        "django",
        "work",
        "--interval",
        "0.3",
        "--no-startup-delay",
        "-v",
        "0",
    ]

    def end(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    # Also where whoever started us has both ignored, as a shell does for work in the background.
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        running["web"] = subprocess.Popen(web, start_new_session=True)  # noqa: S603
        while running["web"].poll() is None:
            worker = running.get("work")
            if worker is None or worker.poll() is not None:
                running["work"] = subprocess.Popen(work, start_new_session=True)  # noqa: S603
            time.sleep(LOOK_SECONDS)
        raise BadInput("The web server ended by itself: its last words are above.")
    except KeyboardInterrupt:
        click.echo("Ending. What was begun goes on at the next start.")
    finally:
        _end(list(running.values()))


def _end(children: list["subprocess.Popen[bytes]"]) -> None:
    """End the children and whatever they started; those that do not listen are killed."""
    for child in children:
        if child.poll() is None:
            child.terminate()
            child.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + END_SECONDS
    for child in children:
        try:
            child.wait(timeout=max(0.1, min(3.0, deadline - time.monotonic())))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
