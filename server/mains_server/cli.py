"""The `mains` command: a thin list of command groups, each in its own file of `commands`."""

from importlib import import_module

import typer

GROUPS = (
    "db",
    "serve",
    "worker",
    "sdl",
    "demo",
    "adapters",
    "prices",
    "facts",
    "bill",
    "issue",
    "correct",
    "accept_bill",
    "credit",
    "verify",
    "books",
    "pay",
    "contracts",
    "levelled",
    "debts",
    "delivery",
    "documents",
    "notices",
    "outbox",
    "readings",
    "intervals",
    "statements",
    "audit",
    "outages",
    "webhooks",
    "trusted",
    "tokens",
    "staff",
)

app = typer.Typer(name="mains", no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False)


@app.callback()
def main() -> None:
    """Mains: a GraphQL API server for utility self-service and billing."""


def _register(*, target: typer.Typer) -> None:
    for name in GROUPS:
        import_module(f"mains_server.commands.{name}").register(target)


_register(target=app)


if __name__ == "__main__":
    app()
