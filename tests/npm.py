"""Packages from npm, for tests that let real clients speak with the server."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def install(folder: Path, *packages: str) -> None:
    """Install packages into a folder; an installation that fails is a failure of the test, with npm's own words.

    Where there is no npm the test is skipped; `.ci/run` sets MAINS_NEEDS_NPM, so that there it is a failure too.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        lacking = "node and npm are not installed here"
        if os.environ.get("MAINS_NEEDS_NPM"):
            pytest.fail(lacking)
        pytest.skip(lacking)
    command = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--no-package-lock", *packages]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"npm cannot install {', '.join(packages)}: {done.stderr.strip()}")
