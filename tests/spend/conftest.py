"""A data folder of one test, and people who are signed in."""

import io
import re

import pytest
from django.test import Client
from django.urls import reverse
from tests.spend.factories import a_body, a_user, do_the_work, ledger_file

from section54.sources.models import Import


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.FILE_UPLOAD_TEMP_DIR = settings.STATIC_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def buyer(db):
    return a_user("buyer")


@pytest.fixture
def alice(buyer):
    """A browser in which the buyer is signed in."""
    return signed_in(buyer)


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def named(data: bytes, name: str):
    file = io.BytesIO(data)
    file.name = name
    return file


@pytest.fixture
def add(alice):
    """Upload files as the buyer and read them, as the worker would."""

    def send(*files, read=True, client=alice, **more):
        given = files or ((ledger_file(), "april.csv"),)
        answer = client.post(
            reverse("ledger-add"), {"ledgers": [named(*file) for file in given], **more}
        )
        assert answer.status_code == 302, words_of(answer)
        brought_by = Import.objects.get(pk=re.search(r"imports/([^/]+)/", answer.url)[1])
        return do_the_work(brought_by) if read else brought_by

    return send


@pytest.fixture
def other_body(db):
    return a_body("Marshland Constabulary")


def words_of(answer) -> str:
    """What a page says, on one line and without its tags."""
    text = answer.content.decode()
    main = re.search(r"<main.*?</main>", text, re.DOTALL)
    bare = re.sub(r"<[^>]+>", " ", main[0] if main else text)
    for entity, mark in (("&amp;", "&"), ("&#39;", "'"), ("&#34;", '"'), ("&lt;", "<")):
        bare = bare.replace(entity, mark)
    return " ".join(bare.split())
