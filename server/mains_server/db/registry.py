"""Every room's tables in one metadata, for migrations and for whoever needs the whole."""

from importlib import import_module
from importlib.util import find_spec

from sqlalchemy import MetaData, Table
from sqlmodel import SQLModel

ROOMS = (
    "access",
    "audit",
    "signin",
    "customers",
    "contracts",
    "metering",
    "tariffs",
    "facts",
    "ledger",
    "invoices",
    "payments",
    "billing",
    "intervals",
    "intake",
    "documents",
    "levelling",
    "dunning",
    "delivery",
    "bank_einvoices",
    "allocation",
    "statements",
    "offers",
    "paying",
    "notifications",
    "delegation",
    "machines",
    "registration",
    "openid",
    "passkeys",
    "recovery",
    "outages",
    "applications",
    "webhooks",
)


def whole_metadata() -> MetaData:
    """Collect the tables of all rooms and of the database room itself, views among them."""
    for module in _modules("tables"):
        import_module(module)
    return SQLModel.metadata


def stored_tables() -> list[Table]:
    """List what is stored, without the views: a table marked `view_of` is made by the SQL of its room."""
    return [table for table in whole_metadata().sorted_tables if "view_of" not in table.info]


def whole_sql() -> tuple[str, ...]:
    """Collect the rooms' views, triggers and functions in order: the upper-case names of their `views.py`."""
    parts: list[str] = []
    for module in _modules("views"):
        for name, value in vars(import_module(module)).items():
            if name.isupper():
                parts += (value,) if isinstance(value, str) else value
    return tuple(parts)


def _modules(file: str) -> list[str]:
    modules = [f"mains_server.{room}.{file}" for room in ("db", *ROOMS)]
    return [module for module in modules if find_spec(module) is not None]
