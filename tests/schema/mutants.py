"""Bugs put into the compiler on purpose, one at a time; each must be found by the comparison with the resolvers.

`python -m tests.schema.mutants` prints which were; `test_mutants.py` runs it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = (
    "tests/schema/test_fuzz.py",
    "tests/schema/test_pages_both.py",
    "tests/schema/test_compiled.py",
    "tests/schema/test_changed.py",
    "tests/schema/test_proofs.py",
)
MUTANTS: Mapping[str, tuple[str, str, str]] = {
    "the scope of a list is dropped": (
        "compiling/compiled_pages.py",
        "conditions += scoped(writing, row.shape.scope, row)",
        "conditions += []",
    ),
    "a page is one row long": ("compiling/compiled_pages.py", "return str(self.request.size)", "return '1'"),
    "booleans are left out of the plan's key": (
        "compiling/plans.py",
        "        return lambda value: value\n",
        "        return lambda value: None if isinstance(value, bool) else value\n",
    ),
    "enums are left out of the plan's key": (
        "compiling/plans.py",
        'isinstance(named, GraphQLEnumType) or named.name == "Boolean"',
        'named.name == "Boolean"',
    ),
    "a page does not look whether another follows": (
        "compiling/compiled_pages.py",
        'limit = f"{asking.size} + 1" if is_longer else asking.size',
        "limit = asking.size",
    ),
    "a page shows the row that only tells whether another follows": (
        "compiling/compiled_pages.py",
        "where {place} <= {asking.size})",
        "where {place} <= {asking.size} + 1)",
    ),
    "the page's size is written into the plan": ("compiling/compiled_pages.py", "if self.is_static:", "if True:"),
    "the cursor is written into the plan": (
        "compiling/compiled_pages.py",
        "    if is_static(place.node):\n",
        "    if request.position is not None or is_static(place.node):\n",
    ),
    "a decimal is a JSON number": (
        "compiling/compiled_leaf.py",
        "['\"', Json(sql), '\"'],\n    int:",
        "[Json(sql)],\n    int:",
    ),
    "an embedded null is an object": ("compiling/compiled_rows.py", "if not source.known:", "if True:"),
    "null stands where it may not": (
        "compiling/compiled_rows.py",
        "missing = failing(pointer) if is_non_null_type(place.kind) else \"'null'\"",
        "missing = \"'null'\"",
    ),
    "a count forgets the filter": (
        "compiling/compiled_pages.py",
        "for turn in range(len(asking.request.wanted))]",
        "for turn in range(len(asking.request.wanted)) if row is asking.target]",
    ),
    "lists share parameters by chance": (
        "compiling/compiled_pages.py",
        '("fingerprint", asking.target.alias)',
        '("fingerprint",)',
    ),
    "viewers share a plan whatever their shape": (
        "compiling/plans.py",
        "viewer_shape(run.context.viewer))",
        "run.context.viewer.is_signed_in)",
    ),
    "the scope of a payload is dropped": (
        "compiling/compiled.py",
        '{number}::bigint", *scoped(writing, row.shape.scope, row)])\n    return _plan(',
        '{number}::bigint"])\n    return _plan(',
    ),
    "who asked before is taken at their word": (
        "compiling/compiled.py",
        'f"select case when {is_same} then {answer} end{source}"',
        'f"select case when ({is_same}) is not null or true then {answer} end{source}"',
    ),
    "payloads of one document share a plan": (
        "compiling/plans.py",
        "asked = (query, name, part.path, target)",
        "asked = (query, name, target)",
    ),
    "a page from the end is turned round": (
        "compiling/compiled_pages.py",
        'if asking.request.is_backwards else ""',
        'if False else ""',
    ),
}


def survivors(names: list[str]) -> list[str]:
    """Give the mutants that no test found."""
    return [name for name in names if not _is_found(name)]


def _is_found(name: str) -> bool:
    file, old, new = MUTANTS[name]
    with tempfile.TemporaryDirectory(prefix="mains-mutant-") as folder:
        package = Path(folder) / "mains_schema"
        shutil.copytree(ROOT / "schema" / "mains_schema", package, ignore=shutil.ignore_patterns("__pycache__"))
        text = (package / file).read_text()
        if old not in text:
            raise LookupError(f"{name}: {file} has changed; write the mutant anew")
        (package / file).write_text(text.replace(old, new))
        told = {**os.environ, "PYTHONPATH": folder, "MAINS_FUZZ_DOCUMENTS": "120"}
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *TESTS]
        return subprocess.run(command, cwd=ROOT, env=told, capture_output=True, check=False).returncode == 1


if __name__ == "__main__":
    left = survivors(sys.argv[1:] or list(MUTANTS))
    print(f"{len(left)} mutants were not found: {left}")
    sys.exit(bool(left))
