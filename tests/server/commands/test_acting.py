"""What is done by the command line about money, rights or letters is on the audit trail: one entry a run."""

import getpass
import inspect

import psycopg
import pytest
from mains_server.cli import app
from mains_server.db.addresses import psycopg_dsn
from typer.testing import CliRunner

LOOKS = "looks, and changes nothing"
WORKERS = "does what workers do by themselves, and decides nothing"
SERVER = "runs the server, or its database"
# Each command that leaves no entry, with the reason.
UNWRITTEN = {
    **dict.fromkeys(
        (
            "adapters", "balance", "check-books", "db check", "facts gaps", "facts sources", "intervals gaps",
            "notices preview", "outbox check", "prices check", "sdl", "staff list", "statements status", "tokens list",
            "trusted list", "verify", "verify-audit", "worker-check",
        ),
        LOOKS,
    ),
    **dict.fromkeys(
        (
            "delivery send", "documents make", "notices remind", "notices send", "outbox forget", "seal-audit",
            "webhooks send",
        ),
        WORKERS,
    ),
    **dict.fromkeys(("serve", "worker", "demo", "db migrate", "db revision"), SERVER),
}  # fmt: skip
# Which act stands in the source of a command that is called otherwise.
CALLED = {"facts import": "facts", "facts fetch": "facts"}


def commands(group=app, before=""):
    """Give each command's name, and the source of its module."""
    for one in group.registered_commands:
        assert one.callback is not None
        yield before + (one.name or one.callback.__name__), inspect.getsource(inspect.getmodule(one.callback))
    for one in group.registered_groups:
        yield from commands(one.typer_instance, f"{before}{one.name} ")


def test_every_command_is_on_the_trail_or_says_why_not():
    found = dict(commands())
    written = {name for name, source in found.items() if f'act="{CALLED.get(name, name)}"' in source}

    assert sorted(found.keys() - written) == sorted(UNWRITTEN)


@pytest.mark.parametrize(
    ("asked", "act"),
    [
        (["bill", "--period", "2023-01"], "mains bill"),
        (["issue-due", "--on", "2023-02-03"], "mains issue-due"),
        (["correct"], "mains correct"),
        (["statements", "match"], "mains statements match"),
    ],
)
def test_a_run_leaves_one_entry_whatever_it_found_to_do(database_url, monkeypatch, asked, act):
    monkeypatch.setenv("MAINS_DATABASE_URL", database_url)
    monkeypatch.setattr(getpass, "getuser", lambda: "operator")

    CliRunner().invoke(app, asked)

    with psycopg.connect(psycopg_dsn(address=database_url)) as connection:
        rows = connection.execute("select act, person_id, reason from audit_entry").fetchall()
    assert [row[:2] for row in rows] == [(act, None)]
    assert rows[0][2].startswith("system account operator")
