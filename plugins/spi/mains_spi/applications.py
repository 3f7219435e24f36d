"""Applications that people send in: their forms declared field by field, so that any front end can draw them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Literal

from mains_spi.labels import Labels
from mains_spi.record import Record

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?")
FIELDS_MAX = 40
CHOICES_MAX = 100
CHARACTERS_MAX = 4_000
Language = Literal["lv", "en", "ru"]


class FieldKind(Enum):
    """What somebody writes into a field. Every answer is a text, in the grammar of its kind."""

    TEXT = "TEXT"
    NUMBER = "NUMBER"
    DATE = "DATE"
    CHOICE = "CHOICE"
    CONSENT = "CONSENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChoice(Record):
    """One of the answers to a CHOICE."""

    value: str
    labels: Labels


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField(Record):
    """A field of a form. ``minimum`` and ``maximum`` bound a NUMBER, ``characters_max`` a TEXT.

    A CONSENT is ``true`` or left out; a required one must be ``true``.
    """

    name: str
    labels: Labels
    kind: FieldKind = FieldKind.TEXT
    is_required: bool = True
    choices: tuple[FieldChoice, ...] = ()
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    unit: str | None = None
    characters_max: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationType(Record):
    """An application that a utility takes. ``needs_contract``: it is about a contract that the applicant has."""

    code: str
    labels: Labels
    fields: tuple[FormField, ...] = ()
    needs_contract: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError(Record):
    """Why an answer does not do. ``code``: MISSING, UNKNOWN, TOO_LONG, NOT_OF_KIND or OUT_OF_RANGE."""

    field: str
    code: str
    message: str


def answers_mistakes(kind: ApplicationType, answers: Mapping[str, str]) -> Iterator[FieldError]:
    """Find what is wrong with answers, by the declaration alone; nothing is wrong if nothing is found."""
    declared = {field.name: field for field in kind.fields}
    for name in answers:
        if name not in declared:
            yield FieldError(field=name, code="UNKNOWN", message="the form has no such field")
    for field in kind.fields:
        value = answers.get(field.name)
        if value is None or not value.strip():
            if field.is_required:
                yield FieldError(field=field.name, code="MISSING", message="an answer is needed")
            continue
        found = _mistake(field, value)
        if found is not None:
            yield FieldError(field=field.name, code=found[0], message=found[1])


def _mistake(field: FormField, value: str) -> tuple[str, str] | None:
    match field.kind:
        case FieldKind.TEXT:
            return _text_mistake(field, value)
        case FieldKind.NUMBER:
            return _number_mistake(field, value)
        case FieldKind.DATE:
            return None if _is_day(value) else ("NOT_OF_KIND", "a day such as 2026-03-05")
        case FieldKind.CHOICE:
            values = [choice.value for choice in field.choices]
            return None if value in values else ("NOT_OF_KIND", f"one of {', '.join(values)}")
        case FieldKind.CONSENT:
            return _consent_mistake(field, value)


def _text_mistake(field: FormField, value: str) -> tuple[str, str] | None:
    if len(value) > field.characters_max:
        return "TOO_LONG", f"at most {field.characters_max} characters"
    if any(not letter.isprintable() and letter not in "\n\t" for letter in value):
        return "NOT_OF_KIND", "only characters that can be printed"
    return None


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _consent_mistake(field: FormField, value: str) -> tuple[str, str] | None:
    if value not in ("true", "false"):
        return "NOT_OF_KIND", "true or false"
    if field.is_required and value != "true":
        return "MISSING", "nothing is done without this"
    return None


def _number_mistake(field: FormField, value: str) -> tuple[str, str] | None:
    if not DECIMAL.fullmatch(value):
        return "NOT_OF_KIND", "a number such as 12.5"
    number = Decimal(value)
    if field.minimum is not None and number < field.minimum:
        return "OUT_OF_RANGE", f"at least {field.minimum}"
    if field.maximum is not None and number > field.maximum:
        return "OUT_OF_RANGE", f"at most {field.maximum}"
    return None


def application_mistakes(types: tuple[ApplicationType, ...]) -> Iterator[str]:
    """Find what no utility can mean by its applications."""
    codes = [one.code for one in types]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        yield f"applications: {code!r} is declared twice"
    for one in types:
        if not NAME.fullmatch(one.code):
            yield f"applications: {one.code!r} is no code: write small letters, digits and `_`, at most 40"
        if len(one.fields) > FIELDS_MAX:
            yield f"application {one.code}: has {len(one.fields)} fields: at most {FIELDS_MAX}"
        names = [field.name for field in one.fields]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"application {one.code}: field {name!r} is declared twice"
        for field in one.fields:
            yield from (f"application {one.code}, field {field.name}: {words}" for words in _field_mistakes(field))


def _field_mistakes(field: FormField) -> Iterator[str]:
    if not NAME.fullmatch(field.name):
        yield "is no name: write small letters, digits and `_`, at most 40"
    is_choice = field.kind is FieldKind.CHOICE
    if is_choice != bool(field.choices):
        yield "has choices exactly if it is a CHOICE: give them, or take them away"
    values = [choice.value for choice in field.choices]
    if len(set(values)) < len(values) or len(values) > CHOICES_MAX or any(value != value.strip() for value in values):
        yield f"has a choice twice, one with space around it, or over {CHOICES_MAX}"
    if "" in values:
        yield "has a choice without a value, which would be no answer"
    is_bounded = field.minimum is not None or field.maximum is not None or field.unit is not None
    if is_bounded and field.kind is not FieldKind.NUMBER:
        yield "has bounds or a unit, which only a NUMBER has"
    if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
        yield "has a minimum above its maximum"
    if not 1 <= field.characters_max <= CHARACTERS_MAX:
        yield f"takes {field.characters_max} characters: between 1 and {CHARACTERS_MAX}"


def form_schema(kind: ApplicationType, *, language: Language) -> dict[str, Any]:
    """Word a form as a JSON Schema (draft 2020-12) of an object of texts, with titles in a language.

    Bounds of a NUMBER, which JSON Schema cannot put on a text, stand as ``x-minimum`` and ``x-maximum``.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": getattr(kind.labels, language),
        "type": "object",
        "additionalProperties": False,
        "required": [field.name for field in kind.fields if field.is_required],
        "properties": {field.name: _property(field, language) for field in kind.fields},
    }


def _property(field: FormField, language: Language) -> dict[str, Any]:
    described: dict[str, Any] = {"type": "string", "title": getattr(field.labels, language)}
    match field.kind:
        case FieldKind.TEXT:
            described |= {"maxLength": field.characters_max}
        case FieldKind.NUMBER:
            bounds = {"x-minimum": field.minimum, "x-maximum": field.maximum, "x-unit": field.unit}
            described |= {"pattern": f"^{DECIMAL.pattern}$", "x-kind": "number"}
            described |= {name: str(value) for name, value in bounds.items() if value is not None}
        case FieldKind.DATE:
            described |= {"format": "date"}
        case FieldKind.CHOICE:
            described |= {
                "oneOf": [{"const": one.value, "title": getattr(one.labels, language)} for one in field.choices]
            }
        case FieldKind.CONSENT:
            described |= {"enum": ["true"] if field.is_required else ["true", "false"], "x-kind": "consent"}
    return described


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts(Record):
    """Whom people call: the network's operator about faults, which nobody applies for, and the utility itself.

    Without ``fault_phone`` faults are told to the utility's own ``phone``.
    """

    operator: str
    fault_phone: str | None = None
    phone: str | None = None
    email: str | None = None
