"""Why a bill was corrected, and what its lines put right or are charged for, as it was written down and explained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from mains_server.billing.corrections import READ, RESTS, STRANDED
from mains_server.billing.records import NO_NOTE, OF_NEIGHBOURS, LineExplanation
from mains_server.billing.settling import CORRECTION, taken_back_in
from mains_server.documents.records import Cause, Settled, SheetLine, Why
from mains_server.invoices.records import InvoiceKind

BY_ITSELF = {READ: Cause.READ, RESTS: Cause.RESTS, STRANDED: Cause.STRANDED}
UNWRITTEN = frozenset({*BY_ITSELF, NO_NOTE, OF_NEIGHBOURS})


def why_of(row: Any) -> Why | None:
    """Tell why an invoice was corrected; notes that nobody wrote become causes, which have words in each language.

    A house is corrected for what was wrong at one of its premises: what an employee wrote of that is no neighbour's.
    A note of interest that nobody corrected was taken back since the interest comes out otherwise.
    """
    if row.correction_reason is None:
        is_of_interest = (row.kind, row.corrected_kind) == (InvoiceKind.CREDIT.name, InvoiceKind.INTEREST.name)
        return Why(cause=Cause.INTEREST, note="", is_house=False) if is_of_interest else None
    is_house = row.correction_group_id is not None
    cause = BY_ITSELF.get(row.correction_note, Cause[row.correction_reason])
    is_written = row.correction_note not in UNWRITTEN and not is_house
    return Why(cause=cause, note=row.correction_note if is_written else "", is_house=is_house)


def settled_of(told: LineExplanation, *, settlements: Iterable[Any]) -> Settled | None:
    """Find what a line puts right of an earlier bill, whose tariff says that it is a correction, and why.

    What is taken off since its bill was taken back has no other reason.
    """
    if told.why["tariff"] != CORRECTION:
        return None
    given = {part["name"]: part for part in told.why["inputs"]}
    document, code, taken_back = given["billed"]["source"], told.why["component"], taken_back_in(told.why)
    whys = [why_of(row) for row in settlements if (row.document, row.code) == (document, code)]
    return Settled(
        document=document,
        due=Decimal(given["due"]["value"]),
        billed=Decimal(given["billed"]["value"]),
        why=whys[-1] if whys and not taken_back else None,
        taken_back=taken_back,
    )


def said_once(lines: Iterable[SheetLine]) -> Iterator[SheetLine]:
    """Leave a reason to the first of the lines that it is the same for: the charges of one earlier bill."""
    said: set[tuple[str, Why | None]] = set()
    for line in lines:
        if line.settles is None:
            yield line
            continue
        reason = line.settles.document, line.settles.why
        yield replace(line, settles=replace(line.settles, why=None)) if reason in said else line
        said.add(reason)


def about_of(told: LineExplanation) -> str:
    """Find the number of the invoice that a line is charged for, which its explanation begins with."""
    document = next((str(part["source"]) for part in told.why["inputs"]), "")
    return document if document and told.text.startswith(f"{document}: ") else ""
