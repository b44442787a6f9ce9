"""The log holds no secret of a link, whatever goes wrong behind it."""

import logging
from io import StringIO

import pytest
from django.test import Client

from section54.desk import invitation_views
from section54.post import views


pytestmark = pytest.mark.django_db
CANARY = "canary-QkZ3"


@pytest.fixture
def log(monkeypatch):
    """Return what the handler that the settings make writes."""
    [console] = [one for one in logging.getLogger().handlers if one.get_name() == "console"]
    stream = StringIO()
    monkeypatch.setattr(console, "stream", stream)
    return stream


def fault(secret):
    raise RuntimeError(f"nothing at /invitation/{secret}/ can be read")


@pytest.mark.parametrize("path", ["/invitation/", "/messages/stop/"])
def test_no_secret_of_an_address_is_in_the_log_and_its_kind_and_status_are(log, monkeypatch, path):
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    here = f"{path}{CANARY}"
    there = [client.get(here + end).status_code for end in ("/", "/x/", "%20y/", "%0Az/")]
    assert set(there) == {404}
    client.post(f"{here}/")
    client.post("/sign-in/", headers={"referer": f"https://testserver{here}/"}, secure=True)
    monkeypatch.setattr(invitation_views, "_found", fault)
    monkeypatch.setattr(views, "_named_in", fault)
    assert client.get(f"{here}/").status_code == 500
    logging.getLogger("section54.desk").warning("%r, %s", client.get("/").wsgi_request, here)
    logging.getLogger("section54.desk").warning("?next=%s", here.replace("/", "%2F"))
    said = log.getvalue()
    assert CANARY not in said
    assert f"Not Found: {path}[hidden]" in said
    assert f"Internal Server Error: {path}[hidden]" in said
    assert "RuntimeError: nothing at /invitation/[hidden]" in said
    assert "Forbidden (" in said


def test_other_lines_are_as_they_were(log):
    Client().get("/invitations/none/")
    logging.getLogger("section54.desk").warning("%s of %d rows", "Some", 3)
    assert "Not Found: /invitations/none/" in log.getvalue()
    assert "Some of 3 rows" in log.getvalue()
