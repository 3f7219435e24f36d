"""What the tests about the house look at: its files, read and parsed once."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOP = ("server", "schema", "plugins", "tests", "bench")
NOT_OURS = {".venv", ".git", "node_modules", "__pycache__", ".mains-data", "dist", "build"}
GENERATED = "db/migrations/versions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One Python file: its path from the root, its text and its tree."""

    path: Path
    text: str
    tree: ast.Module

    def says(self, line: int, words: str) -> str:
        """Word a complaint so that an editor can jump to it."""
        return f"{self.path}:{line}: {words}"


def sources(root: Path, *tops: str) -> list[Source]:
    """Read the Python files under the given folders, without what a tool wrote."""
    found = []
    for path in files(root, *(tops or TOP), suffix=".py"):
        if GENERATED not in path.as_posix():
            text, tree = _read(root / path)
            found.append(Source(path=path, text=text, tree=tree))
    return found


def files(root: Path, *tops: str, suffix: str) -> list[Path]:
    """List files by suffix, as paths from the root."""
    under = [root / top for top in tops] if tops else [root]
    found = [path.relative_to(root) for top in under if top.exists() for path in _walk(top) if path.suffix == suffix]
    return sorted(found)


def rooms(root: Path) -> list[Path]:
    """List the rooms of the server, as paths from the root."""
    server = root / "server" / "mains_server"
    return sorted(path.relative_to(root) for path in server.iterdir() if path.is_dir() and path.name not in NOT_OURS)


def imports(source: Source) -> Iterator[tuple[int, str]]:
    """Give every module that a file imports, with the line; `from a import b` gives `a` and `a.b`."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module
            for name in node.names:
                yield node.lineno, f"{node.module}.{name.name}"


def functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give every function and method of a file."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def plant(root: Path, path: str, text: str) -> None:
    """Write a file with a fault into a small tree of a test's own."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _walk(top: Path) -> Iterator[Path]:
    for path in top.iterdir():
        if path.is_dir() and not path.is_symlink():
            if path.name not in NOT_OURS and not path.name.startswith(".") and not path.name.endswith(".egg-info"):
                yield from _walk(path)
        elif path.is_file():
            yield path


@cache
def _read(path: Path) -> tuple[str, ast.Module]:
    text = path.read_text(encoding="utf-8")
    return text, ast.parse(text, filename=str(path))
