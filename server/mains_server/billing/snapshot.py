"""The inputs of an invoice as JSON: enough to ask the same question again, and to get the same cents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import orjson
from mains_spi import PriceVersion, RatingRequest, Series, Utility, request_from_json, request_to_json, tax_codes

from mains_server.billing.due import Measured
from mains_server.billing.prices import AgreedPrice, bound
from mains_server.billing.usage import as_usage, micro_text

VERSION = 1
DAYS = "interval_days"
ABOUT = "about"


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedBy:
    """What a question is priced by: the product, its tariff's day, and the ids of price versions and series.

    `agreed` is the version that the contract keeps in the place of its product's list, and until when.
    """

    adapter_version: str
    product: str
    tariff_on: date
    price_list: str
    version_ids: tuple[int, ...]
    series_ids: tuple[int, ...]
    agreed: AgreedPrice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A question as it was read back, without prices and series yet.

    `about` names what each of its charges is for, where that was written down.
    """

    priced_by: PricedBy
    request: RatingRequest
    charges: tuple[Mapping[str, Any], ...] | None = None
    day_ids: tuple[int, ...] = ()
    about: tuple[str, ...] = ()


class SnapshotUnreadable(Exception):
    """The stored inputs of an invoice are not those of this version."""


def conditions_text(request: RatingRequest, *, priced_by: PricedBy, charges: Sequence[Any] | None = None) -> bytes:
    """Write what alike contracts share, open at the end for one contract's own part."""
    bare = replace(request, prices=(), series=(), tax_codes=(), usage=())
    written = request_to_json(bare)
    del written["contract"]
    document = {
        "v": VERSION,
        "adapter": priced_by.adapter_version,
        "product": priced_by.product,
        "tariff_on": priced_by.tariff_on,
        "price_list": priced_by.price_list,
        "price_versions": priced_by.version_ids,
        "series": priced_by.series_ids,
        **({} if priced_by.agreed is None else {"agreed": list(priced_by.agreed)}),
        **({} if charges is None else {"charges": charges}),
        "request": written,
    }
    text = orjson.dumps(document)
    assert text.endswith(b"}}")
    return text[:-2]


def inputs_text(conditions: bytes, *, contract: str, usage: Iterable[Measured], day_ids: tuple[int, ...] = ()) -> bytes:
    """Write the inputs of one contract's invoice; intervals by the days they are stored in, which are never edited."""
    asked: dict[str, Any] = {"contract": contract, "usage": [_usage(row) for row in usage]}
    own = orjson.dumps({**asked, DAYS: day_ids} if day_ids else asked)
    return b"".join((conditions, b",", own[1:], b"}"))


def group_text(request: RatingRequest, *, priced_by: PricedBy) -> bytes:
    """Write the inputs of a building's bills, which its members' invoices share."""
    return inputs_text(conditions_text(request, priced_by=priced_by), contract=request.contract, usage=())


def member_text(contract: str) -> bytes:
    """Write the inputs of one member's invoice: the building's question says the rest."""
    return orjson.dumps({"v": VERSION, "contract": contract})


def read_inputs(document: Mapping[str, Any]) -> Stored:
    """Read what was written; prices and series are still to be put in."""
    if document.get("v") != VERSION:
        raise SnapshotUnreadable(f"inputs of version {document.get('v')!r} cannot be read; this is version {VERSION}")
    agreed = document.get("agreed")
    priced_by = PricedBy(
        adapter_version=document["adapter"],
        product=document["product"],
        tariff_on=date.fromisoformat(document["tariff_on"]),
        price_list=document["price_list"],
        version_ids=tuple(document["price_versions"]),
        series_ids=tuple(document["series"]),
        agreed=None if agreed is None else AgreedPrice(agreed[0], date.fromisoformat(agreed[1])),
    )
    charges = document.get("charges")
    asked = {key: value for key, value in document["request"].items() if key != DAYS}
    return Stored(
        priced_by=priced_by,
        request=request_from_json(asked),
        charges=None if charges is None else tuple(charges),
        day_ids=tuple(document["request"].get(DAYS, ())),
        about=tuple(document.get(ABOUT, ())),
    )


def whole_request(
    stored: Stored, *, utility: Utility, versions: Iterable[PriceVersion], series: tuple[Series, ...]
) -> RatingRequest:
    """Put prices, series and tax codes back, so that the request equals the one that was billed."""
    request = stored.request
    prices = bound(
        versions,
        lists=utility.price_lists,
        price_list=stored.priced_by.price_list,
        period=request.period,
        agreed=stored.priced_by.agreed,
    )
    return replace(request, prices=prices, series=series, tax_codes=tax_codes(utility))


def _usage(row: Measured) -> Mapping[str, Any]:
    """Write a quantity as `request_to_json` does, without making a record of it first."""
    if row.micro is None:
        return dict(request_to_json(_only(row))["usage"][0])
    written: dict[str, Any] = {
        "name": row.quantity,
        "period": {"start": row.starts, "end": row.ends},
        "value": micro_text(row.micro),
        "unit": row.unit,
    }
    if row.zone is not None:
        written["zone"] = row.zone
    if row.is_estimated:
        written["quality"] = "ESTIMATED"
    if row.source:
        written["source"] = row.source
    if row.place:
        written["place"] = row.place
    return written


def _only(row: Measured) -> RatingRequest:
    usage = as_usage(row)
    return RatingRequest(contract="", period=usage.period, usage=(usage,))
