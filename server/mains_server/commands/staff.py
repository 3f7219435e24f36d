"""`mains staff`: who works with the server and as what, said where it runs; the first administrator comes from here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.queries import person_by_email
from mains_server.access.records import Refusal, StaffRole
from mains_server.audit.operations import note_subject
from mains_server.audit.records import Subject
from mains_server.commands.acting import acting
from mains_server.commands.database import opened
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session
from mains_server.settings import load_settings
from mains_server.signin.queries import employees
from mains_server.signin.records import Employee, NewEmployee
from mains_server.signin.staffing import EmployeeUnknown, deactivate_employee, give_role, invite_employee, take_role

T = TypeVar("T")
Change = Callable[[AsyncSession, int, datetime], Awaitable[None]]
staff = typer.Typer(help="Employees and their roles.", no_args_is_help=True)
Email = Annotated[str, typer.Argument(help="Address that the employee signs in with.")]
Role = Annotated[StaffRole, typer.Argument(help="The role.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(staff, name="staff")


@staff.command("invite")
def invite(
    email: Email,
    name: Annotated[str, typer.Argument(help="Full name.")],
    roles: Annotated[list[StaffRole], typer.Option("--role", help="A role; say it once for each.")],
    language: Annotated[str, typer.Option(help="lv, en or ru.")] = "lv",
) -> None:
    """Make an account for somebody's work, and print the code that sets its first password; it also goes by mail."""
    settings = load_settings()
    if settings.secret is None:
        typer.echo("Refused: set MAINS_SECRET, of which codes are made.", err=True)
        raise typer.Exit(1)
    key = settings.secret.get_secret_value().encode()
    new = NewEmployee(email=email, name=name, language=language, roles=frozenset(roles))
    named = " ".join(sorted(role.name for role in roles))

    async def do(session: AsyncSession, now: datetime) -> str:
        made = await invite_employee(session, new=new, key=key, now=now)
        typer.echo(f"good until {made.expires_at:%Y-%m-%d %H:%M} UTC, once:", err=True)
        return made.code

    typer.echo(_done(do, act="staff invite", words=named))


@staff.command("give")
def give(email: Email, role: Role) -> None:
    """Give an employee another role."""

    async def do(session: AsyncSession, person_id: int, now: datetime) -> None:
        await give_role(session, person_id=person_id, role=role, now=now)

    _change(email, do, act="staff give", words=role.name)
    typer.echo(f"{email} is {role.name}")


@staff.command("take")
def take(email: Email, role: Role) -> None:
    """Take a role from an employee; the last administrator who can sign in stays one."""

    async def do(session: AsyncSession, person_id: int, now: datetime) -> None:
        await take_role(session, person_id=person_id, role=role, now=now)

    _change(email, do, act="staff take", words=role.name)
    typer.echo(f"{email} is {role.name} no longer")


@staff.command("deactivate")
def deactivate(email: Email) -> None:
    """Take all roles and the password from an employee, and end their sessions everywhere."""

    async def do(session: AsyncSession, person_id: int, now: datetime) -> None:
        await deactivate_employee(session, person_id=person_id, now=now)

    _change(email, do, act="staff deactivate", words=None)
    typer.echo(f"{email} is out")


@staff.command("list")
def list_() -> None:
    """List employees: address, name, roles, and whether they chose a password."""
    with opened(load_settings()) as address:
        for one in asyncio.run(_listed(address)):
            roles = " ".join(role.name for role in one.roles) or "deactivated"
            typer.echo(f"{one.email}  {one.name}  {roles}  {'' if one.has_password else 'no password yet'}".rstrip())


def _change(email: str, change: Change, *, act: str, words: str | None) -> None:
    async def do(session: AsyncSession, now: datetime) -> None:
        person = await person_by_email(session, email=email)
        if person is None:
            raise EmployeeUnknown("there is no such employee")
        await change(session, person.id, now)
        note_subject(session, subject=Subject(type_name="Viewer", number=person.id))

    _done(do, act=act, words=words)


def _done(do: Callable[[AsyncSession, datetime], Awaitable[T]], *, act: str, words: str | None) -> T:
    try:
        with opened(load_settings()) as address:
            return asyncio.run(_run(address, do, act=act, words=words))
    except Refusal as refusal:
        typer.echo(f"Refused: {refusal.message}.", err=True)
        raise typer.Exit(1) from refusal


async def _run(address: str, do: Callable[[AsyncSession, datetime], Awaitable[T]], *, act: str, words: str | None) -> T:
    engine, now = make_engine(address=address, connections_max=1), datetime.now(UTC)
    try:
        async with acting(engine, act=act, words=words, now=now) as session:
            return await do(session, now)
    finally:
        await engine.dispose()


async def _listed(address: str) -> tuple[Employee, ...]:
    engine = make_engine(address=address, connections_max=1)
    try:
        async with read_session(engine) as session:
            return await employees(session)
    finally:
        await engine.dispose()
