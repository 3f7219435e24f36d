"""`mains readings import` takes a file of an employee in and reports on it."""

import asyncio

import pytest
from mains_server.cli import app
from typer.testing import CliRunner

from tests.server.intake.conftest import house, shown_in

pytestmark = pytest.mark.asyncio
__all__ = ["house"]
GOOD = "meter;date;value\nKU-1;31.03.2023;105,5\n"


@pytest.fixture
def mains(database_url, monkeypatch, tmp_path):
    monkeypatch.setenv("MAINS_DATABASE_URL", database_url)

    async def run(content, *words, by="staff@e.lv"):
        file = tmp_path / "readings.csv"
        file.write_text(content, encoding="utf-8")
        return await asyncio.to_thread(CliRunner().invoke, app, ["readings", "import", str(file), "--by", by, *words])

    return run


async def test_a_control_round_is_taken_once(engine, house, mains):
    first, again = await mains(GOOD), await mains(GOOD)

    assert (first.exit_code, first.stdout) == (0, "1 ACCEPTED\n"), first.output
    assert (again.exit_code, again.stdout.splitlines()[-1]) == (0, "1 UNCHANGED")
    assert [source for _, source, _ in await shown_in(engine, house, 1)] == ["CONTROL_ROUND"]


async def test_one_bad_row_refuses_all_and_is_told_by_its_line(engine, house, mains):
    done = await mains(GOOD + "KU-2;31.03.2023;=5\n", "--source", "installer")

    assert done.exit_code == 1
    assert "CELL_IS_FORMULA" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 REFUSED, 1 LEFT_OUT"
    assert await shown_in(engine, house, 1) == []


async def test_the_right_rows_stay_if_that_is_chosen(engine, house, mains):
    done = await mains(GOOD + "KU-2;31.03.2023;99\n", "--mode", "per_row")

    assert (done.exit_code, done.stdout.splitlines()[-1]) == (1, "1 ACCEPTED, 1 REFUSED")
    assert len(await shown_in(engine, house, 1)) == 1


@pytest.mark.parametrize(
    ("content", "words", "by", "told"),
    [
        (GOOD, (), "nobody@e.lv", "nobody has this e-mail address"),
        (GOOD, (), "family@e.lv", "you may send in files from the source MANAGER"),
        ("", (), "staff@e.lv", "the file is empty"),
        (GOOD, ("--source", "rumour"), "staff@e.lv", "source is one of"),
    ],
)
async def test_what_is_refused_whole_says_why(engine, house, mains, content, words, by, told):
    done = await mains(content, *words, by=by)

    assert done.exit_code != 0
    assert told in " ".join(done.output.split())
    assert await shown_in(engine, house, 1) == []
