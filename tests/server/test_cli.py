"""The `mains` command has every group that it lists, and no file of commands is forgotten."""

from mains_server.cli import GROUPS, app
from typer.testing import CliRunner

from tests.house.tree import ROOT

NO_GROUPS = {"forgetting", "__init__", "acting", "database", "fetching", "jobs", "letter_heads", "mail_server"}


def test_every_file_of_commands_is_a_group():
    files = {path.stem for path in (ROOT / "server" / "mains_server" / "commands").glob("*.py")}

    assert files - NO_GROUPS == set(GROUPS)


def test_help_names_the_commands():
    outcome = CliRunner().invoke(app, ["--help"])

    assert outcome.exit_code == 0
    for command in ("demo", "bill", "check-books", "pay", "serve", "worker", "db", "adapters", "sdl"):
        assert f" {command} " in outcome.output


def test_a_wrong_use_exits_with_2():
    assert CliRunner().invoke(app, ["no-such-command"]).exit_code == 2
