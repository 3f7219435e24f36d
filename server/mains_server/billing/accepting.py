"""An employee accepts a bill that is held for being unusual: it is right, and is to be issued."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Refusal
from mains_server.audit.operations import note_subject
from mains_server.audit.records import Subject
from mains_server.billing.holding import HeldBill, lock_held
from mains_server.billing.rules import ACCEPTABLE
from mains_server.db.jobs import defer_job

TASK = "bill"
NOTE_LENGTH_MAX = 1_000
ACCEPT = text("""
update billing_hold set accepted_total = :total, accepted_at = :now, accepted_by_person_id = :person,
    accepted_note = :note
where id = :hold and accepted_total is distinct from :total
""")


class HoldUnknown(Refusal):
    """There is no such held contract."""

    code = "HOLD_UNKNOWN"
    path = "holdId"


class HoldReleased(Refusal):
    """The contract is held no longer: it was billed."""

    code = "HOLD_RELEASED"
    path = "holdId"


class HoldNotAcceptable(Refusal):
    """Something is missing or wrong, so that there is no bill to accept; the message says what is to be mended."""

    code = "HOLD_NOT_ACCEPTABLE"
    path = "holdId"


class HoldChanged(Refusal):
    """The bill would come to another total than the one that was looked at."""

    code = "HOLD_CHANGED"
    path = "total"


class HoldNoteWrong(Refusal):
    """Why a bill is right though unusual is written down in 1 to 1,000 characters."""

    code = "HOLD_NOTE_WRONG"
    path = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Which held contract's bill is right, at which total, why, and who says so; nobody where it is the command line.

    `total` is what whoever accepts has looked at: another one is not accepted.
    """

    hold_id: int
    total: Decimal
    note: str
    now: datetime
    person_id: int | None = None


async def accept_hold(session: AsyncSession, *, acceptance: Acceptance) -> HeldBill:
    """Accept a held contract's bill at exactly its total, and have its run started again, which then issues it.

    Where it comes out otherwise by then it is held again, and is to be accepted anew. Accepting the same again changes
    nothing. Refuses with `HoldUnknown`, `HoldReleased`, `HoldNotAcceptable`, `HoldChanged` and `HoldNoteWrong`.
    """
    if not acceptance.note.strip() or len(acceptance.note) > NOTE_LENGTH_MAX:
        raise HoldNoteWrong(f"say why the bill is right in 1 to {NOTE_LENGTH_MAX} characters")
    held = await lock_held(session, hold_id=acceptance.hold_id)
    if held is None:
        raise HoldUnknown("there is no such held contract")
    _require_acceptable(held, total=acceptance.total)
    told = {"hold": held.id, "total": acceptance.total, "note": acceptance.note}
    await session.execute(ACCEPT, {**told, "person": acceptance.person_id, "now": acceptance.now})
    for type_name, number in (("Customer", held.customer_id), ("Contract", held.contract_id)):
        note_subject(session, subject=Subject(type_name=type_name, number=number))
    run = {"adapter": held.adapter, "period": f"{held.period_from:%Y-%m}", "issued_on": held.issued_on.isoformat()}
    await defer_job(session, task=TASK, arguments=run)
    return held


def _require_acceptable(held: HeldBill, *, total: Decimal) -> None:
    if held.released_at is not None:
        raise HoldReleased("this contract is held no longer; look at its invoice")
    if held.code not in ACCEPTABLE:
        raise HoldNotAcceptable(
            f"there is no bill to accept, since something is to be mended first ({held.code}): {held.reason};"
            " the next start of the run then bills it"
        )
    if held.total is None:
        raise HoldNotAcceptable("what the bill would come to is not known of this hold; start its run again, then look")
    if total != held.total:
        raise HoldChanged(f"the bill would be {held.total} {held.currency}; look at that, and accept it if it is right")
