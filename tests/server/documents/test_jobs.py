"""Documents are made by jobs after issue, and a job that was cut off makes the rest."""

from dataclasses import replace
from datetime import date

import psycopg
import pytest
from mains_server.adapters.loading import FoundPlugin, load_adapters
from mains_server.db.unit_of_work import unit_of_work
from mains_server.db.work import Work
from mains_server.documents import jobs
from mains_server.documents.operations import AdapterSilent, make_documents
from mains_server.invoices.records import CreditRequest
from mains_server.invoices.rules import INVOICES_PER_JOB, document_jobs
from mains_server.payments.operations import credit_invoice
from mains_server.worker import room_tasks, work_off

QUEUED = "select args from procrastinate_jobs where task_name = 'documents' order by id"
STORED = "select invoice_id, kind, language from invoice_document order by invoice_id, kind"


@pytest.mark.asyncio
async def test_issuing_queues_the_making_in_its_transaction(town, bill):
    for _ in range(3):
        town.household()

    invoices = bill()

    assert town.connection.execute(QUEUED).fetchall() == [({"first": invoices[0], "last": invoices[-1]},)]


@pytest.mark.asyncio
async def test_a_run_that_fails_queues_nothing(town, bill, monkeypatch):
    town.household()
    monkeypatch.setattr("mains_server.billing.book._invoices", lambda *args, **more: [b"broken"])

    with pytest.raises(psycopg.Error):
        bill()

    assert town.connection.execute(QUEUED).fetchall() == []


@pytest.mark.asyncio
async def test_a_credit_note_is_made_too(town, bill, engine, small):
    town.household()
    bill()
    async with unit_of_work(engine) as session:
        request = CreditRequest(document_number="S-000001", issued_on=date(2023, 2, 12))
        note = await credit_invoice(session, request=request, now=small.NOW)

    assert town.connection.execute(QUEUED).fetchall()[-1] == ({"first": note.id, "last": note.id},)


def test_many_invoices_are_divided_among_jobs():
    found = document_jobs(range(10, 10 + 2 * INVOICES_PER_JOB + 1))

    assert found == [
        {"first": 10, "last": 9 + INVOICES_PER_JOB},
        {"first": 10 + INVOICES_PER_JOB, "last": 9 + 2 * INVOICES_PER_JOB},
        {"first": 10 + 2 * INVOICES_PER_JOB, "last": 10 + 2 * INVOICES_PER_JOB},
    ]
    assert document_jobs([]) == []


@pytest.mark.asyncio
async def test_a_worker_makes_what_is_missing_in_the_customers_language(town, bill, psycopg_dsn, small, monkeypatch):
    monkeypatch.setattr(jobs, "load_adapters", lambda on: small.host_of())
    town.household()
    town.household()
    town.connection.execute("update customer set language = 'ru' where id = 1")
    town.connection.execute("update customer set language = 'de' where id = 2")
    first, second = bill()

    await work_off(address=psycopg_dsn, until_empty=True, tasks=room_tasks())

    assert town.connection.execute("select status::text from procrastinate_jobs").fetchall() == [("succeeded",)]
    assert town.connection.execute(STORED).fetchall() == [
        *((first, kind, "RU") for kind in ("CSV", "PDF", "XML")),
        *((second, kind, "EN") for kind in ("CSV", "PDF", "XML")),
    ]


@pytest.mark.asyncio
async def test_a_job_that_was_cut_off_makes_the_rest(town, bill, engine, psycopg_dsn, small, monkeypatch):
    monkeypatch.setattr(jobs, "load_adapters", lambda on: small.host_of())
    monkeypatch.setattr(jobs, "INVOICES_AT_ONCE", 1)
    for _ in range(3):
        town.household()
    invoices = bill()
    work = Work(engine=engine, address=psycopg_dsn, now=small.NOW)
    asked = []

    async def dies_at_the_second(press, *, wanted):
        asked.append(wanted)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return await make_documents(press, wanted=wanted)

    monkeypatch.setattr(jobs, "make_documents", dies_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        await jobs.make(work, first=invoices[0], last=invoices[-1])
    assert len(town.connection.execute(STORED).fetchall()) == 3

    assert await jobs.make(work, first=invoices[0], last=invoices[-1]) == 6
    assert await jobs.make(work, first=invoices[0], last=invoices[-1]) == 0
    assert len(town.connection.execute(STORED).fetchall()) == 9


@pytest.mark.asyncio
async def test_all_that_is_missing_is_made_some_invoices_at_a_time(town, bill, engine, psycopg_dsn, small, monkeypatch):
    monkeypatch.setattr(jobs, "load_adapters", lambda on: small.host_of())
    monkeypatch.setattr(jobs, "INVOICES_LOOKED_AT", 2)
    for _ in range(3):
        town.household()
    invoices = bill()
    work = Work(engine=engine, address=psycopg_dsn, now=small.NOW)
    await jobs.make(work, first=invoices[1], last=invoices[1])

    assert await jobs.make_missing(work) == jobs.MadeMissing(6, {})
    assert await jobs.make_missing(work) == jobs.MadeMissing(0, {})
    assert len(town.connection.execute(STORED).fetchall()) == 9


@pytest.fixture
def broken(town, monkeypatch, small):
    """Have invoices of two utilities, of which one's adapter is set aside, as is found only now."""

    def put(invoice_ids):
        town.connection.execute("set session_replication_role = replica")
        town.connection.execute("update invoice set adapter = 'broken' where id = any(%s)", (invoice_ids,))
        town.connection.execute("set session_replication_role = origin")
        plugins = [FoundPlugin(name="broken", version="1", load=object)]
        aside = load_adapters(on=small.FIRST, plugins=plugins).adapters
        here = small.host_of()
        monkeypatch.setattr(jobs, "load_adapters", lambda on: replace(here, adapters=(*aside, *here.adapters)))

    return put


@pytest.mark.asyncio
async def test_a_utility_that_is_set_aside_keeps_no_other_waiting(town, bill, engine, psycopg_dsn, small, broken):
    for _ in range(4):
        town.household()
    invoices = bill()
    broken([invoices[0], invoices[2]])
    work = Work(engine=engine, address=psycopg_dsn, now=small.NOW)

    found = await jobs.make_missing(work)

    assert found.documents == 6
    ((reason, left),) = found.waiting.items()
    assert (reason.startswith("adapter broken is set aside: "), left) == (True, 2)
    assert {row[0] for row in town.connection.execute(STORED).fetchall()} == {invoices[1], invoices[3]}


@pytest.mark.asyncio
async def test_the_queue_tries_again_after_it_made_the_others(town, bill, engine, psycopg_dsn, small, broken):
    town.household()
    town.household()
    first, second = bill()
    broken([first])
    work = Work(engine=engine, address=psycopg_dsn, now=small.NOW)

    with pytest.raises(AdapterSilent, match="broken is set aside"):
        await jobs.make(work, first=first, last=second)

    assert {row[0] for row in town.connection.execute(STORED).fetchall()} == {second}
