"""`mains check-books` and `mains balance`: whether the books balance, as a whole and for one customer."""

import asyncio
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from mains_server.books.queries import check_books
from mains_server.books.records import BooksReport
from mains_server.commands.database import opened
from mains_server.customers.queries import customer_by_number
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session
from mains_server.money.rules import format_amount
from mains_server.payments.queries import balances_of
from mains_server.payments.records import Balance
from mains_server.settings import load_settings

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON instead of a table.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("check-books")(check)
    app.command("balance")(balance)


def check(as_json: AsJson = False) -> None:
    """Prove that the books balance: list every finding, and exit with 1 if there are any."""
    with opened(load_settings()) as address:
        report = asyncio.run(_report(address=address))
    if as_json:
        typer.echo(orjson.dumps(_as_json(report), option=orjson.OPT_INDENT_2).decode())
    else:
        if report.count:
            Console().print(_as_table(report))
        typer.echo(f"{len(report.results)} checks, {report.count} findings{_due(report)}")
    if report.count:
        raise typer.Exit(1)


def balance(customer: Annotated[str, typer.Argument(help="The customer's number.")], as_json: AsJson = False) -> None:
    """Show what a customer owes by ledger, documents and account statement; exits with 1 if these differ."""
    with opened(load_settings()) as address:
        found = asyncio.run(_balances(address=address, number=customer))
    if found is None:
        typer.echo(f"There is no customer {customer}.", err=True)
        raise typer.Exit(2)
    if as_json:
        typer.echo(orjson.dumps([_balance_as_json(one) for one in found], option=orjson.OPT_INDENT_2).decode())
    else:
        _print_balances(found, number=customer)
    if not all(one.is_equal for one in found):
        raise typer.Exit(1)


async def _report(*, address: str) -> BooksReport:
    engine = make_engine(address=address, connections_max=1)
    try:
        async with read_session(engine) as session:
            return await check_books(session)
    finally:
        await engine.dispose()


async def _balances(*, address: str, number: str) -> tuple[Balance, ...] | None:
    engine = make_engine(address=address, connections_max=1)
    try:
        async with read_session(engine) as session:
            customer = await customer_by_number(session, number=number)
            return None if customer is None else await balances_of(session, customer_id=customer.id)
    finally:
        await engine.dispose()


def _as_json(report: BooksReport) -> dict[str, object]:
    return {
        "checks": len(report.results),
        "findings": report.count,
        "correctionsDue": report.corrections_due,
        "results": [
            {
                "check": result.name,
                "claim": result.claim,
                "findings": result.count,
                "listed": [
                    {"document": finding.document, "expected": finding.expected, "found": finding.found}
                    for finding in result.findings
                ],
            }
            for result in report.results
        ],
    }


def _due(report: BooksReport) -> str:
    """Tell of corrections that are due: no defect of the books, but money that is not settled yet."""
    return f", {report.corrections_due} corrections due" if report.corrections_due else ""


def _as_table(report: BooksReport) -> Table:
    table = Table("check", "document", "expected", "found")
    for result in report.results:
        for finding in result.findings:
            table.add_row(finding.check, finding.document, finding.expected, finding.found)
        if result.count > len(result.findings):
            table.add_row(result.name, f"and {result.count - len(result.findings)} more", "", "")
    return table


def _balance_as_json(one: Balance) -> dict[str, object]:
    return {
        "currency": one.currency,
        "ledger": format_amount(one.ledger),
        "openInvoices": format_amount(one.open_invoices),
        "credit": format_amount(one.credit),
        "statement": format_amount(one.statement),
        "isEqual": one.is_equal,
    }


def _print_balances(found: tuple[Balance, ...], *, number: str) -> None:
    if not found:
        typer.echo(f"Customer {number} has neither invoices nor payments.")
    for one in found:
        documents = f"{format_amount(one.open_invoices)} open - {format_amount(one.credit)} credit"
        first = "=" if one.ledger == one.documents else "DIFFERS FROM"
        second = "=" if one.documents == one.statement else "DIFFERS FROM"
        typer.echo(
            f"{number}: ledger {format_amount(one.ledger)} {one.currency} {first} {documents} {second} statement"
            f" {format_amount(one.statement)}"
        )
