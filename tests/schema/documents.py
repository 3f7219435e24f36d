"""The documents that people are shown: those of the README, the docs, the journeys and the demo."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from graphql import GraphQLError, parse

ROOT = Path(__file__).parents[2]
REFUSED = "# refused"
FENCE = re.compile(r"```graphql\n(.*?)```", re.DOTALL)
OPENING = re.compile(r"\s*((query|mutation|subscription|fragment)\b[^\"']*\{|\{\s*\w+\s*[{(\w]|\{\s*\w+\s*\n)")
K = TypeVar("K", bound=ast.AST)


def documents() -> Iterator[tuple[str, str]]:
    """Give the documents with where they stand; one that says `# refused` shows a mistake, and is left out."""
    for where, text in _all_documents():
        if REFUSED not in text:
            yield where, text


def _all_documents() -> Iterator[tuple[str, str]]:
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for number, found in enumerate(FENCE.findall(page.read_text())):
            yield f"{page.name}-{number}", found
    for code in sorted((ROOT / "tests" / "journeys").glob("*.py")):
        yield from documents_in(code, module=f"tests.journeys.{code.stem}")
    yield from documents_in(ROOT / "server/mains_server/commands/demo.py", module="mains_server.commands.demo")


def documents_in(code: Path, *, module: str) -> Iterator[tuple[str, str]]:
    """Give the documents of a Python file: its constants as they are when imported, and what stands in functions."""
    tree = ast.parse(code.read_text())
    parts = {name.id for joined in _of(tree, ast.JoinedStr) for name in _of(joined, ast.Name)}
    for name, value in vars(importlib.import_module(module)).items():
        if isinstance(value, str) and name not in parts and looks_like_a_document(plain := unfilled(value)):
            yield f"{code.name}:{name}", plain
    inner = [part for function in tree.body if not isinstance(function, ast.Assign) for part in _of(function, ast.AST)]
    pieces = {id(part) for joined in _of(tree, ast.JoinedStr) for part in joined.values}
    for part in inner:
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and id(part) not in pieces:
            plain = unfilled(part.value)
            if looks_like_a_document(plain):
                yield f"{code.name}:{part.lineno}", plain


def looks_like_a_document(text: str) -> bool:
    """Tell whether a text begins like GraphQL, or is some; whether it is right is not asked."""
    if OPENING.match(text):
        return True
    try:
        return text.lstrip().startswith("{") and bool(parse(text).definitions)
    except GraphQLError:
        return False


def unfilled(text: str) -> str:
    """Fill the places of a text that `format` is used on."""
    if "{{" not in text:
        return text
    return re.sub(r"(?<!\{)\{(\w+)\}(?!\})", "x", text).replace("{{", "{").replace("}}", "}")


def _of(tree: ast.AST, kind: type[K]) -> list[K]:
    return [part for part in ast.walk(tree) if isinstance(part, kind)]
