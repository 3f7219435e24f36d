"""Settings come from the command line, then the environment, then their defaults."""

import pytest
from mains_server.settings import Mode, load_settings
from pydantic import ValidationError


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
