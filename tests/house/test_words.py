"""Names come from the trade, and nothing in the repo tells of the machine it was written on."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tree import ROOT, files, plant, sources

EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "data", "info", "misc"}
TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".txt", ".lock", ".sql", ".graphql", ".mako", ".json", ".csv"}
MACHINE = re.compile(r"/(?:roo[t]|hom[e]|wor[k]|User[s])/\w")
INDEX = re.compile(r"--(?:extra-)?index-ur[l]|--find-link[s]|https?://[^\s]*/simpl[e]\b")
UNDONE = re.compile(r"\b(?:TOD[O](?! without an issue)|FIXM[E]|XX[X])\b(?! \(#\d)|raise NotImplemente[d]")


def empty_names(root: Path) -> Iterator[str]:
    """Find modules, classes and functions whose names say nothing; `PageInfo` is what Relay calls it."""
    for source in sources(root, "server", "schema", "plugins"):
        if source.path.stem in EMPTY_NAMES:
            yield source.says(1, f"`{source.path.stem}` says nothing; name it for what it holds")
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef) and node.name != "PageInfo":
                last = re.findall(r"[A-Z]?[a-z]+", node.name)[-1]
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                last = node.name
            else:
                continue
            if last.lower() in EMPTY_NAMES:
                yield source.says(node.lineno, f"`{node.name}` says nothing; name it for what it holds")


def silent_functions(root: Path) -> Iterator[str]:
    """Find public functions, methods and classes without a docstring."""
    for source in sources(root, "server", "schema", "plugins"):
        if "tests" in source.path.parts or "template" in source.path.parts:
            continue
        inner = _inside_functions(source.tree)
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node in inner:
                continue
            if not node.name.startswith("_") and ast.get_docstring(node) is None:
                yield source.says(node.lineno, f"{node.name} has no docstring that completes `this will ...`")


def traces(root: Path) -> Iterator[str]:
    """Find paths of somebody's machine, addresses of package indexes, and work left undone."""
    for path in _texts(root):
        for number, line in enumerate((root / path).read_text(encoding="utf-8").split("\n"), start=1):
            for kind, pattern in (("a machine's path", MACHINE), ("an index address", INDEX), ("undone", UNDONE)):
                if pattern.search(line):
                    yield f"{path}:{number}: {kind}: {line.strip()[:80]}"


def forbidden_words(root: Path) -> Iterator[str]:
    """Find words that the glossary replaces by another, in names; `Subscription` is what GraphQL calls a root."""
    replaced = glossary(root)
    for source in sources(root, "server", "schema", "plugins"):
        if "tests" in source.path.parts:
            continue
        for name, line in _names(source.tree):
            for word in re.findall(r"[A-Z]?[a-z]+", name):
                if word.lower() in replaced and name != "Subscription":
                    yield source.says(line, f"`{name}`: the glossary says {replaced[word.lower()]}, not {word.lower()}")


def glossary(root: Path) -> dict[str, str]:
    """Read the words not to use, with the one to use instead, from the table of the glossary."""
    found: dict[str, str] = {}
    for row in (root / "docs" / "glossary.md").read_text(encoding="utf-8").split("\n"):
        cells = [cell.strip() for cell in row.strip().strip("|").split("|")]
        if row.startswith("|") and len(cells) == 3 and cells[2] and not cells[2].startswith(("-", "not")):
            found |= {word.strip(): cells[0].strip("*") for word in cells[2].split(",")}
    return found


def test_names_say_something():
    assert list(empty_names(ROOT)) == []


def test_public_functions_speak():
    assert list(silent_functions(ROOT)) == []


def test_no_trace_of_a_machine_and_nothing_undone():
    assert list(traces(ROOT)) == []


def test_one_word_has_one_meaning():
    assert len(glossary(ROOT)) > 10
    assert list(forbidden_words(ROOT)) == []


@pytest.mark.parametrize("line", ["class PriceManager: ...", "def info(): ..."])
def test_an_empty_name_is_found(tmp_path, line):
    plant(tmp_path, "server/mains_server/ledger/rules.py", line + "\n")

    assert len(list(empty_names(tmp_path))) == 1


def test_a_silent_function_is_found(tmp_path):
    plant(tmp_path, "server/mains_server/ledger/rules.py", "def post():\n    def inner(): ...\n")

    assert len(list(silent_functions(tmp_path))) == 1


@pytest.mark.parametrize("line", ["see /hom" + "e/me/x", "# TOD" + "O later", "--index" + "-url=http://x"])
def test_a_trace_is_found(tmp_path, line):
    plant(tmp_path, "docs/a.md", line + "\n")

    assert len(list(traces(tmp_path))) == 1


def test_a_word_that_the_glossary_replaces_is_found(tmp_path):
    plant(tmp_path, "docs/glossary.md", "| **reading** | what a meter showed | indication |\n")
    plant(tmp_path, "server/mains_server/ledger/rules.py", "def last_indication(): ...\n")

    assert len(list(forbidden_words(tmp_path))) == 1


def test_the_lock_has_hashes_and_no_address():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    names = {re.split(r"[<>=\[ ]", line)[0] for line in _dependencies()}

    assert "http" not in lock.replace("httpx2", "").replace("httpcore2", "").replace("httptools", "")
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=\S)", lock.strip()))
    assert {name for name in names if f"\n{name}==" not in "\n" + lock} == {"mains-spi"}


def _dependencies() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*project["dependencies"], *(name for extra in project["optional-dependencies"].values() for name in extra)]


def _texts(root: Path) -> list[Path]:
    named = [path for suffix in TEXT for path in files(root, suffix=suffix)]
    return sorted([*named, *(Path(name) for name in ("Makefile", "Dockerfile", ".ci/run") if (root / name).exists())])


def _inside_functions(tree: ast.Module) -> set[ast.AST]:
    outer = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {inner for function in outer for inner in ast.walk(function) if inner is not function}


def _names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node.lineno
