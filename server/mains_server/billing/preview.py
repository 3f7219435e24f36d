"""The bill that a contract would get: the run without the booking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mains_spi import Bill, Explanation, Usage
from psycopg import Connection

from mains_server.adapters.live import LiveAdapter
from mains_server.billing.draft import Draft, as_invoice
from mains_server.billing.estimates import Estimator
from mains_server.billing.gather import Question, gather
from mains_server.billing.rate import Rater
from mains_server.billing.records import Hold, PreviewRequest
from mains_server.billing.rules import bounds_over
from mains_server.billing.settling import explained, written_in
from mains_server.invoices.records import InvoiceDraft


class NothingToBill(Exception):
    """A contract has no day in the period, so there is no bill to work out."""


class Reason(NamedTuple):
    """How a charge came about: in one line, and step by step, which replays to its net."""

    text: str
    why: Explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """A bill that would be issued, how each of its lines came about, and the usage that it would rest on."""

    bill: InvoiceDraft
    reasons: tuple[Reason, ...]
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
    heard: dict[int, Sequence[Bill]] = {}
    rater = Rater(
        adapter=adapter,
        period=request.period,
        known_at=request.issued_on,
        bounds=bounds_over(request.period),
        tell=heard.__setitem__,
    )
    question = Question(
        utility=adapter.utility,
        period=request.period,
        contracts=(request.contract_id,),
        is_anew=request.is_anew,
        of_invoices=request.of_invoices,
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
        (draft,) = rated.drafts
        return Previewed(
            bill=as_invoice(draft, adapter=adapter.code),
            reasons=_reasons(draft, bills=heard[request.contract_id]),
            usage=gathered.usage_of(request.contract_id),
        )
    if not rated.holds:
        raise NothingToBill(f"contract {request.contract_id} has no days in {request.period}")
    return rated.holds[0]


def _reasons(draft: Draft, *, bills: Sequence[Bill]) -> tuple[Reason, ...]:
    """Say how each line came about, in their order: charges of the days, then differences of earlier bills."""
    charged = [Reason(line.text, line.why) for bill in bills for line in bill.lines]
    reasons = (*charged, *(Reason(*explained(written)) for written in written_in(draft.inputs)))
    assert len(reasons) == len(draft.lines), "the evaluator explains every line that it charges"
    return reasons
