from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLError, get_introspection_query
from mains_schema.http.limits import DOCUMENTS_KEPT, Documents

from tests.schema.conftest import SCHEMA

GRAPHQL = SCHEMA._schema


def code_of(document: str, **variables: Any) -> str | None:
    documents = Documents(GRAPHQL)
    try:
        read = documents.read(document)
        documents.cost(read, name=None, variables=variables)
    except GraphQLError as error:
        return str((error.extensions or {}).get("code", "SYNTAX"))
    return "INVALID" if read.errors else None


def cost_of(document: str, **variables: Any) -> int:
    documents = Documents(GRAPHQL)
    return documents.cost(documents.read(document), name=None, variables=variables)


def test_a_document_may_be_twelve_fields_deep() -> None:
    assert (
        code_of(
            "{ loan(id: 1) { lines { loan { lines { loan { lines { loan { lines { loan { lines { loan { title }"
            " } } } } } } } } } } }"
        )
        is None
    )
    assert (
        code_of(
            "{ loan(id: 1) { lines { loan { lines { loan { lines { loan { lines { loan { lines { loan { paid {"
            " amount } } } } } } } } } } } } }"
        )
        == "TOO_COMPLEX"
    )


def test_depth_counts_through_fragments() -> None:
    text = (
        "{ loan(id: 1) { ...a } } fragment a on Loan { lines { loan { ...b } } }"
        " fragment b on Loan { lines { loan { ...c } } } fragment c on Loan { lines { loan { ...d } } }"
        " fragment d on Loan { lines { loan { lines { loan { title } } } } }"
    )

    assert code_of(text) is None
    assert code_of(text.replace("{ title }", "{ paid { amount } }")) == "TOO_COMPLEX"


@pytest.mark.parametrize(("aliases", "code"), [(30, None), (31, "TOO_COMPLEX")])
def test_a_document_may_have_thirty_aliases(aliases: int, code: str | None) -> None:
    assert code_of("{ me { " + " ".join(f"a{n}: name" for n in range(aliases)) + " } }") == code


@pytest.mark.parametrize(("directives", "code"), [(20, None), (21, "TOO_COMPLEX")])
def test_a_document_may_have_twenty_directives(directives: int, code: str | None) -> None:
    fields = " ".join(f"a{n}: name @skip(if: false)" for n in range(directives))
    assert code_of("{ me { " + fields + " } }") == code


def test_a_document_may_have_two_thousand_tokens() -> None:
    assert code_of("{ me { id name } } " + "#" * 50_000) is None
    assert code_of("{ me { " + "... { name } " * 500 + " } }") == "TOO_COMPLEX"


def test_a_field_may_be_repeated_thirty_times() -> None:
    assert code_of("{ me { " + "name " * 31 + " } }") is None
    assert code_of("{ me { " + "name " * 32 + " } }") == "TOO_COMPLEX"


def test_costs_count_rows() -> None:
    assert cost_of("{ me { name } }") == 1
    assert cost_of("{ loans { nodes { id amount { amount } } } }") == 10
    assert cost_of("{ loans(first: 7) { nodes { id lines { position } } } }") == 7 * (1 + 3)
    assert cost_of("query ($n: Int) { loans(first: $n) { edges { node { id reader { name } } } } }", n=5) == 5 * (1 + 1)
    assert cost_of("query ($n: Int = 5) { loans(last: $n) { nodes { id } } }") == 5
    assert cost_of("{ loans(first: 100) { nodes { id weight } } }") == 100 * 11


def test_an_operation_may_read_ten_thousand_rows() -> None:
    document = "query ($n: Int) { me { readers(first: 100) { nodes { loans(first: $n) { nodes { id } } } } } }"

    assert cost_of(document, n=98) == 1 + 100 * (1 + 98)
    assert code_of(document, n=99) == "TOO_COMPLEX"
    assert code_of(document, n="many") is None
    assert code_of(document, n=10**30) == "TOO_COMPLEX"


@pytest.mark.parametrize("size", ["0", "-5", "9999999999999999999999999"])
def test_a_page_size_that_will_be_refused_counts_as_the_largest(size: str) -> None:
    assert cost_of("{ loans(first: " + size + ") { nodes { id } } }") == 100


def test_the_standard_introspection_query_is_allowed() -> None:
    assert code_of(get_introspection_query()) is None


def test_introspection_has_its_own_bounds() -> None:
    deep = "{ __schema { types { fields { type " + "{ ofType " * 17 + "{ name }" + " }" * 17 + " } } } }"
    wide = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }"

    assert code_of(deep) == "TOO_COMPLEX"
    assert code_of(wide) == "INVALID"


def bomb(levels: int) -> str:
    parts = [
        f"fragment f{n} on Loan {{ ...f{n + 1} ...f{n + 1} reader {{ loans {{ nodes {{ ...f{n + 1} }} }} }} }}"
        for n in range(levels)
    ]
    return "{ loan(id: 1) { ...f0 ...f0 } } " + " ".join(parts) + f" fragment f{levels} on Loan {{ title }}"


def test_a_bomb_of_nested_spreads_is_refused_after_one_pass() -> None:
    assert code_of(bomb(60)) == "TOO_COMPLEX"


@pytest.mark.parametrize(("spreads", "code"), [("...f{0}", None), ("...f{0} ...f{0}", "TOO_COMPLEX")])
def test_spreads_are_measured_once_each(spreads: str, code: str | None) -> None:
    """150 levels of two spreads are 2^150 values, each of them shown by the one `title`: counted, never walked."""
    parts = [f"fragment f{n} on Loan {{ {spreads.format(n + 1)} }}" for n in range(150)]
    assert code_of("{ loan(id: 1) { ...f0 } } " + " ".join(parts) + " fragment f150 on Loan { title }") == code


def test_a_cycle_of_fragments_is_invalid() -> None:
    assert code_of("{ loan(id: 1) { ...a } } fragment a on Loan { ...b } fragment b on Loan { ...a }") == "INVALID"


def test_nesting_beyond_the_parser_is_too_complex() -> None:
    assert code_of("{ a " * 600 + "}" * 600) == "TOO_COMPLEX"
    assert code_of("{ loans(first: " + "[" * 900 + "]" * 900 + ") { totalCount } }") == "TOO_COMPLEX"


def test_few_documents_are_kept() -> None:
    documents = Documents(GRAPHQL)

    for number in range(2 * DOCUMENTS_KEPT):
        documents.read(f"{{ me {{ a{number}: name }} }}")
    documents.read("{ me { name } } " + "#" * 100_000)

    assert len(documents._kept) == DOCUMENTS_KEPT
    assert max(len(text) for text in documents._kept) < 100
