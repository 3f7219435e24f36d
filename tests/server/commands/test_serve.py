"""`mains serve` answers on the embedded database, and leaves nothing running."""

import signal
import socket
import subprocess
import sys
import time

import httpx2
import pytest

pytestmark = pytest.mark.slow

ENDING = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize("ending", ENDING, ids=lambda ending: ending.name)
def test_from_nothing_to_an_answer_and_back(tmp_path, data_dir, ending):
    port = _free_port()
    command = [sys.executable, "-m", "mains_server.cli", "serve", "--port", str(port)]
    environment = {"PATH": "/usr/bin:/bin", "MAINS_DATA_DIR": str(data_dir)}
    server = subprocess.Popen(command, env=environment, cwd=tmp_path)
    try:
        assert _answer(port=port, path="/health/ready") == "ready\n"
    finally:
        server.send_signal(ending)
        server.wait(timeout=30)

    assert not (data_dir / "postgresql-18" / "postmaster.pid").exists()


def _answer(*, port: int, path: str, seconds_max: int = 60) -> str:
    deadline = time.monotonic() + seconds_max
    while time.monotonic() < deadline:
        try:
            return httpx2.get(f"http://127.0.0.1:{port}{path}").text
        except httpx2.ConnectError:
            time.sleep(0.1)
    raise AssertionError(f"no answer from {path} in {seconds_max} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
