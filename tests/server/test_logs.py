"""Logs are lines for people or JSON for machines, on standard error."""

import json
import logging

import pytest
import structlog
from mains_server.logs import log_to_console
from mains_server.settings import Settings


@pytest.fixture(autouse=True)
def _logs_as_before():
    before = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers, logging.root.level = before
    structlog.reset_defaults()


def test_json_has_level_time_and_values(capsys):
    log_to_console(settings=Settings(log_format="json"))

    structlog.get_logger().info("job done", task="bill")
    logging.getLogger("library").warning("slow %s", "query")

    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["task"], ours["level"]) == ("job done", "bill", "info")
    assert (theirs["event"], theirs["level"]) == ("slow query", "warning")
    assert ours["timestamp"].endswith("Z")


def test_text_is_for_people(capsys):
    log_to_console(settings=Settings(log_format="text"))

    structlog.get_logger().info("job done", task="bill")

    assert "job done" in capsys.readouterr().err
