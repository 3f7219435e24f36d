"""`mains accept-bill`, as somebody at the server types it."""

import psycopg
import pytest
from mains_server.billing.records import Bounds
from mains_server.billing.run import Shift, run_billing
from mains_server.cli import app
from typer.testing import CliRunner

from tests.server.billing import small_utility as small

TRAIL = "select act, reason from audit_entry order by id"
ACCEPTED = "select accepted_total::text, accepted_note, accepted_by_person_id from billing_hold"


@pytest.fixture
def mains(psycopg_dsn, monkeypatch):
    monkeypatch.setenv("MAINS_DATABASE_URL", psycopg_dsn)
    return lambda *words: CliRunner().invoke(app, ["accept-bill", *words])


@pytest.fixture
def held(psycopg_dsn):
    """Hold a household's bill of 22.02, which has more lines than are thought usual; give the contract's number."""
    with psycopg.connect(psycopg_dsn, autocommit=True) as connection:
        town = small.Town(connection)
        town.found()
        contract = town.household()
        shift = Shift(adapter=small.host_of().adapter("small"), now=small.NOW, bounds=Bounds(lines_max=3))
        run_billing(connection, request=small.request(), shift=shift)
        ((number,),) = connection.execute("select number from contract where id = %s", [contract]).fetchall()
        yield connection, number


def test_it_is_accepted_once_and_stands_on_the_trail(mains, held):
    connection, number = held

    results = [mains(number, "--period", "2023-01", "--total", "22.02", "--note", "a large flat") for _ in range(2)]

    assert [result.exit_code for result in results] == [0, 0]
    assert results[0].output == f"{number}: 22.02 EUR accepted; the run of 2023-01 issues it\n"
    assert connection.execute(ACCEPTED).fetchall() == [("22.02", "a large flat", None)]
    trail = connection.execute(TRAIL).fetchall()
    assert [act for act, _ in trail] == ["mains accept-bill"] * 2
    assert all(reason.endswith(": a large flat") for _, reason in trail)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("NOBODY", "2023-01", "22.02", "n"), "the run of 2023-01 does not hold a contract NOBODY"),
        ((None, "2023-02", "22.02", "n"), "the run of 2023-02 does not hold a contract"),
        ((None, "January", "22.02", "n"), "'January' is no period"),
        ((None, "2023-01", "22,02", "n"), "'22,02' is not an amount"),
        ((None, "2023-01", "-22.02", "n"), "the bill would be 22.02 EUR"),
        ((None, "2023-01", "22.02", " "), "say why the bill is right"),
    ],
)
def test_refusals_say_what_to_do_and_change_nothing(mains, held, words, said):
    connection, number = held
    contract, period, total, note = words

    result = mains(contract or number, "--period", period, f"--total={total}", "--note", note)

    assert result.exit_code == 1
    assert f"Refused: {said}" in result.output
    assert connection.execute(ACCEPTED).fetchall() == [(None, None, None)]
    assert connection.execute(TRAIL).fetchall() == []
