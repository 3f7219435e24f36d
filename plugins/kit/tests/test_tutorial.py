"""The tutorial quotes the example adapter word for word, whole, and prints what the command prints."""

import re
import shlex
from pathlib import Path

import pytest
from mains_kit.cli import main

ROOT = Path(__file__).parents[3]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
QUOTES = re.findall(r"<!-- (plugins/\S+) -->\n```\w+\n(.*?)```", TUTORIAL, re.DOTALL)
RUNS = re.findall(r"<!-- run in (\S+) -->\n```console\n\$ (.*?)\n(.*?)```", TUTORIAL, re.DOTALL)
ADAPTER = "plugins/example_cold_water/mains_example_cold_water/__init__.py"


@pytest.mark.parametrize(("file", "block"), QUOTES, ids=[f"{file}:{block[:20]!r}" for file, block in QUOTES])
def test_block_stands_in_its_file(file, block):
    assert block in (ROOT / file).read_text(encoding="utf-8")


def test_whole_adapter_is_quoted():
    quoted = "".join(block for file, block in QUOTES if file == ADAPTER)
    lines = (ROOT / ADAPTER).read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if line not in quoted] == []
    assert len(lines) < 100


@pytest.mark.parametrize(("folder", "command", "output"), RUNS)
def test_command_prints_what_the_tutorial_shows(monkeypatch, capsys, folder, command, output):
    monkeypatch.chdir(ROOT / folder)
    program, *arguments = shlex.split(command)

    assert (program, main(arguments)) == ("mains-kit", 0)
    assert capsys.readouterr().out == output


def test_something_is_quoted_and_run():
    assert (len(QUOTES), len(RUNS)) == (14, 1)
