"""Rates a golden bill with an adapter, as the server would: by tariff and evaluator, or by the hook ``rate``."""

from __future__ import annotations

from dataclasses import replace

from mains_spi import (
    Bill,
    CannotRate,
    Charge,
    Mistake,
    RatingRequest,
    RatingResult,
    Rounding,
    Tariff,
    bill_charges,
    bind_product,
    evaluate,
    tax_codes,
    vet,
)

from mains_kit.adapter import Adapter
from mains_kit.errors import (
    AdapterUnusable,
    BillHeld,
    GoldenFileRefused,
    PriceMissing,
    TariffRefused,
    UnitsDiffer,
    VersionsOverlap,
    did_you_mean,
)
from mains_kit.fit import check_words
from mains_kit.records import GoldenBill

CURRENCY = "EUR"
REFUSALS: dict[str, type[GoldenFileRefused]] = {
    "missing_price": PriceMissing,
    "unit_mismatch": UnitsDiffer,
    "versions_overlap": VersionsOverlap,
    "price_twice": VersionsOverlap,
}


def rate_golden(*, golden: GoldenBill, adapter: Adapter) -> Bill:
    """Work out the bill of a golden file, or refuse the file: its words and prices are looked at first."""
    check_words(golden=golden, adapter=adapter)
    if not adapter.product(code=golden.product, on=golden.on).rated:
        _vet(golden, adapter)
    try:
        return rate_request(golden=golden, adapter=adapter, request=request_for(golden=golden, adapter=adapter))
    except CannotRate as error:
        raise golden.table.refusal(
            BillHeld, "bill", f"it cannot be worked out, {error.component or 'bill'} lacks something", error.remedy
        ) from error


def rate_request(*, golden: GoldenBill, adapter: Adapter, request: RatingRequest) -> Bill:
    """Ask about the product of a golden bill that was looked at before, with another request or the same."""
    if adapter.product(code=golden.product, on=golden.on).rated:
        return rate_by_hook(adapter=adapter, request=request, rounding=golden.rounding or Rounding())
    return evaluate(tariff_for(golden=golden, adapter=adapter), request)


def rate_again(*, golden: GoldenBill, adapter: Adapter) -> Bill:
    """Work out a golden bill that was looked at before."""
    return rate_request(golden=golden, adapter=adapter, request=request_for(golden=golden, adapter=adapter))


def request_for(*, golden: GoldenBill, adapter: Adapter) -> RatingRequest:
    """Give the question of a golden bill as the server would ask it: tax codes known, the product's prices bound."""
    request = replace(golden.request, tax_codes=tax_codes(adapter.utility()))
    product = adapter.product(code=golden.product, on=golden.on)
    if any(version.list == "product" for version in request.prices):
        return request
    bound = bind_product(versions=request.prices, price_list=product.price_list, period=request.period)
    return replace(request, prices=(*request.prices, *bound))


def tariff_for(*, golden: GoldenBill, adapter: Adapter) -> Tariff:
    """Ask for the tariff of a golden bill, with the rounding of the file if it has its own."""
    tariff = adapter.tariff(product=golden.product, on=golden.on)
    return tariff if golden.rounding is None else replace(tariff, rounding=golden.rounding)


def rate_by_hook(*, adapter: Adapter, request: RatingRequest, rounding: Rounding) -> Bill:
    """Ask the hook ``rate`` and make its charges a bill."""
    result: RatingResult = adapter.ask("rate", request)
    refusals = [problem for problem in result.problems if problem.severity == "refuse"]
    if refusals:
        raise CannotRate(refusals[0].code, refusals[0].path, refusals[0].labels.en)
    return bill_of_charges(charges=result.charges, request=request, rounding=rounding)


def bill_of_charges(*, charges: tuple[Charge, ...], request: RatingRequest, rounding: Rounding) -> Bill:
    """Round charges, work out their tax and explain them, as the server does."""
    declared = tuple(tax.charge for tax in request.tax_codes)
    for charge in charges:
        if charge.code not in declared:
            hint = did_you_mean(word=charge.code, known=declared)
            raise AdapterUnusable(f"charge `{charge.code}` is not declared in Utility.charges. {hint}")
    return bill_charges(charges=charges, tariff=Tariff("rate", CURRENCY, (), rounding), request=request)


def _vet(golden: GoldenBill, adapter: Adapter) -> None:
    """Refuse what the load checks refuse: first the tariff for itself, then the prices of the file with it."""
    utility, tariff = adapter.utility(), tariff_for(golden=golden, adapter=adapter)
    mistakes = vet(tariff, (), utility)
    if mistakes:
        raise golden.table.refusal(
            TariffRefused, "bill", f"the tariff {tariff.code!r} of {adapter.name} is unsound", _sentences(mistakes)
        )
    mistakes = vet(tariff, request_for(golden=golden, adapter=adapter).prices, utility)
    if mistakes:
        kind = REFUSALS.get(mistakes[0].code, TariffRefused)
        problem = f"these prices do not go with the tariff {tariff.code!r}"
        raise golden.table.refusal(kind, "price", problem, _sentences(mistakes))


def _sentences(mistakes: tuple[Mistake, ...]) -> str:
    return "; ".join(f"{mistake.component}: {mistake.remedy}" for mistake in mistakes)
