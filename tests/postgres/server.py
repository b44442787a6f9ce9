"""A PostgreSQL of our own: in a folder that goes away, on a socket in it, for one run of tests."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


ROLE = "section54"
CONFIG = """
listen_addresses = ''
unix_socket_directories = '{folder}'
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 60
log_min_messages = fatal
"""


def programs() -> Path | None:
    """The folder of PostgreSQL's own programs, the newest that Debian installed; None without."""
    found = [p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda path: int(path.parent.name), default=None)


def _as_its_user() -> list[str]:
    """How to run a program that refuses to run as root."""
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a server until the end; the address is of a database of a role that is no superuser."""
    place = programs()
    assert place is not None
    # Below /tmp: a socket's path may have 107 characters, and its user must be able to get there.
    folder = Path(tempfile.mkdtemp(prefix="s54-pg-", dir="/tmp"))
    as_user = _as_its_user()
    if as_user:
        shutil.chown(folder, "postgres")

    def run(program: str, *words: str) -> None:
        subprocess.run(  # noqa: S603 - PostgreSQL's own programs
            [*as_user, str(place / program), *words],
            check=True,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "LC_ALL": "C.UTF-8",
                "PGHOST": str(folder),
            },
        )

    data = str(folder / "data")
    try:
        run("initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync")
        with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as config:
            config.write(CONFIG.format(folder=folder))
        # Its log goes into a file: whoever waits for our own output must not wait for the server.
        run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "start")
        try:
            run("createuser", "-U", "postgres", "--createdb", ROLE)
            run("createdb", "-U", "postgres", "--owner", ROLE, ROLE)
            yield f"postgresql://{ROLE}@/{ROLE}?host={folder}"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
