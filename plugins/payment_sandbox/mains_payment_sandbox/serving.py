"""The sandbox as an HTTP server: calls of shops under `/v1`, and the hosted page under `/pay`."""

from __future__ import annotations

import argparse
import hmac
import json
import re
import secrets
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mains_payment_sandbox.page import page
from mains_payment_sandbox.telling import Messenger
from mains_payment_sandbox.till import Payment, Refused, Till, amount_of

BODY_BYTES_MAX = 100_000
PATH = re.compile(r"/v1/payments/([A-Za-z0-9_-]+)/(capture|void|refunds|disputes|disputes-won)")
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' http: https:",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Sandbox:
    """A provider on a port of loopback, with its till and its messenger."""

    def __init__(self, *, port: int, webhooks: str, key: str) -> None:
        self.key = key
        sandbox = self

        class Handler(_Handler):
            provider = sandbox

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.till = Till(address=self.address)
        self.messenger = Messenger(webhooks=webhooks, key=key)

    def serve(self) -> None:
        """Answer until stopped."""
        self.server.serve_forever(poll_interval=0.1)

    def stop(self) -> None:
        """Answer no more."""
        self.messenger.stop()
        self.server.shutdown()
        self.server.server_close()

    def decided(self, payment: Payment, *, choice: str, manner: str) -> None:
        """Take a payer's decision and tell the shop, in the manner that the payer chose."""
        is_paid = choice == "pay"
        if not self.till.decide(payment, is_paid=is_paid):
            return
        payment.is_unknown = manner == "unknown"
        told = payment.told()
        end = "failed" if not is_paid else payment.status
        events = [("payment.viewed", {}), (f"payment.{end}", told)]
        self.messenger.tell(
            events,
            provider=payment.provider,
            delay=5 if manner == "slow" else 0,
            copies=2 if manner == "twice" else 0,
            is_shuffled=manner == "shuffled",
            is_silent=manner in ("silent", "unknown"),
        )

    def act(self, id_: str, deed: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Do what a shop asks of a payment."""
        payment = self.till.payment(id_)
        if deed == "capture":
            self.till.capture(payment, amount=amount_of(asked.get("amount")))
            self.messenger.tell([("payment.captured", payment.told())], provider=payment.provider)
        elif deed == "void":
            self.till.void(payment)
            self.messenger.tell([("payment.voided", payment.told())], provider=payment.provider)
        elif deed == "disputes":
            amount = amount_of(asked.get("amount"))
            self.till.dispute(payment, amount=amount)
            told = payment.told() | {"status": "disputed", "amount": f"{amount:.2f}"}
            self.messenger.tell([("payment.disputed", told)], provider=payment.provider)
        elif deed == "disputes-won":
            amount = amount_of(asked.get("amount"))
            self.till.give_back(payment, amount=amount)
            told = payment.told() | {"status": "dispute_won", "amount": f"{amount:.2f}"}
            self.messenger.tell([("payment.dispute_won", told)], provider=payment.provider)
        else:
            return 201, self._refund(payment, asked)
        return 200, payment.told()

    def _refund(self, payment: Payment, asked: dict[str, Any]) -> dict[str, Any]:
        reference = str(asked.get("reference") or "")
        refund = self.till.refund(payment, reference=reference, amount=amount_of(asked.get("amount")))
        if refund.status == "refund_pending" and not asked.get("isSlow"):
            # The cents say what becomes of it, as test cards do elsewhere: 13 cents do not arrive.
            self.till.finish(refund, has_failed=f"{refund.amount:.2f}".endswith(".13"))
            kind = "refund.failed" if refund.status == "refund_failed" else "refund.succeeded"
            self.messenger.tell([(kind, refund.told())], provider=payment.provider)
        return refund.told()


class _Handler(BaseHTTPRequestHandler):
    provider: Sandbox
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Answer a question, or show the page."""
        self._answer("GET")

    def do_POST(self) -> None:
        """Do an act, or take a payer's decision."""
        self._answer("POST")

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""

    def _answer(self, method: str) -> None:
        try:
            parts = urlsplit(self.path)
            body = self._body()
            if parts.path.startswith("/pay/"):
                self._page(method, parts.path.removeprefix("/pay/"), body)
                return
            status, answer = self._shop(method, parts.path, parse_qs(parts.query), body)
        except Refused as refused:
            status, answer = refused.status, {"error": refused.code}
        self._send(status, json.dumps(answer).encode(), "application/json", {})

    def _shop(self, method: str, path: str, query: dict[str, list[str]], body: bytes) -> tuple[int, dict[str, Any]]:
        given = self.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self.provider.key.encode()):
            raise Refused(401, "unauthenticated")
        asked = _json(body)
        till, behaviour = self.provider.till, self.provider.messenger.behaviour
        if path == "/v1/behaviour" and method == "POST":
            for name in {"down", "silent", "copies", "delay"} & asked.keys():
                setattr(behaviour, name, asked[name])
            return 200, {}
        if path == "/v1/captures":
            return 200, {"captures": list(till.captures())}
        if behaviour.down:
            raise Refused(503, "down")
        return self._act(method, path, query, asked)

    def _act(
        self, method: str, path: str, query: dict[str, list[str]], asked: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        till, reference = self.provider.till, (query.get("reference") or [""])[0]
        if path == "/v1/payments":
            return (201, till.create(asked).told()) if method == "POST" else (200, till.by_reference(reference).told())
        if path == "/v1/refunds" and method == "GET":
            return 200, till.refund_by_reference(reference).told()
        found = PATH.fullmatch(path)
        if found is None or method != "POST":
            raise Refused(404, "no_such_call")
        return self.provider.act(found[1], found[2], asked)

    def _page(self, method: str, id_: str, body: bytes) -> None:
        payment = self.provider.till.payment(id_)
        if method == "POST":
            given = parse_qs(body.decode("utf-8", "replace"))
            choice, manner = (given.get(name, [""])[0] for name in ("choice", "manner"))
            self.provider.decided(payment, choice=choice, manner=manner)
            self._send(303, b"", "text/plain", {"Location": f"/pay/{id_}"})
        else:
            self._send(200, page(payment).encode(), "text/html; charset=utf-8", PAGE_HEADERS)

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
    parser = argparse.ArgumentParser(description="A payment provider for trying Mains out; no money moves.")
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--webhooks", default="http://127.0.0.1:8000/payments/webhooks")
    parser.add_argument("--key", default=None, help="What shops and the sandbox know each other by; made up without.")
    asked = parser.parse_args()
    Sandbox(port=asked.port, webhooks=asked.webhooks, key=asked.key or secrets.token_hex(16)).serve()


if __name__ == "__main__":
    main()
