"""What the tests of the pages' look need of Django: no database, no rooms."""

from pathlib import Path

import django
import pytest
from django.conf import settings
from django.test import RequestFactory, override_settings
from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader

from section54.ui.jinja import environment


TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "APP_DIRS": True,
        "OPTIONS": {"environment": "section54.ui.jinja.environment"},
    },
]
OWN = {
    "ROOT_URLCONF": "tests.ui.addresses",
    "TEMPLATES": TEMPLATES,
    "STATIC_URL": "/static/",
    "STORAGES": {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    },
    "ALLOWED_HOSTS": ["testserver"],
    "DEBUG": False,
}

if not settings.configured:
    settings.configure(
        **OWN,
        SECRET_KEY="for tests",  # noqa: S106
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.staticfiles", "section54.ui"],
    )
    django.setup()


@pytest.fixture(autouse=True)
def _own_settings():
    with override_settings(**OWN):
        yield


@pytest.fixture
def env():
    here = FileSystemLoader(Path(__file__).parent)
    return environment(loader=ChoiceLoader([here, PackageLoader("section54.ui", "jinja2")]))


@pytest.fixture
def get():
    return RequestFactory().get


@pytest.fixture
def settings_templates():
    return TEMPLATES
