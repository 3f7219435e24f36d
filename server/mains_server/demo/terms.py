"""The terms that the demo's contracts are concluded on, and the series of new contract numbers; texts are invented."""

from __future__ import annotations

from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.adapters.live import LiveAdapter
from mains_server.contracts.operations import load_terms_documents, register_contract_series
from mains_server.contracts.records import NewTermsDocument

LAST_NUMBER = 500_000
SERIES = {"district_heating": "S-", "electricity_retail": "E-"}


async def lay_down_terms(session: AsyncSession, *, adapter: LiveAdapter, on: date) -> None:
    """Lay down a utility's terms for each product it sells, and begin its series of contract numbers."""
    await register_contract_series(session, adapter=adapter.code, prefix=SERIES[adapter.code], last_number=LAST_NUMBER)
    documents = [
        NewTermsDocument(
            adapter=adapter.code,
            product=product.code,
            version=f"demo-{on:%Y-%m}",
            starts=on,
            text_lv=f"{product.labels.lv}: līguma noteikumi (paraugs). {_lv(product.price_fixed_months)}",
            text_en=f"{product.labels.en}: terms of the contract (sample). {_en(product.price_fixed_months)}",
            text_ru=f"{product.labels.ru}: условия договора (образец). {_ru(product.price_fixed_months)}",
        )
        for product in adapter.products(on=on)
    ]
    await load_terms_documents(session, documents=documents)


def _lv(months: int | None) -> str:
    return "Cena var mainīties." if months is None else f"Cena nemainās {months} mēnešus."


def _en(months: int | None) -> str:
    return "The price may change." if months is None else f"The price holds for {months} months."


def _ru(months: int | None) -> str:
    return "Цена может меняться." if months is None else f"Цена не меняется {months} месяцев."
