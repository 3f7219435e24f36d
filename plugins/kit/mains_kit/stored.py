"""Works out again what the API gives: explanations of lines, and stored rating requests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from mains_spi import Explanation, SpiError, evaluate, replay, request_from_json

from mains_kit.adapter import Adapter
from mains_kit.compare import all_lines
from mains_kit.errors import ExplanationRefused
from mains_kit.tables import NUMBER

EXPLANATION_KEYS = ("v", "inputs", "steps", "result")
REQUEST_KEYS = ("contract", "period")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A line worked out again. ``recorded`` is what the file says it comes to, where it says so."""

    code: str
    why: Explanation
    net: Decimal
    recorded: Decimal | None

    @property
    def is_equal(self) -> bool:
        """Tell whether the line comes to what the file says."""
        return self.recorded is None or self.recorded == self.net


def replay_document(*, path: Path, adapter: Adapter | None, product: str | None) -> tuple[Replayed, ...]:
    """Replay every explanation in a JSON file; a rating request needs the adapter and product that bill it."""
    document = _read(path)
    found = tuple(_explanations(document, None))
    if found:
        return tuple(_replayed(why, net) for why, net in found)
    if not isinstance(document, dict) or not all(key in document for key in REQUEST_KEYS):
        raise ExplanationRefused(f"{path.name} holds neither an explanation nor a rating request")
    if adapter is None or product is None:
        raise ExplanationRefused(f"{path.name} is a rating request: name what bills it with --adapter and --product")
    request = request_from_json(document)
    bill = evaluate(adapter.tariff(product=product, on=request.period.start), request)
    return tuple(_replayed(line.why, line.net) for _, line in all_lines(bill=bill))


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, ValueError) as error:
        raise ExplanationRefused(f"{path.name} cannot be read: {error}") from error


def _explanations(value: Any, net: Decimal | None) -> Iterator[tuple[Mapping[str, Any], Decimal | None]]:
    """Find explanations anywhere in a document, each with the net that stands beside or around it."""
    if isinstance(value, str) and value.startswith("{"):
        yield from _explanations(_embedded(value), net)
    elif isinstance(value, list):
        for item in value:
            yield from _explanations(item, None)
    elif isinstance(value, dict):
        if all(key in value for key in EXPLANATION_KEYS):
            yield value, net
        else:
            beside = _net(value)
            for item in value.values():
                yield from _explanations(item, net if beside is None else beside)


def _embedded(text: str) -> Any:
    """Read JSON inside a text; text that only looks like it holds nothing."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _net(line: Mapping[str, Any]) -> Decimal | None:
    net = line.get("net")
    amount = net.get("amount") if isinstance(net, dict) else net
    return Decimal(amount) if isinstance(amount, str) and NUMBER.fullmatch(amount) else None


def _replayed(why: Explanation, net: Decimal | None) -> Replayed:
    try:
        again = replay(why)
    except (SpiError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, AssertionError) as error:
        raise ExplanationRefused(f"an explanation cannot be worked out: {type(error).__name__}: {error}") from error
    return Replayed(code=str(why.get("code", "?")), why=why, net=again, recorded=_recorded(why) if net is None else net)


def _recorded(why: Explanation) -> Decimal | None:
    """Read what the explanation itself says its result is, where that is a whole decimal."""
    for step in why["steps"]:
        if step["id"] == why["result"] and (text := str(step.get("value", ""))) and NUMBER.fullmatch(text):
            return Decimal(text)
    return None
