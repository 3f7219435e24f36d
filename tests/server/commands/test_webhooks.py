"""A worker, as a process, posts to partners as soon as there is something, and ends when it is told to."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from mains_server.access.operations import add_staff, create_person
from mains_server.access.queries import viewer_of_person
from mains_server.access.records import NewPerson, StaffRole
from mains_server.commands.webhooks import forgotten_before
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications.sealing import Seal
from mains_server.settings import Settings
from mains_server.webhooks import operations
from mains_server.webhooks.records import Chosen, NewEndpoint, WebhookKind

from tests.server.webhooks.conftest import NOON
from tests.server.webhooks.receiver import is_signed, receiving

PATIENCE_SECONDS = 600  # a worker may take long to start on a busy machine
SECRET = "a secret of the worker's server, 32 letters at least"
CHOSEN = (Chosen(kind=WebhookKind.READING_ACCEPTED, document="subscription { readingAccepted { id } }"),)


def test_messages_that_ended_are_kept_for_as_many_days_as_a_setting_says():
    assert (NOON - forgotten_before(Settings(), now=NOON)).days == 30
    assert (NOON - forgotten_before(Settings(webhook_days_kept=7), now=NOON)).days == 7


@pytest.mark.slow
@pytest.mark.asyncio
async def test_a_worker_posts_a_ping_and_ends_when_it_is_told_to(engine, database_url):
    async with receiving() as receiver:
        made = await _endpoint(engine, receiver.url)
        environment = {
            **os.environ, "MAINS_DATABASE_URL": database_url, "MAINS_SECRET": SECRET, "MAINS_MODE": "demo",
        }  # fmt: skip
        command = str(Path(sys.executable).with_name("mains"))
        worker = await asyncio.create_subprocess_exec(command, "worker", env=environment)
        try:
            await _ping(engine, made.endpoint_id)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not receiver.came:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            worker.send_signal(signal.SIGTERM)
            await worker.wait()
        finally:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()

    headers, body = receiver.came[0]
    assert is_signed(headers, body, made.secret)
    assert receiver.bodies[0]["type"] == "webhook.test"


async def _endpoint(engine, url):
    async with unit_of_work(engine) as session:
        new = NewPerson(email="admin@example.lv", name="Admin", language="en")
        admin = await create_person(session, person=new, now=NOON)
        await add_staff(session, person_id=admin.id, role=StaffRole.ADMIN, now=NOON)
        viewer = await viewer_of_person(session, person_id=admin.id, now=NOON)
        endpoint = NewEndpoint(url=url, description="Test", language="en", chosen=CHOSEN)
        return await operations.create_endpoint(
            session, viewer=viewer, new=endpoint, seal=Seal(SECRET.encode()), now=NOON
        )


async def _ping(engine, endpoint_id):
    async with unit_of_work(engine) as session:
        viewer = await viewer_of_person(session, person_id=1, now=NOON)
        await operations.ping_endpoint(session, viewer=viewer, endpoint_id=endpoint_id, now=NOON)
