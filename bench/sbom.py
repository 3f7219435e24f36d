"""Writes the CycloneDX bill of materials of what a server is installed from: `requirements.server.lock`, whole."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

ROOT = Path(__file__).resolve().parents[1]
PINNED = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)(?P<rest>(?:.*\\\n)*.*)", re.MULTILINE
)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def pinned(lock: str) -> Iterator[tuple[str, str, list[str]]]:
    """Give each package of a lock with its version and the SHA-256 of the files that may be installed."""
    for found in PINNED.finditer(lock):
        yield re.sub(r"[-_.]+", "-", found["name"]).lower(), found["version"], HASH.findall(found["rest"])


def bill(lock: str, *, version: str) -> dict[str, Any]:
    """Make the bill, the same for the same lock; a package has the hashes of all its files as properties."""
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}@{number}",
            "name": name,
            "version": number,
            "purl": f"pkg:pypi/{name}@{number}",
            "properties": [{"name": "mains:file:sha256", "value": value} for value in hashes],
        }
        for name, number, hashes in sorted(pinned(lock))
    ]
    mains = {"type": "application", "bom-ref": "mains", "name": "mains", "version": version}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, lock)}",
        "version": 1,
        "metadata": {"component": mains},
        "components": components,
        "dependencies": [{"ref": "mains", "dependsOn": [component["bom-ref"] for component in components]}],
    }


if __name__ == "__main__":
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r'^version = "([^"]+)"', project, re.MULTILINE)
    assert found is not None, "pyproject.toml has a version"
    lock = (ROOT / "requirements.server.lock").read_text(encoding="utf-8")
    json.dump(bill(lock, version=found[1]), sys.stdout, indent=2)
    sys.stdout.write("\n")
