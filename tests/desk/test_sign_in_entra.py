"""Signing in through the organisation's own service, against a hostile one on this machine."""

import base64
import hashlib
import hmac
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.core.cache import cache
from django.test import Client
from tests.desk.test_sign_in import age, browser, enter, set_up_app, text_of
from tests.people import alice, bob

from section54.desk.settings import oidc_app
from section54.organisations.models import User
from section54.records.models import Event


pytestmark = pytest.mark.django_db
CLIENT_ID = "section54-at-fenland"
SUBJECT = "AAAAsubject-of-alice"
GOOD, OTHER = (rsa.generate_private_key(65537, 2048) for _ in range(2))


class Service:
    """A sign-in service that hands out whatever token a test puts in it."""

    def __init__(self):
        self.token = self.asked = None
        self.down = False
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer(service.get(urlsplit(self.path).path))

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                service.asked = parse_qs(self.rfile.read(length).decode())
                self.answer({"access_token": "x", "id_token": service.token})

            def answer(self, content):
                self.send_response(503 if service.down else 200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(content).encode())

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}/tenant/v2.0"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def get(self, path):
        if path.endswith("/keys"):
            key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(GOOD.public_key()))
            return {"keys": [{**key, "kid": "good", "use": "sig", "alg": "RS256"}]}
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def claims(self, asked, **changed):
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": SUBJECT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "amr": ["pwd", "mfa"],
            "preferred_username": "alice@fenland.example",
            "email": "bob@example.org",
        }
        return {name: value for name, value in (claims | changed).items() if value is not None}


def signed(claims, key=GOOD, kid="good", algorithm="RS256"):
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid} if kid else None)


@pytest.fixture(scope="module")
def running():
    service = Service()
    yield service
    service.server.shutdown()
    service.server.server_close()


@pytest.fixture
def service(running, settings):
    settings.OIDC_ISSUER = running.issuer
    settings.SOCIALACCOUNT_PROVIDERS = oidc_app(running.issuer, CLIENT_ID, "a secret")
    settings.OIDC_MFA_CLAIMS = ["mfa"]
    running.down = False
    cache.clear()
    return running


def linked(user, service, subject=SUBJECT):
    SocialAccount.objects.create(user=user, provider="entra", uid=f"{service.issuer}#{subject}")
    return user


def set_out(client, address="/sign-in/entra/", **data):
    """Go to the service; return what it was asked."""
    location = client.post(address, data)["Location"]
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def come_back(client, service, asked, token, **query):
    service.token = token
    return client.get(
        "/sign-in/entra/callback/", {"code": "c", "state": asked["state"]} | query, follow=True
    )


def user_of(client):
    key = client.session.get("_auth_user_id")
    return User.objects.get(pk=key) if key else None


def test_a_good_token_signs_in_who_is_linked_and_the_address_in_it_counts_for_nothing(service):
    user, client = linked(alice(), service), browser()
    bob()  # whose address the token names
    asked = set_out(client)
    assert asked["code_challenge_method"] == "S256"
    assert asked["response_type"] == "code"
    assert set(asked["scope"].split()) == {"openid", "profile"}
    assert asked["redirect_uri"] == "http://testserver/sign-in/entra/callback/"
    come_back(client, service, asked, signed(service.claims(asked)))
    assert user_of(client) == user
    verifier = hashlib.sha256(service.asked["code_verifier"][0].encode()).digest()
    assert base64.urlsafe_b64encode(verifier).rstrip(b"=").decode() == asked["code_challenge"]
    line = Event.objects.about(user).last()
    assert (line.kind, line.detail) == ("signed_in", {"ways": "Entra ID"})
    kept = SocialAccount.objects.get()
    assert kept.extra_data == {"name": "alice@fenland.example"}


def by_hand(header, claims, sign):
    """Put a token together that no library would make."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in (header, claims)
    ]
    signature = base64.urlsafe_b64encode(sign(b".".join(parts))).rstrip(b"=")
    return b".".join([*parts, signature]).decode()


def _rs256(text):
    return GOOD.sign(text, padding.PKCS1v15(), hashes.SHA256())


def with_public_key(claims):
    """HS256 with the issuer's public key as the secret: the classic confusion."""
    pem = GOOD.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    header = {"alg": "HS256", "kid": "good"}
    return by_hand(header, claims, lambda text: hmac.digest(pem, text, "sha256"))


def tampered(claims):
    head, _, tail = signed(claims).split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "x"}).encode()).rstrip(b"=")
    return f"{head}.{body.decode()}.{tail}"


NOW = int(time.time())
BAD_CLAIMS = {
    "another issuer": {"iss": "https://evil.example/v2.0"},
    "another tenant": {"iss": "http://127.0.0.1/other/v2.0"},
    "an issuer that begins like ours": {"iss": "ISSUER/x"},
    "another audience": {"aud": "another-app"},
    "also for others": {"aud": [CLIENT_ID, "another-app"]},
    "no audience": {"aud": None},
    "no issuer": {"iss": None},
    "no subject": {"sub": None},
    "an empty subject of another kind": {"sub": 17},
    "an endless subject": {"sub": "s" * 500},
    "another nonce": {"nonce": "stolen"},
    "an empty nonce": {"nonce": ""},
    "no nonce": {"nonce": None},
    "a nonce of another kind": {"nonce": ["x"]},
    "expired": {"exp": NOW - 3600},
    "no expiry": {"exp": None},
    "an expiry that is no number": {"exp": "tomorrow"},
    "not valid yet": {"nbf": NOW + 3600},
    "made in the future": {"iat": NOW + 3600},
    "no time": {"iat": None},
    "no second factor": {"amr": ["pwd"]},
    "no word on factors": {"amr": None},
    "factors as text": {"amr": "mfa"},
}
BAD_TOKENS = {
    "signed by somebody else": lambda claims: signed(claims, OTHER),
    "signed by somebody else under another name": lambda claims: signed(claims, OTHER, "other"),
    "no key named": lambda claims: signed(claims, kid=None),
    "not signed": lambda claims: jwt.encode(claims, "", "none", headers={"kid": "good"}),
    "not signed, spelt otherwise": lambda claims: by_hand(
        {"alg": "nOnE", "kid": "good"}, claims, lambda text: b""
    ),
    "signed with the public key": with_public_key,
    "changed after signing": tampered,
    "another algorithm": lambda claims: signed(claims, algorithm="RS512"),
    "no token": lambda claims: None,
    "a list": lambda claims: ["x"],
    "rubbish": lambda claims: "rubbish",
    "three dots": lambda claims: "...",
}


@pytest.mark.parametrize("case", BAD_CLAIMS)
def test_a_token_that_says_anything_else_signs_nobody_in(service, case):
    changed = {
        name: value.replace("ISSUER", service.issuer) if isinstance(value, str) else value
        for name, value in BAD_CLAIMS[case].items()
    }
    linked(alice(), service)
    client = browser()
    asked = set_out(client)
    token = by_hand({"alg": "RS256", "kid": "good"}, service.claims(asked, **changed), _rs256)
    answer = come_back(client, service, asked, token)
    assert user_of(client) is None
    assert "did not" in text_of(answer)
    assert Event.objects.filter(kind="sign_in_refused").exists()


@pytest.mark.parametrize("case", BAD_TOKENS)
def test_a_token_that_the_issuer_did_not_sign_signs_nobody_in(service, case):
    linked(alice(), service)
    client = browser()
    asked = set_out(client)
    answer = come_back(client, service, asked, BAD_TOKENS[case](service.claims(asked)))
    assert user_of(client) is None
    assert "The sign-in with Entra ID did not work. Try again." in text_of(answer)


def test_the_good_token_of_the_bad_cases_is_taken(service):
    linked(alice(), service)
    client = browser()
    asked = set_out(client)
    token = by_hand({"alg": "RS256", "kid": "good"}, service.claims(asked), _rs256)
    come_back(client, service, asked, token)
    assert user_of(client) is not None


def test_a_state_counts_once_and_only_in_the_session_that_set_out(service):
    linked(alice(), service)
    client, thief = browser(), browser()
    asked = set_out(client)
    token = signed(service.claims(asked))
    come_back(thief, service, asked, token)
    assert user_of(thief) is None
    come_back(client, service, asked, token)
    assert user_of(client) is not None
    client.post("/sign-out/")
    come_back(client, service, asked, token)
    assert user_of(client) is None
    come_back(client, service, {"state": ""}, token)
    assert user_of(client) is None


def test_what_the_address_asks_for_changes_nothing(service):
    client = browser()
    given = "?auth_params=prompt%3Dnone%26redirect_uri%3Dhttps%3A%2F%2Fevil.example"
    given += "&scope=admin&action=rerequest&process=connect&next=https://evil.example/"
    asked = set_out(client, f"/sign-in/entra/{given}")
    assert "prompt" not in asked
    assert "admin" not in asked["scope"]
    assert asked["redirect_uri"].startswith("http://testserver/")
    linked(alice(), service)
    answer = come_back(client, service, asked, signed(service.claims(asked)))
    assert answer.redirect_chain == [("/", 302)]
    assert client.get("/sign-in/entra/").status_code == 405


def test_an_identity_that_nobody_has_makes_no_account(service):
    bob()  # whose address the token names
    client, before = browser(), User.objects.count()
    asked = set_out(client)
    answer = come_back(client, service, asked, signed(service.claims(asked)))
    assert answer.status_code == 403
    assert "no account here is linked" in text_of(answer)
    assert user_of(client) is None
    assert User.objects.count() == before
    assert not SocialAccount.objects.exists()
    refused = Event.objects.get(kind="sign_in_refused")
    assert "bob" not in str(refused.__dict__)
    assert SUBJECT not in str(refused.__dict__)


def test_the_same_subject_of_another_issuer_is_somebody_else(service):
    SocialAccount.objects.create(
        user=alice(), provider="entra", uid=f"https://other.example/v2.0#{SUBJECT}"
    )
    client = browser()
    asked = set_out(client)
    come_back(client, service, asked, signed(service.claims(asked)))
    assert user_of(client) is None


def test_a_closed_account_is_not_opened_from_over_there(service):
    user = linked(alice(), service)
    user.is_active = False
    user.save()
    client = browser()
    asked = set_out(client)
    come_back(client, service, asked, signed(service.claims(asked)))
    assert user_of(client) is None


def test_a_second_factor_over_there_is_not_asked_for_again_here(service):
    user, client = linked(alice(), service), browser()
    enter(client, user)
    set_up_app(client)
    client.post("/sign-out/")
    asked = set_out(client)
    come_back(client, service, asked, signed(service.claims(asked)))
    assert user_of(client) == user


def test_the_second_factor_here_is_asked_for_where_the_service_need_not_name_one(service, settings):
    settings.OIDC_MFA_CLAIMS = []
    user, client = linked(alice(), service), browser()
    enter(client, user)
    set_up_app(client)
    client.post("/sign-out/")
    asked = set_out(client)
    answer = come_back(client, service, asked, signed(service.claims(asked, amr=None)))
    assert answer.redirect_chain[-1] == ("/sign-in/code/", 302)
    assert user_of(client) is None


def test_people_link_their_own_account_and_take_the_link_back(service):
    user, client = alice(), browser()
    enter(client, user)
    asked = set_out(client, "/account/entra/")
    answer = come_back(client, service, asked, signed(service.claims(asked)))
    assert "You can now sign in with Entra ID." in text_of(answer)
    assert SocialAccount.objects.get().user == user
    assert "alice@fenland.example" in text_of(client.get("/account/"))
    answer = client.post("/account/entra/", {"remove": "yes"}, follow=True)
    assert "signs you in no more" in text_of(answer)
    assert not SocialAccount.objects.exists()
    kinds = [event.kind for event in Event.objects.about(user)]
    assert kinds[-2:] == ["identity_linked", "identity_unlinked"]


def test_an_identity_of_somebody_else_cannot_be_linked(service):
    linked(bob(), service)
    user, client = alice(), browser()
    enter(client, user)
    asked = set_out(client, "/account/entra/")
    answer = come_back(client, service, asked, signed(service.claims(asked)))
    assert "signs somebody else in" in text_of(answer)
    assert user_of(client) == user
    assert not SocialAccount.objects.filter(user=user).exists()


def test_a_link_goes_to_who_set_out_and_not_to_who_signed_in_since(service):
    client = browser()
    enter(client, alice())
    asked = set_out(client, "/account/entra/")
    enter(client, bob())  # as the session's states are kept
    session = client.session
    states = dict(session["socialaccount_states"]) if "socialaccount_states" in session else {}
    client.post("/sign-out/")
    enter(client, User.objects.get(email="bob@example.org"))
    session = client.session
    session["socialaccount_states"] = states
    session.save()
    come_back(client, service, asked, signed(service.claims(asked)))
    assert not SocialAccount.objects.exists()


def test_the_only_way_in_cannot_be_taken_away(service):
    user, client = linked(alice(), service), browser()
    user.set_unusable_password()
    user.save()
    asked = set_out(client)
    come_back(client, service, asked, signed(service.claims(asked)))
    assert client.post("/account/entra/", {"remove": "yes"})["Location"].startswith("/prove/")
    prove(client, service)
    answer = client.post("/account/entra/", {"remove": "yes"}, follow=True)
    assert "Add a passkey first" in text_of(answer)
    assert SocialAccount.objects.exists()


def prove(client, service, token=signed, **changed):
    asked = set_out(client, "/prove/entra/", next="/account/passkeys/")
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    claims = service.claims(asked, **{"auth_time": int(time.time())} | changed)
    return come_back(client, service, asked, token(claims))


def test_who_signs_in_over_there_is_asked_again_over_there_for_what_weighs_much(service):
    user, client = linked(alice(), service), browser()
    asked = set_out(client)
    come_back(client, service, asked, signed(service.claims(asked)))
    assert client.get("/account/passkeys/")["Location"].startswith("/prove/")
    assert prove(client, service).redirect_chain[-1] == ("/account/passkeys/", 302)
    assert client.get("/account/passkeys/").status_code == 200
    assert Event.objects.about(user).last().kind == "proved_again"
    age(client, 15)
    assert client.get("/account/passkeys/").status_code == 302


@pytest.mark.parametrize(
    "changed",
    [
        {"auth_time": None},
        {"auth_time": NOW - 3600},
        {"auth_time": "now"},
        {"sub": "somebody else"},
        {"amr": ["pwd"]},
    ],
)
def test_an_old_sign_in_over_there_or_another_persons_is_no_proof(service, changed):
    linked(alice(), service)
    client = browser()
    asked = set_out(client)
    come_back(client, service, asked, signed(service.claims(asked)))
    prove(client, service, **changed)
    assert client.get("/account/passkeys/").status_code == 302


def test_a_service_that_does_not_answer_is_a_sentence(service):
    service.down = True
    client = browser()
    answer = client.post("/sign-in/entra/", follow=True)
    assert "Entra ID cannot be reached" in text_of(answer)


def test_a_service_under_another_name_is_not_asked(service, settings):
    settings.OIDC_ISSUER = service.issuer + "/"
    answer = browser().post("/sign-in/entra/", follow=True)
    assert "Entra ID cannot be reached" in text_of(answer)


def test_the_person_who_cancels_over_there_comes_back_to_sign_in(service):
    client = browser()
    asked = set_out(client)
    answer = client.get(
        "/sign-in/entra/callback/",
        {"error": "access_denied", "state": asked["state"]},
        follow=True,
    )
    assert "did not work. Try again." in text_of(answer)


def test_who_comes_back_without_having_set_out_is_no_line_and_after_some_tries_is_stopped(service):
    stranger, lines = browser(), Event.objects.count()
    answers = [
        stranger.get("/sign-in/entra/callback/", {"code": "c", "state": f"made-up-{number}"})
        for number in range(31)
    ]
    assert [answer.status_code for answer in answers] == [302] * 30 + [429]
    assert Event.objects.count() == lines
    assert "did not work. Try again." in text_of(stranger.get("/sign-in/"))


def test_who_set_out_and_is_refused_is_a_line(service):
    client, lines = browser(), Event.objects.count()
    asked = set_out(client)
    client.get("/sign-in/entra/callback/", {"error": "server_error", "state": asked["state"]})
    assert Event.objects.count() == lines + 1


def test_the_sign_in_page_offers_the_service_only_where_there_is_one(service, settings):
    assert "Sign in with Entra ID" in text_of(Client().get("/sign-in/"))
    settings.OIDC_ISSUER = ""
    page = Client().get("/sign-in/")
    assert "Entra" not in text_of(page)
    answer = Client().post("/sign-in/entra/", follow=True)
    assert re.search("is not set up here", text_of(answer))
