"""When something went wrong, the page says what to do, whatever else does not work."""

import pytest
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse, HttpResponseNotAllowed
from django.test import override_settings

from section54.ui import errors


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (lambda r: errors.bad_request(r, ValueError()), 400, "could not be understood"),
        (lambda r: errors.bad_request(r, RequestDataTooBig()), 413, "too large to send"),
        (lambda r: errors.permission_denied(r, PermissionError()), 403, "do not have permission"),
        (lambda r: errors.page_not_found(r, LookupError()), 404, "Page not found"),
        (lambda r: errors.too_large(r, 500_000_000), 413, "The largest size that can be sent"),
        (lambda r: errors.too_many_requests(r), 429, "Too many attempts"),
        (lambda r: errors.server_error(r), 500, "problem with this service"),
        (lambda r: errors.csrf_failure(r, "no cookie"), 403, "open for too long"),
    ],
)
def test_each_kind_of_error_has_its_page(get, answer, status, words):
    response = answer(get("/"))
    text = response.content.decode()
    assert response.status_code == status
    assert words in text
    assert '<html lang="en-GB"' in text
    assert "<h1" in text


def test_a_wrong_method_names_the_right_ones(get):
    response = errors.method_not_allowed(get("/"), ["POST"])
    assert (response.status_code, response["Allow"]) == (405, "POST")


def test_an_empty_answer_to_a_wrong_method_gets_our_page(get):
    middleware = errors.ErrorPages(lambda _request: HttpResponseNotAllowed(["GET", "HEAD"]))
    response = middleware(get("/"))
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
    assert b"Nothing was changed" in response.content


def test_every_other_answer_is_left_alone(get):
    middleware = errors.ErrorPages(lambda _request: HttpResponse("all is well"))
    assert middleware(get("/")).content == b"all is well"


def broken(_request):
    raise ConnectionError("the database is gone")


def with_broken_context(templates):
    options = {**templates[0]["OPTIONS"], "context_processors": ["tests.ui.test_errors.broken"]}
    return [{**templates[0], "OPTIONS": options}]


def test_a_page_whose_context_fails_is_made_without_it(get, settings_templates):
    with override_settings(TEMPLATES=with_broken_context(settings_templates)):
        response = errors.page_not_found(get("/"))
        assert response.status_code == 404
        assert b"Page not found" in response.content
        assert b"problem with this service" in errors.server_error(get("/")).content


def test_when_no_template_can_be_made_there_is_still_a_sentence(get):
    with override_settings(TEMPLATES=[]):
        response = errors.server_error(get("/"))
    assert response.status_code == 500
    assert b"Try again in a few minutes" in response.content
