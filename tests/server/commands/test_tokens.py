"""`mains tokens` makes a partner's token over what is named, lists it without its secret, and revokes it."""

from __future__ import annotations

import asyncio
import getpass

import pytest
from mains_server.cli import app
from mains_server.machines.rules import PREFIX, token_hash
from sqlalchemy import text
from typer.testing import CliRunner

from tests.schema.town import settle

pytestmark = pytest.mark.asyncio
PARTNER = ("Skaitītāji SIA", "it@skaititaji.example", "--scope", "READ_METERS")


@pytest.fixture
def tokens(database_url, monkeypatch):
    monkeypatch.setenv("MAINS_DATABASE_URL", database_url)

    async def run(*words):
        return await asyncio.to_thread(CliRunner().invoke, app, ("tokens", *words))

    return run


async def test_a_token_is_shown_once_and_revoked(tokens, engine):
    async with engine.begin() as connection:
        await settle(connection, customers=5, months=1, lines=1)
        await connection.execute(text("select setval('person_id_seq', 1000)"))

    made = await tokens("create", *PARTNER, "--supply-point", "EIC-1", "--scope", "SUBMIT_READINGS")
    secret = made.stdout.strip().splitlines()[-1]
    listed = (await tokens("list")).stdout
    revoked = await tokens("revoke", "1")

    assert (made.exit_code, secret.startswith(PREFIX)) == (0, True)
    assert "Skaitītāji SIA <it@skaititaji.example>  software  READ_METERS SUBMIT_READINGS" in listed
    assert secret not in listed and "never used" in listed
    assert revoked.stdout == "token 1 is revoked\n"
    assert "revoked" in (await tokens("list")).stdout
    async with engine.connect() as connection:
        rows = (await connection.execute(text("select token_hash, supply_point_ids from machine_token"))).all()
        trail = await connection.execute(text("select act, person_id, subjects, reason from audit_entry order by id"))
    assert [tuple(row) for row in rows] == [(token_hash(secret), [1])]
    account = f"system account {getpass.getuser()}"
    assert [tuple(row) for row in trail.all()] == [
        ("mains tokens create", None, [["MachineToken", 1]], f"{account}: Skaitītāji SIA"),
        ("mains tokens revoke", None, [["MachineToken", 1]], account),
    ]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("create", *PARTNER), "name 1 to 1000"),
        (("create", *PARTNER, "--customer", "C-999999"), "is not there"),
        (("create", "x", "nobody", "--scope", "READ_METERS", "--customer", "C-000001"), "e-mail address"),
        (("create", *PARTNER, "--scope", "READ_INVOICES", "--supply-point", "EIC-1"), "not by place"),
        (("revoke", "99"), "no such token"),
    ],
)
async def test_what_makes_no_sense_is_refused(tokens, engine, words, why):
    async with engine.begin() as connection:
        await settle(connection, customers=5, months=1, lines=1)

    refused = await tokens(*words)

    assert refused.exit_code == 1
    assert why in refused.output
    async with engine.connect() as connection:
        assert await connection.scalar(text("select count(*) from machine_token")) == 0
