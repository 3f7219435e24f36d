"""Finds the prices in an ENTSO-E publication document, period by period."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from xml.etree.ElementTree import Element

from mains_spi import Labels

from mains_spot_prices.candidates import PricedPeriod, Prices, quarter_of
from mains_spot_prices.series import QUARTER, Unreadable

LATVIA = "10YLV-1001A00074"
PUBLICATION = "urn:iec62325.351:tc57wg16:451-3:publicationdocument:"
ACKNOWLEDGEMENT = "urn:iec62325.351:tc57wg16:451-1:acknowledgementdocument:"
NO_MATCHING = "999"
DAY_AHEAD = "A01"
BLOCKS, VARIABLE_BLOCKS = "A01", "A03"
MINUTES = {"PT15M": 15, "PT30M": 30, "PT60M": 60, "PT1H": 60}
QUARTERS_MAX = 4 * 24 * 366 * 4
SEQUENCE = "classificationSequence_AttributeInstanceComponent.position"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", re.ASCII)
WHOLE = re.compile(r"[1-9]\d{0,5}", re.ASCII)
AMOUNT = re.compile(r"-?\d{1,7}(\.\d{1,6})?", re.ASCII)

NO_PRICES = Labels("Biržā šim laikam vēl nav cenu", "There are no prices of this time yet", "Цен на это время ещё нет")
REFUSED = Labels("ENTSO-E atteica", "ENTSO-E refused", "ENTSO-E отказала")
WRONG_DOCUMENT = Labels(
    "Dokuments nav nākamās dienas cenas (A44)",
    "The document is not one of day-ahead prices (A44)",
    "Документ не содержит цен на сутки вперёд (A44)",
)
WRONG_DOMAIN = Labels(
    f"Cenas nav Latvijas tirdzniecības zonai ({LATVIA})",
    f"The prices are not those of Latvia's bidding zone ({LATVIA})",
    f"Цены не для зоны Латвии ({LATVIA})",
)
WRONG_UNIT = Labels("Cenas nav EUR/MWh", "The prices are not in EUR/MWh", "Цены не в EUR/MWh")
WRONG_CURVE = Labels(
    "Līknes veids nav A01 vai A03", "The type of curve is neither A01 nor A03", "Тип кривой не A01 и не A03"
)
WRONG_RESOLUTION = Labels(
    "Solis nav PT15M, PT30M vai PT60M", "The step is not PT15M, PT30M or PT60M", "Шаг не PT15M, PT30M и не PT60M"
)
WRONG_INTERVAL = Labels(
    "Perioda sākums un beigas nav uz soļa robežas",
    "The period's start and end do not lie on its steps",
    "Начало и конец периода не совпадают с шагом",
)
TOO_LONG = Labels(
    "Dokumenta periodi kopā ir garāki par četriem gadiem; sadaliet to",
    "The document's periods are longer than four years together; divide it",
    "Периоды документа вместе длиннее четырёх лет; разделите его",
)
NO_PERIODS = Labels("Dokumentā nav cenu periodu", "The document has no periods with prices", "В документе нет периодов")
WRONG_POSITION = Labels("Pozīcija nav perioda robežās", "The position is not inside the period", "Позиция вне периода")
POSITION_TWICE = Labels("Pozīcija dota divreiz", "The position is given twice", "Позиция дана дважды")
WRONG_PRICE = Labels(
    "Cena nav skaitlis ar ne vairāk kā 6 zīmēm aiz komata",
    "The price is no plain number of at most 6 decimals",
    "Цена не является числом с 6 знаками после запятой",
)


def priced_periods(*, root: Element) -> list[PricedPeriod]:
    """Find all periods of a document of Latvia's day-ahead prices, or raise Unreadable with the first mistake."""
    namespace, _, name = root.tag.rpartition(" ")
    if name == "Acknowledgement_MarketDocument" and namespace.startswith(ACKNOWLEDGEMENT):
        raise _acknowledged(root)
    is_publication = name == "Publication_MarketDocument" and namespace.startswith(PUBLICATION)
    if not is_publication or _text(root, "type") != "A44":
        raise Unreadable("wrong_document", WRONG_DOCUMENT)
    periods: list[PricedPeriod] = []
    quarters = 0
    for number, series in enumerate(root.findall("TimeSeries"), start=1):
        if _is_read(series, f"TimeSeries {number}"):
            for count, period in enumerate(series.findall("Period"), start=1):
                periods.append(_period(series, period, f"TimeSeries {number}, Period {count}"))
                quarters += len(periods[-1].prices)
                if quarters > QUARTERS_MAX:
                    raise Unreadable("too_long", TOO_LONG, path=periods[-1].path)
    if not periods:
        raise Unreadable("no_periods", NO_PERIODS)
    return periods


def _acknowledged(root: Element) -> Unreadable:
    reason = root.find("Reason")
    code = "" if reason is None else _text(reason, "code")
    said = "" if reason is None else " ".join(_text(reason, "text").split())[:200]
    return Unreadable("no_prices", NO_PRICES) if code == NO_MATCHING else Unreadable("refused", REFUSED, path=said)


def _is_read(series: Element, path: str) -> bool:
    """Tell whether a series is of the day-ahead market; then it has to be in the form we know."""
    if _text(series, "contract_MarketAgreement.type") not in ("", DAY_AHEAD):
        return False
    if {_text(series, "in_Domain.mRID"), _text(series, "out_Domain.mRID")} != {LATVIA}:
        raise Unreadable("wrong_domain", WRONG_DOMAIN, path=path)
    if (_text(series, "currency_Unit.name"), _text(series, "price_Measure_Unit.name")) != ("EUR", "MWH"):
        raise Unreadable("wrong_unit", WRONG_UNIT, path=path)
    if _text(series, "curveType") not in ("", BLOCKS, VARIABLE_BLOCKS):
        raise Unreadable("wrong_curve", WRONG_CURVE, path=path)
    return True


def _period(series: Element, period: Element, path: str) -> PricedPeriod:
    minutes = MINUTES.get(_text(period, "resolution"))
    if minutes is None:
        raise Unreadable("wrong_resolution", WRONG_RESOLUTION, path=path)
    sequence = _text(series, SEQUENCE) or "1"
    if WHOLE.fullmatch(sequence) is None:
        raise Unreadable("wrong_sequence", WRONG_POSITION, path=f"{path}, {SEQUENCE}")
    start, end = _interval(period, path)
    width = minutes * 60 // QUARTER.seconds
    first = quarter_of(start)
    count, rest = divmod(quarter_of(end) - first, width)
    if rest or first % width or count <= 0:
        raise Unreadable("wrong_interval", WRONG_INTERVAL, path=path)
    if count * width > QUARTERS_MAX:
        raise Unreadable("too_long", TOO_LONG, path=path)
    told = dict(_points(period, count, path))
    repeats = _text(series, "curveType") == VARIABLE_BLOCKS
    prices: Prices = {}
    price: Decimal | None = None
    for position in range(1, count + 1):
        price = told.get(position, price if repeats else None)
        for part in range(width):
            prices[first + (position - 1) * width + part] = price
    return PricedPeriod(minutes=minutes, sequence=int(sequence), path=path, prices=prices)


def _interval(period: Element, path: str) -> tuple[datetime, datetime]:
    interval = period.find("timeInterval")
    words = ("", "") if interval is None else (_text(interval, "start"), _text(interval, "end"))
    if any(INSTANT.fullmatch(word) is None for word in words):
        raise Unreadable("wrong_interval", WRONG_INTERVAL, path=path)
    try:
        start, end = (datetime.fromisoformat(word) for word in words)
    except ValueError as error:
        raise Unreadable("wrong_interval", WRONG_INTERVAL, path=path) from error
    if any(at.minute % 15 for at in (start, end)):
        raise Unreadable("wrong_interval", WRONG_INTERVAL, path=path)
    return start, end


def _points(period: Element, count: int, path: str) -> Iterator[tuple[int, Decimal]]:
    seen: set[int] = set()
    for number, point in enumerate(period.findall("Point"), start=1):
        where = f"{path}, Point {number}"
        position, amount = _text(point, "position"), _text(point, "price.amount")
        if WHOLE.fullmatch(position) is None or int(position) > count:
            raise Unreadable("wrong_position", WRONG_POSITION, path=where)
        if int(position) in seen:
            raise Unreadable("position_twice", POSITION_TWICE, path=where)
        if AMOUNT.fullmatch(amount) is None:
            raise Unreadable("wrong_price", WRONG_PRICE, path=where)
        seen.add(int(position))
        yield int(position), Decimal(amount)


def _text(element: Element, name: str) -> str:
    """Give the text of a child; a child that is there twice counts for nothing, since nobody knows which is meant."""
    found = [child for child in element if child.tag == name]
    return (found[0].text or "").strip() if len(found) == 1 else ""
