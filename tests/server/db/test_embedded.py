"""The embedded PostgreSQL starts, is shared, survives a kill and stops with its last user."""

import os
import signal
import subprocess
import sys

import psycopg
import pytest
from mains_server.db import server_account
from mains_server.db.embedded import EmbeddedServerFailed, embedded_server

pytestmark = pytest.mark.slow


def test_data_is_there_the_second_time(data_dir):
    with embedded_server(data_dir=data_dir) as server:
        _execute(server.address(), "create table jar as select 3 as sweets")
    assert not _is_up(server)

    with embedded_server(data_dir=data_dir) as server:
        assert _execute(server.address(), "select sweets from jar") == [(3,)]


def test_a_second_user_shares_the_server_and_the_last_one_stops_it(data_dir):
    with embedded_server(data_dir=data_dir) as server:
        pid = _postmaster(server)
        with embedded_server(data_dir=data_dir) as shared:
            assert _postmaster(shared) == pid
        assert _is_up(server)

    assert not _is_up(server)


def test_a_killed_server_is_recovered_in_the_same_process(data_dir):
    with embedded_server(data_dir=data_dir) as server:
        _execute(server.address(), "create table jar as select 3 as sweets")
        os.kill(_postmaster(server), signal.SIGKILL)
        with embedded_server(data_dir=data_dir) as recovered:
            assert _execute(recovered.address(), "select sweets from jar") == [(3,)]


def test_a_killed_user_leaves_a_server_that_the_next_one_takes_over(data_dir):
    code = (
        "import sys, time, pathlib; from mains_server.db.embedded import embedded_server\n"
        "with embedded_server(data_dir=pathlib.Path(sys.argv[1])):\n    print('up', flush=True); time.sleep(60)"
    )
    user = subprocess.Popen([sys.executable, "-c", code, str(data_dir)], stdout=subprocess.PIPE, text=True)
    assert user.stdout is not None
    assert user.stdout.readline() == "up\n"
    user.kill()
    user.wait()

    with embedded_server(data_dir=data_dir) as server:
        assert _is_up(server)
    assert not _is_up(server)


def test_a_lock_that_names_a_stranger_does_not_stop_the_start(data_dir):
    with embedded_server(data_dir=data_dir) as server:
        pass
    stranger = subprocess.Popen(["sleep", "60"])
    lines = [str(stranger.pid), str(server.data), "1700000000", "5432", str(server.socket_folder), "", "1 1", "ready"]
    (server.data / "postmaster.pid").write_text("\n".join(lines))

    with embedded_server(data_dir=data_dir) as server:
        assert _is_up(server)
    stranger.kill()
    stranger.wait()


def test_a_half_made_folder_is_made_again(data_dir):
    half_made = data_dir / "postgresql-18.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")

    with embedded_server(data_dir=data_dir) as server:
        assert _is_up(server)


def test_what_postgresql_says_reaches_the_reader(data_dir):
    with embedded_server(data_dir=data_dir) as server:
        pass
    (server.data / "postgresql.conf").write_text("no_such_setting = 1\n")

    with pytest.raises(EmbeddedServerFailed, match="no_such_setting"), embedded_server(data_dir=data_dir):
        pass


def test_a_server_has_the_settings_it_is_given(data_dir):
    with (
        embedded_server(data_dir=data_dir, settings={"random_page_cost": "1.1"}) as server,
        psycopg.connect(server.address()) as connection,
    ):
        assert connection.execute("show random_page_cost").fetchone() == ("1.1",)
        assert connection.execute("show fsync").fetchone() == ("on",)


def test_the_socket_path_is_short_and_closed_to_others(data_dir):
    deep = data_dir / ("deep" * 40)

    with embedded_server(data_dir=deep) as server:
        assert len(os.fsencode(server.socket_folder / ".s.PGSQL.5432")) < 104
        assert server.socket_folder.stat().st_mode & 0o777 == 0o700


def test_it_never_runs_as_root_and_gets_through_closed_parents(data_dir):
    data_dir.mkdir()
    data_dir.parent.chmod(0o700)

    with embedded_server(data_dir=data_dir) as server:
        assert server.data.stat().st_uid == (os.geteuid() or server_account.choose(folder=data_dir).uid)
        assert server.data.stat().st_uid != 0


def test_a_plain_user_runs_it_as_themselves(data_dir):
    data_dir.mkdir()
    data_dir.parent.chmod(0o755)
    plain = os.geteuid() or 65534
    os.chown(data_dir, plain, -1)

    pid = os.fork()
    if pid == 0:
        _run_as(plain, data_dir)

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def _run_as(uid, data_dir):
    """Become the plain user in a child process and end with 0 if the server ran as that user."""
    outcome = 1
    try:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
        with embedded_server(data_dir=data_dir) as server:
            outcome = 0 if server.data.stat().st_uid == uid and _is_up(server) else 2
    finally:
        os._exit(outcome)


def _execute(address, statement):
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description and statement.startswith("select") else None


def _postmaster(server):
    return int((server.data / "postmaster.pid").read_text().split("\n")[0])


def _is_up(server):
    try:
        return _execute(server.address(), "select 1") == [(1,)]
    except psycopg.OperationalError:
        return False
