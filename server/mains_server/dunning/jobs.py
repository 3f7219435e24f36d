"""Work of the dunning room for the queue: every morning, what the day brings the debts of every utility."""

from __future__ import annotations

from collections import Counter

from mains_server.adapters.loading import load_adapters
from mains_server.db.work import Task, Work
from mains_server.dunning.accruing import charge_interest
from mains_server.dunning.arranging import watch_arrangements
from mains_server.dunning.noting import issue_notes
from mains_server.dunning.reminding import Dunner, remind


async def day_of_debts(dunner: Dunner) -> Counter[str]:
    """Look at debts paid in parts, remind, charge interest and issue notes of both, and count; again without harm.

    In this order: an arrangement that was kept or broken decides whether reminders go out and interest runs.
    """
    counts = await watch_arrangements(dunner)
    counts["reminded"] += await remind(dunner)
    counts += await charge_interest(dunner)
    counts += await issue_notes(dunner)
    return +counts


async def pursue_debts(work: Work) -> None:
    """Do a day's work on the debts of all utilities."""
    today = work.now.date()
    for _, live in sorted(load_adapters(on=today).live.items()):
        await day_of_debts(Dunner(engine=work.engine, adapter=live, now=work.now, today=today))


TASKS: dict[str, Task] = {"pursue_debts": pursue_debts}
EVERY: dict[str, str] = {"pursue_debts": "30 6 * * *"}
