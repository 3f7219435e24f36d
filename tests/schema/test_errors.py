from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLError
from mains_schema.declaring import errors
from structlog.testing import capture_logs

from tests.schema import library
from tests.schema.asking import Asker, owner


def code(error: GraphQLError) -> Any:
    return (errors.typed([error])[0].extensions or {})["code"]


def test_every_refusal_has_its_code() -> None:
    assert code(errors.unauthenticated()) == "UNAUTHENTICATED"
    assert code(errors.forbidden("no")) == "FORBIDDEN"
    assert code(errors.not_found("no")) == "NOT_FOUND"
    assert code(errors.rate_limited("slower")) == "RATE_LIMITED"
    assert code(errors.bad_input("what?")) == "BAD_INPUT"
    assert code(errors.too_complex("less")) == "TOO_COMPLEX"
    assert code(GraphQLError("", original_error=errors.forbidden("no"))) == "FORBIDDEN"
    assert code(GraphQLError("Syntax Error")) == "BAD_INPUT"
    assert code(GraphQLError("x", path=["a"], original_error=ValueError("x"))) == "INTERNAL"
    assert code(GraphQLError("Cannot return null for non-nullable field A.b.", path=["a"])) == "INTERNAL"
    assert code(GraphQLError("Expected value of type 'A' to be an object, found: 'x'.")) == "BAD_INPUT"


@pytest.mark.asyncio
async def test_a_bug_is_logged_without_what_was_sent(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(*_arguments: Any) -> str:
        raise RuntimeError("\n".join(["first line", f"value {6 * 7}"]))

    weight = next(f for f in library.Loan.__strawberry_definition__.fields if f.python_name == "weight")  # type: ignore[attr-defined]
    monkeypatch.setattr(weight, "reader", breaks)

    with capture_logs() as logs:
        answer = await asker.resolve("{ loans(first: 1) { nodes { id weight } } }", viewer=owner(1))

    assert answer.codes == ["INTERNAL"]
    assert answer.data["loans"]["nodes"][0]["weight"] is None
    assert "first line" not in answer.errors[0].message
    [entry] = logs
    assert entry["correlation"] == answer.errors[0].extensions["correlationId"]
    assert entry["error"] == "RuntimeError"
    assert "message" not in entry
    assert "value 42" not in str(entry)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Unknown argument 'x' on field 'A.b'. Did you mean 'a' or 'b'?", "Unknown argument 'x' on field 'A.b'."),
        ("'X' does not exist in 'E' enum. Did you mean the enum value 'Y'?", "'X' does not exist in 'E' enum."),
        ("Unknown type 'Viwer'. Did you mean 'Viewer', 'Driver', or 'Meter'?", "Unknown type 'Viwer'."),
        ("unknown field 'a'. Did you mean 'ab'? Found: { a: 1 }.", "unknown field 'a'. Found: { a: 1 }."),
        ("Is it what you mean?", "Is it what you mean?"),
    ],
)  # fmt: skip
def test_no_message_spells_the_schema_out(said: str, left: str) -> None:
    assert [error.message for error in errors.typed([GraphQLError(said)])] == [left]
