"""The sandbox as an HTTP server: calls under `/v1`, and a page that shows what phones would."""

from __future__ import annotations

import argparse
import hmac
import json
import secrets
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mains_sms_sandbox.messages import LOST_END, TWICE_END, Messages, Refused, Sent
from mains_sms_sandbox.page import page
from mains_sms_sandbox.telling import Reporter

BODY_BYTES_MAX = 100_000
SHOWN = 200
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class SmsSandbox:
    """A gateway on a port of loopback, with its messages and its reporter."""

    def __init__(self, *, port: int, webhook: str, key: str) -> None:
        self.key = key
        sandbox = self

        class Handler(_Handler):
            gateway = sandbox

        self.messages = Messages()
        self.reporter = Reporter(webhook=webhook, key=key)
        self.server = _Server(("127.0.0.1", port), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"

    def serve(self) -> None:
        """Answer until stopped."""
        self.server.serve_forever(poll_interval=0.1)

    def stop(self) -> None:
        """Answer no more."""
        self.reporter.stop()
        self.server.shutdown()
        self.server.server_close()

    def take(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Take a message as a gateway does, and report on it."""
        sent, is_news = self.messages.take(asked, now=datetime.now(UTC))
        if is_news:
            self._report(sent)
        return 202 if is_news else 200, sent.told()

    def _report(self, sent: Sent) -> None:
        behaviour = self.messages.behaviour
        if behaviour.silent:
            return
        told = {"messageId": sent.id, "reference": sent.reference, "status": "delivered"}
        if sent.to.endswith(LOST_END):
            told |= {"status": "undelivered", "reason": "the phone was not reached"}
        copies = 2 if sent.to.endswith(TWICE_END) else behaviour.copies
        sent.status = told["status"]
        self.reporter.tell(told, delay=behaviour.delay, copies=copies)


class _Handler(BaseHTTPRequestHandler):
    gateway: SmsSandbox
    protocol_version = "HTTP/1.1"
    timeout = 30
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Show the page, or tell what was taken."""
        self._answer("GET")

    def do_POST(self) -> None:
        """Take a message, or an order how to behave."""
        self._answer("POST")

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""

    def _answer(self, method: str) -> None:
        headers = {}
        try:
            body = self._body()
            if method == "GET" and self.path == "/":
                shown = page(list(self.gateway.messages.kept)[:SHOWN])
                self._send(200, shown.encode(), "text/html; charset=utf-8", PAGE_HEADERS)
                return
            status, answer = self._asked(method, body)
        except Refused as refused:
            status, answer = refused.status, {"error": refused.code}
            if refused.again is not None:
                headers["Retry-After"] = str(refused.again)
        self._send(status, json.dumps(answer).encode(), "application/json", headers)

    def _asked(self, method: str, body: bytes) -> tuple[int, dict[str, Any]]:
        given = self.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self.gateway.key.encode()):
            raise Refused(401, "unauthenticated")
        asked, behaviour = _json(body), self.gateway.messages.behaviour
        if (method, self.path) == ("POST", "/v1/behaviour"):
            for name in {"down", "silent", "copies", "delay", "refuse", "takes_at_most"} & asked.keys():
                setattr(behaviour, name, asked[name])
            return 200, {}
        if (method, self.path) == ("GET", "/v1/messages"):
            return 200, {"messages": [one.told() for one in list(self.gateway.messages.kept)]}
        if behaviour.down:
            raise Refused(503, "down", again=60)
        if (method, self.path) != ("POST", "/v1/messages"):
            raise Refused(404, "no_such_call")
        return self.gateway.take(asked)

    def _body(self) -> bytes:
        declared = self.headers.get("content-length", "0")
        size = int(declared) if declared.isdecimal() else 0
        if size > BODY_BYTES_MAX:
            self.close_connection = True
            raise Refused(413, "too_large")
        return self.rfile.read(size)

    def _send(self, status: int, body: bytes, media_type: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": media_type, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _json(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "malformed") from None
    if not isinstance(found, dict):
        raise Refused(400, "malformed")
    return found


def main() -> None:
    """Serve the sandbox until told to stop."""
    parser = argparse.ArgumentParser(description="An SMS gateway for trying Mains out; no phone rings.")
    parser.add_argument("--port", type=int, default=8200)
    parser.add_argument("--webhook", default="http://127.0.0.1:8000/notices/reports/sms_sandbox")
    parser.add_argument("--key", default=None, help="What its users and the sandbox know each other by.")
    asked = parser.parse_args()
    SmsSandbox(port=asked.port, webhook=asked.webhook, key=asked.key or secrets.token_hex(16)).serve()


if __name__ == "__main__":
    main()
