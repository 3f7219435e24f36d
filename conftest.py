"""How tests run everywhere here: one folder a run, and the same examples each time, never judged by the clock.

A landing must not hang on luck or on a busy machine. `MAINS_HYPOTHESIS=random` looks at other examples.
"""

import os
import shutil
import tempfile

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("random", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("MAINS_HYPOTHESIS", "same"))


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of the run's PostgreSQL, which the processes that share the tests out inherit by its name."""
    if not hasattr(config, "workerinput"):
        folder = tempfile.mkdtemp(prefix="mains-test-")
        os.environ["MAINS_TEST_FOLDER"] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what passed in the file that `MAINS_RAN_FILE` names, for whoever proves afterwards that it ran."""
    noted = os.environ.get("MAINS_RAN_FILE")
    if noted and report.when == "call" and report.passed:
        with open(noted, "a", encoding="utf-8") as file:
            file.write(f"{report.nodeid}\n")
