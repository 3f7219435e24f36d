"""What a server forgets by night because it is over: files that hold addresses, and counts of minutes."""

from __future__ import annotations

import structlog

from mains_server.bank_einvoices.operations import forget_bank_files
from mains_server.db.budgets import forget_budgets
from mains_server.db.unit_of_work import unit_of_work
from mains_server.db.work import Work
from mains_server.delivery.posting import forget_mailing_files
from mains_server.notifications.posting import forget_notice_files
from mains_server.settings import load_settings

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
