"""What leaves the books room: what was checked, and what was found wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """An invariant of the books: its name, its claim, and the SELECT of (document, expected, found) that breaks it."""

    name: str
    claim: str
    statement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place where a claim does not hold."""

    check: str
    document: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """How a claim stands: how often it is broken, and the first findings."""

    name: str
    claim: str
    count: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BooksReport:
    """The whole proof: every check with what it found, and how many bills are known to need a correction."""

    results: tuple[CheckResult, ...]
    corrections_due: int = 0

    @property
    def count(self) -> int:
        """Count the findings of all checks, also those that are not listed."""
        return sum(result.count for result in self.results)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """List the findings of all checks."""
        return tuple(finding for result in self.results for finding in result.findings)
