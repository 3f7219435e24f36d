"""What a server forgets by night because it is over: files with addresses, answers, jobs, counted minutes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.bank_einvoices.operations import forget_bank_files
from mains_server.db.budgets import forget_budgets
from mains_server.db.idempotency import forget_answers
from mains_server.db.jobs import forget_jobs
from mains_server.db.unit_of_work import unit_of_work
from mains_server.db.work import Work
from mains_server.delivery.posting import forget_mailing_files
from mains_server.notifications.posting import forget_notice_files
from mains_server.settings import load_settings

AT_ONCE = 10_000
JOBS_KEPT_FOR = timedelta(days=14)
log = structlog.get_logger()


async def forget_files(work: Work) -> None:
    """Take files for the printer and for banks away that were made long ago; twice without harm.

    An erasure leaves them alone, since others' letters are in them, so this is when the last address is gone.
    """
    before = work.now - load_settings().files_kept
    count = 0
    for forget in (forget_mailing_files, forget_notice_files, forget_bank_files):
        async with unit_of_work(work.engine) as session:
            count += await forget(session, before=before)
    log.info("files forgotten", count=count)


async def forget_minutes(work: Work) -> None:
    """Delete what was read in minutes that are over; twice without harm."""
    async with unit_of_work(work.engine) as session:
        await forget_budgets(session, now=work.now)


async def forget_requests(work: Work) -> None:
    """Delete answers of requests whose keys are free again; twice without harm."""
    count = await _until_few(work, lambda session: forget_answers(session, now=work.now, most=AT_ONCE))
    log.info("requests forgotten", count=count)


async def forget_ended_jobs(work: Work) -> None:
    """Delete jobs that ended a while ago, of which there are some thousands a day; twice without harm."""
    before = work.now - JOBS_KEPT_FOR
    count = await _until_few(work, lambda session: forget_jobs(session, before=before, most=AT_ONCE))
    log.info("jobs forgotten", count=count)


async def _until_few(work: Work, forget: Callable[[AsyncSession], Awaitable[int]]) -> int:
    """Forget so many a transaction, until there are fewer: who dies has forgotten what it committed."""
    forgotten = 0
    while True:
        async with unit_of_work(work.engine) as session:
            count = await forget(session)
        forgotten += count
        if count < AT_ONCE:
            return forgotten
