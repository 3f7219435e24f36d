"""What the test classes of providers and sources share: hooks as the contract has them, and mistakes told at once."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from mains_spi import PROJECT


def hook_mistakes(plugin: Any, *, hooks: type, required: Sequence[str]) -> Iterator[str]:
    """Tell which hooks a plug-in lacks, which nobody knows, and which take other parameters."""
    known = tuple(name for name in vars(hooks) if not name.startswith("_"))
    for name in required:
        if not hasattr(getattr(plugin, name, None), f"{PROJECT}_impl"):
            yield f"hook `{name}` is missing: write it and put @hookimpl above it"
    for name in dir(plugin):
        function = getattr(plugin, name)
        if not hasattr(function, f"{PROJECT}_impl"):
            continue
        if name not in known:
            yield f"hook `{name}` is unknown; there are {', '.join(known)}"
        elif (wanted := _parameters(getattr(hooks, name))) != _parameters(function):
            yield f"write def {name}({', '.join(wanted)})"


def expect_none(mistakes: Iterator[str]) -> None:
    """Fail a check with all its mistakes, each once."""
    found = list(dict.fromkeys(mistakes))
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def _parameters(function: Any) -> tuple[str, ...]:
    return tuple(name for name in inspect.signature(function).parameters if name != "self")
