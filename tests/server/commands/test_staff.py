"""`mains staff` makes the first administrator, gives and takes roles, and leaves each act on the audit trail."""

from __future__ import annotations

import asyncio

import pytest
from mains_server.audit.operations import seal
from mains_server.audit.queries import verify
from mains_server.cli import app
from mains_server.db.unit_of_work import unit_of_work
from mains_server.signin.passwords import reset_password
from sqlalchemy import text
from typer.testing import CliRunner

from tests.server.signin.test_staffing import NOW, PASSWORD, Office

pytestmark = pytest.mark.asyncio
EVA = ("eva@utility.example", "Eva Ozola")


@pytest.fixture
def staff(database_url, monkeypatch):
    monkeypatch.setenv("MAINS_DATABASE_URL", database_url)
    monkeypatch.setenv("MAINS_SECRET", "k" * 32)

    async def run(*words):
        return await asyncio.to_thread(CliRunner().invoke, app, ("staff", *words))

    return run


async def test_the_first_administrator_comes_from_the_command_line(staff, engine):
    made = await staff("invite", *EVA, "--role", "ADMIN")
    listed = await staff("list")
    async with unit_of_work(engine) as session:
        code = made.stdout.strip().splitlines()[-1]
        refused = await reset_password(session, token=code, password=PASSWORD, now=NOW)

    told = [await staff("give", EVA[0], "OPERATOR"), await staff("take", EVA[0], "OPERATOR")]
    last = await staff("deactivate", EVA[0])

    assert (made.exit_code, refused) == (0, None)
    assert listed.stdout == "eva@utility.example  Eva Ozola  ADMIN  no password yet\n"
    assert [one.exit_code for one in told] == [0, 0]
    assert (last.exit_code, "last administrator" in last.output) == (1, True)
    trail = await Office(engine).rows("select act, person_id, subjects, reason from audit_entry order by id")
    assert [(act, person, subjects, reason.partition(": ")[2]) for act, person, subjects, reason in trail] == [
        ("mains staff invite", None, [["Viewer", 1]], "ADMIN"),
        ("mains staff give", None, [["Viewer", 1]], "OPERATOR"),
        ("mains staff take", None, [["Viewer", 1]], "OPERATOR"),
    ]
    async with unit_of_work(engine) as session:
        await seal(session, now=NOW)
        assert (await verify(session, anchors=[], now=NOW)).first_bad is None


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("invite", "nobody", "Eva", "--role", "ADMIN"), "e-mail address"),
        (("give", "nobody@utility.example", "ADMIN"), "no such employee"),
        (("take", "nobody@utility.example", "ADMIN"), "no such employee"),
        (("deactivate", "nobody@utility.example"), "no such employee"),
    ],
)
async def test_what_makes_no_sense_is_refused_and_not_written(staff, engine, words, why):
    refused = await staff(*words)

    assert (refused.exit_code, why in refused.output) == (1, True)
    async with engine.connect() as connection:
        assert await connection.scalar(text("select count(*) from audit_entry")) == 0
