"""A customer's account over GraphQL: balances that add up, and periods that are refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from mains_server.payments import accounts
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import Asker, owner
from tests.schema.edges import edgy_town

pytestmark = pytest.mark.asyncio
ACCOUNT = """query ($period: PeriodInput!) { viewer { customers(first: 1) { nodes { accountStatement(period: $period) {
  opening { amount } items { amount { amount } balance { amount } } closing { amount } } } } } }"""
YEAR = {"from": "2022-01-01", "to": "2023-01-01"}


@pytest_asyncio.fixture
async def town(engine: AsyncEngine) -> Asker:
    return await edgy_town(engine)


async def asked(town: Asker, period: dict[str, str]) -> Any:
    return await town.ask(ACCOUNT, viewer=owner(1), period=period)


async def test_opening_and_items_make_the_closing(town: Asker) -> None:
    answer = await asked(town, YEAR)

    ((statement,),) = (one["accountStatement"] for one in answer.data["viewer"]["customers"]["nodes"])
    amounts = [Decimal(item["amount"]["amount"]) for item in statement["items"]]
    assert len(amounts) > 1
    assert sum(amounts, Decimal(statement["opening"]["amount"])) == Decimal(statement["closing"]["amount"])
    assert statement["items"][-1]["balance"] == statement["closing"]


@pytest.mark.parametrize(
    "period", [{"from": "2022-02-01", "to": "2022-02-01"}, {"from": "2022-02-01", "to": "2021-02-01"}]
)
async def test_a_period_without_days_is_refused(town: Asker, period: dict[str, str]) -> None:
    assert (await asked(town, period)).codes == ["BAD_INPUT"]


async def test_more_than_a_statement_lists_is_refused(town: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "ITEMS_MAX", 1)

    assert (await asked(town, YEAR)).codes == ["BAD_INPUT"]
