"""What a provider's token proves, and all that it may not be."""

import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from mains_server.openid import rules
from mains_server.openid.records import Endpoints, Returned
from mains_server.openid.safety import is_safe_address

from tests.openid import CLIENT, ISSUER, PERSONAL_CODE, REDIRECT, SUBJECT, Bank, new_key, provider

NOW = datetime(2023, 3, 20, 10, tzinfo=UTC)
AT = int(NOW.timestamp())
BANK = Bank(lambda: NOW)
KEYS = KeySet([BANK.keys[0]])
OTHER_KEY = new_key("1")
NONCE = "the-nonce"
GOOD = {"iss": ISSUER, "aud": CLIENT, "sub": SUBJECT, "iat": AT, "exp": AT + 300, "nonce": NONCE}
ENDPOINTS = Endpoints(authorization="https://bank.example/a", token="https://t", keys="https://k", names_itself=False)


def signed(claims, *, key=None, header=None, algorithms=("ES256",)):
    key = key or BANK.keys[0]
    return jwt.encode(header or {"alg": "ES256", "kid": key.kid}, claims, key, algorithms=list(algorithms))


def unsigned(claims, *, alg="none"):
    parts = ({"alg": alg, "kid": "1"}, claims)
    return ".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


def read(token, *, keys=KEYS, now=NOW, access_token="an-access-token", **more):
    return rules.proven_by(token, keys=keys, provider=provider(**more), nonce=NONCE, access_token=access_token, now=now)


def test_a_good_token_proves_its_subject():
    proven = read(signed({**GOOD, "personal_code": PERSONAL_CODE}))

    assert (proven.provider, proven.subject, proven.personal_code) == ("bank", SUBJECT, PERSONAL_CODE)
    assert not proven.is_strong
    assert SUBJECT not in repr(proven) and PERSONAL_CODE not in repr(proven)


def test_a_token_signed_with_rsa_is_read_too():
    key = RSAKey.generate_key(2048, {"kid": "rsa"})

    token = signed(GOOD, key=key, header={"alg": "RS256", "kid": "rsa"}, algorithms=["RS256"])

    assert read(token, keys=KeySet([key])).subject == SUBJECT


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"},
        {"iss": ISSUER + "/"},
        {"iss": [ISSUER]},
        {"iss": None},
        {"aud": "another client"},
        {"aud": ["another client"]},
        {"aud": []},
        {"aud": None},
        {"aud": [CLIENT, "another client"]},  # of two, and nobody says for whom it was made
        {"aud": [CLIENT, "another client"], "azp": "another client"},
        {"azp": "another client"},
        {"exp": AT - 61},
        {"exp": AT - 60},  # clocks may differ by less than a minute
        {"exp": None},
        {"exp": str(AT + 300)},
        {"exp": float("nan")},
        {"exp": True},
        {"iat": AT + 61},
        {"iat": None},
        {"nbf": AT + 61},
        {"nonce": "another nonce"},
        {"nonce": None},
        {"nonce": [NONCE]},
        {"sub": None},
        {"sub": ""},
        {"sub": "s" * 256},
        {"sub": 77},
        {"sub": "line\nbreak"},
        {"at_hash": "of another access token"},
    ],
    ids=str,
)
def test_a_token_that_says_something_else_is_refused(claims):
    said = {name: value for name, value in {**GOOD, **claims}.items() if value is not None}

    with pytest.raises(rules.TokenRefused):
        read(signed(said))


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_token_that_lacks_something_is_refused(name):
    with pytest.raises(rules.TokenRefused):
        read(signed({other: value for other, value in GOOD.items() if other != name}))


@pytest.mark.parametrize(
    "token",
    [
        None,
        "",
        "words",
        "a.b.c",
        77,
        unsigned(GOOD),
        unsigned(GOOD, alg="None"),
        unsigned(GOOD, alg="ES256"),
        signed(GOOD)[:-4] + "AAAA",
        signed(GOOD, key=OTHER_KEY),
        "x" * (rules.TOKEN_CHARACTERS_MAX + 1),
    ],
)
def test_a_token_that_the_provider_did_not_sign_is_refused(token):
    with pytest.raises(rules.TokenRefused):
        read(token)


def test_the_providers_public_key_is_no_secret_to_sign_with():
    public = BANK.keys[0].as_pem(private=False)
    words = unsigned(GOOD, alg="HS256").removesuffix(".")
    seal = urlsafe_b64encode(hmac.digest(public, words.encode(), "sha256")).rstrip(b"=").decode()

    with pytest.raises(rules.TokenRefused):
        read(f"{words}.{seal}")


def test_only_algorithms_that_were_chosen_are_taken():
    with pytest.raises(rules.TokenRefused):
        read(signed(GOOD), algorithms=frozenset({"RS256"}))


def test_a_key_that_is_not_shown_is_told_apart():
    with pytest.raises(rules.KeyUnknown):
        read(signed(GOOD, key=new_key("2")))


def test_two_factors_are_proven_by_the_values_chosen_alone():
    strong = signed({**GOOD, "acr": "urn:eid:high"})

    assert read(strong, strong_acrs=frozenset({"urn:eid:high"})).is_strong
    assert not read(strong, strong_acrs=frozenset({"urn:eid:other"})).is_strong
    assert not read(signed({**GOOD, "acr": ["urn:eid:high"]}), strong_acrs=frozenset({"urn:eid:high"})).is_strong
    assert not read(strong).is_strong


def test_the_address_has_all_that_a_sign_in_is_tied_to():
    url = rules.authorization_url(
        provider(strong_acrs=frozenset({"high"})),
        endpoints=ENDPOINTS,
        redirect_uri=REDIRECT,
        state="a state",
        key="k",
        language="en",
    )

    asked = parse_qs(urlsplit(url).query)
    assert asked == {
        "response_type": ["code"],
        "client_id": [CLIENT],
        "redirect_uri": [REDIRECT],
        "scope": ["openid"],
        "state": ["a state"],
        "nonce": [rules.nonce_of(key="k", state="a state")],
        "code_challenge": asked["code_challenge"],
        "code_challenge_method": ["S256"],
        "ui_locales": ["en"],
        "acr_values": ["high"],
    }


def test_verifier_and_nonce_are_of_one_way_and_of_one_key():
    made = [
        make(key=key, state=state)
        for make in (rules.verifier_of, rules.nonce_of)
        for key in ("k1", "k2")
        for state in ("s1", "s2")
    ]

    assert len(set(made)) == 8
    assert {len(one) for one in made} == {43}  # RFC 7636 asks for 43 to 128 characters


@pytest.mark.parametrize(
    ("said", "names_itself", "is_from"),
    [
        (None, False, True),
        (None, True, False),  # who always names itself would have
        (ISSUER, True, True),
        (ISSUER, False, True),
        ("https://other.example", True, False),
        ("https://other.example", False, False),
    ],
)
def test_another_provider_that_sends_somebody_back_is_noticed(said, names_itself, is_from):
    endpoints = Endpoints(authorization="a", token="t", keys="k", names_itself=names_itself)

    returned = Returned(state="s", code="c", key="k", issuer=said)

    assert rules.is_from(returned, provider=provider(), endpoints=endpoints) is is_from


DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://bank.example/a",
    "token_endpoint": "https://bank.example/t",
    "jwks_uri": "https://bank.example/k",
}


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "words",
        {},
        {**DOCUMENT, "issuer": "https://other.example"},
        {**DOCUMENT, "issuer": ISSUER + "/"},
        {**DOCUMENT, "token_endpoint": None},
        {**DOCUMENT, "token_endpoint": "http://bank.example/t"},
        {**DOCUMENT, "jwks_uri": "file:///etc/passwd"},
        {**DOCUMENT, "authorization_endpoint": ["https://bank.example/a"]},
    ],
    ids=str,
)
def test_a_description_of_another_or_without_what_we_need_is_refused(document):
    assert rules.endpoints_of(document, issuer=ISSUER) is None


def test_a_description_is_read():
    found = rules.endpoints_of({**DOCUMENT, "authorization_response_iss_parameter_supported": True}, issuer=ISSUER)

    assert found == Endpoints(
        authorization="https://bank.example/a",
        token="https://bank.example/t",
        keys="https://bank.example/k",
        names_itself=True,
    )


@pytest.mark.parametrize(
    "document",
    [
        None,
        {},
        {"keys": "none"},
        {"keys": []},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]},  # a secret is no key that only the provider has
        {"keys": [{**BANK.keys[0].as_dict(private=False), "use": "enc"}]},
        {"keys": [{"kty": "EC"}]},
    ],
)
def test_keys_that_sign_nothing_are_none(document):
    assert rules.keys_of(document) is None


@pytest.mark.parametrize("written", ["010180-12345", "01018012345", " 010180 12345 ", "PNOLV-010180-12345"])
def test_a_personal_code_is_compared_however_it_is_written(written):
    assert rules.personal_code_hash(written, secret=b"k") == rules.personal_code_hash(PERSONAL_CODE, secret=b"k")
    assert rules.personal_code_hash(written, secret=b"k") != rules.personal_code_hash(PERSONAL_CODE, secret=b"l")
    assert rules.personal_code_hash("-", secret=b"k") is None


@pytest.mark.parametrize(
    ("address", "is_safe"),
    [
        ("https://bank.example/t", True),
        ("http://127.0.0.1:4000/t", True),
        ("http://localhost:4000", True),
        ("http://bank.example", False),
        ("http://127.0.0.1.bank.example", False),
        ("//bank.example", False),
        ("https://", False),
        ("https://[", False),
        ("javascript:alert(1)", False),
    ],
)
def test_what_others_could_read_on_the_way_is_not_sent(address, is_safe):
    assert is_safe_address(address) is is_safe


def test_a_token_is_good_a_minute_longer_than_our_clock_says():
    assert read(signed(GOOD), now=NOW + timedelta(seconds=359)).subject == SUBJECT
