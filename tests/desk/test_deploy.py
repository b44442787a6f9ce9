"""The production profile, as docs/deploy.md has it: what it refuses, what it serves, what it says.

The commands of that page are run in its order, with folders of the test's own; gunicorn is started
with ``deploy/gunicorn.conf.py`` and asked as the proxy asks it.
"""

import configparser
import http.client
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.desk.test_headers import PAGE, STATIC, wrong_headers

from section54.engine.intake.limits import OWN_LEDGERS


ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
TEXT = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
HOST = "section54.example.police.uk"
START_SECONDS = 60
HSTS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload"}
OVER_HTTPS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
# The test's own folders, where the page has the system's.
PLACES = {
    "/var/lib/section54": "data",
    "/var/backups/section54": "backups",
    "/etc/section54": "etc",
}


def settings_of(folder, **changed):
    """Return the page's settings, with the test's own folders."""
    kept = {}
    for line in (DEPLOY / "section54.env").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            for place, own in PLACES.items():
                value = value.replace(place, str(folder / own))
            kept[name] = value
    kept |= changed
    return {name: value for name, value in kept.items() if value is not None}


def environment(own):
    """Return an environment in which nothing else is set."""
    kept = {name: value for name, value in os.environ.items() if "SECTION54" not in name}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), **own}


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """The folders that the page makes."""
    folder = tmp_path_factory.mktemp("machine")
    for own in PLACES.values():
        (folder / own).mkdir(mode=0o700)
    secret = folder / "etc" / "secret"
    secret.touch(mode=0o600)
    secret.write_text("of-nobody-" * 6, encoding="ascii")
    lines = [f"{name}={shlex.quote(value)}" for name, value in settings_of(folder).items()]
    (folder / "etc" / "section54.env").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def run(machine, line, **more):
    """Run a line of the page that begins with section54-run."""
    for place, own in PLACES.items():
        line = line.replace(place, str(machine / own))
    return subprocess.run(  # noqa: S603 - our own commands
        [DEPLOY / "section54-run", *shlex.split(line)[1:]],
        capture_output=True,
        text=True,
        check=False,
        env=environment(
            {
                "SECTION54_ENV": str(machine / "etc" / "section54.env"),
                "SECTION54_BIN": str(Path(sys.executable).parent),
                "SECTION54_USER": "root" if os.getuid() == 0 else "",
                **more,
            }
        ),
    )


def lines_of(chapter):
    """Return the commands of a chapter of the page that run here."""
    text = TEXT.split(f"\n## {chapter}\n", 1)[1].split("\n## ", 1)[0].replace("\\\n", " ")
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    return [line for line in blocks.splitlines() if line.startswith("section54-run ")]


@pytest.fixture(scope="module")
def deployed(machine):
    """The machine after the chapter "Deploy": what each command said."""
    said = {}
    for line in lines_of("Deploy"):
        done = run(machine, line)
        assert done.returncode == 0, (line, done.stderr)
        said[line] = done.stdout + done.stderr
    return said


@pytest.fixture(scope="module")
def site(machine, deployed):
    """Gunicorn as the unit starts it, on a socket; ended with the tests."""
    path = machine / "web.sock"
    command = [Path(sys.executable).with_name("gunicorn")]
    command += ["--config", DEPLOY / "gunicorn.conf.py", "--bind", f"unix:{path}"]
    with (machine / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, env=environment(settings_of(machine)), stdout=log, stderr=log, cwd=machine
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                ask(path, "GET", "/sign-in/")
                break
            except OSError:
                assert process.poll() is None, (machine / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield path
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


class Answer:
    """An answer that ``wrong_headers`` can look at."""

    def __init__(self, raw):
        self.status_code, self.headers = raw.status, raw.headers
        self.body = raw.read()

    def items(self):
        own = {"server", "date", "connection", "transfer-encoding", "set-cookie"}  # gunicorn's
        return [(name, value) for name, value in self.headers.items() if name.lower() not in own]


def ask(path, method, address, body=None, **headers):
    sent = {"Host": HOST, **OVER_HTTPS, **{n.replace("_", "-"): v for n, v in headers.items()}}
    sent = {name: value for name, value in sent.items() if value is not None}
    with closing(http.client.HTTPConnection(HOST, timeout=30)) as connection:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(path))
        connection.request(method, address, body, sent)
        return Answer(connection.getresponse())


# --- what it refuses ----------------------------------------------------------------------------


def start(machine, **changed):
    """Start with the page's settings but for some; return what is said if that is refused."""
    done = subprocess.run(
        [sys.executable, "-c", "import section54.desk.settings"],
        env=environment(settings_of(machine, **changed)),
        capture_output=True,
        text=True,
        check=False,
        cwd=machine,
    )
    if done.returncode == 0:
        return ""
    kind, _, said = done.stderr.strip().splitlines()[-1].partition(": ")
    assert kind.endswith("ImproperlyConfigured"), done.stderr
    return said


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SECTION54_SECRET_FILE", None, "SECTION54_SECRET_FILE must name a file"),
        ("SECTION54_SECRET_FILE", "{etc}/nothing", "cannot be read"),
        ("SECTION54_SECRET_FILE", "{etc}/short", "at least 50 random characters"),
        ("SECTION54_SECRET_FILE", "{etc}/open", "can be read by others"),
        ("SECTION54_HOSTS", None, "SECTION54_HOSTS must name each host"),
        ("SECTION54_HOSTS", "", "SECTION54_HOSTS must name each host"),
        ("SECTION54_HOSTS", "*", "without wildcards"),
        ("SECTION54_HOSTS", f"{HOST},.police.uk", "without wildcards"),
        ("SECTION54_DATA", None, "SECTION54_DATA must name the folder"),
        ("SECTION54_PROFILE", "debug", "say local, production or test"),
    ],
)
def test_it_does_not_start_with_what_cannot_be_right(machine, name, value, said):
    for kind, mode, text in (("short", 0o600, "abc"), ("open", 0o644, "of-nobody-" * 6)):
        file = machine / "etc" / kind
        file.write_text(text, encoding="ascii")
        file.chmod(mode)
    given = value and value.format(etc=machine / "etc")
    assert said in start(machine, **{name: given})


def test_it_starts_with_the_settings_of_the_page_and_nothing_turns_debugging_on(machine):
    turned = {"DEBUG": "1", "DJANGO_DEBUG": "1", "SECTION54_DEBUG": "1"}
    assert start(machine, **turned) == ""
    text = (ROOT / "src/section54/desk/settings.py").read_text(encoding="utf-8")
    assert re.findall(r"^ *DEBUG\b.*$", text, re.MULTILINE) == ["DEBUG = False"]


def test_serve_refuses_to_speak_plain_http_for_a_team(machine):
    done = run(machine, "section54-run section54 serve --port 8999")
    assert done.returncode != 0
    assert "behind a proxy that speaks HTTPS" in done.stdout + done.stderr


# --- what it serves -----------------------------------------------------------------------------


def test_the_check_of_the_deployment_has_no_warning_and_none_is_silenced(deployed):
    said = deployed["section54-run python -m django check --deploy --fail-level WARNING"]
    assert "System check identified no issues (0 silenced)." in said


@pytest.mark.parametrize(
    ("method", "address", "headers", "status", "right"),
    [
        ("GET", "/sign-in/", {}, 200, PAGE | HSTS),
        ("GET", "/", {}, 302, PAGE | HSTS),
        ("GET", "/nowhere/", {}, 404, PAGE | HSTS),
        ("GET", "/static/ui/app.css", {}, 200, STATIC | HSTS),
        ("GET", "/static/ui/nothing.css", {}, 404, PAGE | HSTS),
        ("POST", "/sign-in/", {}, 403, PAGE | HSTS),
        ("PUT", "/sign-in/", {}, 403, PAGE | HSTS),
        ("GET", "/sign-in/", {"Host": "elsewhere.example"}, 400, PAGE | HSTS),
        ("GET", "/sign-in/", {"Host": "elsewhere.example", "X_Forwarded_Proto": "http"}, 400, PAGE),
        ("GET", "/sign-in/", {"X_Forwarded_Proto": "http"}, 301, PAGE),
        ("GET", "/sign-in/", {"X_Forwarded_Proto": None}, 301, PAGE),
        ("POST", "/sign-in/", {"X_Forwarded_Proto": "http"}, 301, PAGE),
        ("GET", "/static/ui/app.css", {"X_Forwarded_Proto": "http"}, 301, PAGE),
    ],
)
def test_each_answer_has_exactly_the_headers_of_the_table(
    site, method, address, headers, status, right
):
    answer = ask(site, method, address, **headers)
    if status == 301:  # a redirect to HTTPS names no folder of files, so nothing is kept of it
        right = {**right, "Cache-Control": answer.headers["Cache-Control"]}
        assert answer.headers["Location"] == f"https://{HOST}{address}"
    assert (answer.status_code, wrong_headers(answer, right)) == (status, [])
    assert "Set-Cookie" in answer.headers or address != "/sign-in/" or status != 200


def test_the_first_administrators_link_opens_and_cookies_go_over_https_to_this_host_only(
    site, machine, deployed
):
    (begun,) = (said for line, said in deployed.items() if " begin " in line)
    link = re.search(rf"https://{re.escape(HOST)}(/invitation/\S+)", begun).group(1)
    page = ask(site, "GET", link)
    secret = re.search(rb'csrfmiddlewaretoken" value="([^"]+)', page.body).group(1).decode()
    csrf = page.headers["Set-Cookie"].partition(";")[0]
    answer = ask(
        site,
        "POST",
        link,
        f"csrfmiddlewaretoken={secret}&password=wide-skies-and-slow-water",
        Content_Type="application/x-www-form-urlencoded",
        Cookie=csrf,
        Referer=f"https://{HOST}{link}",
    )
    assert answer.status_code == 302, (machine / "log").read_text("utf-8")
    cookies = page.headers.get_all("Set-Cookie") + answer.headers.get_all("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"__Host-csrf", "__Host-session"}
    for cookie in cookies:
        parts = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= parts
        assert not any(part.startswith("domain") for part in parts)


def test_without_a_proxy_no_header_says_that_it_was_https(machine):
    code = (
        "from section54.desk import settings as s; "
        "print(getattr(s, 'SECURE_PROXY_SSL_HEADER', None), s.SECURE_SSL_REDIRECT)"
    )
    said = []
    for proxies in ("0", "1"):
        own = environment(settings_of(machine, SECTION54_PROXIES=proxies))
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", code], env=own, capture_output=True, text=True, check=True
        )
        said.append(done.stdout.strip())
    assert said == ["None True", "('HTTP_X_FORWARDED_PROTO', 'https') True"]


# --- upgrade and roll back, as the page says ----------------------------------------------------


@pytest.mark.skipif(not os.environ.get("SECTION54_FULL"), reason="in make assure")
def test_the_pages_upgrade_and_roll_back_run_and_bring_everything_back(machine, deployed):
    for line in lines_of("Upgrade"):
        done = run(machine, line)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
    assert len(lines_of("Upgrade")) == 5
    data = machine / "data"
    shutil.move(data, machine / "data.failed")
    data.mkdir(mode=0o700)
    for line in lines_of("Roll back"):
        done = run(machine, line)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
    kept = {"section54.sqlite3"} & {path.name for path in data.iterdir()}
    shutil.rmtree(data)
    shutil.move(machine / "data.failed", data)
    assert kept


# --- the page and its files ---------------------------------------------------------------------


def test_the_table_of_settings_is_what_the_program_reads():
    read = set()
    for module in (ROOT / "src" / "section54").rglob("*.py"):
        read |= set(re.findall(r"[\"'](SECTION54_[A-Z0-9_]+)[\"']", module.read_text("utf-8")))
    table = TEXT.split("\n## Settings\n", 1)[1].split("\n### ", 1)[0]
    named = set(re.findall(r"^\| `(SECTION54_[A-Z0-9_]+)`", table, re.MULTILINE))
    assert read - named == set(), "give each a row in the table of settings in docs/deploy.md"
    assert named - read == set(), "nothing reads these: take their rows out of docs/deploy.md"
    given = set(settings_of(Path("/"))) - {"DJANGO_SETTINGS_MODULE", "WEB_CONCURRENCY"}
    assert given <= named


HARDENED = {
    "User": "section54",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectControlGroups": "yes",
    "RestrictNamespaces": "yes",
    "RestrictSUIDSGID": "yes",
    "LimitCORE": "0",
    "UMask": "0077",
    "StateDirectoryMode": "0700",
}


@pytest.mark.parametrize("unit", sorted(path.name for path in DEPLOY.glob("*.service")))
def test_each_unit_may_do_little_and_writes_only_its_own_folders(unit):
    text = (DEPLOY / unit).read_text(encoding="utf-8")
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read_string(text)
    service = dict(parser["Service"])
    assert service | HARDENED == service
    assert service["MemoryMax"]
    may_write = set(re.findall(r"^ReadWritePaths=(.*)$", text, re.MULTILINE))
    checkpoints = "-/mnt/section54-checkpoints"  # not there: no matter
    assert may_write <= {"/var/lib/section54", "/var/backups/section54", checkpoints}
    assert (checkpoints in may_write) == (unit == "section54-worker.service")
    # A reader's child sets its own limits.
    assert not re.search(r"^SystemCallFilter=~.*@resources", text, re.MULTILINE)


@pytest.mark.skipif(not Path("/usr/bin/systemd-analyze").exists(), reason="needs systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path):
    for path in (*DEPLOY.glob("*.service"), *DEPLOY.glob("*.socket"), *DEPLOY.glob("*.timer")):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"/opt/section54/current/\.venv/bin/\w+", "/bin/true", text)
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - our own units
        ["/usr/bin/systemd-analyze", "verify", *sorted(tmp_path.iterdir())],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_proxy_lets_our_largest_ledger_through_and_believes_no_browser():
    site = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    adding = re.search(r"location = /ledgers/add/ \{\s*client_max_body_size (\d+)g;", site)
    assert int(adding.group(1)) * 10**9 >= OWN_LEDGERS.bytes
    told = (DEPLOY / "nginx-proxy.conf").read_text(encoding="utf-8")
    for name, value in (
        ("X-Forwarded-Proto", "$scheme"),
        ("X-Forwarded-For", "$remote_addr"),
        ("Host", "$host"),
    ):
        assert f"proxy_set_header {name} {value};" in told
    assert site.count("include /etc/nginx/section54-proxy.conf;") == site.count("location ")


def test_the_container_runs_as_nobody_in_particular_and_installs_only_what_is_locked():
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["1054:1054"]
    assert "--require-hashes" in text
    assert "HEALTHCHECK" in text
    assert "the image was not built or run" in TEXT


def test_every_file_that_the_page_names_is_there():
    for name in re.findall(r"current/deploy/([\w.*-]+)", TEXT):
        assert list(DEPLOY.glob(name)), name
    for path in DEPLOY.iterdir():
        assert path.name in TEXT or any(
            path.match(name) for name in re.findall(r"current/deploy/([\w.*-]+)", TEXT)
        ), path.name
