"""The pytest plugin of mains-kit: one test for each golden bill.

It stands outside the package and imports it late, so that a run without adapters pays nothing for it.
"""

from __future__ import annotations

import pytest


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give the golden bills of an adapter's folder one test each, named by the file."""
    if "golden_file" not in metafunc.fixturenames or metafunc.cls is None:
        return
    from mains_kit import AdapterContract, golden_files

    if issubclass(metafunc.cls, AdapterContract):
        folder = metafunc.cls.golden
        files = () if folder is None else golden_files(folder)
        names = [str(file.relative_to(folder).with_suffix("")) for file in files] if folder is not None else []
        metafunc.parametrize("golden_file", files, ids=names)
