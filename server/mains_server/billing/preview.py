"""The bill that a contract would get: the run without the booking."""

from __future__ import annotations

from dataclasses import dataclass

from mains_spi import Usage
from psycopg import Connection

from mains_server.adapters.live import LiveAdapter
from mains_server.billing.draft import as_invoice
from mains_server.billing.estimates import Estimator
from mains_server.billing.gather import Question, gather
from mains_server.billing.rate import Rater
from mains_server.billing.records import Bounds, Hold, PreviewRequest
from mains_server.invoices.records import InvoiceDraft


class NothingToBill(Exception):
    """A contract has no day in the period, so there is no bill to work out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """A bill that would be issued, and the usage that it would rest on."""

    bill: InvoiceDraft
    usage: tuple[Usage, ...]


def preview(connection: Connection, *, adapter: LiveAdapter, request: PreviewRequest) -> InvoiceDraft | Hold:
    """Work out a contract's bill of a period as it would be issued on a day, or why it would be held."""
    found = preview_with_usage(connection, adapter=adapter, request=request)
    return found.bill if isinstance(found, Previewed) else found


def preview_with_usage(connection: Connection, *, adapter: LiveAdapter, request: PreviewRequest) -> Previewed | Hold:
    """Work out a contract's bill as `preview` does, and tell what was used."""
    estimator = Estimator(adapter=adapter, on=request.issued_on)
    return preview_by(connection, adapter=adapter, request=request, estimator=estimator)


def preview_by(
    connection: Connection, *, adapter: LiveAdapter, request: PreviewRequest, estimator: Estimator
) -> Previewed | Hold:
    """Work out a contract's bill with what is not read as an estimator says."""
    rater = Rater(adapter=adapter, period=request.period, known_at=request.issued_on, bounds=Bounds())
    question = Question(
        utility=adapter.utility, period=request.period, contracts=(request.contract_id,), is_anew=request.is_anew
    )
    gathered = gather(
        connection,
        question=question,
        teller=rater.teller,
        estimator=estimator,
        counter=rater.counter,
    )
    rated = rater.rate(connection, gathered=gathered)
    if rated.drafts:
        bill = as_invoice(rated.drafts[0], adapter=adapter.code)
        return Previewed(bill=bill, usage=gathered.usage_of(request.contract_id))
    if not rated.holds:
        raise NothingToBill(f"contract {request.contract_id} has no days in {request.period}")
    return rated.holds[0]
