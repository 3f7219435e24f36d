"""The same data billed from scratch in two databases gives identical invoices."""

import psycopg
import pytest
from mains_server.billing.run import Shift, run_billing


@pytest.fixture
def second_dsn(test_databases):
    with test_databases.one() as address:
        yield address


def _bill(small, connection, *, contracts_per_chunk):
    town = small.Town(connection)
    town.found()
    for at in range(12):
        contract = town.household(used=f"{at * 37}.{at}", amperes=16 if at % 2 else 25)
        town.attribute(contract, "protected", "low_income" if at % 3 == 0 else "no")
    town.house()
    town.household(amperes=100)
    request = small.request(contracts_per_chunk=contracts_per_chunk)
    shift = Shift(adapter=small.host_of().adapter("small"), now=small.NOW)
    return run_billing(connection, request=request, shift=shift)


def test_identical_invoices_lines_and_postings(small, psycopg_dsn, second_dsn):
    with (
        psycopg.connect(psycopg_dsn, autocommit=True) as first,
        psycopg.connect(second_dsn, autocommit=True) as second,
    ):
        states = [_bill(small, first, contracts_per_chunk=5000), _bill(small, second, contracts_per_chunk=4)]

        assert [(state.invoiced, state.held) for state in states] == [(15, 1), (15, 1)]
        assert small.invoices(first) == small.invoices(second)
        for statement in (
            "select document_number, position, code, quantity, l.net, unit_price, quality"
            " from invoice_line l join invoice i on i.id = l.invoice_id order by 1, 2",
            "select document_number, tax_code, rate, base, t.tax from invoice_tax t"
            " join invoice i on i.id = t.invoice_id order by 1, 2, 3",
            "select document_number, account, amount, effective_on from ledger_entry e"
            " join ledger_transaction t on t.id = e.transaction_id join invoice i on i.id = t.document_id"
            " order by 1, 2, 3",
        ):
            assert first.execute(statement).fetchall() == second.execute(statement).fetchall()
