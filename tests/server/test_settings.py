"""Settings come from the command line, then the environment, then their defaults."""

from typing import Any

import pytest
from mains_server.passkeys.records import RelyingParty
from mains_server.routes.passkeys import relying_party_of
from mains_server.settings import Mode, Settings, UnsafeSettings, insist_on_safety, load_settings
from pydantic import ValidationError

BANK: Any = {"names": {"en": "Bank"}, "issuer": "https://bank.example", "client_id": "mains"}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "PORT", "MODE", "DATA_DIR"):
        monkeypatch.delenv(f"MAINS_{name}", raising=False)


def test_defaults_need_no_configuration():
    settings = load_settings()

    assert (settings.database_url, settings.port, settings.mode) == (None, 8000, Mode.PRODUCTION)


def test_the_command_line_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("MAINS_PORT", "9000")

    assert load_settings().port == 9000
    assert load_settings(port=9100, host=None).port == 9100


@pytest.mark.parametrize(("name", "value"), [("PORT", "70000"), ("MODE", "holiday"), ("PORT", "eight")])
def test_nonsense_is_refused(monkeypatch, name, value):
    monkeypatch.setenv(f"MAINS_{name}", value)

    with pytest.raises(ValidationError, match=name.lower()):
        load_settings()


@pytest.mark.parametrize(
    "given",
    [
        {"secret": "x" * 40},
        {"secret": "mains-demo-secret-that-everybody-knows"},
        {"sms_secret": "mains-demo-sms"},
        {"metrics_token": "change-me-change-me"},
        {"payment_secrets": {"sandbox.key": "example"}},
        {"cors_origins": {"*"}},
        {"openid_providers": {"bank": BANK | {"client_secret": "changeme"}}},
        {"openid_providers": {"bank": BANK | {"issuer": "http://127.0.0.1:4000"}}},
    ],
)
def test_production_does_not_start_with_what_everybody_knows(given):
    with pytest.raises(UnsafeSettings):
        insist_on_safety(Settings(**given), is_debugging=False)

    insist_on_safety(Settings(**given, mode=Mode.DEMO), is_debugging=True)


def test_production_does_not_start_in_development_mode():
    safe = Settings(secret="b7f1c09ad2e84f6da4c35b1e9f7082d6a1", sms_secret="qT9-xw2_Lm")

    insist_on_safety(safe, is_debugging=False)
    with pytest.raises(UnsafeSettings, match="development mode"):
        insist_on_safety(safe, is_debugging=True)


@pytest.mark.parametrize(
    "given",
    [
        {"issuer": "http://bank.example"},
        {"issuer": "https://bank.example?a=b"},
        {"algorithms": ["none"]},
        {"algorithms": ["HS256"]},
        {"algorithms": []},
        {"scopes": ["profile"]},
        {"names": {}},
        {"names": {"de": "Bank"}},
        {"clientid": "mains"},
        {"client_secret": ""},
    ],
    ids=str,
)
def test_a_provider_that_could_be_somebody_else_cannot_be_set_up(given):
    assert Settings(openid_providers={"bank": BANK}).openid_providers["bank"].our_id == "mains"

    with pytest.raises(ValidationError):
        Settings(openid_providers={"bank": BANK | given})


@pytest.mark.parametrize(
    ("domain", "origins"),
    [
        ("portal.example", []),
        (None, ["https://portal.example"]),
        ("Portal.example", ["https://portal.example"]),
        ("127.0.0.1", ["http://127.0.0.1:8000"]),
        ("portal..example", ["https://portal.example"]),
        ("portal.example", ["http://portal.example"]),
        ("portal.example", ["https://portal.example/page"]),
        ("portal.example", ["https://evil.example"]),
        ("portal.example", ["https://evilportal.example"]),
        ("portal.example", ["https://portal.example", "https://x@portal.example"]),
    ],
)
def test_passkeys_that_no_browser_would_use_are_refused(domain: Any, origins: Any) -> None:
    with pytest.raises(ValidationError, match="passkey"):
        Settings(passkey_domain=domain, passkey_origins=origins)


def test_passkeys_are_of_a_domain_and_its_pages() -> None:
    origins = frozenset({"https://portal.example", "https://lv.portal.example", "android:apk-key-hash:abc"})
    settings = Settings(passkey_domain="portal.example", passkey_origins=origins, passkey_name="Siltums")

    assert relying_party_of(settings) == RelyingParty(id="portal.example", name="Siltums", origins=origins)
    assert relying_party_of(Settings()) is None
    demo = relying_party_of(Settings(mode=Mode.DEMO, port=8105))
    assert demo == RelyingParty(id="localhost", name="Mains", origins=frozenset({"http://localhost:8105"}))
