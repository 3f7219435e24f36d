"""Forms that are declared, and answers judged by them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from mains_spi import (
    ApplicationType,
    FieldChoice,
    FieldKind,
    FormField,
    Labels,
    answers_mistakes,
    application_mistakes,
    form_schema,
)

L = Labels("a", "b", "c")
YES = FieldChoice(value="yes", labels=Labels("jā", "yes", "да"))


def field(name: str = "x", **changes: Any) -> FormField:
    return FormField(**{"name": name, "labels": L, **changes})


FORM = ApplicationType(
    code="form",
    labels=L,
    fields=(
        field("words", characters_max=5),
        field("load", kind=FieldKind.NUMBER, minimum=Decimal(1), maximum=Decimal("2.5"), unit="kW", is_required=False),
        field("day", kind=FieldKind.DATE, is_required=False),
        field("use", kind=FieldKind.CHOICE, choices=(YES,), is_required=False),
        field("agreed", kind=FieldKind.CONSENT),
    ),
)
GOOD = {"words": "āb\nc", "load": "2.5", "day": "2024-02-29", "use": "yes", "agreed": "true"}


def test_answers_that_fit_have_no_mistakes():
    assert list(answers_mistakes(FORM, GOOD)) == []
    assert list(answers_mistakes(FORM, {"words": "x", "agreed": "true"})) == []


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("words", "", "MISSING"),
        ("words", " \n", "MISSING"),
        ("words", "abcdef", "TOO_LONG"),
        ("words", "a\x00", "NOT_OF_KIND"),
        ("load", "0.99", "OUT_OF_RANGE"),
        ("load", "2.51", "OUT_OF_RANGE"),
        ("load", "1e1", "NOT_OF_KIND"),
        ("load", "NaN", "NOT_OF_KIND"),
        ("load", "1,5", "NOT_OF_KIND"),
        ("day", "2023-02-29", "NOT_OF_KIND"),
        ("day", "20240229", "NOT_OF_KIND"),
        ("day", "tomorrow", "NOT_OF_KIND"),
        ("use", "no", "NOT_OF_KIND"),
        ("agreed", "false", "MISSING"),
        ("agreed", "yes", "NOT_OF_KIND"),
        ("other", "x", "UNKNOWN"),
    ],
)
def test_an_answer_that_does_not_fit_is_named(name: str, value: str, code: str):
    found = list(answers_mistakes(FORM, {**GOOD, name: value}))

    assert [(error.field, error.code) for error in found] == [(name, code)]


@pytest.mark.parametrize(
    ("types", "words"),
    [
        ((FORM, FORM), "'form' is declared twice"),
        ((ApplicationType(code="Form!", labels=L),), "is no code"),
        ((ApplicationType(code="f", labels=L, fields=(field(), field())),), "field 'x' is declared twice"),
        ((ApplicationType(code="f", labels=L, fields=tuple(field(f"x{n}") for n in range(41))),), "at most 40"),
        ((ApplicationType(code="f", labels=L, fields=(field("X"),)),), "is no name"),
        ((ApplicationType(code="f", labels=L, fields=(field(kind=FieldKind.CHOICE),)),), "has choices exactly"),
        ((ApplicationType(code="f", labels=L, fields=(field(choices=(YES,)),)),), "has choices exactly"),
        ((ApplicationType(code="f", labels=L, fields=(field(minimum=Decimal(1)),)),), "which only a NUMBER has"),
        ((ApplicationType(code="f", labels=L, fields=(field(characters_max=0),)),), "takes 0 characters"),
        (
            (
                ApplicationType(
                    code="f",
                    labels=L,
                    fields=(field(kind=FieldKind.NUMBER, minimum=Decimal(2), maximum=Decimal(1)),),
                ),
            ),
            "a minimum above its maximum",
        ),
    ],
)
def test_a_mistake_of_a_declaration_is_named(types: tuple[ApplicationType, ...], words: str):
    assert any(words in mistake for mistake in application_mistakes(types))


def test_a_form_is_a_json_schema_in_a_language():
    told = form_schema(FORM, language="en")

    assert told["required"] == ["words", "agreed"]
    assert told["properties"]["use"]["oneOf"] == [{"const": "yes", "title": "yes"}]
    assert told["properties"]["load"]["x-maximum"] == "2.5"
    assert told["properties"]["day"]["format"] == "date"
    assert list(application_mistakes((FORM,))) == []
