from __future__ import annotations

import base64

import pytest
from graphql import GraphQLError
from mains_schema.declaring.node import decode_id, encode_id, number_of


def test_an_id_opens_to_what_it_was_made_of() -> None:
    made = encode_id(type_name="Invoice", number=2**63 - 1)

    assert decode_id(made) == ("Invoice", 2**63 - 1)
    assert number_of(made, type_name="Invoice") == 2**63 - 1


@pytest.mark.parametrize(
    "plain", ["", "Invoice", "Invoice:", "Invoice:0", "Invoice:-1", "Invoice:01", "invoice:1", "Invoice:1.0"]
)
def test_ids_that_were_never_given_out_are_refused(plain: str) -> None:
    with pytest.raises(GraphQLError, match="not an id"):
        decode_id(base64.urlsafe_b64encode(plain.encode()).decode().rstrip("="))


@pytest.mark.parametrize("text", ["1", "%%%", "é", "SW52b2ljZTox=", "SW52b2ljZTox\n", "A" * 10_000, f"{2**63}"])
def test_text_that_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(GraphQLError, match="not an id"):
        decode_id(text)


def test_a_number_too_large_for_the_database_is_refused() -> None:
    with pytest.raises(GraphQLError, match="not an id"):
        decode_id(encode_id(type_name="Invoice", number=2**63))
