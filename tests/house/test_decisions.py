"""A decision that is hard to undo has a page that says why, and what enforces it."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import ROOT, plant

SECTIONS = ("Context", "Decision", "Consequences", "What enforces it")


def incomplete_decisions(root: Path) -> Iterator[str]:
    """Find records without a section, and numbers that are missing or given twice."""
    records = sorted((root / "docs" / "decisions").glob("*.md"))
    for record in records:
        headings = set(re.findall(r"^## (.+)$", record.read_text(encoding="utf-8"), re.MULTILINE))
        yield from (f"{record.name}: has no section `{section}`" for section in SECTIONS if section not in headings)
    for number, record in enumerate(records, start=1):
        if not record.name.startswith(f"{number:04d}-"):
            yield f"{record.name}: should be number {number:04d}"


def test_decisions_are_complete():
    assert len(list((ROOT / "docs" / "decisions").glob("*.md"))) >= 5
    assert list(incomplete_decisions(ROOT)) == []


def test_an_incomplete_one_is_found(tmp_path):
    plant(tmp_path, "docs/decisions/0002-tea.md", "# Tea\n\n## Context\n\n## Decision\n\n## Consequences\n")

    assert list(incomplete_decisions(tmp_path)) == [
        "0002-tea.md: has no section `What enforces it`",
        "0002-tea.md: should be number 0001",
    ]
