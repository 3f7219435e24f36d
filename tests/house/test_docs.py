"""What the documents show works: code blocks run or parse, commands exist, links lead somewhere."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import graphql
import pytest
from mains_server.cli import app
from typer.main import get_command

from tests.house.tree import ROOT, files, plant

FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
OUTSIDE = {"cd", "git", "docker", "export", "curl", "pip", "python", "python3", "psql", "copier", "pytest"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of code in a document."""

    path: Path
    line: int
    kind: str
    text: str

    def says(self, words: object) -> str:
        """Word a complaint so that an editor can jump to it."""
        return f"{self.path}:{self.line}: {words}"


def blocks(root: Path, *kinds: str) -> list[Block]:
    """List the code blocks of the documents by kind; the template's are for copier."""
    found = []
    for path in files(root, suffix=".md"):
        if path.parts[:2] != ("plugins", "template"):
            text = (root / path).read_text(encoding="utf-8")
            for match in FENCE.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                found.append(Block(path=path, line=line, kind=match[1], text=match[2]))
    return [block for block in found if block.kind in kinds]


def broken_python(root: Path) -> Iterator[str]:
    """Run Python blocks that import something, in their document's order; the others must parse."""
    shared: dict[Path, dict[str, object]] = {}
    for block in blocks(root, "python"):
        names = shared.setdefault(block.path, {"__name__": "document", "__file__": str(root / block.path)})
        try:
            tree = ast.parse(block.text)
            if any(isinstance(node, ast.Import | ast.ImportFrom) for node in tree.body):
                exec(compile(tree, str(block.path), "exec"), names)
        except Exception as error:
            yield block.says(f"{type(error).__name__}: {error}")


def broken_graphql(root: Path) -> Iterator[str]:
    """Validate GraphQL blocks against the exported schema."""
    file = root / "schema" / "schema.graphql"
    schema = graphql.build_schema(file.read_text(encoding="utf-8")) if file.exists() else None
    for block in blocks(root, "graphql"):
        try:
            document = graphql.parse(block.text)
        except graphql.GraphQLError as mistake:
            yield block.says(mistake.message)
            continue
        is_request = any(isinstance(part, graphql.OperationDefinitionNode) for part in document.definitions)
        for error in graphql.validate(schema, document) if schema and is_request else ():
            yield block.says(error.message)


def broken_files(root: Path) -> Iterator[str]:
    """Parse TOML and JSON blocks."""
    readers = {"toml": tomllib.loads, "json": json.loads}
    for block in blocks(root, *readers):
        try:
            readers[block.kind](block.text)
        except ValueError as error:
            yield block.says(error)


def unknown_commands(root: Path) -> Iterator[str]:
    """Find console lines that call no target of the Makefile, no command of `mains` and nothing well known."""
    targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for block in blocks(root, "console"):
        for line in re.findall(r"^\$ (.*)", block.text, re.MULTILINE):
            words = [word for word in line.split() if not re.match(r"[A-Z_]+=", word)]
            program, rest = words[0].removeprefix(".venv/bin/"), words[1:]
            if program == "make" and not {word for word in rest if not word.startswith("-")} <= targets:
                yield block.says(f"no such target: {line}")
            elif program == "mains" and not _is_command(rest):
                yield block.says(f"no such command: {line}")
            elif program not in OUTSIDE | {"make", "mains", "mains-kit"}:
                yield block.says(f"what is {program}? {line}")


def dead_links(root: Path) -> Iterator[str]:
    """Find links to files that are not there."""
    for path in files(root, suffix=".md"):
        for target in LINK.findall((root / path).read_text(encoding="utf-8")):
            if not (root / path.parent / target).exists():
                yield f"{path}: leads to {target}, which is not there"


RULES = {
    broken_python: "```python\nimport nothing_of_the_kind\n```\n",
    broken_graphql: "```graphql\n{ viewer { nothingOfTheKind } }\n```\n",
    broken_files: "```toml\na = \n```\n",
    unknown_commands: "```console\n$ mains nothing-of-the-kind\n```\n",
    dead_links: "[nothing](nothing.md)\n",
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_documents_hold(rule):
    assert list(rule(ROOT)) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_what_does_not_hold_is_found(rule, tmp_path):
    plant(tmp_path, "docs/a.md", RULES[rule])
    plant(tmp_path, "Makefile", "demo:\n\ttrue\n")
    plant(tmp_path, "schema/schema.graphql", "type Query { viewer: Viewer }\ntype Viewer { name: String }\n")

    assert len(list(rule(tmp_path))) == 1


def _is_command(words: list[str]) -> bool:
    """Follow the words down the command's groups; options and arguments come after them."""
    found: Any = get_command(app)
    for word in words:
        below = getattr(found, "commands", None)
        if below is None or word.startswith("-"):
            return True
        if word not in below:
            return False
        found = below[word]
    return True
