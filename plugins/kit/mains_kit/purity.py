"""Watches an adapter while it answers: no clock, no chance, no files, no network, no programs, no environment.

A profile function sees every call before it is carried out, however the adapter imported it, refuses the forbidden
ones, and is taken away afterwards; nothing is patched.
"""

from __future__ import annotations

import datetime
import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

CLOCK = "asks what time it is: take dates from the request"
CHANCE = "rolls dice: equal questions need equal answers"
FILES = "touches files: keep what you need in the module, and prices in price lists"
NETWORK = "uses the network: ask for a fact or a series instead"
PROGRAMS = "starts a program or a thread: work the answer out here"
SETTINGS = "reads the environment: take what you need from the request"

MODULES = {
    "time": CLOCK,
    "io": FILES,
    "_io": FILES,
    "posix": FILES,
    "nt": FILES,
    "_socket": NETWORK,
    "_ssl": NETWORK,
    "_random": CHANCE,
    "_thread": PROGRAMS,
    "_posixsubprocess": PROGRAMS,
    "sqlite3": FILES,
    "_sqlite3": FILES,
}
PYTHON_MODULES = {
    "random": CHANCE,
    "secrets": CHANCE,
    "uuid": CHANCE,
    "socket": NETWORK,
    "ssl": NETWORK,
    "urllib.request": NETWORK,
    "http.client": NETWORK,
    "subprocess": PROGRAMS,
    "threading": PROGRAMS,
    "multiprocessing.process": PROGRAMS,
    "pathlib": FILES,
    "tempfile": FILES,
    "shutil": FILES,
}
HARMLESS = frozenset({"allocate_lock", "get_ident", "RLock", "fspath", "lock", "StringIO", "BytesIO", "text_encoding"})
PROGRAM_STARTERS = frozenset({"system", "fork", "posix_spawn", "posix_spawnp", "execv", "execve", "popen"})
RANDOM_SOURCES = frozenset({"urandom", "getrandom"})
CLOCK_METHODS = frozenset({"now", "utcnow", "today"})
PURE_PATH_METHODS = frozenset({"__truediv__", "__new__", "__init__", "__fspath__", "__str__"})
STREAMS = ("TextIOWrapper", "BufferedReader", "BufferedWriter", "FileIO")


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
    if name in HARMLESS:
        return None
    if isinstance(owner, type) and issubclass(owner, datetime.date):
        return CLOCK if name in CLOCK_METHODS else None
    if isinstance(owner, random.Random):
        return CHANCE
    if type(owner).__name__ in STREAMS:
        return FILES
    module = getattr(called, "__module__", None) or type(owner).__module__
    if module in ("posix", "nt") and name in PROGRAM_STARTERS | RANDOM_SOURCES:
        return PROGRAMS if name in PROGRAM_STARTERS else CHANCE
    if module == "_thread" and not name.startswith("start"):
        return None
    if module == "time" and name in ("strftime", "strptime", "mktime"):
        return None
    return MODULES.get(str(module))


def _python_offence(frame: FrameType) -> str | None:
    module, name = frame.f_globals.get("__name__"), frame.f_code.co_name
    if module == "os":
        is_environment = isinstance(frame.f_locals.get("self"), type(os.environ)) or name == "getenv"
        return SETTINGS if is_environment and not name.startswith("_check") else None
    if module == "pathlib" and (name in PURE_PATH_METHODS or not _touches(frame)):
        return None
    return PYTHON_MODULES.get(str(module))


def _touches(frame: FrameType) -> bool:
    return frame.f_code.co_name in {"read_text", "read_bytes", "write_text", "write_bytes", "open", "exists", "stat"}


def _title(called: Any) -> str:
    owner = getattr(called, "__self__", None)
    if isinstance(owner, type):
        return f"{owner.__name__}.{called.__name__}"
    return f"{getattr(called, '__module__', None) or type(owner).__name__}.{called.__name__}"


def _where(frame: FrameType) -> str:
    """Name the line of the adapter, looking past the standard library that stands between."""
    library = Path(os.__file__).parent
    at: FrameType | None = frame
    while at is not None and Path(at.f_code.co_filename).parent.is_relative_to(library):
        if "site-packages" in at.f_code.co_filename:
            break
        at = at.f_back
    at = at or frame
    return f"{Path(at.f_code.co_filename).name}, line {at.f_lineno} ({at.f_code.co_name})"
