"""The pytest plugin: one test for each golden bill."""

from __future__ import annotations

from pathlib import Path

import pytest

from mains_kit.contract import AdapterContract
from mains_kit.golden import golden_files


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give the golden bills of an adapter's folder one test each, named by the file."""
    if "golden_file" not in metafunc.fixturenames or metafunc.cls is None:
        return
    if not issubclass(metafunc.cls, AdapterContract):
        return
    folder: Path | None = metafunc.cls.golden
    files = () if folder is None else golden_files(folder)
    names = [str(file.relative_to(folder).with_suffix("")) for file in files] if folder is not None else []
    metafunc.parametrize("golden_file", files, ids=names)
