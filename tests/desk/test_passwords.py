"""Passwords that anybody would try are refused with one sentence."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from tests.people import a_body


pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "given",
    [
        "passwordpassword",
        "abcabcabcabc12",
        "aaaaaaaaaaaaaaaa",
        "fenlandconstabulary",
        "Fenland Constabulary 26!",
        "password12345678!!",
        "short",
        "123456789012",
    ],
)
def test_what_anybody_would_try_is_refused(given):
    a_body()
    with pytest.raises(ValidationError):
        validate_password(given)


@pytest.mark.parametrize(
    "given",
    ["correct-horse-battery", "the fens are wide and the constabulary small", "Trwq-8810-mm-zz"],
)
def test_what_is_long_and_ones_own_is_taken(given):
    a_body()
    validate_password(given)
