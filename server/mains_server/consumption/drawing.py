"""Draws a consumption as an SVG that screen readers can read: one panel a quantity, one labelled bar a bucket."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_decimal

from mains_server.consumption.records import (
    Bucket,
    Consumption,
    ConsumptionQuality,
    ConsumptionSeries,
    Granularity,
)
from mains_server.customers.rules import LOCALES
from mains_server.money.rules import round_half_up

WIDTH, MARGIN, PANEL, PLOT = 800, 56, 240, 150
PLOT_WIDTH = WIDTH - 2 * MARGIN
LEGEND_ROW, LEGEND_COLUMN, LEGEND_COLUMNS = 24, 172, 4
LABELS_MAX = 8
SERIES_MAX = 8
LANGUAGES = ("lv", "en", "ru")
UNPRINTABLE = frozenset({"Cc", "Cf", "Cn", "Cs"})
WORDS = {
    "lv": {
        "title": "Patēriņš {days}",
        "none": "nav datu",
        "known": "zināmi {share}",
        "empty": "Šeit nav skaitītāju.",
        "heat": "Siltums",
        "hot_water": "Karstais ūdens",
        "water": "Ūdens",
        "energy": "Elektrība",
        "ACTUAL": "nolasīts",
        "APPORTIONED": "sadalīts pa dienām",
        "ESTIMATED": "novērtēts",
        "MIXED": "daļēji novērtēts",
        "before": "iepriekš {value}",
        "earlier": "iepriekšējais periods",
        "legend": "Apzīmējumi: {parts}.",
    },
    "en": {
        "title": "Consumption {days}",
        "none": "no data",
        "known": "{share} known",
        "empty": "There is no meter here.",
        "heat": "Heat",
        "hot_water": "Hot water",
        "water": "Water",
        "energy": "Electricity",
        "ACTUAL": "read",
        "APPORTIONED": "spread by days",
        "ESTIMATED": "estimated",
        "MIXED": "partly estimated",
        "before": "before {value}",
        "earlier": "the earlier period",
        "legend": "Legend: {parts}.",
    },
    "ru": {
        "title": "Потребление {days}",
        "none": "нет данных",
        "known": "известно {share}",
        "empty": "Здесь нет счётчиков.",
        "heat": "Тепло",
        "hot_water": "Горячая вода",
        "water": "Вода",
        "energy": "Электричество",
        "ACTUAL": "снято",
        "APPORTIONED": "распределено по дням",
        "ESTIMATED": "оценено",
        "MIXED": "частично оценено",
        "before": "ранее {value}",
        "earlier": "предыдущий период",
        "legend": "Обозначения: {parts}.",
    },
}
STYLES = {
    ConsumptionQuality.ACTUAL: {"fill": "#1f5f8b", "stroke": "#1f5f8b"},
    ConsumptionQuality.APPORTIONED: {"fill": "#8fb8d4", "stroke": "#1f5f8b"},
    ConsumptionQuality.ESTIMATED: {"fill": "url(#dots)", "stroke": "#1f5f8b", "stroke-dasharray": "4 2"},
    ConsumptionQuality.MIXED: {"fill": "url(#stripes)", "stroke": "#1f5f8b"},
}
EARLIER = {"stroke": "#b3541e", "stroke-width": "3"}
GAP = {"fill": "url(#hatch)", "stroke": "#8a8a8a", "stroke-dasharray": "2 3"}
PATTERNS = (
    ("hatch", "M0 8L8 0", "#b0b0b0", "#ffffff"),
    ("stripes", "M0 4H8", "#ffffff", "#1f5f8b"),
    ("dots", "M3 3H5V5H3Z", "#1f5f8b", "#dcebf5"),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """Where a bar stands in its panel: whole and exact, so that the same figures give the same picture."""

    left: Decimal
    width: Decimal
    height: Decimal


@dataclass(frozen=True, slots=True)
class _Where:
    """Which of how many bars it is, and the value at the panel's top."""

    place: int
    count: int
    highest: Decimal


def draw(consumption: Consumption, *, language: str, time_zone: str) -> str:
    """Draw all series below each other; text is in the viewer's language, and everything a bar says can be heard."""
    chart = _Chart(consumption, language=language if language in LANGUAGES else "lv", time_zone=time_zone)
    return ElementTree.tostring(chart.drawn(), encoding="unicode")


class _Chart:
    def __init__(self, consumption: Consumption, *, language: str, time_zone: str) -> None:
        self.consumption = consumption
        self.series = consumption.series[:SERIES_MAX]
        self.language, self.locale = language, LOCALES[language]
        self.words = WORDS[language]
        self.zone = ZoneInfo(time_zone)

    def drawn(self) -> ElementTree.Element:
        """Give the whole picture."""
        legend = self._legend()
        top = 44 + PANEL * max(len(self.series), 1)
        height = top + LEGEND_ROW * -(-len(legend) // LEGEND_COLUMNS)
        root = ElementTree.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "role": "img",
                "lang": self.language,
                "viewBox": f"0 0 {WIDTH} {height}",
                "width": str(WIDTH),
                "height": str(height),
                "aria-labelledby": "title desc",
                "font-family": "system-ui, sans-serif",
            },
        )
        _text(root, "title", self._title(), id="title")
        _text(root, "desc", self._description(), id="desc")
        _patterns(root)
        ElementTree.SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": "#ffffff"})
        _text(root, "text", self._title(), x=str(MARGIN), y="28", **{"font-size": "18", "fill": "#1a1a1a"})
        for place, series in enumerate(self.series):
            self._panel(root, series, top=44 + PANEL * place)
        if not self.series:
            _text(root, "text", self.words["empty"], x=str(MARGIN), y="72", **{"font-size": "14", "fill": "#1a1a1a"})
        self._draw_legend(root, legend, top=top)
        return root

    def _legend(self) -> list[tuple[str, dict[str, str]]]:
        """Give what occurs in the picture, each with the look it has there."""
        buckets = [bucket for series in self.series for bucket in series.buckets]
        qualities = {bucket.quality for bucket in buckets if bucket.value is not None}
        parts = [(self.words[quality.value], look) for quality, look in STYLES.items() if quality in qualities]
        if any(bucket.value is None or bucket.coverage != 1 for bucket in buckets):
            parts.append((self.words["none"], GAP))
        if any(series.comparison is not None for series in self.series):
            parts.append((self.words["earlier"], EARLIER))
        return parts

    def _draw_legend(
        self, root: ElementTree.Element, legend: Sequence[tuple[str, dict[str, str]]], *, top: int
    ) -> None:
        """Write each look beside its words, so that nobody needs to tell colours apart."""
        for place, (words, look) in enumerate(legend):
            row, column = divmod(place, LEGEND_COLUMNS)
            left, upper = MARGIN + LEGEND_COLUMN * column, top + LEGEND_ROW * row
            group = ElementTree.SubElement(root, "g", {"class": "legend", "transform": f"translate({left} {upper})"})
            if look is EARLIER:
                ElementTree.SubElement(group, "line", {"x1": "0", "x2": "16", "y1": "7", "y2": "7", **look})
            else:
                ElementTree.SubElement(group, "rect", {"x": "0", "y": "0", "width": "16", "height": "14", **look})
            _text(group, "text", words, x="22", y="11", **{"font-size": "12", "fill": "#1a1a1a"})

    def _panel(self, root: ElementTree.Element, series: ConsumptionSeries, *, top: int) -> None:
        group = ElementTree.SubElement(root, "g", {"transform": f"translate({MARGIN} {top})"})
        _text(group, "text", f"{self._name(series)}, {series.unit}", y="16", **{"font-size": "14", "fill": "#1a1a1a"})
        frame = ElementTree.SubElement(group, "g", {"transform": "translate(0 28)"})
        base = [part.base for part in series.comparison.buckets] if series.comparison else []
        highest = _scale([*series.buckets, *(bucket for bucket in base if bucket is not None)])
        for line in range(3):
            self._grid_line(frame, value=highest * line / 2, y=PLOT - PLOT * line // 2)
        for place, bucket in enumerate(series.buckets):
            before = base[place] if base else None
            where = _Where(place, len(series.buckets), highest)
            self._bar(frame, bucket, before=before, where=where, unit=series.unit)
        every = -(-len(series.buckets) // LABELS_MAX)
        for place in range(0, len(series.buckets), every):
            left = Decimal(PLOT_WIDTH) * (2 * place + 1) / (2 * len(series.buckets))
            label = self._short(series.buckets[place])
            style = {"font-size": "11", "text-anchor": "middle", "fill": "#404040"}
            _text(frame, "text", label, x=_shown(left), y=str(PLOT + 18), **style)

    def _grid_line(self, frame: ElementTree.Element, *, value: Decimal, y: int) -> None:
        ends = {"x1": "0", "x2": str(PLOT_WIDTH), "y1": str(y), "y2": str(y), "stroke": "#d0d0d0"}
        ElementTree.SubElement(frame, "line", ends)
        style = {"font-size": "11", "text-anchor": "end", "fill": "#404040"}
        _text(frame, "text", self._number(value), x="-6", y=str(y + 4), **style)

    def _bar(
        self, frame: ElementTree.Element, bucket: Bucket, *, before: Bucket | None, where: _Where, unit: str
    ) -> None:
        bar = _bar_of(bucket.value, where)
        group = ElementTree.SubElement(frame, "g", {"class": "bar"})
        label = self._label(bucket, unit=unit)
        if before is not None and before.value is not None:
            label += "; " + self.words["before"].format(value=f"{self._number(before.value)} {unit}")
        _text(group, "title", label)
        if bucket.value is None or bucket.quality is None:
            ElementTree.SubElement(group, "rect", {**_rect(bar), **GAP})
        else:
            ElementTree.SubElement(group, "rect", {**_rect(bar), **STYLES[bucket.quality]})
            if bucket.coverage != 1:
                whole = Bar(bar.left, bar.width, Decimal(PLOT))
                ElementTree.SubElement(group, "rect", {**_rect(whole), **GAP, "fill-opacity": "0.5"})
        if before is not None and before.value is not None:
            self._mark(group, _bar_of(before.value, where))

    def _mark(self, group: ElementTree.Element, bar: Bar) -> None:
        """Draw the earlier value as a line across the bar."""
        y = _shown(PLOT - bar.height)
        ends = {"x1": _shown(bar.left - 2), "x2": _shown(bar.left + bar.width + 2), "y1": y, "y2": y}
        ElementTree.SubElement(group, "line", {**ends, **EARLIER})

    def _title(self) -> str:
        period = self.consumption.question.period
        starts, ends = (format_date(day, "long", locale=self.locale) for day in (period.start, period.last_day()))
        return self.words["title"].format(days=starts if starts == ends else f"{starts} – {ends}")

    def _description(self) -> str:
        """Tell what the bars show, in words, for who cannot see them."""
        told = []
        for series in self.series:
            values = "; ".join(self._label(bucket) for bucket in series.buckets[:100])
            told.append(f"{self._name(series)} ({series.unit}): {values}.")
        if told:
            told.append(self.words["legend"].format(parts=", ".join(words for words, _ in self._legend())))
        return " ".join(told) or self.words["empty"]

    def _label(self, bucket: Bucket, *, unit: str = "") -> str:
        when = self._when(bucket)
        if bucket.value is None or bucket.quality is None:
            return f"{when}: {self.words['none']}"
        parts = [f"{self._number(bucket.value)} {unit}".rstrip(), self.words[bucket.quality.value]]
        if bucket.coverage != 1:
            share = self._number(bucket.coverage * 100, places=1)
            parts.append(self.words["known"].format(share=f"{share} %"))
        return f"{when}: {', '.join(parts)}"

    def _when(self, bucket: Bucket) -> str:
        day = bucket.slot.period.start
        match self.consumption.question.granularity:
            case Granularity.HOUR:
                starts, ends = (self._clock(at) for at in (bucket.slot.starts_at, bucket.slot.ends_at))
                return f"{format_date(day, 'medium', locale=self.locale)} {starts}–{ends}"
            case Granularity.DAY:
                return str(format_date(day, "medium", locale=self.locale))
            case Granularity.MONTH:
                return str(format_skeleton("yMMMM", day, locale=self.locale))
            case Granularity.YEAR:
                return str(day.year)

    def _short(self, bucket: Bucket) -> str:
        day = bucket.slot.period.start
        match self.consumption.question.granularity:
            case Granularity.HOUR:
                return self._clock(bucket.slot.starts_at)
            case Granularity.DAY:
                return str(format_skeleton("Md", day, locale=self.locale))
            case Granularity.MONTH:
                return str(format_skeleton("yMMM", day, locale=self.locale))
            case Granularity.YEAR:
                return str(day.year)

    def _clock(self, at: datetime) -> str:
        return str(format_time(at.astimezone(UTC), "short", tzinfo=self.zone, locale=self.locale))

    def _name(self, series: ConsumptionSeries) -> str:
        name = self.words.get(series.quantity, series.quantity)
        return name if series.zone is None else f"{name} {series.zone}"

    def _number(self, value: Decimal, *, places: int = 3) -> str:
        return str(format_decimal(round_half_up(value, places=places).normalize(), locale=self.locale))


def _patterns(root: ElementTree.Element) -> None:
    definitions = ElementTree.SubElement(root, "defs")
    for name, path, colour, ground in PATTERNS:
        size = {"id": name, "width": "8", "height": "8", "patternUnits": "userSpaceOnUse"}
        pattern = ElementTree.SubElement(definitions, "pattern", size)
        ElementTree.SubElement(pattern, "rect", {"width": "8", "height": "8", "fill": ground})
        style = {"fill": colour} if path.endswith("Z") else {"stroke": colour, "stroke-width": "2"}
        ElementTree.SubElement(pattern, "path", {"d": path, **style})


def _scale(buckets: Sequence[Bucket]) -> Decimal:
    """Give a round figure that no value is above."""
    highest = max((bucket.value for bucket in buckets if bucket.value is not None), default=Decimal(0))
    if highest <= 0:
        return Decimal(1)
    step = Decimal(1).scaleb(highest.adjusted())
    halves = (2 * highest / step).to_integral_value(ROUND_CEILING)
    return halves * step / 2


def _bar_of(value: Decimal | None, where: _Where) -> Bar:
    """Place a bar; an unknown one is as high as the panel, a negative one has no height."""
    room = Decimal(PLOT_WIDTH) / where.count
    height = Decimal(PLOT) if value is None else max(value, Decimal(0)) * PLOT / where.highest
    return Bar(room * where.place + room / 8, room * 3 / 4, height)


def _rect(bar: Bar) -> dict[str, str]:
    return {
        "x": _shown(bar.left),
        "y": _shown(PLOT - bar.height),
        "width": _shown(bar.width),
        "height": _shown(bar.height),
    }


def _shown(length: Decimal) -> str:
    return format(round_half_up(length, places=2), "f")


def _text(parent: ElementTree.Element, tag: str, text: str, **attributes: str) -> None:
    ElementTree.SubElement(parent, tag, attributes).text = _printable(text)


def _printable(text: str) -> str:
    """Leave out control characters, which XML cannot hold, and those that turn the direction of writing."""
    return "".join(letter for letter in text if unicodedata.category(letter) not in UNPRINTABLE)
