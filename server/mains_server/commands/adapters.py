"""`mains adapters`: which adapters are installed, in what state, and what they can do."""

from datetime import UTC, datetime
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from mains_server.adapters.loading import load_adapters
from mains_server.adapters.queries import list_adapters
from mains_server.adapters.records import Adapter


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("adapters")(adapters)


def adapters(as_json: Annotated[bool, typer.Option("--json", help="Write JSON instead of a table.")] = False) -> None:
    """List the installed adapters with their state and capabilities; those set aside with their reason."""
    found = list_adapters(load_adapters(on=datetime.now(UTC).date()))
    if as_json:
        typer.echo(orjson.dumps([_as_json(adapter) for adapter in found], option=orjson.OPT_INDENT_2).decode())
        return
    Console().print(_as_table(found))


def _as_json(adapter: Adapter) -> dict[str, object]:
    return {
        "name": adapter.name,
        "code": adapter.code,
        "version": adapter.version,
        "state": adapter.state.value,
        "reason": adapter.reason,
        "capabilities": [capability.value for capability in adapter.capabilities],
        "products": [product.code for product in adapter.products],
    }


def _as_table(found: tuple[Adapter, ...]) -> Table:
    table = Table("adapter", "version", "state", "can do", "products", "reason")
    for adapter in found:
        capabilities = " ".join(capability.value for capability in adapter.capabilities)
        products = " ".join(product.code for product in adapter.products)
        table.add_row(adapter.code, adapter.version, adapter.state.value, capabilities, products, adapter.reason or "")
    return table
