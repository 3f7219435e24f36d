"""`mains intervals` takes files in, tells what it refused by its exit code, and lists what is missing."""

import asyncio
from datetime import date

import psycopg
import pytest
from mains_server.cli import app
from mains_server.db.engine import make_engine
from mains_server.db.registry import whole_metadata
from typer.testing import CliRunner

from tests.server.intervals.conftest import answer, hours_of, settled, several_days

DAY = date(2024, 5, 5)
OBJECTS = b'{"oList": [{"oEIC": "43Z-STO00000001A", "oAddr": "x", "mpList": [{"mList": [{"mNr": "M-1"}]}]}]}'


@pytest.fixture
def run(psycopg_dsn, monkeypatch, tmp_path):
    monkeypatch.setenv("MAINS_DATABASE_URL", psycopg_dsn)
    whole_metadata()

    async def settle():
        engine = make_engine(address=psycopg_dsn, connections_max=1)
        await settled(engine)
        await engine.dispose()

    asyncio.run(settle())

    def invoke(*arguments, content=None):
        file = tmp_path / "file"
        file.write_bytes(content or b"")
        files = [] if content is None else [str(file)]
        return CliRunner().invoke(app, ["intervals", *arguments, *files])

    return invoke


def days(dsn):
    with psycopg.connect(dsn) as connection:
        return connection.execute("select count(*) from interval_day").fetchall()[0][0]


def test_a_file_is_taken_in_and_a_second_time_changes_nothing(run, psycopg_dsn):
    outcomes = [run("import", "--format", "sadales", content=answer(hours_of(DAY))) for _ in range(2)]

    assert [outcome.exit_code for outcome in outcomes] == [0, 0]
    assert outcomes[0].output == "24 values: 1 days new, 0 corrected, 0 unchanged; 0 rows refused\n"
    assert outcomes[1].output == "24 values: 0 days new, 0 corrected, 1 unchanged; 0 rows refused\n"
    assert days(psycopg_dsn) == 1


def test_refused_rows_are_told_and_exit_with_3(run, psycopg_dsn):
    outcome = run("import", "--format", "sadales", content=answer([*hours_of(DAY), "x"]))

    assert outcome.exit_code == 3
    assert "row 25 refused, shape: an element of cList is an object with cDt and cVR" in outcome.output
    assert days(psycopg_dsn) == 1


@pytest.mark.parametrize(
    ("arguments", "content", "words"),
    [
        (("--format", "sadales", "--all-or-nothing"), answer([*hours_of(DAY), "x"]), "1 rows cannot be taken"),
        (("--format", "sadales"), b"[", "no whole JSON"),
        (("--format", "csv"), b"date;kWh", "--stamps"),
    ],
)
def test_a_file_of_which_nothing_is_taken_exits_with_1(run, psycopg_dsn, arguments, content, words):
    outcome = run("import", *arguments, content=content)

    assert outcome.exit_code == 1
    assert words in outcome.output
    assert days(psycopg_dsn) == 0


def test_the_operators_list_says_where_a_meter_stands(run, tmp_path):
    objects = tmp_path / "objects.json"
    objects.write_bytes(OBJECTS)

    outcome = run("import", "--format", "sadales", "--objects", str(objects), content=answer(hours_of(DAY)))

    assert outcome.exit_code == 0


def test_gaps_are_listed_and_exit_with_1(run):
    run("import", "--format", "sadales", content=answer(several_days(date(2024, 4, 1), 30)[1:]))

    outcome = run("gaps", "--period", "2024-04")

    assert outcome.exit_code == 1
    assert outcome.output == ("43Z-STO00000001A meter M-1 energy: 2024-03-31T21:00Z to 2024-03-31T22:00Z, 1 values\n")
