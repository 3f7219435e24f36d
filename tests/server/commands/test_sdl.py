from pathlib import Path

from mains_server.cli import app
from typer.testing import CliRunner


def test_the_schema_is_written_and_printed_alike(tmp_path: Path) -> None:
    to = tmp_path / "schema.graphql"

    written = CliRunner().invoke(app, ["sdl", "--to", str(to)])
    printed = CliRunner().invoke(app, ["sdl", "--to", "-"])

    assert (written.exit_code, printed.exit_code) == (0, 0)
    assert to.read_text() == printed.output
    assert "type Invoice implements Node {" in printed.output
