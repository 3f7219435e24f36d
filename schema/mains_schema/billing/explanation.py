"""How a charge came about, asked of billing once for all lines of a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson
import strawberry
from mains_server.billing.explain import NotExplained
from mains_server.billing.records import LineExplanation

# A line is worked out again in 1.2 to 2.5 ms of CPU, and all that a document may ask for has a second
# (`bench/worst_document.py`).
EXPLANATION_ROWS = 18

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads


@strawberry.type(description="A figure that a charge was worked out from.")
class ExplanationInput:
    """Where a figure comes from."""

    id: str = strawberry.field(description="Name that steps use for it.")
    name: str = strawberry.field(description="What it is, in the tariff's words.")
    value: str | None = strawberry.field(description="Exact value, a decimal or a fraction; null for a series.")
    series: list[str] | None = strawberry.field(
        description="Exact values of a series, at most 2,980 for a month of quarter hours; null for a single figure."
    )
    unit: str = strawberry.field(description="Unit; empty for a plain number.")
    source: str = strawberry.field(description="Where it comes from: a price version, readings, the contract.")
    quality: str = strawberry.field(description="How a usage came about; empty for prices.")
    decision: str | None = strawberry.field(
        description="The decision behind a price or a voted figure; null for other figures."
    )


@strawberry.type(description="One step of a calculation, exact: nothing is rounded but by `round` and `floor`.")
class ExplanationStep:
    """What was done with which figures."""

    id: str = strawberry.field(description="Name that later steps use for the result.")
    operation: str = strawberry.field(description="`add sub mul div least most round floor dot sum`.")
    arguments: list[str] = strawberry.field(description="Ids of the inputs and earlier steps it takes.")
    places: int | None = strawberry.field(description="Decimal places of a rounding; null for other operations.")
    value: str = strawberry.field(description="Exact result, a decimal or a fraction.")


@strawberry.type(description="What was agreed in a house by which its cost was shared out in this way.")
class ExplanationCondition:
    """An attribute of the house."""

    name: str = strawberry.field(description="Code of the attribute; `UtilityAdapter.attributes` has the words.")
    value: str = strawberry.field(description="Its value on the first of the charge's days.")
    decision: str | None = strawberry.field(
        description="The decision it rests on, such as the minutes of the owners' vote; null where there is none."
    )


@strawberry.type(description="How a charge was worked out. Repeating the steps gives the charge to the cent.")
class Explanation:
    """Formula, inputs and steps."""

    text: str = strawberry.field(description="The calculation in one line.")
    tariff: str = strawberry.field(description="Code of the tariff.")
    inputs: list[ExplanationInput] = strawberry.field(description="The figures it starts from; at most a few dozen.")
    steps: list[ExplanationStep] = strawberry.field(description="The steps in order; at most a few hundred.")
    conditions: list[ExplanationCondition] = strawberry.field(
        description="By which method a house's cost was shared out; empty for charges that are not shared. At most ten."
    )
    result: str = strawberry.field(description="Id of the step or input that is the charge.")
    document: str = strawberry.field(
        description="The same as a JSON text, which `mains-kit rate FILE.json` replays without a server."
    )
    rounding: str = strawberry.field(description="Name of the rounding.")


async def explain(reads: Reads, invoice_id: int, position: int) -> Explanation | None:
    """Ask billing how a line of an issued invoice came about; no run issued, no explanation."""
    line = await explained_line(reads, invoice_id, position)
    return None if line is None else explanation_of(text=line.text, why=line.why)


async def explained_line(reads: Reads, invoice_id: int, position: int) -> LineExplanation | None:
    """Ask for the explanation of a line as it is, together with all that a request asks for."""

    async def run(invoices: list[int]) -> list[dict[int, LineExplanation]]:
        found = await _explained(reads, invoices)
        return [{line.position: line for line in found.get(invoice, ())} for invoice in invoices]

    lines: dict[int, LineExplanation] = await reads.load("explanations", invoice_id, run)
    return lines.get(position)


async def _explained(reads: Reads, invoices: Sequence[int]) -> Mapping[int, Sequence[LineExplanation]]:
    """Explain all invoices at once, or, where one of them cannot be, those that can."""
    try:
        return await reads.explain(invoices)
    except NotExplained:
        if len(invoices) == 1:
            return {}
    alone = [await _explained(reads, [invoice]) for invoice in invoices]
    return {invoice: lines for found in alone for invoice, lines in found.items()}


def explanation_of(*, text: str, why: Mapping[str, Any]) -> Explanation:
    """Show how a charge came about."""
    return Explanation(
        text=text,
        tariff=why["tariff"],
        inputs=[_input(part) for part in why["inputs"]],
        steps=[_step(part) for part in why["steps"]],
        conditions=[_condition(part) for part in why.get("conditions", ())],
        result=why["result"],
        rounding=why["rounding"].get("name") or "",
        document=orjson.dumps(dict(why)).decode(),
    )


def _input(part: Mapping[str, Any]) -> ExplanationInput:
    value = part["value"]
    return ExplanationInput(
        id=part["id"],
        name=part["name"],
        value=None if isinstance(value, list) else value,
        series=value if isinstance(value, list) else None,
        unit=part["unit"],
        source=part["source"],
        quality=part["quality"],
        decision=part.get("decision"),
    )


def _condition(part: Mapping[str, Any]) -> ExplanationCondition:
    return ExplanationCondition(name=part["name"], value=part["value"], decision=part.get("decision"))


def _step(part: Mapping[str, Any]) -> ExplanationStep:
    return ExplanationStep(
        id=part["id"], operation=part["op"], arguments=part["args"], places=part.get("places"), value=part["value"]
    )
