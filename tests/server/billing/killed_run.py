"""Bills January in a process that kills itself the N-th time it comes to a step: `killed_run.py DSN STEP N`."""

import importlib.util
import os
import signal
import sys
from pathlib import Path

import psycopg
from mains_server.billing.run import Shift, run_billing

dsn, fatal, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
spec = importlib.util.spec_from_file_location("small_utility", Path(__file__).parent / "small_utility.py")
small = importlib.util.module_from_spec(spec)
sys.modules["small_utility"] = small
spec.loader.exec_module(small)
seen = []


def watch(step):
    seen.append(step)
    if step == fatal and seen.count(step) == times:
        os.kill(os.getpid(), signal.SIGKILL)


with psycopg.connect(dsn, autocommit=True) as connection:
    shift = Shift(adapter=small.host_of().adapter("small"), now=small.NOW, watch=watch)
    run_billing(connection, request=small.request(contracts_per_chunk=3), shift=shift)
