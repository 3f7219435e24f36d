"""Watches an adapter while it answers: no clock, no chance, no files, no network, no programs, no environment.

A profile function sees every call before it is carried out, however the adapter imported it, refuses the forbidden
ones, and is taken away afterwards; nothing is patched.
"""

from __future__ import annotations

import _socket
import datetime
import io
import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, TypeVar

T = TypeVar("T")
LIBRARY = Path(os.__file__).parent

CLOCK = "asks what time it is: take dates from the request"
CHANCE = "rolls dice: equal questions need equal answers"
FILES = "touches files: keep what you need in the module, and prices in price lists"
NETWORK = "uses the network: ask for a fact or a series instead"
PROGRAMS = "starts a program or a thread: work the answer out here"
SETTINGS = "reads the environment: take what you need from the request"

BUILTIN_MODULES = {
    "time": CLOCK,
    "_io": FILES,
    "io": FILES,
    "posix": FILES,
    "nt": FILES,
    "_sqlite3": FILES,
    "_socket": NETWORK,
    "_posixsubprocess": PROGRAMS,
    "_thread": PROGRAMS,
}
BUILTIN_FUNCTIONS = {
    **dict.fromkeys(("urandom", "getrandom"), CHANCE),
    **dict.fromkeys(("system", "fork", "posix_spawn", "posix_spawnp", "execv", "execve"), PROGRAMS),
    **dict.fromkeys(("fspath", "text_encoding", "allocate_lock", "get_ident", "strftime", "strptime", "mktime")),
}
METHODS: dict[type, str] = {
    random.Random: CHANCE,
    io.TextIOWrapper: FILES,
    io.BufferedReader: FILES,
    io.BufferedWriter: FILES,
    _socket.socket: NETWORK,
}
PYTHON_MODULES = {"socket": NETWORK, "subprocess": PROGRAMS, "threading": PROGRAMS, "random": CHANCE}
CLOCK_METHODS = frozenset({"now", "utcnow", "today"})


class Impure(BaseException):
    """A hook did what no hook may. Not an ``Exception``, so that an adapter cannot swallow it."""


def watched(*, call: Callable[[], T]) -> T:
    """Carry out a call and refuse whatever makes its answer depend on more than the question."""
    with _watching():
        return call()


@contextmanager
def _watching() -> Iterator[None]:
    before = sys.getprofile()
    sys.setprofile(_watch)
    try:
        yield
    finally:
        sys.setprofile(before)


def _watch(frame: FrameType, event: str, called: Any) -> None:
    if event == "c_call":
        offence = _builtin_offence(called)
        if offence is not None:
            raise Impure(f"{_where(frame)} calls {_title(called)}, which {offence}")
    elif event == "call":
        offence = _python_offence(frame)
        if offence is not None and frame.f_back is not None:
            name = f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}"
            raise Impure(f"{_where(frame.f_back)} calls {name}, which {offence}")


def _builtin_offence(called: Any) -> str | None:
    name, owner = getattr(called, "__name__", ""), getattr(called, "__self__", None)
    if isinstance(owner, ModuleType):
        return BUILTIN_FUNCTIONS.get(name, BUILTIN_MODULES.get(owner.__name__))
    if isinstance(owner, type) and issubclass(owner, datetime.date):
        return CLOCK if name in CLOCK_METHODS else None
    return next((offence for kind, offence in METHODS.items() if isinstance(owner, kind)), None)


def _python_offence(frame: FrameType) -> str | None:
    module = frame.f_globals.get("__name__")
    if module == "os":
        is_environment = frame.f_code.co_name == "getenv" or isinstance(frame.f_locals.get("self"), type(os.environ))
        return SETTINGS if is_environment else None
    return PYTHON_MODULES.get(str(module))


def _title(called: Any) -> str:
    owner = getattr(called, "__self__", None)
    if isinstance(owner, type | ModuleType):
        return f"{owner.__name__}.{called.__name__}"
    return f"{type(owner).__name__}.{called.__name__}"


def _where(frame: FrameType) -> str:
    """Name the line of the adapter, looking past the standard library that stands between."""
    at: FrameType | None = frame
    while at is not None and _is_library(at.f_code.co_filename):
        at = at.f_back
    at = at or frame
    return f"{Path(at.f_code.co_filename).name}, line {at.f_lineno} ({at.f_code.co_name})"


def _is_library(file: str) -> bool:
    return file.startswith("<frozen") or (LIBRARY in Path(file).parents and "site-packages" not in file)
