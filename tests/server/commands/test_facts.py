"""`mains facts` takes in files and fetches them, once, whole, and tells what is missing."""

import asyncio
import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from mains_server.cli import app
from sqlalchemy import text
from typer.testing import CliRunner

from plugins.spot_prices.tests.documents import acknowledgement, document, period, series

pytestmark = pytest.mark.asyncio
DAY = document(series(period("2024-01-01T22:00Z", "2024-01-02T22:00Z", [(1, "10.5"), (3, "-8.09")])))
TOKEN = "not-for-any-log"


@pytest.fixture
def mains(database_url, monkeypatch):
    monkeypatch.setenv("MAINS_DATABASE_URL", database_url)

    async def run(*words):
        return await asyncio.to_thread(CliRunner().invoke, app, ["facts", *map(str, words)])

    return run


@pytest.fixture
def saved(tmp_path):
    def save(content, name="prices.xml"):
        file = tmp_path / name
        file.write_bytes(content)
        return file

    return save


@pytest.fixture
def rows(engine):
    async def count():
        async with engine.connect() as connection:
            return await connection.scalar(text("select count(*) from fact_series"))

    return count


@pytest.fixture
def platform(monkeypatch):
    """Have an HTTP server in place of the platform, which answers with what a test sets and keeps what it was asked."""

    class Platform(BaseHTTPRequestHandler):
        asked, answers = [], [(200, DAY, {})]

        def do_GET(self):
            self.asked.append(self.path)
            status, content, headers = self.answers[min(len(self.asked), len(self.answers)) - 1]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *words):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Platform) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/api"
        monkeypatch.setenv("MAINS_FACT_ADDRESSES", json.dumps({"entsoe": address}))
        monkeypatch.setenv("MAINS_FACT_SECRETS", json.dumps({"entsoe.token": TOKEN}))
        yield Platform
        server.shutdown()


FETCH = ("fetch", "--source", "entsoe", "--from", "2024-01-02", "--upto", "2024-01-03")


async def test_sources_are_listed(mains):
    done = await mains("sources")

    assert "entsoe 1.0.0 ACTIVE: nordpool.lv nordpool.lv.quarters" in done.stdout.splitlines()


async def test_a_file_is_taken_in_once(mains, saved, rows):
    words = ("import", saved(DAY), "--source", "entsoe")

    first, again = await mains(*words), await mains(*words)

    assert first.exit_code == 0, first.output
    assert first.stdout.splitlines() == [
        "nordpool.lv: 24 added, 0 corrected, 0 unchanged.",
        "nordpool.lv.quarters: 96 added, 0 corrected, 0 unchanged.",
    ]
    assert again.stdout.splitlines()[0] == "nordpool.lv: 0 added, 0 corrected, 24 unchanged."
    assert await rows() == 4


async def test_a_corrected_file_corrects(mains, saved, rows):
    await mains("import", saved(DAY), "--source", "entsoe")

    done = await mains("import", saved(DAY.replace(b"10.5", b"10.6")), "--source", "entsoe")

    assert done.stdout.splitlines()[0] == "nordpool.lv: 0 added, 2 corrected, 22 unchanged."
    assert await rows() == 6


async def test_a_bad_file_is_refused_whole(mains, saved, rows):
    done = await mains("import", saved(DAY.replace(b"-8.09", b"NaN")), "--source", "entsoe")

    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        "TimeSeries 1, Period 1, Point 2: The price is no plain number of at most 6 decimals",
        "Refused: nothing was taken in; 1 problems [wrong_price]",
    ]
    assert await rows() == 0


WARNED = "Warning: what the 1 problems above are about was left out."
REFUSED = "Refused: nothing was taken in; 1 problems [not_a_number]"


@pytest.mark.parametrize(("partly", "code", "taken", "last"), [([], 1, 0, REFUSED), (["--partly"], 0, 1, WARNED)])
async def test_rows_are_taken_as_the_user_chose(mains, saved, rows, partly, code, taken, last):
    file = saved(b"date,value\n2024-01-01,17.3\n2024-01-02,x\n", name="days.csv")

    done = await mains("import", file, "--source", "csv", "--series", "degree_days.jelgava", *partly)

    assert done.exit_code == code
    assert done.stderr.splitlines() == ["row 3: The value is no number such as 101,55 or -8.09", last]
    assert await rows() == taken


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--source", "nobody"), "no fact source nobody is installed; there are csv, entsoe"),
        (("--source", "entsoe", "--known-at", "2999-01-01"), "--known-at lies in the future"),
        (("--source", "csv"), "nothing was taken in; 1 problems [series_unknown]"),
    ],
)
async def test_what_cannot_be_imported_is_told(mains, saved, rows, words, told):
    done = await mains("import", saved(DAY), *words)

    assert (done.exit_code, done.stderr.splitlines()[-1]) == (1, f"Refused: {told}")
    assert await rows() == 0


async def test_a_correction_of_what_was_known_later_is_refused(mains, saved, rows):
    await mains("import", saved(DAY), "--source", "entsoe")

    file = saved(DAY.replace(b"10.5", b"10.6"))
    done = await mains("import", file, "--source", "entsoe", "--known-at", "2024-01-03")

    assert done.exit_code == 1
    assert "say a later instant" in done.stderr
    assert await rows() == 4


async def test_gaps_are_listed(mains, saved):
    file = saved(b"starts_at;price\n2024-01-01T00:00Z;1\n2024-01-01T03:00Z;1\n", name="prices.csv")
    await mains("import", file, "--source", "csv", "--series", "nordpool.lv")

    done = await mains("gaps", "--series", "nordpool.lv")
    none = await mains("gaps", "--series", "profile.lv")

    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "nordpool.lv: 2 missing from 2024-01-01 01:00 UTC to 2024-01-01 03:00 UTC",
        "nordpool.lv: 20 missing from 2024-01-01 04:00 UTC to 2024-01-02 00:00 UTC",
    ]
    assert none.stderr == "Refused: nothing is known of profile.lv\n"


async def test_without_gaps_nothing_is_missing(mains, saved):
    file = saved(b"date;value\n2024-01-01;1\n2024-01-02;2\n", name="days.csv")
    await mains("import", file, "--source", "csv", "--series", "degree_days.jelgava")

    done = await mains("gaps", "--from", "2024-01-01", "--upto", "2024-01-03")

    assert (done.exit_code, done.stdout) == (0, "Nothing is missing.\n")


async def test_prices_are_fetched_with_the_secret_and_leave_no_trace_of_it(mains, platform, rows, caplog):
    with caplog.at_level(logging.DEBUG):
        done = await mains(*FETCH)

    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0] == "nordpool.lv: 24 added, 0 corrected, 0 unchanged."
    (asked,) = platform.asked
    assert asked == (
        "/api?documentType=A44&in_Domain=10YLV-1001A00074&out_Domain=10YLV-1001A00074"
        f"&periodStart=202401012200&periodEnd=202401022200&securityToken={TOKEN}"
    )
    assert TOKEN not in caplog.text
    assert TOKEN not in done.output


async def test_a_year_too_many_is_fetched_in_parts_all_or_none(mains, platform, rows):
    platform.answers = [(200, DAY, {}), (200, acknowledgement("999", "No matching data found"), {})]

    done = await mains("fetch", "--source", "entsoe", "--from", "2024-01-02", "--upto", "2025-06-01")

    assert len(platform.asked) == 2
    assert done.stderr.splitlines() == [
        "There are no prices of this time yet",
        "Refused: nothing was taken in; 1 problems [no_prices]",
    ]
    assert await rows() == 0


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((400, acknowledgement("401", "Unauthorized"), {}), "nothing was taken in; 1 problems [refused]"),
        ((503, b"", {}), "127.0.0.1 answered with status 503"),
        ((302, b"", {"Location": "http://127.0.0.1:9/"}), "127.0.0.1 answered with status 302"),
        ((200, b"x" * 10_000_001, {}), "127.0.0.1 answered with more than 10,000,000 bytes"),
        ((200, b"x", {"Content-Encoding": "gzip"}), "127.0.0.1 answered in a packed form, which was not asked for"),
        ((200, b"x", {"Content-Length": "5"}), "127.0.0.1 gave no answer: RemoteProtocolError"),
    ],
)
async def test_an_answer_that_cannot_be_read_is_refused(mains, platform, rows, answer, told):
    platform.answers = [answer]

    done = await mains(*FETCH)

    assert (done.exit_code, done.stderr.splitlines()[-1]) == (1, f"Refused: {told}")
    assert TOKEN not in done.output
    assert await rows() == 0


async def test_what_cannot_be_fetched_is_told(mains, monkeypatch):
    monkeypatch.setenv("MAINS_FACT_ADDRESSES", json.dumps({"entsoe": "http://127.0.0.1:9/api"}))
    secretless = await mains(*FETCH)
    monkeypatch.setenv("MAINS_FACT_SECRETS", json.dumps({"entsoe.token": TOKEN}))
    silent = await mains(*FETCH)
    by_hand = await mains(*FETCH[:2], "csv", *FETCH[3:])
    backwards = await mains(*FETCH[:-1], "2024-01-02")

    assert secretless.stderr == 'Refused: set MAINS_FACT_SECRETS, such as {"entsoe.token": "..."}\n'
    assert silent.stderr == "Refused: 127.0.0.1 gave no answer: ConnectError\n"
    assert by_hand.stderr == "Refused: csv has nothing to fetch; import its files\n"
    assert backwards.stderr == "Refused: --upto has to be after --from\n"
