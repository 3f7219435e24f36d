"""The gateway plays its part: it answers, refuses, puts off, and reports, signed and as badly as it is asked to."""

import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from mains_sms_sandbox.channel import plan_send, read_report, read_send_answer
from mains_sms_sandbox.serving import SmsSandbox
from mains_spi import (
    DeliveryOutcome,
    EventRequest,
    ProviderAccess,
    SendAnswer,
    SendOutcome,
    SendRequest,
)

KEY = "key-of-the-sandbox"
WAIT_SECONDS = 60


@pytest.fixture
def heard():
    """Give reports as they come, each with its headers."""
    reports = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            reports.put((tuple((name.lower(), value) for name, value in self.headers.items()), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    reports.webhook = f"http://127.0.0.1:{server.server_address[1]}/notices/reports/sms_sandbox"
    yield reports
    server.shutdown()
    server.server_close()


@pytest.fixture
def sandbox(heard):
    """Run a gateway."""
    gateway = SmsSandbox(port=0, webhook=heard.webhook, key=KEY)
    threading.Thread(target=gateway.serve, daemon=True).start()
    yield gateway
    gateway.stop()


def access(sandbox, key=KEY):
    return ProviderAccess(address=sandbox.address, secrets=(("key", key),))


def send(sandbox, *, to="+37120000000", text="Good day", reference="mains-1", key=KEY):
    """Send by the channel's own words, and read the answer by them."""
    asked = SendRequest(access=access(sandbox, key), reference=reference, to=to, text=text, sender="Mains")
    call = plan_send(asked)
    try:
        answer = urlopen(Request(call.url, data=call.body, headers=dict(call.headers), method=call.method))
    except HTTPError as error:
        answer = error
    with answer:
        headers = tuple((name.lower(), value) for name, value in answer.headers.items())
        given = SendAnswer(access=access(sandbox), status=answer.status, headers=headers, body=answer.read())
    return read_send_answer(given)


def report(sandbox, heard):
    headers, body = heard.get(timeout=WAIT_SECONDS)
    asked = EventRequest(access=access(sandbox), headers=headers, body=body, received_at=datetime.now(UTC))
    return read_report(asked)


def test_a_message_is_taken_once_and_reported(sandbox, heard):
    first, again = send(sandbox), send(sandbox)

    assert (first.outcome, first.segments, str(first.cost)) == (SendOutcome.ACCEPTED, 1, "0.0385")
    assert again.message_id == first.message_id
    assert [(one.text, one.asked) for one in sandbox.messages.kept] == [("Good day", 2)]
    found = report(sandbox, heard).report
    assert (found.reference, found.outcome) == ("mains-1", DeliveryOutcome.DELIVERED)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"to": "+37120000013"}, "number_not_served"),
        ({"to": "20000000"}, "number_not_served"),
        ({"text": "a" * 919}, "text_too_long"),
        ({"text": ""}, "text_empty"),
    ],
)
def test_a_refusal_is_final_and_keeps_nothing(sandbox, given, reason):
    found = send(sandbox, **given)

    assert (found.outcome, found.reason) == (SendOutcome.REFUSED, reason)
    assert not sandbox.messages.kept


def test_what_is_put_off_is_taken_the_next_time(sandbox):
    found = send(sandbox, to="+37120000015")

    assert (found.outcome, found.again_in_seconds) == (SendOutcome.PUT_OFF, 1)
    assert send(sandbox, to="+37120000015").outcome is SendOutcome.ACCEPTED


def test_a_gateway_that_is_down_takes_nothing(sandbox):
    sandbox.messages.behaviour.down = True

    assert send(sandbox).outcome is SendOutcome.PUT_OFF
    assert not sandbox.messages.kept


def test_a_stranger_is_not_served(sandbox):
    assert send(sandbox, key="another").outcome is SendOutcome.UNREACHABLE
    assert not sandbox.messages.kept


def test_reports_come_twice_and_tell_of_failure(sandbox, heard):
    send(sandbox, to="+37120000016", reference="twice")
    send(sandbox, to="+37120000014", reference="lost")

    found = [report(sandbox, heard).report for _ in range(3)]
    assert len({one.id for one in found}) == 2
    assert sorted((one.reference, one.outcome.name) for one in found) == [
        ("lost", "FAILED"),
        ("twice", "DELIVERED"),
        ("twice", "DELIVERED"),
    ]


def test_the_page_shows_words_and_not_markup(sandbox):
    send(sandbox, text="<b>Labdien</b>")

    with urlopen(sandbox.address) as answer:
        shown = answer.read().decode()
    assert "&lt;b&gt;Labdien&lt;/b&gt;" in shown and "<b>" not in shown
    assert "1 segment, GSM7" in shown


def test_how_it_behaves_is_told_by_who_has_the_key(sandbox):
    body = json.dumps({"silent": True, "kept": 3}).encode()
    headers = {"Authorization": f"Bearer {KEY}"}

    with urlopen(Request(f"{sandbox.address}/v1/behaviour", data=body, headers=headers)):
        pass

    assert sandbox.messages.behaviour.silent
