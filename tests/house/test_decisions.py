"""A decision that is hard to undo has a page that says why, and what enforces it."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import ROOT, plant

SECTIONS = ("Context", "Decision", "Consequences", "What enforces it")


def incomplete_decisions(root: Path) -> Iterator[str]:
    """Find records without a section, and names without a number of their own; several may be written at once."""
    records = sorted((root / "docs" / "decisions").glob("*.md"))
    for record in records:
        headings = set(re.findall(r"^## (.+)$", record.read_text(encoding="utf-8"), re.MULTILINE))
        yield from (f"{record.name}: has no section `{section}`" for section in SECTIONS if section not in headings)
    numbers = [record.name[:4] for record in records]
    for number, record in zip(numbers, records, strict=True):
        if not re.match(r"[0-9]{4}-", record.name) or numbers.count(number) > 1:
            yield f"{record.name}: should have a number of its own"


def test_decisions_are_complete():
    assert len(list((ROOT / "docs" / "decisions").glob("*.md"))) >= 5
    assert list(incomplete_decisions(ROOT)) == []


def test_an_incomplete_one_is_found(tmp_path):
    plant(tmp_path, "docs/decisions/0002-tea.md", "# Tea\n\n## Context\n\n## Decision\n\n## Consequences\n")

    plant(tmp_path, "docs/decisions/0002-milk.md", "## Context\n## Decision\n## Consequences\n## What enforces it\n")

    assert list(incomplete_decisions(tmp_path)) == [
        "0002-tea.md: has no section `What enforces it`",
        "0002-milk.md: should have a number of its own",
        "0002-tea.md: should have a number of its own",
    ]
