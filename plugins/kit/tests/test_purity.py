"""A watched call may think, and nothing else; afterwards everything is as before."""

import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
import uuid
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from random import randint
from time import time as renamed_clock
from zoneinfo import ZoneInfo

import pytest
from mains_kit.purity import Impure, watched

RIGA = ZoneInfo("Europe/Riga")
FORBIDDEN = {
    "time.time": renamed_clock,
    "time.monotonic": time.monotonic,
    "datetime.now": lambda: datetime.now(tz=RIGA),
    "date.today": date.today,
    "random.randint": lambda: randint(1, 6),
    "Random.random": random.random,
    "posix.urandom": uuid.uuid4,
    "random.randbytes": secrets.token_hex,
    "io.open": lambda: Path(__file__).read_text(encoding="utf-8"),
    "posix.stat": lambda: Path(__file__).exists(),
    "os.__getitem__": lambda: os.environ.get("HOME"),
    "os.getenv": lambda: os.getenv("HOME"),
    "socket.create_connection": lambda: socket.create_connection(("127.0.0.1", 9)),
    "socket.__init__": socket.socket,
    "socket.getaddrinfo": lambda: socket.getaddrinfo("127.0.0.1", 9),
    "subprocess.run": lambda: subprocess.run(["true"], check=False),
    "posix.system": lambda: os.system("true"),
    "threading.__init__": lambda: threading.Thread(target=len),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_forbidden_call_is_refused_by_name(name):
    with pytest.raises(Impure, match=rf"calls {name}, which "):
        watched(call=FORBIDDEN[name])


@pytest.mark.parametrize(
    "call",
    [
        lambda: Decimal(1) / 3,
        lambda: date.fromisoformat("2024-01-01").isoformat(),
        lambda: datetime(2024, 1, 1, tzinfo=RIGA).utcoffset(),
        lambda: sorted({3, 1}),
        lambda: Path("a") / "b",
    ],
)
def test_thinking_is_allowed(call):
    assert watched(call=call) == call()


def test_swallowed_exception_does_not_hide_the_offence():
    def swallow():
        try:
            time.time()
        except Exception:
            return

    with pytest.raises(Impure, match=r"test_purity\.py, line \d+ \(swallow\) calls time\.time"):
        watched(call=swallow)


def test_watching_ends_with_the_call():
    before = sys.getprofile()
    with pytest.raises(Impure):
        watched(call=time.time)

    assert sys.getprofile() is before
    assert time.time() > 0
