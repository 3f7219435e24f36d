"""Letters about levelled payments, what of them waits for the utility, and its yearly recalculations."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import strawberry
from mains_server.levelling.records import LetterChannel, PlanReason
from mains_server.levelling.tables import LevelledChunk as K
from mains_server.levelling.tables import LevelledHold as H
from mains_server.levelling.tables import LevelledLetter as LL
from mains_server.levelling.tables import LevelledRun as R
from mains_server.levelling.tables import LevelledVersion as V
from sqlalchemy import Integer, cast, func, select

from mains_schema.declaring.mapping import column, described, embed, key, looked_up, mapped, one
from mains_schema.declaring.node import Node
from mains_schema.declaring.scalars import Money
from mains_schema.declaring.scope import CLERKS_ONLY, allowed

if TYPE_CHECKING:
    from mains_schema.contracts.contract import Contract

OF_LETTER = (V.id == LL.version_id, V.customer_id == LL.customer_id)

described(
    LetterChannel,
    "By which road a letter goes.",
    {"EMAIL": "By e-mail.", "POST": "On paper, to who gets invoices on paper."},
)


def _in_chunks(counted: Any) -> Any:
    summed = select(func.coalesce(func.sum(counted), 0)).where(K.run_id == R.id).scalar_subquery()  # type: ignore[arg-type]
    return cast(summed, Integer)


@mapped(LL, scope=allowed(LL.customer_id, LL.contract_id))
class LevelledLetter(Node):
    """What a customer is told when a levelled payment asks for another amount, and every year; never changed."""

    id: strawberry.ID = key("Global id.", LL.version_id)
    version: int = column("Number of the plan's version that it is about.", looked_up(V.number, *OF_LETTER))
    reason: PlanReason = column("Why that version was made.", looked_up(V.reason, *OF_LETTER))
    starts_on: date = column("First day of the first month that asks for the new amount.", LL.starts)
    old_amount: Money = embed("What that month asked before.", Money, amount=LL.old_amount, currency=LL.currency)
    new_amount: Money = embed("What it asks now.", Money, amount=LL.new_amount, currency=LL.currency)
    base_part: Money = embed(
        "The share of that of what twelve months cost.", Money, amount=LL.base_part, currency=LL.currency
    )
    difference_part: Money = embed(
        "The share of what was used and not paid before; negative where more was paid than used.",
        Money,
        amount=LL.difference_part,
        currency=LL.currency,
    )
    channel: LetterChannel = column("By which road it goes.", LL.channel)
    language: str = column("Code of the customer's language, in which it is written.", LL.language)
    made_at: datetime = column("When it was made.", LL.made_at)
    contract: Contract = one("The contract.", LL.contract_id)


@mapped(R, scope=CLERKS_ONLY)
class LevelledRun(Node):
    """The recalculation of all levelled payments of a utility for a year; ordered again it tries what was held."""

    id: strawberry.ID = key("Global id.", R.id)
    adapter: str = column("Code of the utility.", R.adapter)
    year: int = column("The year; each has one recalculation.", R.year)
    starts_on: date = column("First day of the first month that asks for the new amounts.", R.starts)
    prices_known_on: date = column("The day whose knowledge of prices it works by.", R.known_on)
    started_at: datetime = column("When it was first ordered.", R.started_at)
    finished_at: datetime | None = column(
        "When all plans were worked out anew or held; null before that.", R.finished_at
    )
    plans: int = column(
        "How many plans were to be worked out anew, those tried again counted again; 0 until a worker begins.",
        _in_chunks(func.cardinality(K.contract_ids)),
    )
    recalculated: int = column("How many were.", _in_chunks(K.recalculated))
    held: int = column("How often one was held instead; `staff.levelledHolds` says why.", _in_chunks(K.held))


@mapped(H, scope=CLERKS_ONLY)
class LevelledHold(Node):
    """A levelled payment that could not be settled or worked out anew; it goes on as it was, and is tried again."""

    id: strawberry.ID = key("Global id.", H.id)
    task: str = column("What could not be done: settlement, recalculation, reading or price.", H.task)
    code: str = column("Short stable code of the reason.", H.code)
    reason: str = column("What is wrong, for people.", H.reason)
    held_at: datetime = column("When it was last held.", H.held_at)
    released_at: datetime | None = column("When it was done after all; null while it is held.", H.released_at)
    contract: Contract = one("The contract.", H.contract_id)
