"""Files of applications over HTTP: sent by a signed address, known by their content, read by who sees them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import httpx2
import pytest
import pytest_asyncio
from mains_server.access.records import Refusal
from mains_server.adapters.loading import load_adapters
from mains_server.applications.attaching import announce_attachment
from mains_server.applications.links import AttachmentLinks, AttachmentRead, AttachmentSent
from mains_server.applications.operations import submit_application, take_step
from mains_server.applications.records import NewApplication, StepKind, StepRequest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.routes.applications import FILE_BYTES_MAX, attachment_routes
from sqlalchemy import text
from starlette.applications import Starlette

from tests.server.intake.conftest import NOW, House, house

pytestmark = pytest.mark.asyncio
__all__ = ["house"]
LINKS = AttachmentLinks(b"secret")
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 17 + b"\x00\x00\x00\x00IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 20 + b"\xff\xd9"


@pytest_asyncio.fixture
async def client(engine):
    app = Starlette(routes=[*attachment_routes(engine=engine, links=LINKS, clock=lambda: NOW)])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains.test") as opened:
        yield opened


@pytest.fixture(scope="module")
def utilities():
    return load_adapters(on=NOW.date())


@pytest_asyncio.fixture
async def number(engine, house: House, utilities) -> int:
    """Have an application of the family's, for its customer."""
    new = NewApplication(
        adapter="district_heating",
        type="free_text",
        answers=(("text", "see the file"),),
        customer_id=house.customers[1],
    )
    async with unit_of_work(engine) as session:
        return await submit_application(session, viewer=house.family, new=new, host=utilities, now=NOW)


def address(number, viewer, *, name="Lēmums nr. 7.pdf", ago=timedelta(0)) -> str:
    sent = AttachmentSent(application_id=number, person_id=viewer.person_id, name=name)
    return f"/uploads/applications/{LINKS.sign_sent(sent, now=NOW - ago)}"


async def kept(engine):
    async with engine.connect() as connection:
        found = await connection.execute(
            text("select id, name, media_type, size, sha256, person_id from application_attachment order by id")
        )
        return [tuple(row) for row in found]


async def signed_in(engine, viewer) -> int:
    async with unit_of_work(engine) as session:
        found = await session.scalar(
            text(
                "insert into session (person_id, token_hash, mode, device, created_at, expires_at, ends_at,"
                " last_used_at, proved_at)"
                " values (:person, :hash, 'BEARER', 'x', :now, :ends, :ends, :now, :now) returning id"
            ),
            {"person": viewer.person_id, "hash": str(viewer.person_id).encode(), "now": NOW}
            | {"ends": NOW + timedelta(days=1)},
        )
    return int(found)


def link(attachment, session, *, ago=timedelta(0)) -> str:
    read = AttachmentRead(attachment_id=attachment, session_id=session)
    return f"/attachments/{LINKS.sign_read(read, now=NOW - ago)}"


@pytest.mark.parametrize(
    ("content", "media_type"), [(PDF, "application/pdf"), (PNG, "image/png"), (JPEG, "image/jpeg")]
)
async def test_a_file_is_what_its_content_says(engine, client, house, number, content, media_type):
    answer = await client.put(address(number, house.family), content=content, headers={"Content-Type": "text/html"})
    again = await client.put(address(number, house.family, name="Again.png"), content=content)

    assert answer.status_code == again.status_code == 200
    assert answer.json() == again.json()
    assert answer.json() == {
        "status": "TAKEN",
        "name": "Lēmums nr. 7.pdf",
        "mediaType": media_type,
        "size": len(content),
    }
    assert [row[1:] for row in await kept(engine)] == [
        ("Lēmums nr. 7.pdf", media_type, len(content), sha256(content).hexdigest(), house.family.person_id)
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><script>alert(1)</script>",
        b"MZ\x90\x00" + PDF,
        PDF.replace(b"%%EOF", b"%%OEF"),
        b"%PDF-1.7 %%EOF" + b"\x00" * 2000,
        PNG[:-12],
        PNG.replace(b"IHDR", b"IDAT"),
        JPEG[:-2],
        b"PK\x03\x04" + b"\x00" * 50,
        b"GIF89a" + b"\x00" * 50,
    ],
)
async def test_what_is_no_whole_pdf_png_or_jpeg_is_not_kept(engine, client, house, number, content):
    answer = await client.put(address(number, house.family), content=content)

    assert (answer.status_code, answer.json()["code"]) == (422, "ATTACHMENT_TYPE_WRONG")
    assert await kept(engine) == []


async def test_over_ten_megabytes_are_too_many(engine, client, house, number):
    answer = await client.put(address(number, house.family), content=b"x" * (FILE_BYTES_MAX + 1))

    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")
    assert await kept(engine) == []


async def test_an_address_of_another_purpose_time_or_person_takes_nothing(engine, client, house, number):
    good = address(number, house.family)
    read = LINKS.sign_read(AttachmentRead(attachment_id=number, session_id=1), now=NOW)
    bad = [
        (404, "UPLOAD_UNKNOWN", address(number, house.family, ago=timedelta(minutes=15))),
        (404, "UPLOAD_UNKNOWN", good[:-1] + ("A" if good[-1] != "A" else "B")),
        (404, "UPLOAD_UNKNOWN", f"/uploads/applications/{read}"),
        (404, "UPLOAD_UNKNOWN", "/uploads/applications/ā"),
        (422, "APPLICATION_UNKNOWN", address(number, house.stranger)),
        (422, "APPLICATION_UNKNOWN", address(number, house.clerk)),
        (422, "APPLICATION_UNKNOWN", address(999, house.family)),
        (422, "ATTACHMENT_NAME_WRONG", address(number, house.family, name="../x.pdf")),
        (403, "UPLOAD_NOT_ALLOWED", address(number, replace(house.family, person_id=999))),
    ]

    for status, code, where in bad:
        answer = await client.put(where, content=PDF)
        assert (answer.status_code, answer.json()["code"]) == (status, code), where

    assert await kept(engine) == []


async def test_a_closed_application_takes_no_file_and_an_open_one_ten(engine, client, house, number):
    for turn in range(10):
        assert (await client.put(address(number, house.staff), content=PDF + b"%d" % turn)).status_code == 200
    eleventh = await client.put(address(number, house.family), content=PDF)
    async with unit_of_work(engine) as session:
        step = StepRequest(application_id=number, kind=StepKind.WITHDRAW)
        await take_step(session, viewer=house.family, step=step, now=NOW, today=NOW.date())
    closed = await client.put(address(number, house.family), content=PDF)

    assert (eleventh.status_code, eleventh.json()["code"]) == (422, "ATTACHMENTS_TOO_MANY")
    assert (closed.status_code, closed.json()["code"]) == (422, "STEP_NOT_POSSIBLE")
    assert len(await kept(engine)) == 10


async def test_who_sees_the_application_reads_its_files(engine, client, house, number):
    await client.put(address(number, house.family), content=PDF)
    (attachment, *_), *_ = await kept(engine)
    family, stranger, clerk = [await signed_in(engine, one) for one in (house.family, house.stranger, house.clerk)]

    good = await client.get(link(attachment, family))
    by_clerk = await client.get(link(attachment, clerk))
    bad = [
        await client.get(where)
        for where in (
            link(attachment, stranger),
            link(999, family),
            link(attachment, 999),
            link(attachment, family, ago=timedelta(minutes=15)),
            address(number, house.family).replace("/uploads/applications/", "/attachments/"),
        )
    ]

    assert (good.status_code, good.content, by_clerk.content) == (200, PDF, PDF)
    assert good.headers["content-type"] == "application/pdf"
    assert good.headers["content-disposition"] == "attachment; filename*=UTF-8''L%C4%93mums%20nr.%207.pdf"
    assert good.headers["x-content-type-options"] == "nosniff"
    assert {(answer.status_code, answer.json()["code"]) for answer in bad} == {(404, "ATTACHMENT_UNKNOWN")}


@pytest.mark.parametrize("name", ["", "  ", "x" * 121, "a/b.pdf", "a\\b.pdf", 'a".pdf', "a\n.pdf", "a\x00.pdf"])
async def test_a_name_that_cannot_be_shown_is_refused(engine, house, number, name):
    with pytest.raises(Refusal) as refused:
        async with unit_of_work(engine) as session:
            await announce_attachment(session, viewer=house.family, application_id=number, name=name)

    assert refused.value.code == "ATTACHMENT_NAME_WRONG"
