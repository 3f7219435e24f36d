"""Links to documents and archives: what for whom and until when, signed, so that a browser can save what they lead to.

The signature only says that we made the link. What its person may see is asked again when it is opened.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from hashlib import sha256

import orjson

from mains_server.documents.records import DocumentKind, DocumentLanguage

LIFETIME = timedelta(minutes=15)
TOKEN_LENGTH_MAX = 1_000
PURPOSE = b"mains document 1:"


class ArchiveForm(Enum):
    """In which form one takes a period's invoices away."""

    ZIP = "ZIP"
    CSV = "CSV"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentAsked:
    """One document of an invoice, for the person of a session."""

    invoice_id: int
    kind: DocumentKind
    language: DocumentLanguage
    session_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveAsked:
    """What a customer was issued on the days from `starts` up to but without `ends`, on one contract or on all."""

    customer_id: int
    contract_id: int | None
    starts: date
    ends: date
    form: ArchiveForm
    language: DocumentLanguage
    session_id: int


Asked = DocumentAsked | ArchiveAsked


@dataclass(frozen=True, slots=True)
class DocumentLinks:
    """Signs links and reads them; those of another secret, changed ones and old ones are none."""

    secret: bytes

    def sign(self, asked: Asked, *, now: datetime) -> str:
        """Give the token of a link that holds until `expires_at`."""
        until = int(expires_at(now).timestamp())
        parts = _document(asked) if isinstance(asked, DocumentAsked) else _archive(asked)
        body = _encoded(orjson.dumps([until, *parts]))
        return f"{body}.{self._signature(body)}"

    def read(self, token: str, *, now: datetime) -> Asked | None:
        """Read a token; None if we did not sign it or it does not hold any more."""
        body, _, signature = token.partition(".")
        is_ours = len(token) <= TOKEN_LENGTH_MAX and token.isascii()
        if not is_ours or not hmac.compare_digest(signature, self._signature(body)):
            return None
        until, form, *parts = orjson.loads(_decoded(body))
        if now >= datetime.fromtimestamp(until, UTC):
            return None
        return _asked_document(parts) if form == "document" else _asked_archive(parts)

    def _signature(self, body: str) -> str:
        return _encoded(hmac.new(self.secret, PURPOSE + body.encode(), sha256).digest())


def expires_at(now: datetime) -> datetime:
    """Tell until when, exclusive, a link made now holds: a quarter of an hour, to the second."""
    return (now + LIFETIME).replace(microsecond=0)


def _document(asked: DocumentAsked) -> list[object]:
    return ["document", asked.invoice_id, asked.kind.value, asked.language.value, asked.session_id]


def _archive(asked: ArchiveAsked) -> list[object]:
    days = (asked.starts.isoformat(), asked.ends.isoformat())
    whom = (asked.customer_id, asked.contract_id)
    return ["archive", *whom, *days, asked.form.value, asked.language.value, asked.session_id]


def _asked_document(parts: list[object]) -> DocumentAsked:
    invoice_id, kind, language, session_id = parts
    assert isinstance(invoice_id, int) and isinstance(session_id, int)
    return DocumentAsked(
        invoice_id=invoice_id, kind=DocumentKind(kind), language=DocumentLanguage(language), session_id=session_id
    )


def _asked_archive(parts: list[object]) -> ArchiveAsked:
    customer_id, contract_id, starts, ends, form, language, session_id = parts
    assert isinstance(customer_id, int) and isinstance(session_id, int)
    assert contract_id is None or isinstance(contract_id, int)
    return ArchiveAsked(
        customer_id=customer_id,
        contract_id=contract_id,
        starts=date.fromisoformat(str(starts)),
        ends=date.fromisoformat(str(ends)),
        form=ArchiveForm(form),
        language=DocumentLanguage(language),
        session_id=session_id,
    )


def _encoded(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as broken:
        raise AssertionError("a body that we signed can be read") from broken
