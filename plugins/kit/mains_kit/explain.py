"""Writes explanations for people: the formula with its figures, and where each figure comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from mains_kit.formula import half_up

SIGNS = {"add": " + ", "sub": " - ", "mul": " x ", "div": " / "}
LOOSER: dict[str, tuple[str, ...]] = {"add": (), "sub": (), "mul": ("add", "sub"), "div": ("add", "sub")}
LOOSER_ON_THE_RIGHT = LOOSER | {"sub": ("add", "sub"), "div": ("add", "sub", "mul", "div")}
Part = tuple[str, str]
SHOWN_PLACES = 6
LIST_SHOWN = 3


def explanation_lines(*, why: Mapping[str, Any]) -> Iterator[str]:
    """Write an explanation: steps that others share first, then the result, then every input with its source."""
    named = _shared(why)
    texts: dict[str, Part] = {given["id"]: (_input_text(given), "") for given in why["inputs"]}
    for step in why["steps"]:
        text = _step_text(step, texts)
        if step["id"] in named:
            yield f"{step['id']} = {text} = {_number(step.get('value', '?'))}"
            texts[step["id"]] = (step["id"], "")
        else:
            texts[step["id"]] = (text, step["op"])
    result = why["result"]
    if result not in named:
        yield f"= {texts[result][0]}"
    for given in why["inputs"]:
        yield f"{given.get('name', given['id'])} = {_input_text(given)}{_source_text(given)}"


def _shared(why: Mapping[str, Any]) -> set[str]:
    uses = Counter(arg for step in why["steps"] for arg in step["args"])
    return {step["id"] for step in why["steps"] if uses[step["id"]] > 1}


def _step_text(step: Mapping[str, Any], texts: Mapping[str, Part]) -> str:
    op, args = step["op"], [texts[arg] for arg in step["args"]]
    if op in SIGNS and len(args) == 2:
        left, right = args
        return _bracketed(left, LOOSER[op]) + SIGNS[op] + _bracketed(right, LOOSER_ON_THE_RIGHT[op])
    inner = ", ".join(text for text, _ in args)
    places = f", {step['places']}" if "places" in step else ""
    return f"{op}({inner}{places})"


def _bracketed(part: Part, looser: tuple[str, ...]) -> str:
    text, op = part
    return f"({text})" if op in looser else text


def _input_text(given: Mapping[str, Any]) -> str:
    unit = "" if given.get("unit") in (None, "", "1") else f" {given['unit']}"
    value = given["value"]
    if isinstance(value, list):
        first = " ".join(_number(item) for item in value[:LIST_SHOWN])
        return f"[{first} ... {len(value)} values]{unit}"
    return f"{_number(value)}{unit}"


def _source_text(given: Mapping[str, Any]) -> str:
    parts = [str(given[name]) for name in ("source", "quality", "decision") if given.get(name)]
    return f"  ({'; '.join(parts)})" if parts else ""


def _number(written: str) -> str:
    """Write a fraction as a decimal, with dots where it goes on."""
    if "/" not in written:
        return written
    return f"{half_up(number=Fraction(written), places=SHOWN_PLACES):f}..."
