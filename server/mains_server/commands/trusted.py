"""`mains trusted`: the documents that a front end's build registers, which a server may be told to run alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from mains_server.commands.acting import acting
from mains_server.commands.database import opened
from mains_server.db.engine import make_engine
from mains_server.db.trusted import hash_of, register_documents, registered_documents, remove_documents
from mains_server.db.unit_of_work import read_session
from mains_server.settings import load_settings

trusted = typer.Typer(help="Documents that front ends registered.", no_args_is_help=True)
APOLLO = "apollo-persisted-query-manifest"
Files = Annotated[
    list[Path],
    typer.Argument(help="`.graphql` files, each one document, or manifests (`.json`) that a build wrote.", exists=True),
]


class ManifestWrong(Exception):
    """A file is no manifest, or has a document that this server would refuse; the message says which and why."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(trusted, name="trusted")


@trusted.command("add")
def add(files: Files) -> None:
    """Register documents; nothing is registered if one of them does not fit the schema or its hash is another's."""
    settings, now = load_settings(), datetime.now(UTC)
    try:
        texts = {str(file): list(documents_of(file)) for file in files}
    except ManifestWrong as refusal:
        typer.echo(f"Refused: {refusal}.", err=True)
        raise typer.Exit(1) from refusal
    with opened(settings) as address:
        new = asyncio.run(_add(address, texts=texts, now=now))
    total = len({text for found in texts.values() for text in found})
    typer.echo(f"{new} registered, {total - new} known before")


@trusted.command("list")
def list_() -> None:
    """List what is registered, the newest first: hash, length, day, file."""
    with opened(load_settings()) as address:
        for one in asyncio.run(_listed(address)):
            typer.echo(f"{one.sha256}  {one.characters:>6}  {one.registered_at:%Y-%m-%d}  {one.source}")


@trusted.command("remove")
def remove(hashes: Annotated[list[str], typer.Argument(help="SHA-256 of each document, as `list` shows it.")]) -> None:
    """Let documents not be run any more; servers that run hold to it within half a minute."""
    with opened(load_settings()) as address:
        gone = asyncio.run(_remove(address, hashes=hashes))
    typer.echo(f"{gone} removed")
    if gone < len(set(hashes)):
        raise typer.Exit(1)


def documents_of(file: Path) -> Iterator[str]:
    """Give the documents of a file, each proven to fit the schema and, where the file names a hash, to have it.

    A manifest is an object of texts by hash, as GraphQL Code Generator and Relay write them, or Apollo's. Raises
    `ManifestWrong`.
    """
    text = file.read_text(encoding="utf-8")
    named: Mapping[str | None, str] = {None: text} if file.suffix != ".json" else _manifest(file, text)
    for name, document in named.items():
        if name is not None and name.removeprefix("sha256:").lower() != hash_of(document):
            raise ManifestWrong(f"{file}: {name[:80]} is not the SHA-256 of its document")
        if (problem := _problem(document)) is not None:
            raise ManifestWrong(f"{file}: {hash_of(document)[:12]}: {problem}")
        yield document


def _manifest(file: Path, text: str) -> Mapping[str | None, str]:
    try:
        found: Any = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ManifestWrong(f"{file} is not JSON") from error
    if isinstance(found, dict) and found.get("format") == APOLLO:
        operations: Any = found.get("operations")
        is_list = isinstance(operations, list) and all(isinstance(one, dict) for one in operations)
        found = {one.get("id"): one.get("body") for one in operations} if is_list else None
    if not isinstance(found, dict) or not all(isinstance(one, str) for part in found.items() for one in part):
        raise ManifestWrong(f"{file} is no manifest: an object of texts by hash, or Apollo's")
    return found


def _problem(document: str) -> str | None:
    """Say what the server would answer a document with instead of running it."""
    from graphql import GraphQLError
    from mains_schema.served import schema

    try:
        read = schema().documents.read(document)
    except GraphQLError as error:
        return error.message
    return read.errors[0].message if read.errors else None


async def _add(address: str, *, texts: Mapping[str, list[str]], now: datetime) -> int:
    engine = make_engine(address=address, connections_max=1)
    try:
        async with acting(engine, act="trusted add", words=" ".join(sorted(texts)), now=now) as session:
            added = [
                await register_documents(session, texts=found, source=source, now=now)
                for source, found in texts.items()
            ]
    finally:
        await engine.dispose()
    return sum(added)


async def _listed(address: str) -> Any:
    engine = make_engine(address=address, connections_max=1)
    try:
        async with read_session(engine) as session:
            return await registered_documents(session)
    finally:
        await engine.dispose()


async def _remove(address: str, *, hashes: list[str]) -> int:
    engine = make_engine(address=address, connections_max=1)
    try:
        async with acting(engine, act="trusted remove", words=" ".join(hashes), now=datetime.now(UTC)) as session:
            return await remove_documents(session, hashes=hashes)
    finally:
        await engine.dispose()
