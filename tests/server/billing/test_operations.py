"""A run starts once, and goes on where it was."""

from datetime import date

import pytest
from mains_server.billing.operations import NobodyInvoices, PeriodNotOver


def test_nobody_to_invoice_is_refused(small, bill):
    with pytest.raises(NobodyInvoices, match="nobody is registered to invoice for small on 2023-02-10"):
        bill()


def test_a_period_that_is_not_over_is_refused(town, connection, small, bill):
    early = small.RunRequest(
        adapter="small", period=small.JANUARY, issued_on=date(2023, 1, 31), now=small.NOW, contracts_per_chunk=10
    )

    with pytest.raises(PeriodNotOver):
        bill(request=early)

    assert connection.execute("select count(*) from billing_run").fetchone() == (0,)


def test_chunks_have_a_size(town, connection, small, bill):
    for _ in range(5):
        town.household()

    state = bill(request=small.request(contracts_per_chunk=2))

    sizes = connection.execute("select cardinality(contract_ids), status, invoiced from billing_chunk order by id")
    assert sizes.fetchall() == [(2, "DONE", 2), (2, "DONE", 2), (1, "DONE", 1)]
    assert (state.contracts, state.contracts_done, state.invoiced) == (5, 5, 5)


def test_steps_are_told_by_name(town, bill):
    town.household()
    steps = []

    bill(watch=steps.append)

    assert steps == ["planned", "claimed", "gathered", "rated", "booked", "done", "finished"]
