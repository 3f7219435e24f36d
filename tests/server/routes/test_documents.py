"""Documents over HTTP: for whom the link was made, as long as they may see the invoice."""

import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import httpx2
import pytest
import pytest_asyncio
from mains_server.db.unit_of_work import unit_of_work
from mains_server.documents import archive
from mains_server.documents.links import ArchiveAsked, ArchiveForm, DocumentAsked, DocumentLinks
from mains_server.documents.records import DocumentKind, DocumentLanguage
from mains_server.invoices.records import CreditRequest
from mains_server.payments.operations import credit_invoice
from mains_server.routes.documents import document_route
from starlette.applications import Starlette

from tests.server.documents.conftest import bill, press, small, town

pytestmark = pytest.mark.asyncio
__all__ = ["bill", "press", "small", "town"]

NOW = datetime(2023, 2, 20, 12, tzinfo=UTC)
LINKS = DocumentLinks(b"a secret of the tests")
PDF, XML, CSV = DocumentKind.PDF, DocumentKind.XML, DocumentKind.CSV
LV = DocumentLanguage.LV


class Desk:
    """A server whose clock the test moves, people with sessions, and links for them."""

    def __init__(self, town, client) -> None:
        self.town, self.client, self.now = town, client, NOW

    def person(self, *grants: tuple[int, list[int] | None]) -> int:
        """Sign somebody in who has rights on customers, on all contracts or on some, and give the session."""
        number = self.town.next("person")
        person = self.town.insert("person", email=f"p{number}@mains.test", name="P", language="lv", created_at=NOW)
        for customer, contracts in grants:
            self.town.insert(
                "access_grant", person_id=person, customer_id=customer, role="DELEGATE", permissions=["VIEW"],
                contract_ids=contracts, starts_at=NOW - timedelta(days=9), ends_at=None,
            )  # fmt: skip
        session: int = self.town.insert(
            "session", person_id=person, token_hash=f"t{number}".encode(), created_at=NOW,
            expires_at=NOW + timedelta(days=1), revoked_at=None, device="Phone", ends_at=NOW + timedelta(days=1),
            last_used_at=NOW, proved_at=NOW,
        )  # fmt: skip
        return session

    async def get(self, asked, *, secret: DocumentLinks = LINKS):
        """Sign a link as of noon and open it now."""
        return await self.client.get(f"/documents/{secret.sign(asked, now=NOW)}")


@pytest_asyncio.fixture
async def desk(engine, town, small):
    found: list[Desk] = []
    route = document_route(engine=engine, host=small.host_of(), links=LINKS, clock=lambda: found[0].now)
    transport = httpx2.ASGITransport(app=Starlette(routes=[route]))
    async with httpx2.AsyncClient(transport=transport, base_url="http://mains.test") as client:
        found.append(Desk(town, client))
        yield found[0]


def document(invoice: int, session: int, *, kind: DocumentKind = XML) -> DocumentAsked:
    return DocumentAsked(invoice_id=invoice, kind=kind, language=LV, session_id=session)


def months(customer: int, session: int, **more) -> ArchiveAsked:
    asked = {"contract_id": None, "starts": date(2023, 1, 1), "ends": date(2023, 3, 1), "form": ArchiveForm.ZIP}
    return ArchiveAsked(customer_id=customer, session_id=session, language=LV, **(asked | more))


def is_unknown(answer) -> bool:
    return (answer.status_code, answer.json()["code"]) == (404, "DOCUMENT_UNKNOWN")


@pytest.mark.parametrize(
    ("kind", "media_type", "name", "start"),
    [
        (PDF, "application/pdf", "S-000001-lv.pdf", b"%PDF-"),
        (XML, "application/xml", "S-000001.xml", b"<?xml"),
        (CSV, "text/csv; charset=utf-8", "S-000001-lv.csv", b"\xef\xbb\xbf"),
    ],
)
async def test_a_document_is_saved_under_its_name(desk, bill, kind, media_type, name, start):
    desk.town.household()
    (invoice,) = bill()

    answer = await desk.get(document(invoice, desk.person((1, None)), kind=kind))

    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["etag"] == f'"{sha256(answer.content).hexdigest()}"'
    assert answer.content.startswith(start)


async def test_it_is_the_same_file_each_time(desk, bill):
    desk.town.household()
    (invoice,) = bill()
    session = desk.person((1, None))

    answers = [await desk.get(document(invoice, session, kind=PDF)) for _ in range(2)]

    assert answers[0].content == answers[1].content
    assert desk.town.connection.execute("select count(*) from invoice_document").fetchall() == [(1,)]


async def test_a_delegate_of_one_contract_opens_its_documents_alone(desk, bill):
    first = desk.town.household()
    point = desk.town.point()
    second = desk.town.contract(customer=1, points=(point,), product="fixed")
    desk.town.read(desk.town.meter(point), (date(2023, 1, 1), "10"), (date(2023, 2, 1), "20"))
    bill()
    invoices = dict(desk.town.connection.execute("select contract_id, id from invoice").fetchall())
    session = desk.person((1, [first]))

    assert (await desk.get(document(invoices[first], session))).status_code == 200
    assert is_unknown(await desk.get(document(invoices[second], session)))
    assert is_unknown(await desk.get(months(1, session)))
    assert is_unknown(await desk.get(months(1, session, contract_id=second)))
    assert (await desk.get(months(1, session, contract_id=first))).status_code == 200


async def test_a_strangers_link_leads_nowhere_and_makes_nothing(desk, bill):
    desk.town.household()
    (invoice,) = bill()
    stranger = desk.person((99, None))

    assert is_unknown(await desk.get(document(invoice, stranger)))
    assert is_unknown(await desk.get(months(1, stranger)))
    assert is_unknown(await desk.get(document(4711, desk.person((1, None)))))
    assert desk.town.connection.execute("select count(*) from invoice_sheet").fetchall() == [(0,)]


async def test_a_link_ends_with_the_right_the_session_and_the_quarter_of_an_hour(desk, bill):
    desk.town.household()
    (invoice,) = bill()
    session = desk.person((1, None))
    asked = document(invoice, session)
    assert (await desk.get(asked)).status_code == 200

    desk.now = NOW + timedelta(minutes=15)
    assert is_unknown(await desk.get(asked))
    desk.now = NOW + timedelta(minutes=14)
    assert (await desk.get(asked)).status_code == 200
    desk.town.connection.execute("update access_grant set ends_at = %s", [NOW + timedelta(minutes=13)])
    assert is_unknown(await desk.get(asked))
    desk.town.connection.execute("update access_grant set ends_at = null")
    desk.town.connection.execute("update session set revoked_at = %s", [NOW + timedelta(minutes=13)])
    assert is_unknown(await desk.get(asked))


async def test_a_forged_link_leads_nowhere(desk, bill):
    desk.town.household()
    (invoice,) = bill()
    asked = document(invoice, desk.person((1, None)))

    assert is_unknown(await desk.get(asked, secret=DocumentLinks(b"guessed")))
    for token in ("x", "x.y", "%00", "ā", "a" * 2_000):
        assert is_unknown(await desk.client.get(f"/documents/{token}"))
    assert (await desk.client.post("/documents/x")).status_code == 405


async def test_an_archive_has_every_document_of_the_period_and_is_the_same_each_time(desk, bill):
    desk.town.household()
    bill()
    session = desk.person((1, None))

    first, second = [await desk.get(months(1, session)) for _ in range(2)]

    assert first.headers["content-type"] == "application/zip"
    assert first.headers["content-disposition"] == 'attachment; filename="invoices-2023-01-01-2023-03-01.zip"'
    assert first.content == second.content
    with zipfile.ZipFile(io.BytesIO(first.content)) as opened:
        assert opened.namelist() == ["S-000001-lv.pdf", "S-000001.xml", "S-000001-lv.csv"]
        assert opened.testzip() is None


async def test_who_moved_out_keeps_every_document_and_the_next_occupant_sees_none(desk, bill, engine):
    """The contract ended on 1 February, and its last bill was taken back later; all of it stays the customer's."""
    ended = desk.town.household(ends=date(2023, 2, 1))
    (point,) = desk.town.connection.execute("select supply_point_id from contract_supply_point").fetchone()
    desk.town.contract(customer=desk.town.customer(), points=(point,), product="fixed", starts=date(2023, 2, 1))
    (last,) = bill()
    async with unit_of_work(engine) as session:
        request = CreditRequest(document_number="S-000001", issued_on=date(2023, 2, 15))
        note = await credit_invoice(session, request=request, now=NOW)
    gone, next_one = desk.person((1, None)), desk.person((2, None))

    for invoice in (last, note.id):
        for kind in DocumentKind:
            assert (await desk.get(document(invoice, gone, kind=kind))).status_code == 200
            assert is_unknown(await desk.get(document(invoice, next_one, kind=kind)))
    for contract in (None, ended):
        answer = await desk.get(months(1, gone, contract_id=contract))
        with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
            numbers = ("S-000001", "S-000002")
            assert opened.namelist() == [f"{one}{end}" for one in numbers for end in ("-lv.pdf", ".xml", "-lv.csv")]
        assert is_unknown(await desk.get(months(1, next_one, contract_id=contract)))


async def test_a_period_without_invoices_is_an_empty_archive(desk, bill):
    desk.town.household()
    bill()
    session = desk.person((1, None))

    zipped = await desk.get(months(1, session, starts=date(2020, 1, 1), ends=date(2020, 2, 1)))
    table = await desk.get(months(1, session, form=ArchiveForm.CSV, ends=date(2023, 2, 1)))

    with zipfile.ZipFile(io.BytesIO(zipped.content)) as opened:
        assert opened.namelist() == []
    assert table.content.count(b"\r\n") == 1


async def test_too_much_at_once_is_refused_and_goes_on_when_asked_again(desk, bill, monkeypatch):
    monkeypatch.setattr(archive, "MADE_AT_ONCE_MAX", 2)
    desk.town.household()
    bill()
    asked = months(1, desk.person((1, None)))

    early, ready = [await desk.get(asked) for _ in range(2)]
    monkeypatch.setattr(archive, "INVOICES_MAX", 0)
    large = await desk.get(asked)

    assert (early.status_code, early.json()["code"]) == (503, "ARCHIVE_NOT_READY")
    assert ready.status_code == 200
    assert (large.status_code, large.json()["code"]) == (422, "ARCHIVE_TOO_LARGE")


async def test_a_server_without_the_libraries_says_so(desk, bill, monkeypatch):
    monkeypatch.setattr("mains_server.documents.operations.NEEDS", ("nothing_of_the_kind",))
    desk.town.household()
    (invoice,) = bill()

    answer = await desk.get(document(invoice, desk.person((1, None))))

    assert (answer.status_code, answer.json()["code"]) == (503, "DOCUMENTS_NOT_INSTALLED")
    assert desk.town.connection.execute("select count(*) from invoice_sheet").fetchall() == [(0,)]
