"""`mains db` says what it found, and by its exit code too."""

import psycopg
import pytest
from mains_server.cli import app
from typer.testing import CliRunner


@pytest.fixture
def mains(monkeypatch, tmp_path, psycopg_dsn):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAINS_DATABASE_URL", psycopg_dsn)
    return lambda *words: CliRunner().invoke(app, words)


def test_a_migrated_database_agrees(mains):
    outcome = mains("db", "check")

    assert (outcome.exit_code, outcome.output) == (0, "Models and migrations agree.\n")


def test_a_difference_is_named_and_fails(mains, psycopg_dsn):
    with psycopg.connect(psycopg_dsn) as connection:
        connection.execute("alter table customer add column favourite_colour text")

    outcome = mains("db", "check")

    assert outcome.exit_code == 1
    assert "favourite_colour" in outcome.output


def test_an_empty_database_is_migrated(mains, psycopg_dsn):
    with psycopg.connect(psycopg_dsn) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")

    outcome = mains("db", "migrate")

    assert outcome.exit_code == 0
    assert mains("db", "check").exit_code == 0
